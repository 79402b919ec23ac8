/* SPDX-License-Identifier: ISC */
/* What is larger than a datagram: fetched (RFC 7959 section 2.4) and sent (2.5) block by block. */
#include "bridge/coap_internal.h"

#include <string.h>

#define BODY_STEP 1024

/* Appends to the body; it grows in steps up to the bound of one and of all bodies. */
static int body_append(struct coap_endpoint *ep, struct body *body, const uint8_t *data, size_t len)
{
    if (body->len + len > ep->config.max_body) {
        return -BRG_ERR_SIZE;
    }
    if (len > body->room - body->len) {
        size_t room = (body->len + len + BODY_STEP - 1) / BODY_STEP * BODY_STEP * 2;
        uint8_t *grown;

        if (ep->bodies - body->room + room > ep->config.max_bodies) {
            return -BRG_ERR_FULL;
        }
        grown = brg_get(ep->alloc, room);
        if (grown == NULL) {
            return -BRG_ERR_NOMEM;
        }
        if (body->len > 0) {
            memcpy(grown, body->data, body->len);
        }
        brg_put(ep->alloc, body->data);
        ep->bodies += room - body->room;
        body->data = grown;
        body->room = room;
    }
    memcpy(body->data + body->len, data, len);
    body->len += len;
    return 0;
}

/* RFC 7959 section 2.2: every block but the last is full. */
static bool block_is_full(const struct coap_msg *msg, const struct coap_block *block)
{
    size_t size = coap_block_size(block->szx);

    return block->more ? msg->payload_len == size : msg->payload_len <= size;
}

static bool same_etag(const struct body *body, const struct coap_msg *msg)
{
    const struct coap_option *etag = coap_msg_find(msg, COAP_OPT_ETAG);
    size_t len = etag == NULL ? 0 : etag->len;

    return len == body->etag_len && (len == 0 || memcmp(body->etag, etag->value, len) == 0);
}

int coap_body_start(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg,
                    const struct coap_block *block)
{
    const struct coap_option *etag = coap_msg_find(msg, COAP_OPT_ETAG);
    uint32_t value;
    struct body *body;
    int err;

    coap_body_free(ep, op);
    if (block->num != 0 || !block_is_full(msg, block)) {
        return -BRG_ERR_FORMAT;
    }
    body = brg_get(ep->alloc, sizeof(*body));
    if (body == NULL) {
        return -BRG_ERR_NOMEM;
    }
    op->body = body;
    body->szx = block->szx;
    body->code = msg->code;
    body->format = COAP_FORMAT_NONE;
    if (coap_msg_uint(msg, COAP_OPT_CONTENT_FORMAT, &value)) {
        body->format = (int)value;
    }
    body->max_age_s = DEFAULT_MAX_AGE_S;
    if (coap_msg_uint(msg, COAP_OPT_MAX_AGE, &value)) {
        body->max_age_s = value;
    }
    body->observing = op->observe && coap_msg_uint(msg, COAP_OPT_OBSERVE, &body->seq);
    if (etag != NULL) {
        memcpy(body->etag, etag->value, etag->len);
        body->etag_len = (uint8_t)etag->len;
    }
    err = body_append(ep, body, msg->payload, msg->payload_len);
    if (err == 0) {
        coap_op_enqueue(ep, op, STEP_BLOCK);
    }
    return err;
}

int coap_body_add(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg)
{
    struct body *body = op->body;
    struct coap_block block;
    uint32_t value;
    int err;

    if (COAP_CLASS(msg->code) != 2 || !coap_msg_uint(msg, COAP_OPT_BLOCK2, &value) ||
        coap_block_decode(value, &block) < 0 || !block_is_full(msg, &block) ||
        !same_etag(body, msg)) {
        return -BRG_ERR_FORMAT;
    }
    /* The node may go over to smaller blocks, never to larger ones; what counts is the offset. */
    if (block.szx > body->szx ||
        (uint64_t)block.num * coap_block_size(block.szx) != (uint64_t)body->len) {
        return -BRG_ERR_FORMAT;
    }
    body->szx = block.szx;
    if (msg->payload_len > 0) {
        err = body_append(ep, body, msg->payload, msg->payload_len);
        if (err < 0) {
            return err;
        }
    }
    if (!block.more) {
        return 1;
    }
    coap_op_enqueue(ep, op, STEP_BLOCK);
    return 0;
}

/* --- our payload ---------------------------------------------------------------------------- */

/* Once more from the beginning, in blocks of this size. */
static int upload_again(struct coap_endpoint *ep, struct op *op, uint8_t szx)
{
    if (op->restarted) {
        return 1; /* it is as the node says */
    }
    op->restarted = true;
    op->in_blocks = true;
    op->uploaded = 0;
    op->upload_szx = szx;
    coap_op_enqueue(ep, op, STEP_UPLOAD);
    return 0;
}

int coap_upload_answer(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg)
{
    struct coap_block block = {.szx = 0};
    uint32_t value;
    bool has = coap_msg_uint(msg, COAP_OPT_BLOCK1, &value) && coap_block_decode(value, &block) == 0;
    size_t size = coap_block_size(op->upload_szx);

    /* RFC 7959 section 2.9.3: too large at once, but this size would do. */
    if (msg->code == COAP_TOO_LARGE && has && op->uploaded == 0 &&
        coap_block_size(block.szx) < (op->in_blocks ? size : op->payload_len)) {
        return upload_again(ep, op, block.szx);
    }
    /* Section 2.9.2: the node lost what it had of it. */
    if (msg->code == COAP_INCOMPLETE && op->in_blocks) {
        return upload_again(ep, op, op->upload_szx);
    }
    if (msg->code != COAP_CONTINUE) {
        return 1;
    }
    if (!op->in_blocks || !has || block.szx > op->upload_szx ||
        (uint64_t)block.num * size != op->uploaded || op->payload_len - op->uploaded <= size) {
        return -BRG_ERR_FORMAT;
    }
    /* Section 2.3: the node has this block and may want smaller ones from here on. */
    op->uploaded += (uint32_t)size;
    op->upload_szx = block.szx;
    coap_op_enqueue(ep, op, STEP_UPLOAD);
    return 0;
}

void coap_body_free(struct coap_endpoint *ep, struct op *op)
{
    if (op->body != NULL) {
        ep->bodies -= op->body->room;
        brg_put(ep->alloc, op->body->data);
        brg_put(ep->alloc, op->body);
        op->body = NULL;
    }
}
