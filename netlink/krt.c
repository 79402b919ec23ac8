/* SPDX-License-Identifier: ISC */
/* Birth, death and the descriptors. */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#define QUEUE_DEFAULT 16384u
#define QUEUE_MAX (1u << 20)
#define BUFFER_DEFAULT (4u << 20)

/* An answer without the request in it takes 832 octets of the receive buffer; somewhat more is
 * reckoned, and when that is wrong the window halves. */
#define ANSWER_COST 1024u

/* Datagrams per krt_ready(): enough to keep up, few enough to let others have their turn. */
#define READY_DATAGRAMS 256u

static uint32_t power_of_two(uint32_t n)
{
    uint32_t p = 2;

    while (p < n && p < QUEUE_MAX)
        p *= 2;
    return p;
}

static int open_sockets(struct krt *krt, uint32_t change_buffer, uint32_t notice_buffer)
{
    int err;

    err = krt_sock_open(&krt->change, 0, change_buffer);
    if (err == 0)
        err = krt_sock_open(&krt->ask, 0, 0);
    if (err == 0)
        err = krt_sock_open(&krt->query, 0, 0);
    if (err == 0)
        err = krt_sock_open(&krt->watch, RTMGRP_IPV6_ROUTE, notice_buffer);
    if (err == 0)
        err = krt_sock_open(&krt->notice, RTMGRP_LINK | RTMGRP_IPV6_IFADDR | RTMGRP_NEIGH,
                            notice_buffer);
    if (err == 0)
        err = krt_radio_open(krt);
    if (err < 0)
        return err;
    krt_sock_filter_watch(krt->watch, mnl_socket_get_portid(krt->change),
                          mnl_socket_get_portid(krt->ask));
    krt_sock_filter_notice(krt->notice);
    return 0;
}

int krt_new(const struct krt_callbacks *callbacks, void *ctx, const struct krt_options *options,
            struct krt **ret)
{
    static const struct krt_options defaults = {0};
    struct krt *krt;
    int err;

    if (!options)
        options = &defaults;
    krt = calloc(1, sizeof(*krt));
    if (!krt)
        return -ENOMEM;
    krt->cb = *callbacks;
    krt->ctx = ctx;
    krt->ring_size = power_of_two(options->queue ? options->queue : QUEUE_DEFAULT);
    krt->ring = calloc(krt->ring_size, sizeof(*krt->ring));
    if (!krt->ring) {
        krt_free(krt);
        return -ENOMEM;
    }
    err = open_sockets(krt, options->change_buffer ? options->change_buffer : BUFFER_DEFAULT,
                       options->notice_buffer ? options->notice_buffer : BUFFER_DEFAULT);
    if (err < 0) {
        krt_free(krt);
        return err;
    }
    (void)krt_firewall_open(krt);
    krt->window = krt_sock_buffer(krt->change) / ANSWER_COST;
    if (krt->window == 0)
        krt->window = 1;
    *ret = krt;
    return 0;
}

static void close_socket(struct mnl_socket *nl)
{
    if (nl)
        mnl_socket_close(nl);
}

void krt_free(struct krt *krt)
{
    if (!krt)
        return;
    close_socket(krt->change);
    close_socket(krt->watch);
    close_socket(krt->notice);
    close_socket(krt->query);
    close_socket(krt->ask);
    krt_radio_close(krt);
    krt_firewall_close(krt);
    free(krt->ring);
    free(krt->links);
    free(krt->addrs);
    free(krt);
}

size_t krt_fds(const struct krt *krt, int fds[KRT_FDS_MAX])
{
    fds[0] = mnl_socket_get_fd(krt->change);
    fds[1] = mnl_socket_get_fd(krt->watch);
    fds[2] = mnl_socket_get_fd(krt->notice);
    fds[3] = mnl_socket_get_fd(krt->query);
    if (!krt->ruleset)
        return 4;
    fds[4] = mnl_socket_get_fd(krt->ruleset);
    return 5;
}

static void overrun(struct krt *krt, enum krt_overrun what)
{
    krt->stats.overruns++;
    if (krt->cb.overrun)
        krt->cb.overrun(krt->ctx, what);
}

/* What cannot be sent now goes with a later krt_flush(), which also says what is wrong. */
static void go_on(struct krt *krt)
{
    if (krt->flushing)
        (void)krt_batch_send(krt);
}

static int ready_change(struct krt *krt, uint32_t datagrams)
{
    int err = krt_sock_pump(krt, krt->change, datagrams, krt_batch_answer);

    if (err == -ENOBUFS) {
        krt->stats.overruns++;
        krt_sock_drain(krt, krt->change);
        krt_batch_repeat(krt);
        err = 0;
    }
    if (err == 0)
        go_on(krt);
    return err;
}

static int ready_notice(struct krt *krt)
{
    int err = krt_sock_pump(krt, krt->notice, READY_DATAGRAMS, krt_notice);

    if (err != -ENOBUFS)
        return err;
    /* What still waits is older than the dump that makes up for the loss. */
    krt_sock_drain(krt, krt->notice);
    overrun(krt, KRT_OVERRUN_NOTICES);
    (void)krt_dump(krt);
    return 0;
}

/*
 * The kernel tells in order, but on several sockets: before a loss is told, so are the answers
 * to what we set before it, else the caller would take the later answer for the newer state; and
 * so is the going down of a link, which says better why its routes are gone.
 */
static int ready_watch(struct krt *krt)
{
    int err = ready_change(krt, UINT32_MAX);

    if (err == 0)
        err = ready_notice(krt);
    if (err == 0)
        err = krt_sock_pump(krt, krt->watch, READY_DATAGRAMS, krt_route_watch);
    if (err != -ENOBUFS)
        return err;
    krt_sock_drain(krt, krt->watch);
    overrun(krt, KRT_OVERRUN_ROUTES);
    return 0;
}

/* A dump that breaks off, for whatever reason, is asked for again; and one that something was
 * taken from while it ran, so that is read first. */
static int ready_query(struct krt *krt)
{
    int err = ready_watch(krt);

    if (err < 0)
        return err;
    err = krt_sock_pump(krt, krt->query, READY_DATAGRAMS, krt_dump_message);
    if (err < 0) {
        krt->stats.overruns += err == -ENOBUFS;
        krt_sock_drain(krt, krt->query);
        krt_dump_lost(krt);
    }
    go_on(krt);
    return 0;
}

/* That there was a change is all that is said; one that was lost is one, too. */
static int ready_ruleset(struct krt *krt)
{
    krt_sock_drain(krt, krt->ruleset);
    if (krt->cb.ruleset)
        krt->cb.ruleset(krt->ctx);
    return 0;
}

int krt_ready(struct krt *krt, int fd)
{
    if (fd == mnl_socket_get_fd(krt->change))
        return ready_change(krt, READY_DATAGRAMS);
    if (fd == mnl_socket_get_fd(krt->watch))
        return ready_watch(krt);
    if (fd == mnl_socket_get_fd(krt->notice))
        return ready_notice(krt);
    if (fd == mnl_socket_get_fd(krt->query))
        return ready_query(krt);
    if (krt->ruleset && fd == mnl_socket_get_fd(krt->ruleset))
        return ready_ruleset(krt);
    return -EBADF;
}

void krt_set_tun(struct krt *krt, uint32_t ifindex)
{
    krt->tun = ifindex;
}

void krt_stats_get(const struct krt *krt, struct krt_stats *ret_stats)
{
    *ret_stats = krt->stats;
    ret_stats->queued = krt->tail - krt->head;
}
