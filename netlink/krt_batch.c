/* SPDX-License-Identifier: ISC */
/*
 * Route changes on their way: a ring from which they are packed into few sends.
 *
 * The kernel works through a send in order and answers each message that failed; only the last
 * one asks for an answer in any case. When that is there, all before it that were not complained
 * about have succeeded. A change stays in the ring until then, so that after lost answers it can
 * simply be sent again: setting and deleting again come to the same in the end.
 */
#include "netlink/krt_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Sequence numbers with this bit turned are of messages whose answer does not matter. */
#define ASIDE 0x80000000u

static struct krt_change *change_at(struct krt *krt, uint32_t counter)
{
    return &krt->ring[counter & (krt->ring_size - 1)];
}

static bool is_default_set(const struct krt_change *change)
{
    return !change->del && change->route.dst_len == 0;
}

static int queue(struct krt *krt, uint64_t token, const struct rpl_route *route, bool del)
{
    struct krt_change *change;

    if (krt_room(krt) == 0) {
        krt->full = true;
        return -ENOBUFS;
    }
    change = change_at(krt, krt->tail++);
    memset(change, 0, sizeof(*change));
    change->token = token;
    change->route = *route;
    change->del = del;
    return 0;
}

static bool is_link_local(const struct rpl_addr *a)
{
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

int krt_route_set(struct krt *krt, uint64_t token, const struct rpl_route *route)
{
    if (route->dst_len > 128)
        return -EINVAL;
    switch (route->kind) {
    case RPL_ROUTE_VIA:
        if (route->ifindex == 0 || !is_link_local(&route->via))
            return -EINVAL;
        break;
    case RPL_ROUTE_TUN:
        if (krt->tun == 0)
            return -ENODEV;
        break;
    case RPL_ROUTE_UNREACHABLE:
        break;
    default:
        return -EINVAL;
    }
    return queue(krt, token, route, false);
}

int krt_route_del(struct krt *krt, uint64_t token, const struct rpl_route *route)
{
    if (route->dst_len > 128)
        return -EINVAL;
    return queue(krt, token, route, true);
}

uint32_t krt_room(const struct krt *krt)
{
    return krt->ring_size - (krt->tail - krt->head);
}

static void encode(struct krt *krt, struct mnl_nlmsg_batch *batch, const struct rpl_route *route,
                   uint32_t flags, uint32_t seq)
{
    krt_route_encode(krt, mnl_nlmsg_batch_current(batch), route, flags, seq);
    (void)mnl_nlmsg_batch_next(batch);
}

/* Packs changes from |sent| on; returns how many, the buffer's length is in *ret_len. */
static uint32_t pack(struct krt *krt, size_t *ret_len)
{
    struct mnl_nlmsg_batch *batch;
    struct nlmsghdr *nlh = NULL;
    uint32_t n = 0, counter = krt->sent;

    batch = mnl_nlmsg_batch_start(krt->packed, KRT_SEND_SIZE);
    if (!batch)
        return 0;
    while (counter != krt->tail && counter - krt->head < krt->window &&
           mnl_nlmsg_batch_size(batch) + 2 * KRT_MESSAGE_MAX <= KRT_SEND_SIZE) {
        struct krt_change *change = change_at(krt, counter);
        uint32_t flags = change->del ? KRT_ROUTE_DEL : 0u;

        change->last = false;
        change->error = 0;
        /* A default route is put in place of another only if that is known to be ours. One of
         * ours that we do not know of goes first, so that only that of somebody else refuses. */
        if (is_default_set(change) &&
            !krt_route_default_own(krt, krt_route_metric(&change->route))) {
            encode(krt, batch, &change->route, KRT_ROUTE_DEL, counter ^ ASIDE);
            flags = KRT_ROUTE_EXCLUSIVE;
        }
        nlh = mnl_nlmsg_batch_current(batch);
        encode(krt, batch, &change->route, flags, counter);
        counter++;
        n++;
    }
    if (nlh) {
        nlh->nlmsg_flags |= NLM_F_ACK;
        change_at(krt, counter - 1)->last = true;
    }
    *ret_len = mnl_nlmsg_batch_size(batch);
    mnl_nlmsg_batch_stop(batch);
    return n;
}

int krt_batch_send(struct krt *krt)
{
    krt->flushing = false;
    while (krt->sent != krt->tail && krt->dump != KRT_DUMP_ROUTES) {
        size_t len = 0;
        uint32_t n = pack(krt, &len);

        if (n == 0)
            break;
        if (mnl_socket_sendto(krt->change, krt->packed, len) < 0) {
            krt->flushing = true;
            return errno == EAGAIN ? 0 : -errno;
        }
        krt->sent += n;
        krt->stats.changes += n;
        krt->stats.sends++;
    }
    krt->flushing = krt->sent != krt->tail;
    return 0;
}

int krt_flush(struct krt *krt)
{
    int err = krt_dump_start(krt);

    return err < 0 ? err : krt_batch_send(krt);
}

/* Takes the oldest change out of the ring and tells its result. */
static void settle(struct krt *krt)
{
    struct krt_change change = *change_at(krt, krt->head++);

    if (change.del && change.error == ESRCH)
        change.error = 0;
    if (change.route.dst_len == 0 && change.error == 0)
        krt_route_default_keep(krt, krt_route_metric(&change.route), !change.del);
    if (change.error)
        krt->stats.refused++;
    if (krt->cb.result)
        krt->cb.result(krt->ctx, change.token, change.error);
    if (krt->full && krt_room(krt) >= krt->ring_size / 2) {
        krt->full = false;
        if (krt->cb.room)
            krt->cb.room(krt->ctx);
    }
}

int krt_batch_answer(struct krt *krt, struct nlmsghdr *nlh)
{
    const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
    struct krt_change *change;
    uint32_t seq = nlh->nlmsg_seq;

    if (nlh->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*e)) {
        krt->stats.skipped++;
        return 0;
    }
    /* Not in [head, sent): a change that was forgotten, or a message aside. */
    if (seq - krt->head >= krt->sent - krt->head)
        return 0;
    change = change_at(krt, seq);
    change->error = e->error < 0 ? -e->error : e->error;
    if (change->last) {
        while (krt->head != seq + 1)
            settle(krt);
    }
    return 0;
}

void krt_batch_repeat(struct krt *krt)
{
    krt->stats.repeated += krt->sent - krt->head;
    krt->sent = krt->head;
    krt->window = krt->window > 1 ? krt->window / 2 : 1;
    krt->flushing = true;
}

void krt_batch_forget(struct krt *krt)
{
    krt->head = krt->sent = krt->tail;
    krt->flushing = false;
    krt->full = false;
}
