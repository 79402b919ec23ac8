/* SPDX-License-Identifier: ISC */
/* From an operation to the octets of its request (RFC 7252 section 6.4 for the URI). */
#include "bridge/coap_internal.h"

#include <string.h>

#define URI_MAX COAP_URI_ROOM
#define URI_PARTS_MAX 24
#define URI_PART_MAX 255 /* RFC 7252 section 5.10: Uri-Path and Uri-Query */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* Decodes one part up to |stops|; moves both cursors. */
static int uri_part(const char **uri, const char *stops, uint8_t **out)
{
    const char *at = *uri;
    const uint8_t *start = *out;

    while (*at != '\0' && strchr(stops, *at) == NULL) {
        if (*at == '%') {
            int high = hex_value(at[1]);
            int low = high < 0 ? -1 : hex_value(at[2]);

            if (low < 0) {
                return -BRG_ERR_INVAL;
            }
            *(*out)++ = (uint8_t)(high << 4 | low);
            at += 3;
        } else {
            *(*out)++ = (uint8_t)*at++;
        }
    }
    *uri = at;
    return *out - start > URI_PART_MAX ? -BRG_ERR_INVAL : 0;
}

/* Adds Uri-Path and Uri-Query options whose values are put into |room|, of URI_MAX octets. */
static int uri_options(struct coap_msg *msg, const char *uri, uint8_t *room)
{
    uint16_t number = COAP_OPT_URI_PATH;
    size_t parts = 0;

    if (strlen(uri) > URI_MAX) {
        return -BRG_ERR_INVAL;
    }
    while (*uri != '\0') {
        const uint8_t *value = room;
        int err = uri_part(&uri, number == COAP_OPT_URI_PATH ? "/?" : "&", &room);

        /* "?x" alone has no path at all, not an empty segment. */
        bool nothing = number == COAP_OPT_URI_PATH && parts == 0 && room == value && *uri == '?';

        if (err < 0 || ++parts > URI_PARTS_MAX) {
            return -BRG_ERR_INVAL;
        }
        if (!nothing) {
            err = coap_msg_add(msg, number, value, (size_t)(room - value));
            if (err < 0) {
                return err;
            }
        }
        if (*uri == '?' && number == COAP_OPT_URI_PATH) {
            number = COAP_OPT_URI_QUERY;
            uri++;
        } else if (*uri != '\0') {
            uri++;
        }
    }
    return 0;
}

int coap_uri_check(const char *uri)
{
    struct coap_msg msg = {.n_options = 0};
    uint8_t room[URI_MAX];

    return uri_options(&msg, uri, room);
}

void coap_uri_add(struct coap_msg *msg, const char *uri, uint8_t *room)
{
    (void)uri_options(msg, uri, room);
}

void coap_request_send(struct coap_endpoint *ep, struct op *op)
{
    struct coap_msg msg = {
        .type = COAP_CON,
        .code = op->method,
        .mid = op->mid,
        .token_len = TOKEN_LEN,
    };
    uint8_t room[URI_MAX];
    uint8_t numbers[4][4];

    if (op->if_match) {
        (void)coap_msg_add(&msg, COAP_OPT_IF_MATCH, op->etag, op->etag_len);
    }
    if (op->if_none_match) {
        (void)coap_msg_add(&msg, COAP_OPT_IF_NONE_MATCH, NULL, 0);
    }
    memcpy(msg.token, op->step == STEP_BLOCK ? op->block_token : op->token, TOKEN_LEN);
    (void)uri_options(&msg, op->uri, room); /* was checked when it came in */
    if (op->accept != COAP_FORMAT_NONE) {
        (void)coap_msg_add_uint(&msg, COAP_OPT_ACCEPT, (uint32_t)op->accept, numbers[0]);
    }
    if (op->payload_len > 0 && op->format != COAP_FORMAT_NONE) {
        (void)coap_msg_add_uint(&msg, COAP_OPT_CONTENT_FORMAT, (uint32_t)op->format, numbers[1]);
    }
    if (op->step == STEP_BLOCK) {
        /* RFC 7959 section 3.4: the further blocks are asked for without Observe. */
        const struct coap_block block = {
            .num = (uint32_t)(op->body->len / coap_block_size(op->body->szx)),
            .szx = op->body->szx,
        };

        (void)coap_msg_add_uint(&msg, COAP_OPT_BLOCK2, coap_block_encode(&block), numbers[2]);
    } else if (op->observe) {
        (void)coap_msg_add_uint(&msg, COAP_OPT_OBSERVE, 0, numbers[3]);
        if (op->step == STEP_REFRESH && op->etag_len > 0) {
            (void)coap_msg_add(&msg, COAP_OPT_ETAG, op->etag, op->etag_len);
        }
    }
    msg.payload = op->payload;
    msg.payload_len = op->payload_len;
    if (op->in_blocks) {
        /* RFC 7959 section 2.3: a block of our payload, and with the first one how much it is. */
        size_t size = coap_block_size(op->upload_szx);
        const struct coap_block block = {
            .num = (uint32_t)(op->uploaded / size),
            .more = op->payload_len - op->uploaded > size,
            .szx = op->upload_szx,
        };

        msg.payload += op->uploaded;
        msg.payload_len = block.more ? size : op->payload_len - op->uploaded;
        (void)coap_msg_add_uint(&msg, COAP_OPT_BLOCK1, coap_block_encode(&block), numbers[2]);
        if (op->uploaded == 0) {
            (void)coap_msg_add_uint(&msg, COAP_OPT_SIZE1, (uint32_t)op->payload_len, numbers[3]);
        }
    }
    coap_send(ep, &op->peer->addr, &msg);
}
