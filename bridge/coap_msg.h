/* SPDX-License-Identifier: ISC */
/*
 * The CoAP message codec (RFC 7252 section 3, options of sections 5.10, RFC 7641 and RFC 7959).
 *
 * Parsing reads a whole datagram through a bounded cursor; what comes out points into the
 * datagram and lives as long as it does. Writing puts a message into the caller's room. A
 * message that parses and is written again gives the same octets when its options were in their
 * shortest form. No state, no memory.
 */
#ifndef BRIDGE_COAP_MSG_H
#define BRIDGE_COAP_MSG_H

#include "bridge/brg.h"

#define COAP_DATAGRAM_MAX 2048
#define COAP_TOKEN_MAX 8
#define COAP_OPTIONS_MAX 40
#define COAP_ETAG_MAX 8

enum coap_type {
    COAP_CON = 0,
    COAP_NON = 1,
    COAP_ACK = 2,
    COAP_RST = 3,
};

/* A code is class.detail: three bits and five. */
#define COAP_CODE(cls, detail) ((uint8_t)(((cls) << 5) | (detail)))
#define COAP_CLASS(code) ((unsigned)(code) >> 5)
#define COAP_DETAIL(code) ((unsigned)(code)&0x1fU)

enum {
    COAP_EMPTY = 0,
    COAP_GET = 1,
    COAP_POST = 2,
    COAP_PUT = 3,
    COAP_DELETE = 4,
    COAP_VALID = COAP_CODE(2, 3),
    COAP_CHANGED = COAP_CODE(2, 4),
    COAP_CONTENT = COAP_CODE(2, 5),
    COAP_CONTINUE = COAP_CODE(2, 31),
    COAP_BAD_REQUEST = COAP_CODE(4, 0),
    COAP_BAD_OPTION = COAP_CODE(4, 2),
    COAP_FORBIDDEN = COAP_CODE(4, 3),
    COAP_NOT_FOUND = COAP_CODE(4, 4),
    COAP_NOT_ALLOWED = COAP_CODE(4, 5),
    COAP_NOT_ACCEPTABLE = COAP_CODE(4, 6),
    COAP_INCOMPLETE = COAP_CODE(4, 8),
    COAP_TOO_LARGE = COAP_CODE(4, 13),
    COAP_UNAVAILABLE = COAP_CODE(5, 3),
    COAP_NO_PROXY = COAP_CODE(5, 5),
};

enum coap_option_number {
    COAP_OPT_IF_MATCH = 1,
    COAP_OPT_URI_HOST = 3,
    COAP_OPT_ETAG = 4,
    COAP_OPT_IF_NONE_MATCH = 5,
    COAP_OPT_OBSERVE = 6,
    COAP_OPT_URI_PORT = 7,
    COAP_OPT_LOCATION_PATH = 8,
    COAP_OPT_URI_PATH = 11,
    COAP_OPT_CONTENT_FORMAT = 12,
    COAP_OPT_MAX_AGE = 14,
    COAP_OPT_URI_QUERY = 15,
    COAP_OPT_ACCEPT = 17,
    COAP_OPT_LOCATION_QUERY = 20,
    COAP_OPT_BLOCK2 = 23,
    COAP_OPT_BLOCK1 = 27,
    COAP_OPT_SIZE2 = 28,
    COAP_OPT_PROXY_URI = 35,
    COAP_OPT_PROXY_SCHEME = 39,
    COAP_OPT_SIZE1 = 60,
    COAP_OPT_ECHO = 252, /* RFC 9175 */
};

/* Content formats the bridge understands (RFC 7252 12.3, RFC 8428 12.3). */
enum coap_format {
    COAP_FORMAT_NONE = -1,
    COAP_FORMAT_TEXT = 0,
    COAP_FORMAT_LINK = 40,
    COAP_FORMAT_OCTETS = 42,
    COAP_FORMAT_JSON = 50,
    COAP_FORMAT_CBOR = 60,
    COAP_FORMAT_SENML_JSON = 110,
    COAP_FORMAT_SENML_CBOR = 112,
};

struct coap_option {
    uint16_t number;
    uint16_t len;
    const uint8_t *value; /* borrowed */
};

struct coap_msg {
    enum coap_type type;
    uint8_t code;
    uint16_t mid;
    uint8_t token_len;
    uint8_t token[COAP_TOKEN_MAX];
    size_t n_options; /* in ascending order of number */
    struct coap_option options[COAP_OPTIONS_MAX];
    const uint8_t *payload; /* borrowed */
    size_t payload_len;
};

/* RFC 7959 section 2.2: block number, more flag, size exponent (0..6: 16 to 1024 octets). */
struct coap_block {
    uint32_t num;
    bool more;
    uint8_t szx;
};

/*
 * Reads a datagram. -BRG_ERR_FORMAT: a message format error (RFC 7252 section 3), which in a
 * confirmable message is answered with a Reset; |msg| then holds type and mid when |ret_header|
 * came back true. -BRG_ERR_INVAL: not CoAP version 1, to be ignored in silence.
 * -BRG_ERR_FULL: more options than the bridge ever needs; treated as a format error.
 */
int coap_msg_parse(struct coap_msg *msg, const uint8_t *data, size_t len, bool *ret_header);

/* Writes |msg| into |buf|. -BRG_ERR_SIZE when it does not fit. */
int coap_msg_write(const struct coap_msg *msg, uint8_t *buf, size_t size, size_t *ret_len);

/* Adds an option in its place in the order; the value stays the caller's. -BRG_ERR_FULL. */
int coap_msg_add(struct coap_msg *msg, uint16_t number, const void *value, size_t len);

/* Adds an option of type uint, shortest form, encoded into |room| which must live as long as the
 * message. */
int coap_msg_add_uint(struct coap_msg *msg, uint16_t number, uint32_t value, uint8_t room[4]);

/* The first option of this number, or NULL. */
const struct coap_option *coap_msg_find(const struct coap_msg *msg, uint16_t number);

/* Reads an option of type uint: true when it is there. */
bool coap_msg_uint(const struct coap_msg *msg, uint16_t number, uint32_t *ret_value);

/*
 * RFC 7252 section 5.4: an option that is unknown, longer or shorter than it may be, or repeated
 * without leave, is ignored when elective (it is taken out of |msg|) and spoils the message when
 * critical: -BRG_ERR_FORMAT.
 */
int coap_msg_check_options(struct coap_msg *msg);

/* Block options: decode refuses the reserved exponent 7 with -BRG_ERR_FORMAT. */
int coap_block_decode(uint32_t value, struct coap_block *ret_block);
uint32_t coap_block_encode(const struct coap_block *block);

static inline size_t coap_block_size(uint8_t szx)
{
    return (size_t)16 << szx;
}

#endif
