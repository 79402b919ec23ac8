/* SPDX-License-Identifier: ISC */
#include "rpld/ping.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

#define PING_HOP_LIMIT 64
#define PING_BUFFER 2048
#define PING_PER_TURN 32
#define PING_HEADERS_MAX 8 /* in front of the echo that an error is about */
#define PING_IPV6_HEADER 40u
#define PING_PAYLOAD 16u /* octets behind the header of an echo */

int ping_open(struct ping *ping)
{
    struct icmp6_filter filter;

    memset(ping, 0, sizeof(*ping));
    ping->fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    if (ping->fd < 0)
        return -errno;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &filter);
    ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &filter);
    if (setsockopt(ping->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0) {
        int r = -errno;
        ping_close(ping);
        return r;
    }
    ping->next = (uint16_t)getpid();
    return 0;
}

void ping_close(struct ping *ping)
{
    if (ping->fd >= 0)
        close(ping->fd);
    ping->fd = -1;
}

static uint64_t ping_clock(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

int ping_start(struct ping *ping, const struct ctl_ping *request, rpl_tstamp now,
               ctl_ping_done *done, void *arg)
{
    for (int i = 0; i < PING_WALKS; i++) {
        struct ping_walk *walk = &ping->walk[i];

        if (walk->used)
            continue;
        memset(walk, 0, sizeof(*walk));
        walk->used = true;
        walk->identifier = ping->next++;
        walk->ping = *request;
        walk->trace = walk->ping.hop_count == 0;
        walk->counted = !walk->trace;
        walk->began = now;
        walk->done = done;
        walk->arg = arg;
        return i;
    }
    return -EBUSY;
}

void ping_stop(struct ping *ping, int number)
{
    if (number >= 0 && number < PING_WALKS)
        ping->walk[number].used = false;
}

/* ---- sending ------------------------------------------------------------------------------ */

static bool ping_send(const struct ping *ping, const struct ping_walk *walk)
{
    const struct rpl_addr *dst =
        walk->trace ? &walk->ping.target : &walk->ping.hop[walk->hop].address;
    int hop_limit = walk->trace ? (int)walk->hop + 1 : PING_HOP_LIMIT;
    uint8_t octets[8 + PING_PAYLOAD] = {ICMP6_ECHO_REQUEST};
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    struct iovec iov = {.iov_base = octets, .iov_len = sizeof(octets)};
    union {
        struct cmsghdr align;
        uint8_t space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr msg = {.msg_name = &to,
                         .msg_namelen = sizeof(to),
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    octets[4] = (uint8_t)(walk->identifier >> 8);
    octets[5] = (uint8_t)walk->identifier;
    octets[6] = (uint8_t)(walk->sequence >> 8);
    octets[7] = (uint8_t)walk->sequence;
    memcpy(&to.sin6_addr, dst->b, sizeof(to.sin6_addr));
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_HOPLIMIT;
    c->cmsg_len = CMSG_LEN(sizeof(hop_limit));
    memcpy(CMSG_DATA(c), &hop_limit, sizeof(hop_limit));
    return sendmsg(ping->fd, &msg, MSG_DONTWAIT) >= 0;
}

static void ping_finish(struct ping_walk *walk)
{
    walk->used = false;
    walk->done(walk->arg, &walk->ping);
}

/* The probe to this hop is over: on to the next one, in the next round from the beginning. */
static void ping_next(struct ping_walk *walk, bool answered)
{
    walk->waiting = false;
    walk->silent = answered ? 0 : walk->silent + 1;
    walk->hop++;
    if (!walk->counted) {
        /* The end of the way was not found; of those who say nothing one is told of. */
        if (walk->silent == PING_SILENT_MAX || walk->hop == PING_TRACE_MAX) {
            walk->counted = true;
            walk->ping.hop_count = walk->hop - walk->silent + (walk->silent > 0);
        }
    }
    if (walk->counted && walk->hop >= walk->ping.hop_count) {
        walk->hop = walk->silent = 0;
        walk->round++;
    }
}

static void ping_walk_turn(struct ping *ping, struct ping_walk *walk, rpl_tstamp now)
{
    if (walk->waiting && now >= walk->sent + PING_PATIENCE)
        ping_next(walk, false);
    /* What cannot be sent is lost at once: bounded by the number of probes. */
    while (!walk->waiting && walk->round < walk->ping.rounds && now < walk->began + PING_WHOLE) {
        walk->sequence++;
        walk->sent = now;
        walk->sent_us = ping_clock();
        walk->ping.hop[walk->hop].sent++;
        walk->waiting = ping_send(ping, walk);
        if (!walk->waiting)
            ping_next(walk, false);
    }
    if (!walk->waiting)
        ping_finish(walk);
}

void ping_turn(struct ping *ping, rpl_tstamp now)
{
    for (unsigned i = 0; i < PING_WALKS; i++) {
        if (ping->walk[i].used)
            ping_walk_turn(ping, &ping->walk[i], now);
    }
}

rpl_tstamp ping_deadline(const struct ping *ping)
{
    rpl_tstamp due = RPL_NEVER;

    for (unsigned i = 0; i < PING_WALKS; i++) {
        const struct ping_walk *walk = &ping->walk[i];
        rpl_tstamp at = walk->waiting ? walk->sent + PING_PATIENCE : walk->began;

        if (walk->used && at < due)
            due = at;
    }
    return due;
}

/* ---- answers ------------------------------------------------------------------------------ */

/* The echo request that an error is about: it stands behind the headers of the packet. */
static const uint8_t *ping_inside(const uint8_t *packet, size_t len)
{
    size_t at = PING_IPV6_HEADER;
    uint8_t next;

    if (len < PING_IPV6_HEADER || packet[0] >> 4 != 6)
        return NULL;
    next = packet[6];
    for (unsigned i = 0; i < PING_HEADERS_MAX && next != IPPROTO_ICMPV6; i++) {
        if (len - at < 8)
            return NULL;
        if (next == IPPROTO_IPV6) { /* a tunnel of ours */
            if (len - at < PING_IPV6_HEADER)
                return NULL;
            next = packet[at + 6];
            at += PING_IPV6_HEADER;
            continue;
        }
        if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
            return NULL;
        size_t size = ((size_t)packet[at + 1] + 1) * 8;
        if (size > len - at)
            return NULL;
        next = packet[at];
        at += size;
    }
    return next == IPPROTO_ICMPV6 && len - at >= 8 && packet[at] == ICMP6_ECHO_REQUEST ? packet + at
                                                                                       : NULL;
}

static struct ping_walk *ping_asked(struct ping *ping, const uint8_t *echo)
{
    uint16_t identifier = (uint16_t)(echo[4] << 8 | echo[5]);
    uint16_t sequence = (uint16_t)(echo[6] << 8 | echo[7]);

    for (unsigned i = 0; i < PING_WALKS; i++) {
        struct ping_walk *walk = &ping->walk[i];

        if (walk->used && walk->waiting && walk->identifier == identifier &&
            walk->sequence == sequence)
            return walk;
    }
    return NULL;
}

static void ping_answer(struct ping_walk *walk, const struct rpl_addr *from, bool reached)
{
    struct ctl_ping_hop *hop = &walk->ping.hop[walk->hop];
    uint64_t us = ping_clock() - walk->sent_us;

    if (walk->trace) {
        hop->address = *from;
        hop->known = true;
    }
    if (hop->received++ == 0 || us < hop->min_us)
        hop->min_us = us;
    if (us > hop->max_us)
        hop->max_us = us;
    hop->sum_us += us;
    if (reached && (walk->trace || walk->hop + 1 == walk->ping.hop_count))
        walk->ping.reached = true;
    if (reached && walk->trace) {
        walk->counted = true;
        walk->ping.hop_count = walk->hop + 1;
    }
    ping_next(walk, true);
}

static void ping_heard(struct ping *ping, const struct rpl_addr *from, const uint8_t *data,
                       size_t len)
{
    bool reply = data[0] == ICMP6_ECHO_REPLY;
    const uint8_t *echo = reply ? data : ping_inside(data + 8, len - 8);
    struct ping_walk *walk = echo ? ping_asked(ping, echo) : NULL;

    if (!walk)
        return;
    const struct rpl_addr *asked =
        walk->trace ? &walk->ping.target : &walk->ping.hop[walk->hop].address;
    if (reply && rpl_addr_equal(from, asked))
        ping_answer(walk, from, true);
    else if (!reply && data[0] == ICMP6_TIME_EXCEEDED && walk->trace)
        ping_answer(walk, from, false);
    else if (!reply)
        ping_next(walk, false); /* somebody cannot reach it */
}

void ping_ready(struct ping *ping, rpl_tstamp now)
{
    uint8_t data[PING_BUFFER];

    for (unsigned i = 0; i < PING_PER_TURN; i++) {
        struct sockaddr_in6 from = {0};
        struct rpl_addr addr;
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(ping->fd, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&from,
                             &from_len);

        if (n < 0)
            break;
        if (n < 8)
            continue;
        memcpy(addr.b, &from.sin6_addr, sizeof(addr.b));
        ping_heard(ping, &addr, data, (size_t)n);
    }
    ping_turn(ping, now);
}
