/* SPDX-License-Identifier: ISC */
/*
 * The bridge's bench: up to some thousand CoAP nodes and the subscriber at the broker, in one
 * process with one clock, so that a reading's way can be timed and nothing can get lost unseen.
 *
 * Node n has the address fd00:b::n, offers /v, observable, and sends readings round robin at the
 * rate of the command line; each reading's value is its number, which names it at the subscriber.
 * A confirmable one is sent again as RFC 7252 says, and its observer forgotten when it was never
 * acknowledged (RFC 7641 section 4.5); acknowledgements are lost as often as asked for.
 *
 * Commands on standard input: `wait SECONDS` until every node is observed, `go SECONDS` of
 * readings, `settle SECONDS` until every acknowledged reading has arrived, `report`, `quit`. Each
 * is answered with one line; report with a JSON object. Without --port nobody subscribes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mosquitto.h>

#include "bridge/coap_msg.h"

#define COAP_PORT 5683
#define BATCH 64
#define READINGS_MAX 4000000U
#define ACK_TIMEOUT_US 2000000U
#define RETRIES 4

struct reading {
    uint64_t sent, arrived; /* microseconds */
    uint32_t node;
    bool acked, confirmable;
};

struct node {
    struct sockaddr_in6 observer;
    bool observed;
    uint8_t token[COAP_TOKEN_MAX], token_len;
    uint16_t mid;
    uint32_t seq;
    bool outstanding;
    uint32_t note; /* the reading that is not acknowledged yet */
    unsigned tries;
    uint64_t resend, wait;
    uint64_t heard; /* when a reading of it arrived at the subscriber */
    bool dropped;   /* an observer of it was given up, or rejected it */
};

static struct {
    unsigned nodes, rate, loss_percent, max_age_s;
    int mqtt_port;
    bool confirmable;
    int udp;
    struct node *node;
    struct reading *reading;
    uint32_t n; /* readings, from 1 */
    uint32_t next_node;
    uint64_t random, now, last_scan, started, stopped;
    struct mosquitto *mqtt;
    bool connected;
    uint64_t retry;
    uint64_t duplicates, retransmitted, registrations, skipped;
} farm = {.nodes = 100, .rate = 1000, .max_age_s = 60, .random = 1};

static uint64_t microseconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* --- the nodes ------------------------------------------------------------------------------ */

static void transmit(unsigned n, const struct sockaddr_in6 *to, const struct coap_msg *msg)
{
    uint8_t data[256];
    size_t len;
    struct iovec iov = {.iov_base = data};
    union {
        char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        struct cmsghdr align;
    } control = {.room = {0}};
    struct in6_pktinfo info = {.ipi6_addr = {{{0xfd, 0, 0, 0x0b}}}};
    struct msghdr hdr = {.msg_name = (void *)(uintptr_t)to,
                         .msg_namelen = sizeof(*to),
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);
    uint32_t id = htonl(n + 1);

    if (coap_msg_write(msg, data, sizeof(data), &len) < 0)
        abort();
    iov.iov_len = len;
    memcpy(&info.ipi6_addr.s6_addr[12], &id, 4);
    cmsg->cmsg_level = IPPROTO_IPV6;
    cmsg->cmsg_type = IPV6_PKTINFO;
    cmsg->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
    (void)sendmsg(farm.udp, &hdr, 0);
}

static void value_send(unsigned n, const struct sockaddr_in6 *to, enum coap_type type, uint16_t mid,
                       uint32_t seq, uint32_t value)
{
    struct node *node = &farm.node[n];
    struct coap_msg msg = {
        .type = type, .code = COAP_CONTENT, .mid = mid, .token_len = node->token_len};
    uint8_t rooms[3][4];
    char text[16];

    memcpy(msg.token, node->token, sizeof(msg.token));
    coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, seq & 0xffffff, rooms[0]);
    coap_msg_add_uint(&msg, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_TEXT, rooms[1]);
    coap_msg_add_uint(&msg, COAP_OPT_MAX_AGE, farm.max_age_s, rooms[2]);
    msg.payload = (const uint8_t *)text;
    msg.payload_len = (size_t)snprintf(text, sizeof(text), "%u", value);
    transmit(n, to, &msg);
}

static void request(unsigned n, const struct sockaddr_in6 *from, const struct coap_msg *msg)
{
    const struct coap_option *path = coap_msg_find(msg, COAP_OPT_URI_PATH);
    struct node *node = &farm.node[n];
    struct coap_msg reply = {.type = COAP_ACK, .code = COAP_CONTENT, .mid = msg->mid};
    uint8_t room[4];
    uint32_t observe;

    reply.token_len = msg->token_len;
    memcpy(reply.token, msg->token, sizeof(reply.token));
    if (path != NULL && path->len > 1) {
        coap_msg_add_uint(&reply, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_LINK, room);
        reply.payload = (const uint8_t *)"</v>;obs";
        reply.payload_len = 8;
        transmit(n, from, &reply);
        return;
    }
    if (path == NULL || !coap_msg_uint(msg, COAP_OPT_OBSERVE, &observe) || observe != 0) {
        reply.payload = (const uint8_t *)"0";
        reply.payload_len = 1;
        transmit(n, from, &reply);
        return;
    }
    farm.registrations++;
    node->observer = *from;
    node->observed = true;
    node->token_len = msg->token_len;
    memcpy(node->token, msg->token, sizeof(node->token));
    /* What is on its way is newer than this answer. */
    value_send(n, from, COAP_ACK, msg->mid, node->outstanding ? node->seq - 1 : ++node->seq, 0);
}

static bool is_lost(void)
{
    farm.random = farm.random * 6364136223846793005U + 1442695040888963407U;
    return (farm.random >> 33) % 100 < farm.loss_percent;
}

static void answer(unsigned n, const struct coap_msg *msg)
{
    struct node *node = &farm.node[n];

    if (msg->type == COAP_RST) {
        if (msg->mid == node->mid) {
            node->outstanding = false;
            node->observed = false;
            node->dropped = true;
        }
    } else if (!is_lost() && node->outstanding && msg->mid == node->mid) {
        node->outstanding = false;
        farm.reading[node->note].acked = true;
    }
}

static void heard(const uint8_t *data, size_t len, struct msghdr *hdr)
{
    const struct sockaddr_in6 *from = hdr->msg_name;
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr);
    struct in6_pktinfo info;
    struct coap_msg msg;
    uint32_t id;
    bool header;

    if (cmsg == NULL || cmsg->cmsg_type != IPV6_PKTINFO ||
        coap_msg_parse(&msg, data, len, &header) < 0)
        return;
    memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
    memcpy(&id, &info.ipi6_addr.s6_addr[12], 4);
    id = ntohl(id) - 1;
    if (id >= farm.nodes)
        return;
    if (msg.code == COAP_GET)
        request(id, from, &msg);
    else if (msg.type == COAP_ACK || msg.type == COAP_RST)
        answer(id, &msg);
}

static void receive(void)
{
    static uint8_t data[BATCH][256];
    static char control[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct sockaddr_in6 from[BATCH];
    struct iovec iov[BATCH];
    struct mmsghdr msgs[BATCH];
    int n;

    for (int i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){data[i], sizeof(data[i])};
        msgs[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                          .msg_namelen = sizeof(from[i]),
                                          .msg_iov = &iov[i],
                                          .msg_iovlen = 1,
                                          .msg_control = control[i],
                                          .msg_controllen = sizeof(control[i])};
    }
    n = recvmmsg(farm.udp, msgs, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        heard(data[i], msgs[i].msg_len, &msgs[i].msg_hdr);
}

/* A new reading of the next node that is free to send one. */
static void reading_send(void)
{
    for (unsigned i = 0; i < farm.nodes; i++) {
        unsigned n = farm.next_node;
        struct node *node = &farm.node[n];
        uint32_t value = farm.n + 1;

        farm.next_node = (n + 1) % farm.nodes;
        if (!node->observed || node->outstanding) {
            farm.skipped++;
            continue;
        }
        if (value >= READINGS_MAX)
            return;
        farm.n = value;
        farm.reading[value] =
            (struct reading){.sent = farm.now, .node = n, .confirmable = farm.confirmable};
        node->mid++;
        node->seq++;
        if (farm.confirmable) {
            node->outstanding = true;
            node->note = value;
            node->tries = 0;
            node->wait = ACK_TIMEOUT_US + farm.random % (ACK_TIMEOUT_US / 2);
            node->resend = farm.now + node->wait;
        }
        value_send(n, &node->observer, farm.confirmable ? COAP_CON : COAP_NON, node->mid, node->seq,
                   value);
        return;
    }
}

static void resend(void)
{
    if (farm.now - farm.last_scan < 10000)
        return;
    farm.last_scan = farm.now;
    for (unsigned n = 0; n < farm.nodes; n++) {
        struct node *node = &farm.node[n];

        if (!node->outstanding || farm.now < node->resend)
            continue;
        if (++node->tries > RETRIES) {
            node->outstanding = false;
            node->observed = false;
            node->dropped = true;
            continue;
        }
        node->wait *= 2;
        node->resend = farm.now + node->wait;
        farm.retransmitted++;
        value_send(n, &node->observer, COAP_CON, node->mid, node->seq, node->note);
    }
}

/* --- the subscriber ------------------------------------------------------------------------- */

static void on_connect(struct mosquitto *mqtt, void *ctx, int code)
{
    (void)ctx;
    farm.connected = code == 0;
    (void)mosquitto_subscribe(mqtt, NULL, "mesh/#", 1);
}

static void on_message(struct mosquitto *mqtt, void *ctx, const struct mosquitto_message *message)
{
    size_t len = strlen(message->topic);
    char text[40] = "";
    struct reading *reading;
    unsigned long value;

    (void)mqtt;
    (void)ctx;
    if (len < 2 || strcmp(message->topic + len - 2, "/v") != 0 || message->payloadlen <= 0)
        return;
    memcpy(text, message->payload, (size_t)(message->payloadlen < 39 ? message->payloadlen : 39));
    value = strtoul(text + strcspn(text, "0123456789"), NULL, 10);
    if (value == 0 || value > farm.n)
        return;
    reading = &farm.reading[value];
    if (reading->arrived != 0)
        farm.duplicates++;
    else
        reading->arrived = microseconds();
    farm.node[reading->node].heard = microseconds();
}

static void mqtt_work(short events)
{
    int result;

    if (farm.mqtt == NULL)
        return;
    if (mosquitto_socket(farm.mqtt) < 0) {
        if (farm.now >= farm.retry) {
            farm.retry = farm.now + 100000;
            (void)mosquitto_reconnect(farm.mqtt);
        }
        return;
    }
    result = events & (POLLIN | POLLHUP | POLLERR) ? mosquitto_loop_read(farm.mqtt, 100) : 0;
    if (result == 0 && mosquitto_want_write(farm.mqtt))
        result = mosquitto_loop_write(farm.mqtt, 1);
    if (result == 0)
        (void)mosquitto_loop_misc(farm.mqtt);
    else
        farm.connected = false;
}

static void mqtt_start(void)
{
    if (farm.mqtt_port == 0)
        return;
    (void)mosquitto_lib_init();
    farm.mqtt = mosquitto_new("bench-subscriber", false, NULL);
    if (farm.mqtt == NULL)
        abort();
    mosquitto_int_option(farm.mqtt, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect_callback_set(farm.mqtt, on_connect);
    mosquitto_message_callback_set(farm.mqtt, on_message);
    (void)mosquitto_connect(farm.mqtt, "127.0.0.1", farm.mqtt_port, 60);
}

/* --- the loop ------------------------------------------------------------------------------- */

/* One turn of at most |ms|. True when a line waits on standard input. */
static bool turn(int ms)
{
    struct pollfd fds[3] = {
        {.fd = farm.udp, .events = POLLIN},
        {.fd = farm.mqtt == NULL ? -1 : mosquitto_socket(farm.mqtt), .events = POLLIN},
        {.fd = 0, .events = POLLIN},
    };

    if (farm.mqtt != NULL && fds[1].fd >= 0 && mosquitto_want_write(farm.mqtt))
        fds[1].events |= POLLOUT;
    (void)poll(fds, 3, ms);
    farm.now = microseconds();
    if (fds[0].revents)
        receive();
    mqtt_work(fds[1].revents);
    resend();
    return fds[2].revents != 0;
}

static unsigned observed(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < farm.nodes; i++)
        n += farm.node[i].observed;
    return n;
}

static void do_wait(unsigned seconds)
{
    uint64_t end = microseconds() + seconds * 1000000ULL;

    while (microseconds() < end &&
           (observed() < farm.nodes || (farm.mqtt != NULL && !farm.connected)))
        (void)turn(10);
    printf("observed %u\n", observed());
}

static void do_go(unsigned seconds)
{
    uint64_t start = microseconds();
    uint64_t done = 0;

    farm.now = start;
    while (farm.now < start + seconds * 1000000ULL) {
        uint64_t due = (farm.now - start) * farm.rate / 1000000;

        for (int i = 0; done < due && i < BATCH; i++, done++)
            reading_send();
        (void)turn(done < due ? 0 : 1);
    }
    farm.started = start;
    farm.stopped = farm.now;
    printf("sent %u\n", farm.n);
}

static uint32_t count_missing(void)
{
    uint32_t missing = 0;

    for (uint32_t i = 1; i <= farm.n; i++)
        missing +=
            farm.reading[i].arrived == 0 && (farm.reading[i].acked || !farm.reading[i].confirmable);
    return missing;
}

static bool any_outstanding(void)
{
    for (unsigned i = 0; i < farm.nodes; i++)
        if (farm.node[i].outstanding)
            return true;
    return false;
}

static void do_settle(unsigned seconds)
{
    uint64_t end = microseconds() + seconds * 1000000ULL;
    uint64_t look = 0;

    while (microseconds() < end) {
        (void)turn(10);
        if (farm.now >= look) {
            look = farm.now + 200000;
            if (!any_outstanding() && count_missing() == 0)
                break;
        }
    }
    printf("settled %u\n", count_missing());
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* An observation is alive if it gave a reading within twice Max-Age and 30 s; in a run that is
 * shorter than that, within its last third. */
static uint64_t alive_us(void)
{
    uint64_t alive = (2 * farm.max_age_s + 30) * 1000000ULL;
    uint64_t third = (farm.stopped - farm.started) / 3;

    return third < alive ? third : alive;
}

static void do_report(void)
{
    uint64_t *ways = calloc((size_t)farm.n + 1, sizeof(*ways));
    uint32_t acked = 0;
    uint32_t arrived = 0;
    uint32_t lost = 0;
    unsigned dropped = 0;
    unsigned silent = 0;

    if (ways == NULL)
        abort();
    for (uint32_t i = 1; i <= farm.n; i++) {
        const struct reading *reading = &farm.reading[i];

        acked += reading->acked;
        lost += reading->acked && reading->arrived == 0;
        if (reading->arrived != 0)
            ways[arrived++] = reading->arrived - reading->sent;
    }
    for (unsigned i = 0; i < farm.nodes; i++) {
        dropped += farm.node[i].dropped;
        silent += farm.node[i].heard + alive_us() < farm.stopped;
    }
    qsort(ways, arrived, sizeof(*ways), compare);
    printf("{\"nodes\":%u,\"sent\":%u,\"acked\":%u,\"arrived\":%u,\"acked_lost\":%u,"
           "\"p50_us\":%llu,\"p99_us\":%llu,\"duplicates\":%llu,\"retransmitted\":%llu,"
           "\"registrations\":%llu,\"observed\":%u,\"dropped\":%u,\"silent\":%u}\n",
           farm.nodes, farm.n, acked, arrived, lost,
           arrived == 0 ? 0ULL : (unsigned long long)ways[arrived / 2],
           arrived == 0 ? 0ULL : (unsigned long long)ways[(size_t)arrived * 99 / 100],
           (unsigned long long)farm.duplicates, (unsigned long long)farm.retransmitted,
           (unsigned long long)farm.registrations, observed(), dropped, silent);
    free(ways);
}

static bool obey(char *line)
{
    char *number = strchr(line, ' ');
    unsigned seconds = number == NULL ? 0 : (unsigned)strtoul(number, NULL, 10);

    if (strncmp(line, "wait", 4) == 0)
        do_wait(seconds);
    else if (strncmp(line, "go", 2) == 0)
        do_go(seconds);
    else if (strncmp(line, "settle", 6) == 0)
        do_settle(seconds);
    else if (strncmp(line, "report", 6) == 0)
        do_report();
    else
        return false;
    fflush(stdout);
    return true;
}

static void udp_open(void)
{
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(COAP_PORT)};
    const int yes = 1;
    const int size = 8 << 20;

    farm.udp = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    /* The addresses are local by a route; any of them may be the source. */
    if (farm.udp < 0 || setsockopt(farm.udp, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof(yes)) < 0 ||
        setsockopt(farm.udp, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof(yes)) < 0 ||
        bind(farm.udp, (const struct sockaddr *)&any, sizeof(any)) < 0) {
        perror("bridge_farm: socket");
        exit(1);
    }
    (void)setsockopt(farm.udp, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"nodes", required_argument, NULL, 'n'},
        {"rate", required_argument, NULL, 'r'},
        {"loss", required_argument, NULL, 'l'},
        {"port", required_argument, NULL, 'p'},
        {"non", no_argument, NULL, 'N'},
        {"max-age", required_argument, NULL, 'a'},
        {NULL, 0, NULL, 0},
    };
    char line[64];
    size_t len = 0;
    int c;

    farm.confirmable = true;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        unsigned number = optarg == NULL ? 0 : (unsigned)strtoul(optarg, NULL, 10);

        if (c == 'n')
            farm.nodes = number;
        else if (c == 'r')
            farm.rate = number;
        else if (c == 'l')
            farm.loss_percent = number;
        else if (c == 'p')
            farm.mqtt_port = (int)number;
        else if (c == 'a')
            farm.max_age_s = number;
        else if (c == 'N')
            farm.confirmable = false;
        else
            return 2;
    }
    farm.node = calloc(farm.nodes, sizeof(*farm.node));
    farm.reading = calloc(READINGS_MAX, sizeof(*farm.reading));
    if (farm.node == NULL || farm.reading == NULL)
        return 1;
    udp_open();
    mqtt_start();
    for (;;) {
        if (!turn(100))
            continue;
        if (len == sizeof(line) - 1 || read(0, line + len, 1) != 1)
            return 0;
        if (line[len++] == '\n') {
            line[len] = '\0';
            len = 0;
            if (!obey(line))
                return 0;
        }
    }
}
