/* SPDX-License-Identifier: ISC */
/*
 * Who observes us (RFC 7641 section 4). Every notification is confirmable and there is never more
 * than one on its way: whoever does not acknowledge gets no more than one value, sent five times,
 * and is forgotten; who never has acknowledged gets it twice, no larger than an answer to him would
 * be, and with a message ID that nobody can guess who does not see it. A value that comes meanwhile
 * takes the place of the one that is on its way (section 4.5.2).
 */
#include "bridge/coap_internal.h"

#include <string.h>

#define PER_ADDRESS 8
#define SEQ_MASK 0xffffffU

bool coap_has_observers(const struct coap_endpoint *ep)
{
    return ep->n_observers > 0;
}

static struct observer *find(struct coap_endpoint *ep, const struct coap_addr *peer,
                             const uint8_t *token, size_t token_len)
{
    struct observer *observer;

    TAILQ_FOREACH (observer, &ep->observers, entry) {
        if (coap_addr_cmp(&observer->peer, peer) == 0 && observer->token_len == token_len &&
            memcmp(observer->token, token, token_len) == 0) {
            return observer;
        }
    }
    return NULL;
}

void coap_observer_free(struct coap_endpoint *ep, struct observer *observer)
{
    brg_timer_clear(&ep->timers, &observer->timer);
    TAILQ_REMOVE(&ep->observers, observer, entry);
    ep->n_observers--;
    brg_put(ep->alloc, observer->data);
    brg_put(ep->alloc, observer);
}

void coap_observer_forget(struct coap_endpoint *ep, const struct coap_addr *peer,
                          const uint8_t *token, size_t token_len)
{
    struct observer *observer = find(ep, peer, token, token_len);

    if (observer != NULL) {
        coap_observer_free(ep, observer);
    }
}

static bool has_room(const struct coap_endpoint *ep, const struct coap_addr *peer)
{
    const struct observer *observer;
    unsigned n = 0;

    TAILQ_FOREACH (observer, &ep->observers, entry) {
        n += memcmp(observer->peer.ip, peer->ip, sizeof(peer->ip)) == 0;
    }
    return n < PER_ADDRESS && ep->n_observers < ep->config.max_observers;
}

bool coap_observer_add(struct coap_endpoint *ep, const struct coap_origin *origin,
                       const struct coap_answer *answer)
{
    struct observer *observer = find(ep, &origin->peer, origin->token, origin->token_len);

    if (observer == NULL) {
        observer = has_room(ep, &origin->peer) ? brg_get(ep->alloc, sizeof(*observer)) : NULL;
        if (observer == NULL) {
            ep->stats.refused++;
            return false;
        }
        observer->peer = origin->peer;
        observer->token_len = origin->token_len;
        memcpy(observer->token, origin->token, sizeof(observer->token));
        observer->timer.kind = TIMER_OBSERVER;
        TAILQ_INSERT_TAIL(&ep->observers, observer, entry);
        ep->n_observers++;
    }
    observer->key = answer->key;
    observer->len_asked = origin->len;
    observer->verified |= origin->verified;
    return true;
}

bool coap_observer_seq(struct coap_endpoint *ep, const struct coap_origin *origin,
                       uint32_t *ret_seq)
{
    const struct observer *observer = find(ep, &origin->peer, origin->token, origin->token_len);

    *ret_seq = observer == NULL ? 0 : observer->seq;
    return observer != NULL;
}

static void transmit(struct coap_endpoint *ep, struct observer *observer, brg_tstamp now)
{
    const struct coap_origin origin = {
        .peer = observer->peer,
        .token_len = observer->token_len,
        .verified = observer->verified,
        .len = observer->len_asked,
    };
    const struct coap_answer answer = {
        .code = COAP_CONTENT,
        .format = observer->format,
        .data = observer->data,
        .len = observer->len,
        .observe = true,
    };
    struct coap_msg msg = {.type = COAP_CON, .mid = observer->mid};
    uint8_t rooms[ANSWER_ROOMS][8];

    coap_answer_write(ep, &origin, &answer, &msg, rooms, now);
    memcpy(msg.token, observer->token, sizeof(msg.token));
    (void)coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, observer->seq, rooms[5]);
    coap_send(ep, &observer->peer, &msg);
}

static brg_tstamp wait_of(const struct coap_endpoint *ep, const struct observer *observer)
{
    return (ep->config.ack_timeout_ms * BRG_MSEC * 5 / 4) << observer->tries;
}

/* A new message with the value as it is now; |tries| go on. */
static void send_value(struct coap_endpoint *ep, struct observer *observer, brg_tstamp now)
{
    observer->seq = (observer->seq + 1) & SEQ_MASK;
    observer->mid = (uint16_t)brg_random(&ep->random);
    observer->in_flight = true;
    observer->changed = false;
    brg_timer_set(&ep->timers, &observer->timer, now + wait_of(ep, observer));
    transmit(ep, observer, now);
}

void coap_observer_due(struct coap_endpoint *ep, struct observer *observer, brg_tstamp now)
{
    unsigned most = observer->verified ? ep->config.max_retransmit : 1;

    if (++observer->tries > most) {
        coap_observer_free(ep, observer);
    } else if (observer->changed) {
        send_value(ep, observer, now);
    } else {
        ep->stats.retransmitted++;
        brg_timer_set(&ep->timers, &observer->timer, now + wait_of(ep, observer));
        transmit(ep, observer, now);
    }
}

bool coap_observer_input(struct coap_endpoint *ep, const struct coap_addr *from,
                         const struct coap_msg *msg, brg_tstamp now)
{
    struct observer *observer;

    TAILQ_FOREACH (observer, &ep->observers, entry) {
        if (observer->mid == msg->mid && coap_addr_cmp(&observer->peer, from) == 0) {
            break;
        }
    }
    if (observer == NULL) {
        return false;
    }
    if (msg->type == COAP_RST) {
        coap_observer_free(ep, observer);
    } else if (observer->in_flight) {
        observer->in_flight = false;
        observer->verified = true;
        observer->tries = 0;
        brg_timer_clear(&ep->timers, &observer->timer);
        if (observer->changed) {
            send_value(ep, observer, now);
        }
    }
    return true;
}

/* A copy of the whole: of a large one the first block goes out, and who wants the rest asks. */
static bool keep(struct coap_endpoint *ep, struct observer *observer,
                 const struct coap_answer *answer)
{
    uint8_t *copy = (uint8_t *)brg_dup(ep->alloc, answer->data, answer->len);

    if (copy == NULL) {
        return false;
    }
    brg_put(ep->alloc, observer->data);
    observer->data = copy;
    observer->len = answer->len;
    observer->format = answer->format;
    return true;
}

void coap_notify(struct coap_endpoint *ep, uint64_t key, const struct coap_answer *answer,
                 brg_tstamp now)
{
    struct observer *observer;
    struct observer *next;

    TAILQ_FOREACH_SAFE (observer, &ep->observers, entry, next) {
        if (observer->key != key || answer->len > ep->config.max_body ||
            !keep(ep, observer, answer)) {
            continue;
        }
        if (observer->in_flight) {
            observer->changed = true;
        } else {
            observer->tries = 0;
            send_value(ep, observer, now);
        }
    }
}
