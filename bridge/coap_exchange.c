/* SPDX-License-Identifier: ISC */
/* The endpoint: its operations, peers, timers and effects. What comes in is in coap_receive.c. */
#include "bridge/coap_internal.h"

#include <string.h>

/* RFC 7641 section 3.3.1: wait 5 to 15 seconds beyond Max-Age before asking again. */
#define REFRESH_GRACE (5 * BRG_SEC)
#define REFRESH_SPREAD (10 * BRG_SEC)
#define SEQ_MASK 0xffffffU /* RFC 7641 section 2: 24 bits */
#define UPLOAD_SZX 6       /* 1024 octets, until the node says it wants less */
#define MISS_BACKOFF (30 * BRG_SEC)
#define MISS_BACKOFF_DOUBLINGS 7
#define OVERDUE_PER_PLACE 16

static int op_cmp(const struct op *a, const struct op *b)
{
    return (a->id > b->id) - (a->id < b->id);
}

static int peer_cmp(const struct peer *a, const struct peer *b)
{
    return coap_addr_cmp(&a->addr, &b->addr);
}

BRG_TREE_FUNCTIONS(op_tree, op, by_id, op_cmp)
BRG_TREE_FUNCTIONS(peer_tree, peer, by_addr, peer_cmp)

int coap_addr_cmp(const struct coap_addr *a, const struct coap_addr *b)
{
    int order = memcmp(a->ip, b->ip, sizeof(a->ip));

    if (order != 0) {
        return order;
    }
    if (a->scope != b->scope) {
        return a->scope < b->scope ? -1 : 1;
    }
    if (a->port != b->port) {
        return a->port < b->port ? -1 : 1;
    }
    return (int)a->secure - (int)b->secure;
}

void coap_config_defaults(struct coap_config *config)
{
    *config = (struct coap_config){
        .ack_timeout_ms = 2000,
        .max_retransmit = 4,
        .response_timeout_ms = 60000,
        .max_outstanding = 8,
        .max_peers = 10000,
        .max_requests = 100000,
        .max_requests_per_peer = 128,
        .max_body = 16384,
        .max_bodies = 1 << 20,
        .max_observers = 64,
        .peer_rate = 0,
    };
}

struct coap_endpoint *coap_endpoint_new(const struct coap_config *config,
                                        const struct brg_alloc *alloc)
{
    struct coap_endpoint *ep = brg_get(alloc, sizeof(*ep));

    if (ep == NULL) {
        return NULL;
    }
    ep->config = *config;
    ep->alloc = alloc;
    ep->random = config->seed;
    RB_INIT(&ep->ops);
    RB_INIT(&ep->peers);
    TAILQ_INIT(&ep->ready);
    TAILQ_INIT(&ep->idle);
    TAILQ_INIT(&ep->effects);
    TAILQ_INIT(&ep->failed);
    TAILQ_INIT(&ep->uploads);
    TAILQ_INIT(&ep->observers);
    TAILQ_INIT(&ep->delayed);
    ep->next_mid = (uint16_t)(config->seed >> 32);
    brg_timers_init(&ep->timers);
    return ep;
}

/* --- effects -------------------------------------------------------------------------------- */

struct effect *coap_effect_new(struct coap_endpoint *ep, const struct coap_effect *effect,
                               size_t len)
{
    struct effect *copy = brg_get(ep->alloc, sizeof(*copy) + len);

    if (copy != NULL) {
        copy->public = *effect;
        TAILQ_INSERT_TAIL(&ep->effects, copy, entry);
    }
    return copy;
}

int coap_effect_add(struct coap_endpoint *ep, const struct coap_effect *effect, const uint8_t *data,
                    size_t len)
{
    struct effect *copy = coap_effect_new(ep, effect, len);

    if (copy == NULL) {
        ep->stats.refused++;
        return -BRG_ERR_NOMEM;
    }
    if (len > 0) {
        memcpy(copy->data, data, len);
    }
    copy->public.data = copy->data;
    copy->public.len = len;
    return 0;
}

void coap_send(struct coap_endpoint *ep, const struct coap_addr *to, const struct coap_msg *msg)
{
    const struct coap_effect effect = {.kind = COAP_SEND, .peer = *to};
    uint8_t datagram[COAP_DATAGRAM_MAX];
    size_t len;

    if (coap_msg_write(msg, datagram, sizeof(datagram), &len) == 0 &&
        coap_effect_add(ep, &effect, datagram, len) == 0) {
        ep->stats.sent++;
    }
}

void coap_send_empty(struct coap_endpoint *ep, const struct coap_addr *to, enum coap_type type,
                     uint16_t mid)
{
    const struct coap_effect effect = {.kind = COAP_SEND, .peer = *to};
    const uint8_t datagram[] = {(uint8_t)(0x40U | (unsigned)type << 4), COAP_EMPTY,
                                (uint8_t)(mid >> 8), (uint8_t)mid};

    if (coap_effect_add(ep, &effect, datagram, sizeof(datagram)) == 0) {
        ep->stats.sent++;
    }
}

/* --- peers ---------------------------------------------------------------------------------- */

struct peer *coap_peer_find(struct coap_endpoint *ep, const struct coap_addr *addr)
{
    struct peer key;

    key.addr = *addr; /* nothing else is compared */
    return RB_FIND(peer_tree, &ep->peers, &key);
}

static void peer_unlist(struct coap_endpoint *ep, struct peer *peer)
{
    if (peer->state == PEER_READY) {
        TAILQ_REMOVE(&ep->ready, peer, listed);
    } else if (peer->state == PEER_IDLE) {
        TAILQ_REMOVE(&ep->idle, peer, listed);
    }
    peer->state = PEER_BUSY;
}

void coap_peer_update(struct coap_endpoint *ep, struct peer *peer)
{
    enum peer_state state = PEER_BUSY;

    if (peer->n_ops == 0 && peer->upload == NULL) {
        state = PEER_IDLE;
    } else if (peer->current == NULL && !TAILQ_EMPTY(&peer->queue)) {
        state = PEER_READY;
    }
    if (state == peer->state) {
        return;
    }
    peer_unlist(ep, peer);
    peer->state = state;
    if (state == PEER_READY) {
        TAILQ_INSERT_TAIL(&ep->ready, peer, listed);
    } else if (state == PEER_IDLE) {
        TAILQ_INSERT_TAIL(&ep->idle, peer, listed);
    }
}

static void peer_free(struct coap_endpoint *ep, struct peer *peer)
{
    peer_unlist(ep, peer);
    RB_REMOVE(peer_tree, &ep->peers, peer);
    ep->n_peers--;
    brg_put(ep->alloc, peer);
}

int coap_peer_get(struct coap_endpoint *ep, const struct coap_addr *addr, struct peer **ret_peer)
{
    struct peer *peer = coap_peer_find(ep, addr);

    if (peer != NULL) {
        *ret_peer = peer;
        return 0;
    }
    if (ep->n_peers >= ep->config.max_peers) {
        if (TAILQ_EMPTY(&ep->idle)) {
            return -BRG_ERR_FULL;
        }
        peer_free(ep, TAILQ_FIRST(&ep->idle));
    }
    peer = brg_get(ep->alloc, sizeof(*peer));
    if (peer == NULL) {
        return -BRG_ERR_NOMEM;
    }
    peer->addr = *addr;
    TAILQ_INIT(&peer->ops);
    TAILQ_INIT(&peer->queue);
    /* RFC 7252 section 4.4: the first message ID is random. */
    peer->next_mid = (uint16_t)brg_random(&ep->random);
    RB_INSERT(peer_tree, &ep->peers, peer);
    ep->n_peers++;
    *ret_peer = peer;
    return 0;
}

uint16_t coap_mid_next(struct coap_endpoint *ep, const struct coap_addr *addr)
{
    struct peer *peer = coap_peer_find(ep, addr);

    return peer == NULL ? ep->next_mid++ : peer->next_mid++;
}

/* The next one to be used again: none that waits for coap_confirm(), or the copy of what was then
 * not kept would be taken for an old one. */
static struct dedup *dedup_oldest(struct peer *peer)
{
    struct dedup *slot = NULL;

    for (size_t i = 0; i < DEDUP_SLOTS && (slot == NULL || slot->state == DEDUP_PENDING); i++) {
        slot = &peer->dedup[peer->dedup_next];
        peer->dedup_next = (uint8_t)((peer->dedup_next + 1) % DEDUP_SLOTS);
    }
    return slot;
}

void coap_dedup_set(struct coap_endpoint *ep, struct peer *peer, uint16_t mid,
                    enum dedup_state state, brg_tstamp now)
{
    struct dedup *slot = coap_dedup_find(peer, mid, now);

    if (slot == NULL) {
        slot = dedup_oldest(peer);
    }
    slot->mid = mid;
    slot->digest = ep->digest;
    slot->state = (uint8_t)state;
    slot->code = 0;
    slot->expires_s =
        (uint32_t)((now + (state == DEDUP_NON ? NON_LIFETIME : EXCHANGE_LIFETIME)) / BRG_SEC);
}

struct dedup *coap_dedup_find(struct peer *peer, uint16_t mid, brg_tstamp now)
{
    for (size_t i = 0; i < DEDUP_SLOTS; i++) {
        struct dedup *slot = &peer->dedup[i];

        if (slot->state != DEDUP_FREE && slot->mid == mid && slot->expires_s > now / BRG_SEC) {
            return slot;
        }
    }
    return NULL;
}

/* --- operations ----------------------------------------------------------------------------- */

/* Takes |op| out of every list but leaves its memory. */
static void op_detach(struct coap_endpoint *ep, struct op *op)
{
    coap_op_settle(ep, op);
    brg_timer_clear(&ep->timers, &op->timer);
    coap_body_free(ep, op);
    RB_REMOVE(op_tree, &ep->ops, op);
    ep->n_ops--;
    TAILQ_REMOVE(&op->peer->ops, op, of_peer);
    op->peer->n_ops--;
    coap_peer_update(ep, op->peer);
}

static void op_release(struct coap_endpoint *ep, struct op *op)
{
    brg_put(ep->alloc, op->uri);
    brg_put(ep->alloc, op->payload);
    brg_put(ep->alloc, op);
}

void coap_op_free(struct coap_endpoint *ep, struct op *op)
{
    op_detach(ep, op);
    op_release(ep, op);
}

void coap_op_fail(struct coap_endpoint *ep, struct op *op, enum coap_failure failure)
{
    op_detach(ep, op);
    op->failure = failure;
    TAILQ_INSERT_TAIL(&ep->failed, op, queued);
}

/*
 * What had no answer to its first copy waits ever longer for the next one and is hardly in the air:
 * it leaves its place to others, or a few dead nodes would be all that the mesh hears of. But not
 * all at once, since a mesh that is overloaded looks the same.
 */
static void op_overdue(struct coap_endpoint *ep, struct op *op)
{
    if (op->placed && ep->overdue < OVERDUE_PER_PLACE * ep->config.max_outstanding) {
        op->placed = false;
        ep->outstanding--;
        ep->overdue++;
    }
}

void coap_op_settle(struct coap_endpoint *ep, struct op *op)
{
    struct peer *peer = op->peer;

    if (op->state == OP_OBSERVING && !op->in_flight) {
        return; /* nothing is in the air: the timer is Max-Age's */
    }
    brg_timer_clear(&ep->timers, &op->timer);
    if (op->in_flight) {
        op->in_flight = false;
        ep->outstanding -= op->placed;
        ep->overdue -= !op->placed;
        op->placed = false;
        peer->current = NULL;
    } else if (op->state == OP_QUEUED) {
        TAILQ_REMOVE(&peer->queue, op, queued);
    }
    op->state = OP_OBSERVING; /* until the caller says otherwise */
    coap_peer_update(ep, peer);
}

void coap_op_enqueue(struct coap_endpoint *ep, struct op *op, enum op_step step)
{
    brg_timer_clear(&ep->timers, &op->timer);
    op->step = step;
    op->state = OP_QUEUED;
    if (step == STEP_BLOCK || step == STEP_UPLOAD) {
        TAILQ_INSERT_HEAD(&op->peer->queue, op, queued);
    } else {
        TAILQ_INSERT_TAIL(&op->peer->queue, op, queued);
    }
    coap_peer_update(ep, op->peer);
}

void coap_op_idle(struct coap_endpoint *ep, struct op *op, uint32_t max_age_s, brg_tstamp now)
{
    brg_tstamp spread = brg_random_below(&ep->random, REFRESH_SPREAD);

    op->state = OP_OBSERVING;
    op->misses = 0;
    brg_timer_set(&ep->timers, &op->timer, now + max_age_s * BRG_SEC + REFRESH_GRACE + spread);
}

/* A registration that nobody confirms is kept, since the node may still hold it and speak; the
 * next attempts come after 30 s, 60 s, ... up to about an hour. */
static void op_missed(struct coap_endpoint *ep, struct op *op, brg_tstamp now)
{
    uint32_t doublings = op->misses < MISS_BACKOFF_DOUBLINGS ? op->misses : MISS_BACKOFF_DOUBLINGS;
    brg_tstamp wait = MISS_BACKOFF << doublings;
    struct coap_effect effect = {
        .kind = COAP_STALE,
        .peer = op->peer->addr,
        .id = op->id,
        .cookie = op->cookie,
        .misses = ++op->misses,
    };

    wait += brg_random_below(&ep->random, wait / 2);
    brg_timer_set(&ep->timers, &op->timer, now + wait);
    (void)coap_effect_add(ep, &effect, NULL, 0);
}

void coap_op_give_up(struct coap_endpoint *ep, struct op *op, enum coap_failure failure,
                     brg_tstamp now)
{
    /* Blocks that do not fit together mean that the value changed under way: ask again later. */
    bool registered = op->has_seq && (failure == COAP_FAIL_TIMEOUT || op->step == STEP_BLOCK);

    coap_op_settle(ep, op);
    if (op->body != NULL) {
        op->etag_len = 0; /* of what we have a part of only */
    }
    coap_body_free(ep, op);
    if (registered) {
        op_missed(ep, op, now);
    } else {
        coap_op_fail(ep, op, failure);
    }
}

static void op_start(struct coap_endpoint *ep, struct op *op, brg_tstamp now)
{
    struct peer *peer = op->peer;
    uint64_t base = coap_rtt_timeout(&peer->rtt, ep->config.ack_timeout_ms * BRG_MSEC, now);

    TAILQ_REMOVE(&peer->queue, op, queued);
    op->state = OP_SENT;
    op->in_flight = true;
    op->placed = true;
    op->tries = 0;
    op->mid = peer->next_mid++;
    if (op->step == STEP_BLOCK) {
        uint64_t token = brg_random(&ep->random);

        memcpy(op->block_token, &token, sizeof(op->block_token));
    }
    /* RFC 7252 section 4.2: the first timeout lies between ACK_TIMEOUT and 1.5 times that. */
    op->first_timeout = (uint32_t)base;
    op->timeout = (uint32_t)(base + brg_random_below(&ep->random, base / 2 + 1));
    op->sent_at = now;
    peer->current = op;
    ep->outstanding++;
    coap_peer_update(ep, peer);
    brg_timer_set(&ep->timers, &op->timer, now + op->timeout);
    coap_request_send(ep, op);
}

void coap_pump(struct coap_endpoint *ep, brg_tstamp now)
{
    while (ep->outstanding < ep->config.max_outstanding && !TAILQ_EMPTY(&ep->ready)) {
        struct peer *peer = TAILQ_FIRST(&ep->ready);

        op_start(ep, TAILQ_FIRST(&peer->queue), now);
    }
}

/* A token that no other operation of this peer has. */
static void op_token(struct coap_endpoint *ep, struct op *op)
{
    const struct op *other;
    bool taken;

    do {
        uint64_t token = brg_random(&ep->random);

        memcpy(op->token, &token, sizeof(op->token));
        taken = false;
        TAILQ_FOREACH (other, &op->peer->ops, of_peer) {
            taken |= other != op && memcmp(other->token, op->token, TOKEN_LEN) == 0;
        }
    } while (taken);
}

static struct op *op_new(struct coap_endpoint *ep, const struct coap_request *request)
{
    struct op *op = brg_get(ep->alloc, sizeof(*op));

    if (op == NULL) {
        return NULL;
    }
    op->cookie = request->cookie;
    op->method = request->method;
    op->observe = request->observe;
    op->if_match = request->if_match && !request->observe;
    op->if_none_match = request->if_none_match;
    if (op->if_match && request->etag_len <= sizeof(op->etag)) {
        op->etag_len = request->etag_len;
        memcpy(op->etag, request->etag, request->etag_len);
    }
    op->accept = request->accept;
    op->format = request->format;
    op->payload_len = (uint32_t)request->payload_len;
    op->in_blocks = request->payload_len > COAP_PAYLOAD_MAX;
    op->upload_szx = UPLOAD_SZX;
    op->uri = brg_dup(ep->alloc, request->uri, strlen(request->uri));
    if (request->payload_len > 0) {
        op->payload = (uint8_t *)brg_dup(ep->alloc, request->payload, request->payload_len);
    }
    if (op->uri == NULL || (request->payload_len > 0 && op->payload == NULL)) {
        op_release(ep, op);
        return NULL;
    }
    return op;
}

/* Makes an operation that does nothing yet. */
static int op_add(struct coap_endpoint *ep, const struct coap_request *request, struct op **ret_op)
{
    struct peer *peer;
    struct op *op;
    int err = coap_uri_check(request->uri);

    if (err == 0 && request->payload_len > ep->config.max_body) {
        err = -BRG_ERR_SIZE;
    }
    if (err == 0 && ep->n_ops >= ep->config.max_requests) {
        err = -BRG_ERR_FULL;
    }
    if (err == 0) {
        err = coap_peer_get(ep, &request->peer, &peer);
    }
    if (err < 0) {
        return err;
    }
    op = peer->n_ops < ep->config.max_requests_per_peer ? op_new(ep, request) : NULL;
    if (op == NULL) {
        err = peer->n_ops < ep->config.max_requests_per_peer ? -BRG_ERR_NOMEM : -BRG_ERR_FULL;
        coap_peer_update(ep, peer);
        return err;
    }
    do {
        op->id = ++ep->next_id;
    } while (op->id == 0 || RB_INSERT(op_tree, &ep->ops, op) != NULL);
    ep->n_ops++;
    op->peer = peer;
    TAILQ_INSERT_TAIL(&peer->ops, op, of_peer);
    peer->n_ops++;
    *ret_op = op;
    return 0;
}

int coap_request(struct coap_endpoint *ep, const struct coap_request *request, brg_tstamp now,
                 uint32_t *ret_id)
{
    struct op *op;
    int err = op_add(ep, request, &op);

    if (err < 0) {
        return err;
    }
    op_token(ep, op);
    coap_op_enqueue(ep, op, STEP_FIRST);
    *ret_id = op->id;
    coap_pump(ep, now);
    return 0;
}

int coap_restore(struct coap_endpoint *ep, const struct coap_request *request,
                 const struct coap_registration *registration, brg_tstamp now, uint32_t *ret_id)
{
    const struct op *other;
    struct op *op;
    int err = op_add(ep, request, &op);

    if (err < 0) {
        return err;
    }
    memcpy(op->token, registration->token, TOKEN_LEN);
    coap_op_idle(ep, op, registration->max_age_s, now);
    coap_peer_update(ep, op->peer);
    TAILQ_FOREACH (other, &op->peer->ops, of_peer) {
        if (other != op && memcmp(other->token, op->token, TOKEN_LEN) == 0) {
            coap_op_free(ep, op);
            return -BRG_ERR_INVAL;
        }
    }
    op->has_seq = true;
    op->seq = registration->seq;
    op->seq_at = now;
    op->seq_is_old = registration->age_s > SEQ_AGE_S;
    op->note_mid = registration->mid;
    ep->digest = registration->digest;
    coap_dedup_set(ep, op->peer, registration->mid, DEDUP_ACKED, now);
    *ret_id = op->id;
    return 0;
}

static struct op *op_find(struct coap_endpoint *ep, uint32_t id)
{
    struct op key;

    key.id = id; /* nothing else is compared */
    return RB_FIND(op_tree, &ep->ops, &key);
}

void coap_cancel(struct coap_endpoint *ep, uint32_t id, brg_tstamp now)
{
    struct op *op = op_find(ep, id);

    if (op != NULL) {
        coap_op_free(ep, op);
    } else {
        TAILQ_FOREACH (op, &ep->failed, queued) {
            if (op->id == id) {
                TAILQ_REMOVE(&ep->failed, op, queued);
                op_release(ep, op);
                break;
            }
        }
    }
    coap_pump(ep, now);
}

/* RFC 7252 section 8.1: unconfirmable, and one token for all who answer. */
int coap_scan(struct coap_endpoint *ep, const struct coap_addr *group, const char *uri,
              brg_tstamp now)
{
    struct coap_msg msg = {.type = COAP_NON, .code = COAP_GET, .token_len = TOKEN_LEN};
    uint8_t room[COAP_URI_ROOM];
    int err = coap_uri_check(uri);
    uint64_t token;

    if (err < 0) {
        return err;
    }
    if (now >= ep->scan_ends) {
        token = brg_random(&ep->random);
        memcpy(ep->scan_token, &token, TOKEN_LEN);
    }
    ep->scan_ends = now + NON_LIFETIME;
    memcpy(msg.token, ep->scan_token, TOKEN_LEN);
    msg.mid = coap_mid_next(ep, group);
    coap_uri_add(&msg, uri, room);
    coap_send(ep, group, &msg);
    return 0;
}

void coap_refresh(struct coap_endpoint *ep, uint32_t id, brg_tstamp now)
{
    struct op *op = op_find(ep, id);

    if (op != NULL && op->state == OP_OBSERVING) {
        brg_timer_clear(&ep->timers, &op->timer);
        coap_op_enqueue(ep, op, STEP_REFRESH);
    }
    coap_pump(ep, now);
}

/* The copy of a notification that was not kept is fresh, and its representation is not held. */
static void notification_forget(struct peer *peer, uint16_t mid)
{
    struct op *op;

    TAILQ_FOREACH (op, &peer->ops, of_peer) {
        if (op->has_seq && op->note_mid == mid) {
            op->seq = (op->seq - 1) & SEQ_MASK;
            op->etag_len = 0;
        }
    }
}

void coap_confirm(struct coap_endpoint *ep, const struct coap_addr *addr, uint16_t mid, bool accept,
                  brg_tstamp now)
{
    struct peer *peer = coap_peer_find(ep, addr);
    struct dedup *slot = peer == NULL ? NULL : coap_dedup_find(peer, mid, now);

    if (peer == NULL || (slot != NULL && slot->state != DEDUP_PENDING)) {
        return;
    }
    if (slot != NULL) {
        slot->state = accept ? DEDUP_ACKED : DEDUP_FREE;
    }
    if (accept) {
        coap_send_empty(ep, addr, COAP_ACK, mid);
    } else {
        notification_forget(peer, mid);
    }
}

void coap_not_kept(struct coap_endpoint *ep, uint32_t id)
{
    struct op *op = op_find(ep, id);

    if (op != NULL) {
        op->etag_len = 0;
    }
}

static void op_timeout(struct coap_endpoint *ep, struct op *op, brg_tstamp now)
{
    if (op->state == OP_OBSERVING) {
        coap_op_enqueue(ep, op, STEP_REFRESH);
    } else if (op->state == OP_SENT && op->tries < ep->config.max_retransmit) {
        op->tries++;
        op->timeout = (uint32_t)coap_rtt_backoff(op->timeout, op->first_timeout);
        brg_timer_set(&ep->timers, &op->timer, now + op->timeout);
        ep->stats.retransmitted++;
        op->peer->counts.retransmitted++;
        op_overdue(ep, op);
        coap_request_send(ep, op);
    } else {
        coap_op_give_up(ep, op, COAP_FAIL_TIMEOUT, now);
    }
}

void coap_timeout(struct coap_endpoint *ep, brg_tstamp now)
{
    struct brg_timer *timer;

    while ((timer = brg_timers_due(&ep->timers, now)) != NULL) {
        switch ((enum timer_kind)timer->kind) {
        case TIMER_OP:
            op_timeout(ep, BRG_CONTAINER(timer, struct op, timer), now);
            break;
        case TIMER_UPLOAD:
            coap_upload_free(ep, BRG_CONTAINER(timer, struct upload, timer));
            break;
        case TIMER_OBSERVER:
            coap_observer_due(ep, BRG_CONTAINER(timer, struct observer, timer), now);
            break;
        case TIMER_DELAYED:
            coap_delayed_due(ep, BRG_CONTAINER(timer, struct delayed, timer), now);
            break;
        }
    }
    coap_pump(ep, now);
}

brg_tstamp coap_deadline(const struct coap_endpoint *ep)
{
    return brg_timers_deadline(&ep->timers);
}

bool coap_poll(struct coap_endpoint *ep, struct coap_effect *ret_effect)
{
    struct op *op = TAILQ_FIRST(&ep->failed);

    brg_put(ep->alloc, ep->taken);
    ep->taken = TAILQ_FIRST(&ep->effects);
    if (ep->taken != NULL) {
        TAILQ_REMOVE(&ep->effects, ep->taken, entry);
        *ret_effect = ep->taken->public;
        return true;
    }
    if (op == NULL) {
        return false;
    }
    TAILQ_REMOVE(&ep->failed, op, queued);
    *ret_effect = (struct coap_effect){
        .kind = COAP_FAILED,
        .id = op->id,
        .cookie = op->cookie,
        .failure = op->failure,
        .last = true,
    };
    op_release(ep, op);
    return true;
}

struct coap_counts coap_counts_of(struct coap_endpoint *ep, const struct coap_addr *addr)
{
    const struct peer *peer = coap_peer_find(ep, addr);

    return peer == NULL ? (struct coap_counts){.retransmitted = 0} : peer->counts;
}

const struct coap_stats *coap_endpoint_stats(const struct coap_endpoint *ep)
{
    return &ep->stats;
}

void coap_endpoint_free(struct coap_endpoint *ep)
{
    struct coap_effect effect;
    struct op *op;
    struct peer *peer;

    if (ep == NULL) {
        return;
    }
    while ((op = RB_ROOT(&ep->ops)) != NULL) {
        coap_op_free(ep, op);
    }
    coap_serve_free(ep);
    while (coap_poll(ep, &effect)) {
    }
    while ((peer = RB_ROOT(&ep->peers)) != NULL) {
        peer_free(ep, peer);
    }
    brg_put(ep->alloc, ep);
}
