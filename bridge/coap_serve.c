/* SPDX-License-Identifier: ISC */
/*
 * The server: from a datagram to a request for the caller, and from the caller's answer to a
 * datagram (RFC 7252 sections 5.8 and 8, RFC 7959, RFC 9175).
 *
 * Nothing is kept for who only reads: a GET is answered from what it says. A PUT or POST is kept
 * in its peer's table of duplicates, and only those that may write have one.
 */
#include "bridge/coap_internal.h"

#include <string.h>

#include "bridge/hash.h"

#define AMPLIFICATION 3 /* RFC 9175 section 2.4: times what an unverified source sent */
#define STRANGER_RATE 100
#define STRANGER_BURST 200
#define LEISURE (5 * BRG_SEC) /* RFC 7252 section 4.8 */
#define DELAYED_MAX 16
#define ECHO_LEN 8
#define ECHO_SLOT (128 * BRG_SEC) /* an echo is good in its slot and in the next */
#define ECHOED_LIFE (300 * BRG_SEC)
#define SZX_MAX 6
#define HEADER_ROOM                                                                                \
    36 /* of an answer: header, ETag, format, block, Echo, marker; without token                   \
        */

void coap_serve(struct coap_endpoint *ep, coap_may_write_fn *may_write, void *ctx)
{
    ep->may_write = may_write;
    ep->server_ctx = ctx;
    for (size_t i = 0; i < sizeof(ep->secret); i++) {
        ep->secret[i] = (uint8_t)brg_random(&ep->random);
    }
}

/* --- who is it ------------------------------------------------------------------------------ */

static uint64_t echo_value(const struct coap_endpoint *ep, const struct coap_addr *peer,
                           uint64_t slot)
{
    uint8_t text[16 + 4 + 2 + 8];

    memcpy(text, peer->ip, 16);
    memcpy(text + 16, &peer->scope, 4);
    memcpy(text + 20, &peer->port, 2);
    memcpy(text + 22, &slot, 8);
    return brg_siphash(ep->secret, text, sizeof(text));
}

/* Keeps in mind that this one hears us. */
static void echoed(struct coap_endpoint *ep, const struct coap_addr *peer, brg_tstamp now)
{
    if (ep->echoed == NULL) {
        ep->echoed = brg_get(ep->alloc, ECHOED_SLOTS * sizeof(*ep->echoed));
    }
    if (ep->echoed != NULL) {
        ep->echoed[ep->echoed_next] = (struct echoed){.peer = *peer, .expires = now + ECHOED_LIFE};
        ep->echoed_next = (uint8_t)((ep->echoed_next + 1) % ECHOED_SLOTS);
    }
}

static bool has_echoed(const struct coap_endpoint *ep, const struct coap_addr *peer, brg_tstamp now)
{
    for (size_t i = 0; ep->echoed != NULL && i < ECHOED_SLOTS; i++) {
        if (ep->echoed[i].expires > now && coap_addr_cmp(&ep->echoed[i].peer, peer) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_verified(struct coap_endpoint *ep, const struct coap_addr *from,
                        const struct coap_msg *msg, brg_tstamp now)
{
    const struct coap_option *echo = coap_msg_find(msg, COAP_OPT_ECHO);
    const struct peer *peer = coap_peer_find(ep, from);
    uint64_t slot = now / ECHO_SLOT;
    uint64_t value;

    if (from->secure || (peer != NULL && peer->answered) || has_echoed(ep, from, now)) {
        return true;
    }
    if (echo == NULL || echo->len != ECHO_LEN) {
        return false;
    }
    memcpy(&value, echo->value, ECHO_LEN);
    if (value != echo_value(ep, from, slot) &&
        (slot == 0 || value != echo_value(ep, from, slot - 1))) {
        return false;
    }
    echoed(ep, from, now);
    return true;
}

/* --- answers -------------------------------------------------------------------------------- */

/* The largest block that |octets| have room for; the smallest always is. */
static uint8_t szx_for(size_t octets)
{
    uint8_t szx = 0;

    while (szx < SZX_MAX && coap_block_size((uint8_t)(szx + 1)) <= octets) {
        szx++;
    }
    return szx;
}

/* What one datagram may carry for it. */
static uint8_t szx_of(const struct coap_origin *origin)
{
    size_t room = (size_t)AMPLIFICATION * origin->len;
    size_t head = HEADER_ROOM + origin->token_len;

    return origin->verified ? SZX_MAX : szx_for(room > head ? room - head : 0);
}

static uint32_t etag_of(const struct coap_answer *answer)
{
    uint32_t format = (uint32_t)answer->format;
    uint8_t room[4];

    memcpy(room, &format, sizeof(room));
    return brg_hash(brg_hash(BRG_HASH_START, room, sizeof(room)), answer->data, answer->len);
}

/* RFC 7959 section 2.4: the block that was asked for, as large as it may be. False: there is no
 * such block. */
static bool cut(const struct coap_origin *origin, const struct coap_answer *answer,
                struct coap_msg *msg, uint8_t room[8])
{
    struct coap_block block = {.szx = szx_of(origin)};
    size_t offset = 0;
    size_t size;

    if (origin->has_block2) {
        offset = origin->block2.num * coap_block_size(origin->block2.szx);
        block.szx = origin->block2.szx < block.szx ? origin->block2.szx : block.szx;
    }
    size = coap_block_size(block.szx);
    msg->payload = answer->data + (offset < answer->len ? offset : 0);
    if (answer->len <= size && !origin->has_block2) {
        msg->payload_len = answer->len;
        return true;
    }
    if (offset > 0 && offset >= answer->len) {
        return false;
    }
    block.num = (uint32_t)(offset / size);
    block.more = answer->len - offset > size;
    msg->payload_len = block.more ? size : answer->len - offset;
    (void)coap_msg_add_uint(msg, COAP_OPT_BLOCK2, coap_block_encode(&block), room);
    return true;
}

void coap_answer_write(struct coap_endpoint *ep, const struct coap_origin *origin,
                       const struct coap_answer *answer, struct coap_msg *msg,
                       uint8_t rooms[ANSWER_ROOMS][8], brg_tstamp now)
{
    uint32_t etag = etag_of(answer);
    bool content = answer->code == COAP_CONTENT;

    msg->code = answer->code;
    msg->token_len = origin->token_len;
    memcpy(msg->token, origin->token, sizeof(msg->token));
    if (content && origin->etag_len == sizeof(etag) &&
        memcmp(origin->etag, &etag, sizeof(etag)) == 0 && !origin->has_block2) {
        msg->code = COAP_VALID;
    }
    if (content) {
        memcpy(rooms[0], &etag, sizeof(etag));
        (void)coap_msg_add(msg, COAP_OPT_ETAG, rooms[0], sizeof(etag));
    }
    if (msg->code != COAP_VALID && answer->len > 0) {
        if (!cut(origin, answer, msg, rooms[1])) {
            *msg = (struct coap_msg){.type = msg->type, .mid = msg->mid, .code = COAP_BAD_REQUEST};
            msg->token_len = origin->token_len;
            memcpy(msg->token, origin->token, sizeof(msg->token));
        } else if (answer->format != COAP_FORMAT_NONE) {
            (void)coap_msg_add_uint(msg, COAP_OPT_CONTENT_FORMAT, (uint32_t)answer->format,
                                    rooms[2]);
        }
    }
    if (origin->has_block1) {
        (void)coap_msg_add_uint(msg, COAP_OPT_BLOCK1, origin->block1, rooms[3]);
    }
    /* RFC 9175 section 2.3: who sends it back shows that it heard us, and gets larger blocks.
     * NOTE: not to observers, since libcoap's client sends it back in its acknowledgement, which
     * then is no empty message any more and has to be ignored (RFC 7252 section 4.1). */
    if (!origin->verified && !answer->observe && coap_msg_find(msg, COAP_OPT_BLOCK2) != NULL) {
        uint64_t echo = echo_value(ep, &origin->peer, now / ECHO_SLOT);

        memcpy(rooms[4], &echo, sizeof(echo));
        (void)coap_msg_add(msg, COAP_OPT_ECHO, rooms[4], sizeof(echo));
    }
}

static void answer_send(struct coap_endpoint *ep, const struct coap_origin *origin,
                        struct coap_msg *msg)
{
    msg->type = origin->confirmable ? COAP_ACK : COAP_NON;
    msg->mid = origin->confirmable ? origin->mid : coap_mid_next(ep, &origin->peer);
    coap_send(ep, &origin->peer, msg);
}

void coap_answer(struct coap_endpoint *ep, const struct coap_origin *origin,
                 const struct coap_answer *answer, brg_tstamp now)
{
    struct peer *peer = origin->write ? coap_peer_find(ep, &origin->peer) : NULL;
    struct dedup *slot = peer == NULL ? NULL : coap_dedup_find(peer, origin->mid, now);
    struct coap_msg msg = {.n_options = 0};
    uint8_t rooms[ANSWER_ROOMS][8];
    uint32_t seq;

    /* RFC 7252 section 8.2: to a group only what is of use. */
    if (origin->group && COAP_CLASS(answer->code) != 2) {
        return;
    }
    if (slot != NULL && slot->state == DEDUP_PENDING) {
        slot->state = DEDUP_ACKED;
        slot->code = answer->code;
    }
    coap_answer_write(ep, origin, answer, &msg, rooms, now);
    if (answer->observe && COAP_CLASS(msg.code) == 2 && coap_observer_add(ep, origin, answer) &&
        coap_observer_seq(ep, origin, &seq)) {
        (void)coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, seq, rooms[5]);
    }
    answer_send(ep, origin, &msg);
}

void coap_drop(struct coap_endpoint *ep, const struct coap_origin *origin, brg_tstamp now)
{
    struct peer *peer = coap_peer_find(ep, &origin->peer);
    struct dedup *slot = peer == NULL ? NULL : coap_dedup_find(peer, origin->mid, now);

    if (slot != NULL && slot->state == DEDUP_PENDING) {
        slot->state = DEDUP_FREE;
    }
}

/* An answer of the layer itself: a code, and for errors of blocks how much would be taken. */
static void refuse(struct coap_endpoint *ep, const struct coap_origin *origin, uint8_t code,
                   brg_tstamp now)
{
    struct coap_msg msg = {.code = code, .token_len = origin->token_len};
    uint8_t block[4];
    uint8_t size[4];

    if (origin->group) {
        return;
    }
    memcpy(msg.token, origin->token, sizeof(msg.token));
    if (origin->has_block1) {
        (void)coap_msg_add_uint(&msg, COAP_OPT_BLOCK1, origin->block1, block);
    }
    if (code == COAP_TOO_LARGE) {
        (void)coap_msg_add_uint(&msg, COAP_OPT_SIZE1, ep->config.max_body, size);
    }
    if (origin->write && code == COAP_CONTINUE) {
        struct peer *peer = coap_peer_find(ep, &origin->peer);
        struct dedup *slot = peer == NULL ? NULL : coap_dedup_find(peer, origin->mid, now);

        if (slot != NULL) {
            slot->state = DEDUP_ACKED;
            slot->code = code;
        }
    }
    answer_send(ep, origin, &msg);
}

void coap_serve_again(struct coap_endpoint *ep, const struct coap_addr *from,
                      const struct coap_msg *msg, uint8_t code)
{
    struct coap_origin origin = {
        .peer = *from,
        .token_len = msg->token_len,
        .mid = msg->mid,
        .confirmable = msg->type == COAP_CON,
    };

    memcpy(origin.token, msg->token, sizeof(origin.token));
    origin.has_block1 = coap_msg_uint(msg, COAP_OPT_BLOCK1, &origin.block1);
    if (origin.confirmable) {
        refuse(ep, &origin, code, 0);
    }
}

/* --- a payload in blocks -------------------------------------------------------------------- */

void coap_upload_free(struct coap_endpoint *ep, struct upload *upload)
{
    brg_timer_clear(&ep->timers, &upload->timer);
    TAILQ_REMOVE(&ep->uploads, upload, entry);
    upload->peer->upload = NULL;
    ep->bodies -= upload->room;
    coap_peer_update(ep, upload->peer);
    brg_put(ep->alloc, upload->data);
    brg_put(ep->alloc, upload);
}

/* The whole of it is one allocation: the bound is small, and the length is not known. */
static struct upload *upload_new(struct coap_endpoint *ep, struct peer *peer, uint32_t digest)
{
    struct upload *upload;

    if (peer->upload != NULL) {
        coap_upload_free(ep, peer->upload);
    }
    if (ep->bodies + ep->config.max_body > ep->config.max_bodies) {
        return NULL;
    }
    upload = brg_get(ep->alloc, sizeof(*upload));
    if (upload == NULL) {
        return NULL;
    }
    upload->data = brg_get(ep->alloc, ep->config.max_body);
    if (upload->data == NULL) {
        brg_put(ep->alloc, upload);
        return NULL;
    }
    upload->room = ep->config.max_body;
    ep->bodies += upload->room;
    upload->peer = peer;
    upload->digest = digest;
    upload->timer.kind = TIMER_UPLOAD;
    TAILQ_INSERT_TAIL(&ep->uploads, upload, entry);
    peer->upload = upload;
    coap_peer_update(ep, peer);
    return upload;
}

/*
 * RFC 7959 section 2.5. 0: |msg| has the whole payload now, which belongs to the peer's upload, if
 * there is one; else the code that the block is answered with.
 */
static uint8_t upload_block(struct coap_endpoint *ep, struct peer *peer, struct coap_msg *msg,
                            const struct coap_incoming *request, brg_tstamp now)
{
    uint32_t digest = brg_hash(BRG_HASH_START, request->uri, strlen(request->uri));
    struct upload *upload = peer->upload;
    struct coap_block block;

    if (coap_block_decode(request->origin.block1, &block) < 0 ||
        (block.more && msg->payload_len != coap_block_size(block.szx))) {
        return COAP_BAD_REQUEST;
    }
    if (block.num == 0 && !block.more) {
        return 0;
    }
    if (block.num == 0) {
        upload = upload_new(ep, peer, digest);
        if (upload == NULL) {
            return COAP_UNAVAILABLE;
        }
    }
    if (upload == NULL || upload->digest != digest ||
        (uint64_t)block.num * coap_block_size(block.szx) != upload->len) {
        return COAP_INCOMPLETE;
    }
    if (upload->len + msg->payload_len > upload->room) {
        coap_upload_free(ep, upload);
        return COAP_TOO_LARGE;
    }
    if (msg->payload_len > 0) {
        memcpy(upload->data + upload->len, msg->payload, msg->payload_len);
        upload->len += msg->payload_len;
    }
    brg_timer_set(&ep->timers, &upload->timer, now + EXCHANGE_LIFETIME);
    if (block.more) {
        return COAP_CONTINUE;
    }
    msg->payload = upload->data;
    msg->payload_len = upload->len;
    return 0;
}

/* --- requests ------------------------------------------------------------------------------- */

static bool is_plain(uint8_t octet)
{
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
           (octet >= '0' && octet <= '9') ||
           (octet != '\0' && strchr("-._~!$'()*+,;=:@", octet) != NULL);
}

/* The options of the URI as text (RFC 7252 section 6.5), without scheme and host. */
static bool uri_text(const struct coap_msg *msg, char uri[COAP_URI_MAX])
{
    static const char digits[] = "0123456789ABCDEF";
    uint16_t last = 0;
    size_t len = 0;

    for (size_t i = 0; i < msg->n_options; i++) {
        const struct coap_option *opt = &msg->options[i];

        if (opt->number != COAP_OPT_URI_PATH && opt->number != COAP_OPT_URI_QUERY) {
            continue;
        }
        if (opt->number != last && opt->number == COAP_OPT_URI_QUERY) {
            uri[len++] = '?';
        } else if (last != 0) {
            uri[len++] = opt->number == COAP_OPT_URI_QUERY ? '&' : '/';
        }
        last = opt->number;
        for (size_t k = 0; k < opt->len; k++) {
            if (len + 5 > COAP_URI_MAX) {
                return false;
            }
            if (is_plain(opt->value[k]) ||
                (opt->value[k] == '/' && opt->number == COAP_OPT_URI_QUERY)) {
                uri[len++] = (char)opt->value[k];
            } else {
                uri[len++] = '%';
                uri[len++] = digits[opt->value[k] >> 4];
                uri[len++] = digits[opt->value[k] & 15];
            }
        }
        if (len + 5 > COAP_URI_MAX) {
            return false;
        }
    }
    uri[len] = '\0';
    return true;
}

static void origin_read(struct coap_origin *origin, const struct coap_addr *from,
                        const struct coap_msg *msg, size_t len)
{
    const struct coap_option *etag = coap_msg_find(msg, COAP_OPT_ETAG);
    uint32_t value;

    origin->peer = *from;
    origin->token_len = msg->token_len;
    memcpy(origin->token, msg->token, sizeof(origin->token));
    origin->mid = msg->mid;
    origin->len = (uint16_t)len;
    origin->confirmable = msg->type == COAP_CON;
    origin->write = msg->code == COAP_PUT || msg->code == COAP_POST;
    origin->has_block1 = coap_msg_uint(msg, COAP_OPT_BLOCK1, &origin->block1) && origin->write;
    origin->has_block2 = coap_msg_uint(msg, COAP_OPT_BLOCK2, &value) &&
                         coap_block_decode(value, &origin->block2) == 0 && !origin->write;
    if (etag != NULL) {
        origin->etag_len = (uint8_t)etag->len;
        memcpy(origin->etag, etag->value, etag->len);
    }
}

/* What is wrong with a request, before anybody is asked; 0: nothing. */
static uint8_t request_judge(struct coap_endpoint *ep, struct coap_msg *msg,
                             struct coap_incoming *request)
{
    if (coap_msg_check_options(msg) < 0 || coap_msg_find(msg, COAP_OPT_IF_MATCH) != NULL ||
        coap_msg_find(msg, COAP_OPT_IF_NONE_MATCH) != NULL) {
        return COAP_BAD_OPTION;
    }
    if (coap_msg_find(msg, COAP_OPT_PROXY_URI) != NULL ||
        coap_msg_find(msg, COAP_OPT_PROXY_SCHEME) != NULL) {
        return COAP_NO_PROXY;
    }
    if (msg->code != COAP_GET && !request->origin.write) {
        return COAP_NOT_ALLOWED;
    }
    if (!uri_text(msg, request->uri)) {
        return COAP_NOT_FOUND;
    }
    return request->origin.write && !ep->may_write(ep->server_ctx, &request->origin.peer)
               ? COAP_FORBIDDEN
               : 0;
}

static void request_deliver(struct coap_endpoint *ep, const struct coap_incoming *request,
                            const struct coap_msg *msg)
{
    struct coap_effect public = {.kind = COAP_REQUEST, .format = COAP_FORMAT_NONE};
    struct effect *effect;
    uint32_t value;

    if (msg != NULL && coap_msg_uint(msg, COAP_OPT_CONTENT_FORMAT, &value)) {
        public.format = (int)value;
    }
    public.peer = request->origin.peer;
    public.len = msg == NULL || !request->origin.write ? 0 : msg->payload_len;
    effect = coap_effect_new(ep, &public, sizeof(*request) + public.len);
    if (effect == NULL) {
        ep->stats.refused++;
        return;
    }
    memcpy(effect->data, request, sizeof(*request));
    effect->public.request = (const struct coap_incoming *)(const void *)effect->data;
    effect->public.data = effect->data + sizeof(*request);
    if (public.len > 0) {
        memcpy(effect->data + sizeof(*request), msg->payload, public.len);
    }
}

static void request_delay(struct coap_endpoint *ep, const struct coap_incoming *request,
                          brg_tstamp now)
{
    struct delayed *delayed =
        ep->n_delayed < DELAYED_MAX ? brg_get(ep->alloc, sizeof(*delayed)) : NULL;

    if (delayed == NULL) {
        ep->stats.refused++;
        return;
    }
    delayed->request = *request;
    delayed->timer.kind = TIMER_DELAYED;
    TAILQ_INSERT_TAIL(&ep->delayed, delayed, entry);
    ep->n_delayed++;
    brg_timer_set(&ep->timers, &delayed->timer, now + brg_random_below(&ep->random, LEISURE));
}

void coap_delayed_due(struct coap_endpoint *ep, struct delayed *delayed, brg_tstamp now)
{
    (void)now;
    TAILQ_REMOVE(&ep->delayed, delayed, entry);
    ep->n_delayed--;
    request_deliver(ep, &delayed->request, NULL);
    brg_put(ep->alloc, delayed);
}

static void write_request(struct coap_endpoint *ep, struct coap_incoming *request,
                          struct coap_msg *msg, brg_tstamp now)
{
    struct peer *peer;
    uint8_t code = 0;

    if (coap_peer_get(ep, &request->origin.peer, &peer) < 0) {
        ep->stats.refused++;
        refuse(ep, &request->origin, COAP_UNAVAILABLE, now);
        return;
    }
    coap_dedup_set(ep, peer, msg->mid, DEDUP_PENDING, now);
    if (request->origin.has_block1) {
        code = upload_block(ep, peer, msg, request, now);
    }
    if (code != 0) {
        refuse(ep, &request->origin, code, now);
        if (code != COAP_CONTINUE) {
            coap_drop(ep, &request->origin, now);
        }
    } else {
        request_deliver(ep, request, msg);
        if (request->origin.has_block1 && peer->upload != NULL) {
            coap_upload_free(ep, peer->upload);
        }
    }
    coap_peer_update(ep, peer);
}

void coap_serve_request(struct coap_endpoint *ep, const struct coap_addr *from,
                        struct coap_msg *msg, size_t len, bool group, brg_tstamp now)
{
    struct coap_incoming request = {.accept = COAP_FORMAT_NONE, .method = msg->code};
    uint32_t value;
    uint8_t code;

    origin_read(&request.origin, from, msg, len);
    request.origin.group = group;
    request.origin.verified = !group && is_verified(ep, from, msg, now);
    if (!request.origin.verified &&
        !brg_bucket_take(&ep->strangers, STRANGER_RATE, STRANGER_BURST, now)) {
        ep->stats.refused++;
        return;
    }
    code = request_judge(ep, msg, &request);
    if (code != 0) {
        refuse(ep, &request.origin, code, now);
        return;
    }
    if (coap_msg_uint(msg, COAP_OPT_ACCEPT, &value)) {
        request.accept = (int)value;
    }
    if (msg->code == COAP_GET && coap_msg_uint(msg, COAP_OPT_OBSERVE, &value)) {
        request.observe = value == 0 && !group;
        if (value != 0) {
            coap_observer_forget(ep, from, msg->token, msg->token_len);
        }
    }
    if (group && msg->code == COAP_GET && msg->type == COAP_NON) {
        request_delay(ep, &request, now);
    } else if (!group && request.origin.write) {
        write_request(ep, &request, msg, now);
    } else if (!group) {
        request_deliver(ep, &request, msg);
    }
}

void coap_serve_free(struct coap_endpoint *ep)
{
    struct observer *observer;
    struct delayed *delayed;
    struct upload *upload;

    while ((upload = TAILQ_FIRST(&ep->uploads)) != NULL) {
        coap_upload_free(ep, upload);
    }
    while ((delayed = TAILQ_FIRST(&ep->delayed)) != NULL) {
        TAILQ_REMOVE(&ep->delayed, delayed, entry);
        brg_timer_clear(&ep->timers, &delayed->timer);
        brg_put(ep->alloc, delayed);
    }
    while ((observer = TAILQ_FIRST(&ep->observers)) != NULL) {
        coap_observer_free(ep, observer);
    }
    brg_put(ep->alloc, ep->echoed);
}
