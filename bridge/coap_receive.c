/* SPDX-License-Identifier: ISC */
/* What comes in: from a datagram to a response of an operation. */
#include "bridge/coap_internal.h"

#include <string.h>

#include "bridge/hash.h"

/* RFC 7641 section 3.4: 24-bit serial numbers. */
#define SEQ_HALF (1U << 23)
#define SEQ_AGE (SEQ_AGE_S * BRG_SEC)

static bool seq_is_newer(const struct op *op, uint32_t seq, brg_tstamp now)
{
    return (op->seq < seq && seq - op->seq < SEQ_HALF) ||
           (op->seq > seq && op->seq - seq > SEQ_HALF) || now > op->seq_at + SEQ_AGE ||
           op->seq_is_old;
}

/* Acknowledges a message that holds nothing for the caller to keep. */
static void acknowledge(struct coap_endpoint *ep, struct peer *peer, const struct coap_msg *msg,
                        brg_tstamp now)
{
    if (msg->type == COAP_CON) {
        coap_dedup_set(ep, peer, msg->mid, DEDUP_ACKED, now);
        coap_send_empty(ep, &peer->addr, COAP_ACK, msg->mid);
    } else if (msg->type == COAP_NON) {
        coap_dedup_set(ep, peer, msg->mid, DEDUP_NON, now);
    }
}

/* RFC 7641 section 3.6 and RFC 7252 section 4.2, 4.3: what we do not understand or did not ask
 * for is rejected, so that the node stops sending it. */
static void reject(struct coap_endpoint *ep, const struct coap_addr *from,
                   const struct coap_msg *msg, brg_tstamp now)
{
    struct peer *peer = coap_peer_find(ep, from);

    if (msg->type != COAP_CON && msg->type != COAP_NON) {
        return;
    }
    if (peer != NULL) {
        coap_dedup_set(ep, peer, msg->mid, DEDUP_REJECTED, now);
    }
    coap_send_empty(ep, from, COAP_RST, msg->mid);
}

/*
 * Hands a response to the caller. A confirmable one is acknowledged by coap_confirm(). Without
 * memory the message counts as lost: the node sends a confirmable one again.
 */
static int deliver(struct coap_endpoint *ep, struct op *op, struct coap_effect *effect,
                   const struct coap_msg *msg, const uint8_t *data, size_t len, brg_tstamp now)
{
    int err;

    effect->kind = COAP_RESPONSE;
    effect->peer = op->peer->addr;
    effect->id = op->id;
    effect->cookie = op->cookie;
    effect->last = !effect->observing;
    effect->confirm = msg->type == COAP_CON;
    effect->mid = msg->mid;
    effect->digest = ep->digest;
    memcpy(effect->token, op->token, TOKEN_LEN);
    err = coap_effect_add(ep, effect, data, len);
    if (err < 0) {
        return err;
    }
    if (msg->type == COAP_CON) {
        coap_dedup_set(ep, op->peer, msg->mid, DEDUP_PENDING, now);
    } else if (msg->type == COAP_NON) {
        coap_dedup_set(ep, op->peer, msg->mid, DEDUP_NON, now);
    }
    return 0;
}

static void remember(struct op *op, const struct coap_msg *msg, uint32_t seq,
                     const struct coap_option *etag, brg_tstamp now)
{
    op->has_seq = true;
    op->seq = seq;
    op->note_mid = msg->mid;
    op->seq_at = now;
    op->seq_is_old = false;
    op->etag_len = 0;
    if (etag != NULL) {
        op->etag_len = (uint8_t)etag->len;
        memcpy(op->etag, etag->value, etag->len);
    }
}

/* The last block came: the body is one response. */
static void body_done(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg,
                      brg_tstamp now)
{
    const struct body *body = op->body;
    struct coap_effect effect = {
        .code = body->code,
        .format = body->format,
        .max_age_s = body->max_age_s,
        .seq = body->seq,
        .observing = body->observing,
        .etag_len = body->etag_len,
    };
    int err;

    memcpy(effect.etag, body->etag, sizeof(effect.etag));
    err = deliver(ep, op, &effect, msg, body->data, body->len, now);

    if (err < 0) {
        coap_op_give_up(ep, op, COAP_FAIL_BAD, now);
    } else if (effect.observing) {
        coap_body_free(ep, op);
        coap_op_idle(ep, op, effect.max_age_s, now);
    } else {
        coap_op_free(ep, op);
    }
}

static void block_response(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg,
                           brg_tstamp now)
{
    int done;

    coap_op_settle(ep, op);
    done = coap_body_add(ep, op, msg);
    if (done > 0) {
        body_done(ep, op, msg, now);
        return;
    }
    acknowledge(ep, op->peer, msg, now);
    if (done < 0) {
        ep->stats.malformed++;
        coap_op_give_up(ep, op, COAP_FAIL_BAD, now);
    }
}

/* RFC 7641 section 3.3.1, RFC 7252 section 5.9.1.3: the value we have is still the value. */
static void still_valid(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg,
                        uint32_t seq, uint32_t max_age_s, brg_tstamp now)
{
    acknowledge(ep, op->peer, msg, now);
    op->seq = seq;
    op->seq_at = now;
    op->seq_is_old = false;
    coap_op_idle(ep, op, max_age_s, now);
}

/* No memory for a value: an observation goes on, the node sends it again or a newer one. */
static void not_delivered(struct coap_endpoint *ep, struct op *op, const struct coap_effect *effect,
                          brg_tstamp now)
{
    if (effect->observing) {
        coap_op_idle(ep, op, effect->max_age_s, now);
    } else {
        coap_op_give_up(ep, op, COAP_FAIL_BAD, now);
    }
}

/* A response that is whole, or the first block of one. */
static void whole_response(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg,
                           struct coap_effect *effect, brg_tstamp now)
{
    const struct coap_option *etag = coap_msg_find(msg, COAP_OPT_ETAG);
    struct coap_block block = {.num = 0};
    uint32_t value;

    if (coap_msg_uint(msg, COAP_OPT_BLOCK2, &value) && op->method == COAP_GET &&
        COAP_CLASS(msg->code) == 2) {
        int err = coap_block_decode(value, &block);

        if (err == 0 && (block.more || block.num != 0)) {
            err = coap_body_start(ep, op, msg, &block);
        }
        if (err < 0) {
            acknowledge(ep, op->peer, msg, now);
            ep->stats.malformed++;
            coap_op_give_up(ep, op, COAP_FAIL_BAD, now);
            return;
        }
    }
    if (etag != NULL) {
        effect->etag_len = (uint8_t)etag->len;
        memcpy(effect->etag, etag->value, etag->len);
    }
    if (op->body == NULL && deliver(ep, op, effect, msg, msg->payload, msg->payload_len, now) < 0) {
        not_delivered(ep, op, effect, now);
        return;
    }
    if (effect->observing) {
        remember(op, msg, effect->seq, etag, now);
    }
    if (op->body != NULL) {
        acknowledge(ep, op->peer, msg, now);
    } else if (effect->observing) {
        coap_op_idle(ep, op, effect->max_age_s, now);
    } else {
        coap_op_free(ep, op);
    }
}

/* An answer to a block of our payload that is not the answer to the whole: true. */
static bool upload_response(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg,
                            brg_tstamp now)
{
    int done;

    if (op->payload_len == 0) {
        return false;
    }
    coap_op_settle(ep, op);
    done = coap_upload_answer(ep, op, msg);
    if (done > 0) {
        return false;
    }
    acknowledge(ep, op->peer, msg, now);
    if (done < 0) {
        ep->stats.malformed++;
        coap_op_give_up(ep, op, COAP_FAIL_BAD, now);
    }
    return true;
}

void coap_op_response(struct coap_endpoint *ep, struct op *op, struct coap_msg *msg, brg_tstamp now)
{
    bool asked = op->state == OP_SENT || op->state == OP_WAIT;
    /* An answer to our own request counts whatever its number: the node may have restarted. */
    bool answer = asked && (msg->type == COAP_ACK || op->state == OP_WAIT);
    struct coap_effect effect = {.code = msg->code, .format = COAP_FORMAT_NONE};
    uint32_t value;

    if (asked && op->step == STEP_BLOCK && memcmp(msg->token, op->block_token, TOKEN_LEN) == 0) {
        block_response(ep, op, msg, now);
        return;
    }
    if (asked && upload_response(ep, op, msg, now)) {
        return;
    }
    effect.max_age_s = DEFAULT_MAX_AGE_S;
    if (coap_msg_uint(msg, COAP_OPT_MAX_AGE, &value)) {
        effect.max_age_s = value;
    }
    if (coap_msg_uint(msg, COAP_OPT_CONTENT_FORMAT, &value)) {
        effect.format = (int)value;
    }
    effect.observing = op->observe && COAP_CLASS(msg->code) == 2 &&
                       coap_msg_uint(msg, COAP_OPT_OBSERVE, &effect.seq);
    if (effect.observing && op->has_seq && !answer && !seq_is_newer(op, effect.seq, now)) {
        ep->stats.out_of_order++;
        acknowledge(ep, op->peer, msg, now);
        return;
    }
    coap_op_settle(ep, op);
    coap_body_free(ep, op);
    if (effect.observing && msg->code == COAP_VALID) {
        still_valid(ep, op, msg, effect.seq, effect.max_age_s, now);
    } else {
        whole_response(ep, op, msg, &effect, now);
    }
}

/* --- datagrams ------------------------------------------------------------------------------ */

static bool token_is(const struct coap_msg *msg, const uint8_t token[TOKEN_LEN])
{
    return msg->token_len == TOKEN_LEN && memcmp(msg->token, token, TOKEN_LEN) == 0;
}

static struct op *op_by_token(const struct peer *peer, const struct coap_msg *msg)
{
    struct op *op;

    TAILQ_FOREACH (op, &peer->ops, of_peer) {
        bool block = op->step == STEP_BLOCK && op->state != OP_OBSERVING;

        if (token_is(msg, op->token) || (block && token_is(msg, op->block_token))) {
            return op;
        }
    }
    return NULL;
}

/* An acknowledgement or reset belongs to the one request that is out at this peer. */
static void input_answer(struct coap_endpoint *ep, struct peer *peer, struct coap_msg *msg,
                         brg_tstamp now)
{
    struct op *op = peer->current;

    if (op == NULL || op->mid != msg->mid) {
        ep->stats.ignored++;
        return;
    }
    if (op->state == OP_SENT) {
        coap_rtt_measured(&peer->rtt, now - op->sent_at, op->tries,
                          ep->config.ack_timeout_ms * BRG_MSEC, now);
    }
    if (msg->type == COAP_RST) {
        coap_op_give_up(ep, op, COAP_FAIL_RESET, now);
    } else if (msg->code == COAP_EMPTY) {
        coap_op_settle(ep, op);
        op->state = OP_WAIT;
        brg_timer_set(&ep->timers, &op->timer, now + ep->config.response_timeout_ms * BRG_MSEC);
    } else if (!token_is(msg, op->step == STEP_BLOCK ? op->block_token : op->token)) {
        ep->stats.ignored++;
    } else if (coap_msg_check_options(msg) < 0) {
        ep->stats.malformed++;
        coap_op_give_up(ep, op, COAP_FAIL_BAD, now);
    } else {
        peer->answered = true; /* it knows a token of ours */
        coap_op_response(ep, op, msg, now);
    }
}

/* True when this message was here before; its copy gets what it got. */
static bool input_duplicate(struct coap_endpoint *ep, struct peer *peer, const struct coap_msg *msg,
                            brg_tstamp now)
{
    const struct dedup *seen = coap_dedup_find(peer, msg->mid, now);

    if (seen == NULL || seen->digest != ep->digest) {
        return false;
    }
    ep->stats.duplicates++;
    peer->counts.duplicates++;
    if (seen->state == DEDUP_ACKED && seen->code != 0) {
        coap_serve_again(ep, &peer->addr, msg, seen->code);
    } else if (seen->state == DEDUP_ACKED && msg->type == COAP_CON) {
        coap_send_empty(ep, &peer->addr, COAP_ACK, msg->mid);
    } else if (seen->state == DEDUP_REJECTED) {
        coap_send_empty(ep, &peer->addr, COAP_RST, msg->mid);
    }
    return true;
}

/* A response that comes in a message of its own: a notification or a separate response. */
static void input_response(struct coap_endpoint *ep, struct peer *peer,
                           const struct coap_addr *from, struct coap_msg *msg, brg_tstamp now)
{
    struct op *op;

    if (peer != NULL && input_duplicate(ep, peer, msg, now)) {
        return;
    }
    op = peer == NULL ? NULL : op_by_token(peer, msg);
    if (op == NULL && now < ep->scan_ends && token_is(msg, ep->scan_token)) {
        const struct coap_effect found = {.kind = COAP_FOUND, .peer = *from};

        (void)coap_effect_add(ep, &found, NULL, 0);
        if (msg->type == COAP_CON) {
            coap_send_empty(ep, from, COAP_ACK, msg->mid);
        }
    } else if (op == NULL) {
        ep->stats.unknown++;
        reject(ep, from, msg, now);
    } else if (coap_msg_check_options(msg) < 0) {
        ep->stats.malformed++;
        reject(ep, from, msg, now);
    } else {
        coap_op_response(ep, op, msg, now);
    }
}

/* A request, when we are a server. */
static void input_request(struct coap_endpoint *ep, const struct coap_addr *from,
                          struct coap_msg *msg, size_t len, bool group, brg_tstamp now)
{
    struct peer *peer = coap_peer_find(ep, from);

    ep->stats.requests++;
    if (peer == NULL || !input_duplicate(ep, peer, msg, now)) {
        coap_serve_request(ep, from, msg, len, group, now);
    }
}

static void input_message(struct coap_endpoint *ep, struct peer *peer, const struct coap_addr *from,
                          struct coap_msg *msg, brg_tstamp now)
{
    unsigned class = COAP_CLASS(msg->code);
    bool response = class == 2 || class == 4 || class == 5;

    if (msg->type == COAP_ACK || msg->type == COAP_RST) {
        if (msg->code != COAP_EMPTY && (!response || msg->type == COAP_RST)) {
            ep->stats.ignored++;
        } else if (ep->n_observers > 0 && msg->code == COAP_EMPTY &&
                   coap_observer_input(ep, from, msg, now)) {
            return;
        } else if (peer == NULL) {
            ep->stats.ignored++;
        } else {
            input_answer(ep, peer, msg, now);
        }
    } else if (response) {
        input_response(ep, peer, from, msg, now);
    } else if (msg->type == COAP_CON) {
        /* A ping (RFC 7252 section 4.3), a request, or a code nobody has given a meaning. */
        ep->stats.requests += msg->code != COAP_EMPTY;
        coap_send_empty(ep, from, COAP_RST, msg->mid);
    } else {
        ep->stats.ignored++;
    }
}

static int input(struct coap_endpoint *ep, const struct coap_addr *from, const uint8_t *data,
                 size_t len, bool group, brg_tstamp now)
{
    struct peer *peer = group ? NULL : coap_peer_find(ep, from);
    struct coap_msg msg;
    bool header;
    int err;

    ep->stats.received++;
    if (peer != NULL &&
        !brg_bucket_take(&peer->rate, ep->config.peer_rate, 2 * ep->config.peer_rate, now)) {
        ep->stats.limited++;
        return -BRG_ERR_FULL;
    }
    err = coap_msg_parse(&msg, data, len, &header);
    if (err < 0) {
        if (header) {
            ep->stats.malformed++;
        } else {
            ep->stats.ignored++;
        }
        if (header && msg.type == COAP_CON && !group) {
            coap_send_empty(ep, from, COAP_RST, msg.mid);
        }
        return err;
    }
    ep->digest = brg_hash(BRG_HASH_START, data, len);
    if (COAP_CLASS(msg.code) == 0 && msg.code != COAP_EMPTY && ep->may_write != NULL &&
        (msg.type == COAP_CON || msg.type == COAP_NON)) {
        input_request(ep, from, &msg, len, group, now);
    } else if (!group) {
        input_message(ep, peer, from, &msg, now);
    }
    coap_pump(ep, now);
    return 0;
}

int coap_input(struct coap_endpoint *ep, const struct coap_addr *from, const uint8_t *data,
               size_t len, brg_tstamp now)
{
    return input(ep, from, data, len, false, now);
}

int coap_input_group(struct coap_endpoint *ep, const struct coap_addr *from, const uint8_t *data,
                     size_t len, brg_tstamp now)
{
    return input(ep, from, data, len, true, now);
}
