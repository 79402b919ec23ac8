/* SPDX-License-Identifier: ISC */
#include "bridge/coap_msg.h"

#include <string.h>

#define COAP_VERSION 1
#define HEADER_LEN 4
#define PAYLOAD_MARKER 0xff

/* A cursor that sticks: after the first read past its end everything reads as zero and |bad|
 * stays set, so that a caller checks once. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *cursor_take(struct cursor *cur, size_t len)
{
    const uint8_t *at = cur->at;

    if (cur->bad || cur->left < len) {
        cur->bad = true;
        return NULL;
    }
    cur->at += len;
    cur->left -= len;
    return at;
}

static unsigned cursor_u8(struct cursor *cur)
{
    const uint8_t *at = cursor_take(cur, 1);

    return at == NULL ? 0 : at[0];
}

static unsigned cursor_u16(struct cursor *cur)
{
    const uint8_t *at = cursor_take(cur, 2);

    return at == NULL ? 0 : (unsigned)at[0] << 8 | at[1];
}

/* RFC 7252 section 3.1: 13 and 14 announce one or two more octets, 15 is reserved. */
static uint32_t cursor_extended(struct cursor *cur, unsigned nibble)
{
    switch (nibble) {
    case 13:
        return cursor_u8(cur) + 13U;
    case 14:
        return cursor_u16(cur) + 269U;
    case 15:
        cur->bad = true;
        return 0;
    default:
        return nibble;
    }
}

static int parse_options(struct coap_msg *msg, struct cursor *cur)
{
    uint32_t number = 0;

    while (cur->left > 0 && cur->at[0] != PAYLOAD_MARKER) {
        unsigned first = cursor_u8(cur);
        uint32_t delta = cursor_extended(cur, first >> 4);
        uint32_t len = cursor_extended(cur, first & 0x0fU);
        const uint8_t *value = cursor_take(cur, len);

        number += delta;
        if (cur->bad || number > UINT16_MAX) {
            return -BRG_ERR_FORMAT;
        }
        if (msg->n_options == COAP_OPTIONS_MAX) {
            return -BRG_ERR_FULL;
        }
        msg->options[msg->n_options++] = (struct coap_option){
            .number = (uint16_t)number,
            .len = (uint16_t)len,
            .value = value,
        };
    }
    return 0;
}

int coap_msg_parse(struct coap_msg *msg, const uint8_t *data, size_t len, bool *ret_header)
{
    struct cursor cur = {.at = data, .left = len};
    const uint8_t *token;
    unsigned first;
    int err;

    *ret_header = false;
    msg->token_len = 0;
    msg->n_options = 0; /* those behind it are nothing */
    msg->payload = NULL;
    msg->payload_len = 0;
    memset(msg->token, 0, sizeof(msg->token));
    first = cursor_u8(&cur);
    msg->code = (uint8_t)cursor_u8(&cur);
    msg->mid = (uint16_t)cursor_u16(&cur);
    if (cur.bad || first >> 6 != COAP_VERSION) {
        return -BRG_ERR_INVAL;
    }
    *ret_header = true;
    msg->type = (enum coap_type)(first >> 4 & 3U);
    msg->token_len = (uint8_t)(first & 0x0fU);
    if (msg->token_len > COAP_TOKEN_MAX) {
        msg->token_len = 0;
        return -BRG_ERR_FORMAT;
    }
    /* Section 4.1: an empty message ends behind its header. */
    if (msg->code == COAP_EMPTY && len != HEADER_LEN) {
        return -BRG_ERR_FORMAT;
    }
    token = cursor_take(&cur, msg->token_len);
    if (token == NULL) {
        return -BRG_ERR_FORMAT;
    }
    memcpy(msg->token, token, msg->token_len);
    err = parse_options(msg, &cur);
    if (err < 0) {
        return err;
    }
    if (cur.left == 1) {
        return -BRG_ERR_FORMAT; /* a marker with nothing behind it */
    }
    if (cur.left > 1) {
        msg->payload = cur.at + 1;
        msg->payload_len = cur.left - 1;
    }
    return 0;
}

struct writer {
    uint8_t *buf;
    size_t size;
    size_t len;
    bool full;
};

static void put(struct writer *out, const void *data, size_t len)
{
    if (out->full || out->size - out->len < len) {
        out->full = true;
        return;
    }
    if (len > 0) {
        memcpy(out->buf + out->len, data, len);
        out->len += len;
    }
}

static void put_u8(struct writer *out, unsigned value)
{
    uint8_t octet = (uint8_t)value;

    put(out, &octet, 1);
}

static unsigned nibble_of(uint32_t value)
{
    return value < 13 ? value : value < 269 ? 13 : 14;
}

static void put_extended(struct writer *out, uint32_t value)
{
    if (value >= 269) {
        put_u8(out, (value - 269) >> 8);
        put_u8(out, (value - 269) & 0xffU);
    } else if (value >= 13) {
        put_u8(out, value - 13);
    }
}

int coap_msg_write(const struct coap_msg *msg, uint8_t *buf, size_t size, size_t *ret_len)
{
    struct writer out = {.buf = buf, .size = size};
    uint16_t last = 0;

    put_u8(&out, COAP_VERSION << 6 | (unsigned)msg->type << 4 | msg->token_len);
    put_u8(&out, msg->code);
    put_u8(&out, msg->mid >> 8);
    put_u8(&out, msg->mid & 0xffU);
    put(&out, msg->token, msg->token_len);
    for (size_t i = 0; i < msg->n_options; i++) {
        const struct coap_option *opt = &msg->options[i];
        uint32_t delta = (uint32_t)opt->number - last;

        put_u8(&out, nibble_of(delta) << 4 | nibble_of(opt->len));
        put_extended(&out, delta);
        put_extended(&out, opt->len);
        put(&out, opt->value, opt->len);
        last = opt->number;
    }
    if (msg->payload_len > 0) {
        put_u8(&out, PAYLOAD_MARKER);
        put(&out, msg->payload, msg->payload_len);
    }
    if (out.full) {
        return -BRG_ERR_SIZE;
    }
    *ret_len = out.len;
    return 0;
}

int coap_msg_add(struct coap_msg *msg, uint16_t number, const void *value, size_t len)
{
    size_t at = msg->n_options;

    if (at == COAP_OPTIONS_MAX || len > UINT16_MAX) {
        return -BRG_ERR_FULL;
    }
    while (at > 0 && msg->options[at - 1].number > number) {
        msg->options[at] = msg->options[at - 1];
        at--;
    }
    msg->options[at] = (struct coap_option){.number = number, .len = (uint16_t)len, .value = value};
    msg->n_options++;
    return 0;
}

int coap_msg_add_uint(struct coap_msg *msg, uint16_t number, uint32_t value, uint8_t room[4])
{
    size_t len = 0;

    for (int shift = 24; shift >= 0; shift -= 8) {
        uint8_t octet = (uint8_t)(value >> shift);

        if (len > 0 || octet != 0) {
            room[len++] = octet;
        }
    }
    return coap_msg_add(msg, number, room, len);
}

const struct coap_option *coap_msg_find(const struct coap_msg *msg, uint16_t number)
{
    for (size_t i = 0; i < msg->n_options; i++) {
        if (msg->options[i].number == number) {
            return &msg->options[i];
        }
    }
    return NULL;
}

bool coap_msg_uint(const struct coap_msg *msg, uint16_t number, uint32_t *ret_value)
{
    const struct coap_option *opt = coap_msg_find(msg, number);
    uint32_t value = 0;

    if (opt == NULL || opt->len > sizeof(value)) {
        return false;
    }
    for (size_t i = 0; i < opt->len; i++) {
        value = value << 8 | opt->value[i];
    }
    *ret_value = value;
    return true;
}

/* RFC 7252 section 5.10, RFC 7641 section 2, RFC 7959 sections 2.1 and 4. */
static const struct option_rule {
    uint16_t number;
    uint16_t min;
    uint16_t max;
    bool repeats;
} option_rules[] = {
    {COAP_OPT_IF_MATCH, 0, 8, true},
    {COAP_OPT_URI_HOST, 1, 255, false},
    {COAP_OPT_ETAG, 1, 8, true},
    {COAP_OPT_IF_NONE_MATCH, 0, 0, false},
    {COAP_OPT_OBSERVE, 0, 3, false},
    {COAP_OPT_URI_PORT, 0, 2, false},
    {COAP_OPT_LOCATION_PATH, 0, 255, true},
    {COAP_OPT_URI_PATH, 0, 255, true},
    {COAP_OPT_CONTENT_FORMAT, 0, 2, false},
    {COAP_OPT_MAX_AGE, 0, 4, false},
    {COAP_OPT_URI_QUERY, 0, 255, true},
    {COAP_OPT_ACCEPT, 0, 2, false},
    {COAP_OPT_LOCATION_QUERY, 0, 255, true},
    {COAP_OPT_BLOCK2, 0, 3, false},
    {COAP_OPT_BLOCK1, 0, 3, false},
    {COAP_OPT_SIZE2, 0, 4, false},
    {COAP_OPT_PROXY_URI, 1, 1034, false},
    {COAP_OPT_PROXY_SCHEME, 1, 255, false},
    {COAP_OPT_SIZE1, 0, 4, false},
    {COAP_OPT_ECHO, 1, 40, false},
};

static bool option_fits(const struct coap_option *opt, bool seen_before)
{
    for (size_t i = 0; i < sizeof(option_rules) / sizeof(option_rules[0]); i++) {
        const struct option_rule *rule = &option_rules[i];

        if (rule->number == opt->number) {
            return opt->len >= rule->min && opt->len <= rule->max &&
                   (rule->repeats || !seen_before);
        }
    }
    return false;
}

int coap_msg_check_options(struct coap_msg *msg)
{
    size_t kept = 0;
    uint16_t last = 0; /* number 0 is reserved, so it is never seen before */

    for (size_t i = 0; i < msg->n_options; i++) {
        struct coap_option opt = msg->options[i];
        bool fits = option_fits(&opt, opt.number == last);

        last = opt.number;
        if (fits) {
            msg->options[kept++] = opt;
        } else if (opt.number & 1U) {
            return -BRG_ERR_FORMAT; /* odd numbers are critical (section 5.4.6) */
        }
    }
    msg->n_options = kept;
    return 0;
}

int coap_block_decode(uint32_t value, struct coap_block *ret_block)
{
    if ((value & 7U) == 7U) {
        return -BRG_ERR_FORMAT;
    }
    ret_block->num = value >> 4;
    ret_block->more = (value & 8U) != 0;
    ret_block->szx = (uint8_t)(value & 7U);
    return 0;
}

uint32_t coap_block_encode(const struct coap_block *block)
{
    return block->num << 4 | (block->more ? 8U : 0U) | block->szx;
}
