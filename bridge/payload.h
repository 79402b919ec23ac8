/* SPDX-License-Identifier: ISC */
/*
 * From a representation to readings, and from a reading to an MQTT payload; and back for
 * commands.
 *
 * Understood are text/plain, JSON, CBOR (RFC 8949), SenML in JSON and CBOR (RFC 8428, base fields
 * resolved) and octets as they are. Everything is bounded before it is decoded: octets, depth,
 * items, records. A payload is good as a whole or not at all.
 *
 * NOTE: JSON is read by cJSON and CBOR's heads by libcbor, so this file is pure but for the
 * memory that cJSON takes and gives back within one call.
 */
#ifndef BRIDGE_PAYLOAD_H
#define BRIDGE_PAYLOAD_H

#include "bridge/brg.h"
#include "bridge/text.h"

#define BRG_PAYLOAD_MAX 16384 /* octets taken from a node */
#define BRG_DEPTH_MAX 16      /* arrays and maps inside each other */
#define BRG_ITEMS_MAX 1024    /* values, keys included */
#define BRG_RECORDS_MAX 64    /* readings of one SenML pack */
#define BRG_OUTPUT_MAX 65536  /* octets of what is published */

enum brg_value_kind {
    BRG_VALUE_NUMBER,
    BRG_VALUE_BOOL,
    BRG_VALUE_TEXT,   /* |text| is UTF-8 */
    BRG_VALUE_OCTETS, /* |text| is base64url */
    BRG_VALUE_JSON,   /* |text| is a JSON array, object or null */
};

struct brg_reading {
    enum brg_value_kind kind;
    double number;      /* finite */
    const char *digits; /* the same as text, where somebody has made that; or NULL */
    bool flag;
    const char *text; /* text_len octets and a NUL */
    size_t text_len;
    const char *name; /* SenML's resolved name; NULL in other formats */
    const char *unit; /* NULL: none */
    bool sum;         /* SenML: |number| is a sum (RFC 8428 section 4.2), there is no value */
    bool has_time;
    double time_s; /* SenML: below 2^28 relative to now, else since 1970 */
};

/* A decoder and its last result; large, so make one and keep it. */
struct brg_decoder {
    size_t n;
    struct brg_reading readings[BRG_RECORDS_MAX];
    const char *reason; /* why the last payload was refused; a literal */
    struct brg_text arena;
    char arena_room[BRG_OUTPUT_MAX];
    struct brg_text json; /* CBOR on its way through JSON */
    char json_room[BRG_OUTPUT_MAX];
};

/* Decodes by content format (enum coap_format). -BRG_ERR_FORMAT or -BRG_ERR_SIZE with |reason|
 * set and no readings. What the readings point to is good until the next call. */
int brg_decode(struct brg_decoder *dec, int format, const uint8_t *data, size_t len);

enum brg_output {
    BRG_OUTPUT_JSON,  /* {"v":21.5,"u":"Cel","t":1732104000.123,"tq":"node","seq":7} */
    BRG_OUTPUT_VALUE, /* 21.5 */
    BRG_OUTPUT_RAW,   /* the node's octets; not made here */
};

/* What the bridge knows of a reading beside its value. */
struct brg_context {
    double now_s; /* since 1970 */
    bool has_seq;
    uint32_t seq;
    bool with_name; /* JSON: the reading's name goes with it ("n") */
};

/* The value alone: as JSON, or as plain text. */
void brg_value_write(struct brg_text *out, const struct brg_reading *reading, bool json);

/* When it was taken, since 1970: what the node says, if that can be. */
double brg_reading_time(const struct brg_reading *reading, double now_s);

/* Is that what the node says, and not when it came? */
bool brg_reading_is_timed(const struct brg_reading *reading, double now_s);

/*
 * The payload of a reading in JSON with how old it is at |now_s|, in seconds: {"v":1,"t":T,...} as
 * {"v":1,"t":T,...,"age":A}. False: it is no such payload, or too large for |out|.
 */
bool brg_age_write(struct brg_text *out, const char *payload, size_t len, double now_s);

/* The readings of a SenML pack as one of resolved records (RFC 8428 section 4.6). */
void brg_senml_write(struct brg_text *out, const struct brg_decoder *dec, double now_s);

/* Writes a reading's payload behind what |out| holds; |out->full| tells that it did not fit. */
void brg_reading_write(struct brg_text *out, const struct brg_reading *reading,
                       enum brg_output output, const struct brg_context *context);

/* The payload of the topic .../error. */
void brg_error_write(struct brg_text *out, const char *reason, const uint8_t *data, size_t len,
                     double now_s);

/* How the resource that a command is for wants to have it. */
struct brg_command_form {
    int format;        /* content format; -1: text */
    const char *shape; /* SenML: of brg_senml_shape(); NULL: nothing is known */
    const char *name;  /* SenML: of a record that no shape and no command names; or NULL */
};

/*
 * A command's payload, encoded for the resource: text, a JSON value, or {"v": VALUE}, with
 * "n": NAME where SenML's record has to be chosen. Arrays and objects go to JSON and CBOR only; for
 * SenML an array is a whole pack. |out| of |size| octets; |dec| is for its own use.
 * -BRG_ERR_FORMAT, -BRG_ERR_SIZE, with |ret_reason|.
 */
int brg_command_encode(const struct brg_command_form *form, struct brg_decoder *dec,
                       const char *data, size_t len, uint8_t *out, size_t size, size_t *ret_len,
                       const char **ret_reason);

/* Can a command be written in this format? */
bool brg_command_writes(int format);

#define BRG_COMMAND_MAX BRG_PAYLOAD_MAX /* octets of a command, and of what it becomes */
#define BRG_SHAPE_MAX 1024

/*
 * What the records of a good SenML payload look like, as JSON: a pack with their names and units
 * and values that mean nothing. What has no room is left out. False: it says nothing.
 */
bool brg_senml_shape(struct brg_decoder *dec, int format, const uint8_t *data, size_t len,
                     struct brg_text *out);

/* What else a command may say: {"v": VALUE, "transaction": TEXT, "ttl": SECONDS, "key": TEXT,
 * "if_match": HEX, "if_none_match": true}. */
struct brg_command_options {
    char transaction[192]; /* JSON, to be given back as it is; "": none */
    char key[192];         /* likewise; what makes it one and the same when it comes again */
    double ttl_s;          /* 0: not said */
    bool if_match;
    bool if_none_match;
    uint8_t etag_len;
    uint8_t etag[8];
};

/* What somebody wants of a node, in place of what the configuration says for all. */
struct brg_options {
    int sleepy;          /* 0, 1; or BRG_OPTION_UNSET, as each of them */
    int qos;             /* 0..2 */
    int retain;          /* 0, 1 */
    int output;          /* enum brg_output */
    int poll_interval_s; /* at least 1 */
};

#define BRG_OPTION_UNSET -1
#define BRG_OPTION_KEEP -2 /* in a request: not said */
#define BRG_OPTIONS_NONE                                                                           \
    {                                                                                              \
        BRG_OPTION_UNSET, BRG_OPTION_UNSET, BRG_OPTION_UNSET, BRG_OPTION_UNSET, BRG_OPTION_UNSET   \
    }

/* What a request to the bridge says. */
struct brg_request {
    struct brg_command_options options;
    char id[64];    /* "": not said */
    char path[384]; /* likewise */
    bool has_name;
    char name[64]; /* "" with |has_name|: none */
    bool has_change;
    struct brg_options change; /* of a node's options */
};

/*
 * Reads {"id": TEXT, "path": TEXT, "name": TEXT or null, "options": {...}, "transaction": ...}, or
 * nothing at all. NULL, or what is wrong.
 */
const char *brg_request_read(const char *data, size_t len, struct brg_request *ret);

/* A node's options as JSON; null is what was not said. */
void brg_options_write(struct brg_text *out, const struct brg_options *options);

/* NULL, or why it is refused: a literal. A payload that is no JSON object says nothing. */
const char *brg_command_options(const char *data, size_t len, struct brg_command_options *ret);

/* --- parts, for each other and for the tests ------------------------------------------------ */

/* CBOR to JSON text, integer keys as strings, octets as base64url strings, tags left out. NULL,
 * or why not. */
const char *brg_cbor_to_json(const uint8_t *data, size_t len, struct brg_text *out);

/* Is this JSON text within the bounds of depth and count, without escaped NULs? NULL, or why
 * not. cJSON judges the rest. */
const char *brg_json_check(const char *data, size_t len);

struct cJSON;

/* Resolves a SenML pack (RFC 8428 section 4.6) into |dec|'s readings. NULL, or why not. */
const char *brg_senml_resolve(struct brg_decoder *dec, const struct cJSON *pack);

/* The integer that stands for a field in CBOR. False: it has none. */
bool brg_senml_label(const char *field, int *ret_label);

/* Writes the shape of a pack. */
void brg_senml_shape_write(struct brg_text *out, const struct cJSON *pack);

/* A tree of values: are all numbers finite? And written as JSON. */
bool brg_tree_finite(const struct cJSON *item);
void brg_tree_json(struct brg_text *out, const struct cJSON *item);

/* Octets on their way into the caller's room. */
struct brg_octets {
    uint8_t *data;
    size_t size;
    size_t len;
    bool full; /* something did not fit */
};

/* Written as CBOR; |senml|: with the labels and octets of RFC 8428 section 6. */
void brg_tree_cbor(struct brg_octets *out, const struct cJSON *item, bool senml);
void brg_cbor_text(struct brg_octets *out, const char *text, size_t len);

/* A copy in the decoder's arena, or NULL when that is full. */
const char *brg_decoder_keep(struct brg_decoder *dec, const char *text, size_t len);

#endif
