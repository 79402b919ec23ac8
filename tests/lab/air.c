/* SPDX-License-Identifier: ISC */
#include "air.h"
#include "air_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_MAX 2048
#define BURST 64 /* frames read from one TAP before the next gets its turn */

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* --- moving frames --- */

static void air_deliver(struct air *air, int to, const uint8_t *frame, size_t length)
{
    /* A TAP takes a frame at once or not at all (its interface is down): a deaf receiver. */
    if (write(air->tap[to], frame, length) == (ssize_t)length)
        air->count[to].received++;
}

static void air_broadcast(struct air *air, int from, const uint8_t *frame, size_t length)
{
    air->count[from].broadcast++;
    for (int to = 1; to <= air->links.nodes; to++) {
        if (!air_links_hears(&air->links, from, to))
            continue;
        if (air_links_try(&air->links, from, to))
            air_deliver(air, to, frame, length);
        else
            air->count[from].lost++;
    }
}

static void air_unicast(struct air *air, int from, int to, const uint8_t *frame, size_t length)
{
    struct air_count *count = &air->count[from];

    count->unicast++;
    if (to < 1 || to > air->links.nodes || !air_links_hears(&air->links, from, to)) {
        count->tries += AIR_TRIES;
        count->unheard++;
        return;
    }
    for (int i = 0; i < AIR_TRIES; i++) {
        count->tries++;
        if (air_links_try(&air->links, from, to)) {
            air_deliver(air, to, frame, length);
            return;
        }
    }
    count->lost++;
}

static void air_frame(struct air *air, int from, const uint8_t *frame, size_t length)
{
    if (length < 2 * AIR_ADDRESS + 2 || air->links.off[from])
        return;
    air_pcap_frame(&air->pcap, frame, length);
    if (frame[0] & 1)
        air_broadcast(air, from, frame, length);
    else
        air_unicast(air, from, air_tap_node(frame), frame, length);
}

static void air_read(struct air *air, int from)
{
    uint8_t frame[FRAME_MAX];

    for (int i = 0; i < BURST; i++) {
        ssize_t length = read(air->tap[from], frame, sizeof frame);

        if (length <= 0)
            return;
        air_frame(air, from, frame, (size_t)length);
    }
}

static int air_loop(struct air *air, const sigset_t *waiting)
{
    struct pollfd poll[1 + AIR_CLIENTS_MAX + AIR_NODES_MAX];
    const nfds_t taps = 1 + AIR_CLIENTS_MAX;
    const nfds_t count = taps + (nfds_t)air->links.nodes;

    while (!stop && !air->quit) {
        poll[0] = (struct pollfd){.fd = air->listener, .events = POLLIN};
        for (int i = 0; i < AIR_CLIENTS_MAX; i++)
            poll[1 + i] = (struct pollfd){.fd = air->client[i], .events = POLLIN};
        for (int i = 0; i < air->links.nodes; i++)
            poll[taps + (nfds_t)i] = (struct pollfd){.fd = air->tap[i + 1], .events = POLLIN};
        if (ppoll(poll, count, NULL, waiting) < 0 && errno != EINTR)
            return -1;
        if (stop)
            break;
        for (int i = 0; i < air->links.nodes; i++) {
            if (poll[taps + (nfds_t)i].revents != 0)
                air_read(air, i + 1);
        }
        for (int i = 0; i < AIR_CLIENTS_MAX; i++) {
            if (poll[1 + i].fd >= 0 && poll[1 + i].revents != 0)
                air_control_serve(air, i);
        }
        if (poll[0].revents != 0)
            air_control_accept(air);
        air_pcap_flush(&air->pcap);
    }
    return 0;
}

/* --- starting --- */

static const char USAGE[] =
    "usage: air --control SOCKET --netns PATH --nodes N [options]   run the air\n"
    "       air --control SOCKET COMMAND...                         tell a running one\n"
    "\n"
    "  --netns PATH        node 7 lives in the network namespace PATH7\n"
    "  --topology NAME     line, tree, grid or random; without one nobody hears anybody\n"
    "  --fanout N          tree: children of a node (2)\n"
    "  --columns N         grid: nodes in a row (the square root of the nodes)\n"
    "  --links FILE        links of one's own, \"A B LOSS\" a line\n"
    "  --loss PERCENT      loss of each try on the links of the topology (0)\n"
    "  --seed N            makes loss and the random topology repeat (1)\n"
    "  --pcap FILE         capture the whole air\n"
    "\n"
    "commands: edge FROM TO LOSS, link A B LOSS, cut A B, restore A B, kill N, revive N, links,\n"
    "stats, quit\n";

struct air_options {
    const char *control, *netns, *links, *pcap;
    struct air_shape shape;
    int nodes;
    uint64_t seed;
};

static int option_number(const char *name, const char *text, int low, int high)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || value < low || value > high) {
        fprintf(stderr, "air: --%s is %s, it has to be %d to %d\n", name, text, low, high);
        exit(2);
    }
    return (int)value;
}

static void option_take(struct air_options *options, int option)
{
    switch (option) {
    case 'c':
        options->control = optarg;
        break;
    case 'n':
        options->netns = optarg;
        break;
    case 'N':
        options->nodes = option_number("nodes", optarg, 1, AIR_NODES_MAX);
        break;
    case 't':
        options->shape.name = optarg;
        break;
    case 'f':
        options->shape.fanout = option_number("fanout", optarg, 1, AIR_NODES_MAX);
        break;
    case 'C':
        options->shape.columns = option_number("columns", optarg, 1, AIR_NODES_MAX);
        break;
    case 'k':
        options->links = optarg;
        break;
    case 'l':
        options->shape.loss = (uint8_t)option_number("loss", optarg, 0, AIR_LOSS_MAX);
        break;
    case 's':
        options->seed = (uint64_t)option_number("seed", optarg, 0, 1 << 30);
        break;
    case 'p':
        options->pcap = optarg;
        break;
    default:
        fputs(USAGE, option == 'h' ? stdout : stderr);
        exit(option == 'h' ? 0 : 2);
    }
}

static void options_read(struct air_options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"control", required_argument, NULL, 'c'}, {"netns", required_argument, NULL, 'n'},
        {"nodes", required_argument, NULL, 'N'},   {"topology", required_argument, NULL, 't'},
        {"fanout", required_argument, NULL, 'f'},  {"columns", required_argument, NULL, 'C'},
        {"links", required_argument, NULL, 'k'},   {"loss", required_argument, NULL, 'l'},
        {"seed", required_argument, NULL, 's'},    {"pcap", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "+h", known, NULL)) != -1)
        option_take(options, option);
    if (options->control == NULL ||
        (optind == argc && (options->netns == NULL || options->nodes == 0))) {
        fputs(USAGE, stderr);
        exit(2);
    }
}

static int ask(const char *path, int count, char **words)
{
    char command[AIR_COMMAND_MAX] = "";
    size_t length = 0;

    for (int i = 0; i < count; i++) {
        int wrote = snprintf(command + length, sizeof command - length, "%s ", words[i]);

        if (wrote < 0 || (size_t)wrote >= sizeof command - length) {
            fputs("air: the command is too long\n", stderr);
            return 2;
        }
        length += (size_t)wrote;
    }
    return air_control_ask(path, command);
}

static int fail(const char *step, const char *what)
{
    fprintf(stderr, "air: cannot %s%s%s: %s\n", step, *what != '\0' ? " " : "", what,
            strerror(errno));
    return 1;
}

static int air_links_start(struct air *air, const struct air_options *options)
{
    air_links_init(&air->links, options->nodes, options->seed);
    if (options->shape.name != NULL && air_links_shape(&air->links, &options->shape) < 0) {
        fprintf(stderr, "air: --topology is %s, it has to be line, tree, grid or random\n",
                options->shape.name);
        return 2;
    }
    if (options->links != NULL) {
        FILE *file = fopen(options->links, "re");
        int line;

        if (file == NULL)
            return fail("read", options->links);
        line = air_links_read(&air->links, file);
        fclose(file);
        if (line != 0) {
            fprintf(stderr, "air: %s:%d: a line is \"A B LOSS\", two nodes and percent\n",
                    options->links, line);
            return 2;
        }
    }
    return 0;
}

static int air_taps_start(struct air *air, const char *netns)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    if (home < 0)
        return fail("open", "/proc/self/ns/net");
    for (int node = 1; node <= air->links.nodes; node++) {
        char path[4096];
        const char *step;

        snprintf(path, sizeof path, "%s%d", netns, node);
        air->tap[node] = air_tap_open(path, home, node, &step);
        if (air->tap[node] < 0)
            return fail(step, path);
    }
    close(home);
    return 0;
}

/* Signals are let in only while we wait, so that none is lost between the check and the wait. */
static void signals_start(sigset_t *ret_waiting)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, ret_waiting);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv)
{
    static struct air air;
    struct air_options options = {.shape = {.fanout = 2}, .seed = 1};
    sigset_t waiting;
    int status;

    options_read(&options, argc, argv);
    if (optind < argc)
        return ask(options.control, argc - optind, argv + optind);
    signals_start(&waiting);
    status = air_links_start(&air, &options);
    if (status == 0)
        status = air_taps_start(&air, options.netns);
    if (status != 0)
        return status;
    if (options.pcap != NULL && air_pcap_open(&air.pcap, options.pcap) < 0)
        return fail("write", options.pcap);
    if (air_control_listen(&air, options.control) < 0)
        return fail("listen on", options.control);
    printf("air: %d nodes are on the air\n", options.nodes);
    fflush(stdout);
    status = air_loop(&air, &waiting) < 0 ? fail("wait", "") : 0;
    unlink(options.control);
    return status;
}
