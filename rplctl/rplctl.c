/* SPDX-License-Identifier: ISC */
/*
 * rplctl: ask a running rpld, or its bridge. A thin pipe to their control sockets: the words of the
 * command line become one request line, the body of the reply goes to standard output. What can be
 * asked is the daemon's affair; this program knows the sockets, which three commands are the
 * bridge's, and nothing else of either.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/rpld/rpld.sock"
#define BRIDGE_SOCKET "/run/rpld-bridge/rpld-bridge.sock"
#define REQUEST_MAX 512

/* Exit statuses; rpld's error codes are the same numbers. */
enum { EXIT_OK, EXIT_NOENT, EXIT_USAGE, EXIT_NO_DAEMON, EXIT_REFUSED };

static const char usage[] =
    "usage: rplctl [-hjV] [-c N] [-o FILE] [-s SOCKET] COMMAND [ARG...]\n"
    "  -c, --count N        ping: rounds\n"
    "  -j, --json           JSON instead of text\n"
    "  -o, --output FILE    write there instead of to standard output\n"
    "  -s, --socket SOCKET  of the daemon (RPLD_SOCKET, or " DEFAULT_SOCKET ");\n"
    "                       of the bridge (RPLD_BRIDGE_SOCKET, or\n"
    "                       " BRIDGE_SOCKET ")\n"
    "      --since NUMBER   readings: those behind this one, too\n"
    "  -h, --help           this text\n"
    "  -V, --version        of this program\n"
    "\n"
    "look:\n"
    "  status               instances, ranks, and what is waited for\n"
    "  tree                 the DODAG as a tree\n"
    "  graph [dot]          the DODAG for Graphviz\n"
    "  nodes                all nodes known from DAOs\n"
    "  node ADDR            one node and its history\n"
    "  hosts                addresses and names of all nodes, for /etc/hosts\n"
    "  ping ADDR [-c N]     loss and delay hop by hop, in N rounds\n"
    "  routes               kernel routes and source routes\n"
    "  neighbors            candidates, their cost, why not the parent\n"
    "  dodag                DODAG settings and the Trickle timer\n"
    "  interfaces           interfaces that RPL runs on\n"
    "  counters             what was sent, heard, dropped and why\n"
    "  metrics              counters and gauges as OpenMetrics\n"
    "  config               the effective configuration\n"
    "  monitor              events as they happen\n"
    "  capture [FILTER...]  packets as they pass, for tcpdump -r - or wireshark -k -i -\n"
    "                       FILTER: rpl, data, in, out, an interface, an address\n"
    "  doctor               what is wrong, and how to mend it\n"
    "change (root only):\n"
    "  repair global|local [INSTANCE]\n"
    "                       build the DODAG anew, or look for new parents\n"
    "  dtsn [INSTANCE]      ask the nodes below for fresh DAOs\n"
    "  dis [INSTANCE]       ask the neighbours for DIOs\n"
    "  forget ADDR          drop a node and its routes\n"
    "  log LEVEL            err, warn, notice, info or debug\n"
    "  reload               read the configuration file again\n"
    "  record FILE [MIB]    a new engine, and all that goes into it, until interrupted\n"
    "of the bridge:\n"
    "  sensors              every resource and its last value\n"
    "  bridge               broker, queue, spool, commands, and each node\n"
    "  bridge dead          messages that had to be given up, and why\n"
    "  readings             readings as they arrive\n";

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
    va_list args;
    fputs("rplctl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* ---- the request ------------------------------------------------------------------------ */

static bool word_is_fine(const char *word)
{
    for (const char *c = word; *c; c++) {
        if (*c <= 0x20 || *c > 0x7e)
            return false;
    }
    return *word != '\0';
}

/* The request line into |line|; its length, 0 if that cannot be one. */
static size_t build_request(char *line, size_t size, bool json, int argc, char **argv)
{
    size_t len = (size_t)snprintf(line, size, "%s", json ? "json" : "text");
    for (int i = 0; i < argc; i++) {
        if (!word_is_fine(argv[i])) {
            complain("not a word for a request: '%s'", argv[i]);
            return 0;
        }
        if (len + 1 + strlen(argv[i]) <= REQUEST_MAX) {
            len += (size_t)snprintf(line + len, size - len, " %s", argv[i]);
        } else {
            complain("the request is longer than %d characters", REQUEST_MAX);
            return 0;
        }
    }
    line[len++] = '\n';
    return len;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool is_for_bridge(const char *command)
{
    return strcmp(command, "sensors") == 0 || strcmp(command, "bridge") == 0 ||
           strcmp(command, "readings") == 0;
}

/* Why there is no daemon, and what helps. */
static void explain(const char *path, bool bridge, int error)
{
    switch (error) {
    case ENOENT:
    case ECONNREFUSED:
        complain("no %s listens on %s", bridge ? "rpld-bridge" : "rpld", path);
        fputs(bridge
                  ? "start it with: systemctl start rpld-bridge (the configuration needs a group "
                    "bridge)\n"
                  : "start it with: systemctl start rpld (or rpld -f to watch it)\n",
              stderr);
        break;
    case EACCES:
    case EPERM:
        complain("no permission for %s", path);
        fputs("be root, or join the group that owns the socket: adduser USER rpld\n", stderr);
        break;
    default:
        complain("%s: %s", path, strerror(error));
        break;
    }
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- a recording ends when we are interrupted ---------------------------------------------- */

static volatile sig_atomic_t recording = -1; /* the socket */

/* The daemon takes it as the end, and sends what it has; the next time we are killed. */
static void interrupted(int number)
{
    int error = errno;
    signal(number, SIG_DFL);
    if (recording >= 0)
        shutdown(recording, SHUT_WR);
    errno = error;
}

static void end_when_interrupted(int fd)
{
    struct sigaction action = {.sa_handler = interrupted};
    recording = fd;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* ---- the reply -------------------------------------------------------------------------- */

static bool write_all(int out, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(out, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static ssize_t read_some(int fd, char *data, size_t size)
{
    ssize_t n;
    do
        n = recv(fd, data, size, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Take the status line apart: its code, and |*ret_text| behind it. */
static int status_code(char *line, const char **ret_text)
{
    if (strcmp(line, "ok") == 0)
        return EXIT_OK;
    if (strncmp(line, "error ", 6) != 0)
        return -1;
    char *end;
    long code = strtol(line + 6, &end, 10);
    if (end == line + 6 || code < EXIT_NOENT || code > EXIT_REFUSED)
        return -1;
    *ret_text = *end == ' ' ? end + 1 : end;
    return (int)code;
}

/* Read the status line into |buf|; *ret_len octets were read, of which *ret_body are behind
 * the line. False if the daemon closed before it was whole. */
static bool read_status(int fd, char *buf, size_t size, size_t *ret_len, size_t *ret_body)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = read_some(fd, buf + len, size - len);
        if (n <= 0)
            return false;
        char *end = memchr(buf + len, '\n', (size_t)n);
        len += (size_t)n;
        if (end) {
            *end = '\0';
            *ret_len = len;
            *ret_body = len - (size_t)(end + 1 - buf);
            return true;
        }
    }
    return false;
}

/* |body| octets of it stand in |buf| already, at its end of |len|. */
static int copy_body(int fd, int out, char *buf, size_t size, size_t len, size_t body)
{
    if (body > 0 && !write_all(out, buf + len - body, body)) {
        complain("output: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    for (;;) {
        ssize_t n = read_some(fd, buf, size);
        if (n == 0)
            return EXIT_OK;
        if (n < 0) {
            complain("rpld went away: %s", strerror(errno));
            return EXIT_NO_DAEMON;
        }
        if (!write_all(out, buf, (size_t)n)) {
            complain("output: %s", strerror(errno));
            return EXIT_FAILURE;
        }
    }
}

static int output_failed(const char *output)
{
    complain("%s: %s", output, strerror(errno));
    return EXIT_FAILURE;
}

/* Once the daemon has something to say: a file is not emptied for an error. */
static int open_output(const char *output)
{
    int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out < 0)
        output_failed(output);
    return out;
}

static int ask(const char *path, bool bridge, const char *request, size_t request_len,
               const char *output, bool record)
{
    static char buf[16384];
    size_t len, body;
    int fd = connect_to(path);
    if (fd < 0) {
        explain(path, bridge, errno);
        return EXIT_NO_DAEMON;
    }
    if (record)
        end_when_interrupted(fd);
    /* A full daemon answers before it reads: whatever it said counts. */
    bool sent = send_all(fd, request, request_len);
    const char *text = "";
    int result = EXIT_NO_DAEMON;
    if (!read_status(fd, buf, sizeof(buf), &len, &body)) {
        complain("%s on %s", sent ? "rpld gave no answer" : "rpld took no request", path);
    } else if ((result = status_code(buf, &text)) < 0) {
        complain("what answers on %s is not rpld", path);
        result = EXIT_NO_DAEMON;
    } else if (result != EXIT_OK) {
        complain("%s", text);
        copy_body(fd, STDERR_FILENO, buf, sizeof(buf), len, body);
    } else {
        int out = output ? open_output(output) : STDOUT_FILENO;
        result = out < 0 ? EXIT_FAILURE : copy_body(fd, out, buf, sizeof(buf), len, body);
        if (output && out >= 0 && close(out) < 0 && result == EXIT_OK)
            result = output_failed(output);
    }
    close(fd);
    return result;
}

static const char *socket_for(bool bridge)
{
    const char *path = getenv(bridge ? "RPLD_BRIDGE_SOCKET" : "RPLD_SOCKET");
    if (path && *path)
        return path;
    return bridge ? BRIDGE_SOCKET : DEFAULT_SOCKET;
}

/* The first argument of the command, which is ours: the daemon writes no files. NULL: none. */
static char *take_file(int argc, char **argv)
{
    if (optind + 1 == argc) {
        fputs(usage, stderr);
        return NULL;
    }
    char *file = argv[optind + 1];
    argv[optind + 1] = argv[optind];
    optind++;
    return file;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},         {"output", required_argument, NULL, 'o'},
        {"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {"count", required_argument, NULL, 'c'},
        {"since", required_argument, NULL, 'S'},  {NULL, 0, NULL, 0}};
    const char *path = NULL, *output = NULL;
    char *since = NULL, *count = NULL;
    char request[REQUEST_MAX + 2];
    bool json = false;
    int option;

    while ((option = getopt_long(argc, argv, "c:hjo:s:V", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            count = optarg;
            break;
        case 'j':
            json = true;
            break;
        case 'o':
            output = optarg;
            break;
        case 's':
            path = optarg;
            break;
        case 'S':
            since = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_OK;
        case 'V':
            puts("rplctl " RPLD_VERSION);
            return EXIT_OK;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[optind], "capture") == 0 && !output && isatty(STDOUT_FILENO)) {
        complain("a terminal cannot show packets: pipe them into tcpdump -r -, or use -o FILE");
        return EXIT_USAGE;
    }
    if (since && (strcmp(argv[optind], "readings") != 0 || argc - optind != 1)) {
        complain("--since is for readings, which has no other argument");
        return EXIT_USAGE;
    }
    if (count && (strcmp(argv[optind], "ping") != 0 || argc - optind != 2)) {
        complain("-c is for ping, which has one other argument");
        return EXIT_USAGE;
    }
    bool bridge = is_for_bridge(argv[optind]), record = strcmp(argv[optind], "record") == 0;
    char word[] = "since";
    char *behind[] = {argv[optind], since ? word : argv[optind + 1], since ? since : count};
    if (record && !output && !(output = take_file(argc, argv)))
        return EXIT_USAGE;
    bool more = since || count;
    size_t len = build_request(request, sizeof(request), json, more ? 3 : argc - optind,
                               more ? behind : argv + optind);
    if (!path)
        path = socket_for(bridge);
    return len > 0 ? ask(path, bridge, request, len, output, record) : EXIT_USAGE;
}
