/* SPDX-License-Identifier: ISC */
/*
 * DAO-ACK (RFC 6550 sections 6.5 and 9.3), both ways. Ours leaves after the kernel has said yes
 * for every target of the DAO; a DAO-ACK carries the base object only, 4 octets or 20 with the
 * DODAGID, because deployed motes drop a longer one.
 */
#include "rpl/engine.h"

#define STATUS_REJECTED 0x80

void rpl_ack_send(struct rpl_instance *inst, uint32_t ifindex, const struct rpl_addr *src,
                  const struct rpl_addr *dst, bool has_dodag_id, uint8_t sequence, uint8_t status)
{
    struct rpl_engine *e = inst->engine;

    e->scratch->code = RPL_CODE_DAO_ACK;
    e->scratch->u.ack = (struct rpl_wire_ack){.instance = inst->cfg.id,
                                              .has_dodag_id = has_dodag_id,
                                              .sequence = sequence,
                                              .status = status,
                                              .dodag_id = inst->dodag_id};
    if (rpl_send(e, ifindex, src, dst) > 0)
        rpl_count(e, RPL_COUNT_DAO_ACK_OUT);
}

static void finish(struct rpl_ack *ack)
{
    struct rpl_engine *e = ack->inst->engine;
    struct rpl_peer *peer = rpl_peer_find(e, &ack->src, ack->ifindex);

    if (ack->status >= STATUS_REJECTED)
        rpl_count(e, RPL_COUNT_DAO_REFUSED);
    /* ACK-01: without K only an error is reported. */
    if (ack->wanted || ack->status >= STATUS_REJECTED)
        rpl_ack_send(ack->inst, rpl_addr_is_link_local(&ack->src) ? ack->ifindex : 0, &ack->dst,
                     &ack->src, ack->has_dodag_id, ack->sequence, ack->status);
    if (peer) {
        peer->dao_answered = ack->wanted;
        peer->dao_status = ack->status;
    }
    LIST_REMOVE(ack, list);
    rpl_free(e, ack);
}

struct rpl_ack *rpl_ack_begin(struct rpl_instance *inst, const struct rpl_packet *p)
{
    struct rpl_engine *e = inst->engine;
    const struct rpl_wire_dao *dao = &p->msg->u.dao;
    struct rpl_ack *ack = rpl_alloc(e, sizeof(*ack));

    if (!ack) {
        rpl_count(e, RPL_COUNT_DROP_NOMEM);
        return NULL;
    }
    ack->inst = inst;
    ack->src = *p->src;
    ack->dst = *p->dst;
    ack->ifindex = p->ifindex;
    ack->has_dodag_id = dao->has_dodag_id;
    ack->wanted = dao->ack_wanted && !p->multicast; /* ACK-02 */
    ack->sequence = dao->sequence;
    ack->waiting = 1; /* until rpl_ack_end() */
    LIST_INSERT_HEAD(&e->acks, ack, list);
    return ack;
}

bool rpl_ack_wait(struct rpl_ack *ack, struct rpl_rt *rt)
{
    struct rpl_ack_wait *wait = rpl_alloc(ack->inst->engine, sizeof(*wait));

    if (!wait)
        return false;
    wait->ack = ack;
    ack->waiting++;
    LIST_INSERT_HEAD(&rt->waits, wait, list);
    return true;
}

static void done(struct rpl_ack *ack)
{
    if (--ack->waiting == 0)
        finish(ack);
}

void rpl_ack_end(struct rpl_ack *ack, uint8_t status)
{
    if (status)
        ack->status = status;
    done(ack);
}

void rpl_ack_route_done(struct rpl_engine *e, struct rpl_rt *rt, int error)
{
    struct rpl_ack_wait *wait;

    while ((wait = LIST_FIRST(&rt->waits)) != NULL) {
        struct rpl_ack *ack = wait->ack;
        LIST_REMOVE(wait, list);
        rpl_free(e, wait);
        if (error)
            ack->status = STATUS_REJECTED;
        done(ack);
    }
}

static void free_waits(struct rpl_engine *e, struct rpl_rt *rt, const void *arg)
{
    struct rpl_ack_wait *wait;

    (void)arg;
    while ((wait = LIST_FIRST(&rt->waits)) != NULL) {
        LIST_REMOVE(wait, list);
        rpl_free(e, wait);
    }
}

void rpl_acks_free(struct rpl_engine *e)
{
    struct rpl_ack *ack;

    rpl_rt_each(e, free_waits, NULL);
    while ((ack = LIST_FIRST(&e->acks)) != NULL) {
        LIST_REMOVE(ack, list);
        rpl_free(e, ack);
    }
}

static void free_out(struct rpl_dao_out *out)
{
    struct rpl_instance *inst = out->inst;

    rpl_timer_unregister(inst->engine, &out->timer);
    LIST_REMOVE(out, list);
    if (!out->for_leaf && !out->farewell)
        inst->dao_out_count--;
    rpl_free(inst->engine, out);
}

void rpl_dao_outs_free(struct rpl_instance *inst, bool all)
{
    struct rpl_dao_out *out, *next;

    for (out = LIST_FIRST(&inst->dao_outs); out; out = next) {
        next = LIST_NEXT(out, list);
        if (all || !out->for_leaf)
            free_out(out);
    }
}

/* They would come in behind the next one with an older Path Sequence, as from somebody who lost its
 * state. What they say of others goes into it. */
void rpl_dao_outs_supersede(struct rpl_instance *inst)
{
    struct rpl_dao_out *out, *next;

    for (out = LIST_FIRST(&inst->dao_outs); out; out = next) {
        next = LIST_NEXT(out, list);
        if (out->for_leaf || out->farewell || !(out->about & RPL_DAO_OF_US))
            continue;
        inst->dao_all = inst->dao_all || (out->about & RPL_DAO_OF_OTHERS);
        free_out(out);
    }
}

static struct rpl_dao_out *find_out(struct rpl_instance *inst, const struct rpl_packet *p)
{
    struct rpl_dao_out *out;

    LIST_FOREACH (out, &inst->dao_outs, list) {
        /* ACK-06: an old or foreign sequence is no answer; a parent answers itself. */
        if (out->sequence != p->msg->u.ack.sequence)
            continue;
        if (!rpl_addr_is_link_local(&out->dst) || rpl_addr_equal(&out->dst, p->src))
            return out;
    }
    return NULL;
}

int rpl_dao_ack_receive(struct rpl_engine *e, const struct rpl_packet *p)
{
    struct rpl_wire_ack ack = p->msg->u.ack;
    struct rpl_instance *inst = rpl_instance_find(e, ack.instance, NULL);
    struct rpl_dao_out *out = inst ? find_out(inst, p) : NULL;
    struct rpl_nbr *parent;
    struct rpl_nbr *way;
    struct rpl_addr to;
    uint8_t about;

    if (!out) {
        rpl_count(e, RPL_COUNT_DROP_ACK_UNEXPECTED);
        return -RPL_ERR_DROPPED;
    }
    rpl_count(e, RPL_COUNT_DAO_ACK_IN);
    if (out->for_leaf) {
        to = out->leaf;
        free_out(out);
        rpl_leaf_dao_answered(inst, &to, ack.status);
        return 0;
    }
    if (out->farewell) { /* whatever it thinks of it */
        free_out(out);
        return 0;
    }
    to = out->dst;
    about = out->about;
    parent = rpl_nbr_find(inst, &out->dst, out->ifindex);
    free_out(out);
    inst->dao_failures = 0;
    way = rpl_storing(inst) ? rpl_nbr_find(inst, &to, p->ifindex) : inst->parent;
    if (way)
        rpl_nbr_confirmed(way);
    if (ack.status < STATUS_REJECTED)
        return 0; /* 1..127: taken, although another parent would be welcome (ACK-03) */
    rpl_trace(e, RPL_TRACE_DAO_REFUSED, RPL_CAUSE_REFUSED, inst, &to, p->src, ack.status);
    /* NOTE: RFC 6550 section 6.5.1 has us leave a parent that refuses. One that takes us and not
     * what is behind us is better than none, or a single node that announces what nobody accepts
     * tears a branch off; its owner asks again when it refreshes. Which of the two it is shows when
     * they are told apart. */
    if (about == RPL_DAO_OF_OTHERS)
        return 0;
    if (about & RPL_DAO_OF_OTHERS) {
        inst->dao_all = inst->dao_apart = true;
        rpl_dao_schedule(inst, rpl_dao_delay(inst));
        return 0;
    }
    inst->dao_all = inst->refresh_seq = true;
    if (rpl_storing(inst) && parent) {
        parent->refused_until = e->now + RPL_REFUSED_HOLD;
        rpl_parent_select(inst, RPL_CAUSE_REFUSED);
    } else {
        rpl_dao_schedule(inst, RPL_REFUSED_HOLD);
    }
    return 0;
}

void rpl_dao_out_timeout(struct rpl_dao_out *out)
{
    struct rpl_instance *inst = out->inst;
    struct rpl_engine *e = inst->engine;
    struct rpl_nbr *parent;
    rpl_duration wait;

    /* Who is our parent again must not hear that we left. */
    if (out->farewell && rpl_dao_parent_is(inst, &out->dst, out->ifindex)) {
        free_out(out);
        return;
    }
    if (++out->tries < out->most) {
        wait = RPL_DAO_TIMEOUT << out->tries;
        /* ACK-04: the same octets under the same sequence. */
        rpl_send_octets(e, out->ifindex, &out->src, &out->dst, out->data, out->len);
        rpl_dao_sent(inst);
        rpl_timer_set(e, &out->timer, e->now + wait + rpl_random_range(e, 0, wait / 4));
        return;
    }
    rpl_trace(e, RPL_TRACE_DAO_UNACKED, RPL_CAUSE_NO_ANSWER, inst, &out->dst, NULL, out->tries);
    if (out->for_leaf) {
        struct rpl_addr leaf = out->leaf;
        free_out(out);
        rpl_leaf_dao_unanswered(inst, &leaf);
        return;
    }
    if (out->farewell) {
        free_out(out);
        return;
    }
    parent = rpl_nbr_find(inst, &out->dst, out->ifindex);
    free_out(out);
    if (!parent)
        parent = inst->parent; /* the DAO went through it to the root */
    if (parent)
        rpl_nbr_probe_now(parent);
    /* Deployed parents that never acknowledge exist: come back, ever more slowly. */
    wait = RPL_S(30) << (inst->dao_failures > 4 ? 4 : inst->dao_failures);
    inst->dao_failures++;
    inst->dao_all = inst->refresh_seq = true;
    rpl_dao_schedule(inst, wait);
}
