/* SPDX-License-Identifier: ISC */
/*
 * CBOR (RFC 8949) to JSON, one head at a time: libcbor's stream decoder reads a head, a stack of
 * fixed depth knows where we are, the text goes into the caller's room. Nothing is allocated, so
 * no announced length can cost more than the octets that came.
 */
#include "bridge/payload.h"

#include <math.h>
#include <string.h>

#include <cbor.h>

#include "bridge/topic.h"

/* libcbor gave announced lengths as size_t until 0.8. */
#if CBOR_MAJOR_VERSION > 0 || CBOR_MINOR_VERSION > 8
typedef uint64_t announced;
#else
typedef size_t announced;
#endif

enum level_kind { LEVEL_ARRAY, LEVEL_MAP, LEVEL_TEXT };

struct level {
    enum level_kind kind;
    bool indefinite;
    uint64_t left;  /* items to come, when definite; a map's keys count too */
    uint64_t index; /* items so far */
};

struct walk {
    struct brg_text *out;
    const char *reason;
    size_t depth;
    size_t items;
    size_t rest; /* octets behind the head being read */
    bool done;   /* the one outermost item is whole */
    struct level levels[BRG_DEPTH_MAX];
};

static void refuse(struct walk *walk, const char *reason)
{
    if (walk->reason == NULL) {
        walk->reason = reason;
    }
}

static struct level *top(struct walk *walk)
{
    return walk->depth == 0 ? NULL : &walk->levels[walk->depth - 1];
}

static bool at_key(struct walk *walk)
{
    const struct level *level = top(walk);

    return level != NULL && level->kind == LEVEL_MAP && level->index % 2 == 0;
}

/* Before every item: the comma it needs. False when there can be none here. */
static bool item_begin(struct walk *walk, bool may_be_key)
{
    const struct level *level = top(walk);

    if (++walk->items > BRG_ITEMS_MAX) {
        refuse(walk, "too many items");
    } else if (walk->done) {
        refuse(walk, "octets behind the end");
    } else if (level != NULL && level->kind == LEVEL_TEXT) {
        refuse(walk, "a chunk that is no text");
    } else if (at_key(walk) && !may_be_key) {
        refuse(walk, "a key that is neither text nor integer");
    }
    if (walk->reason != NULL) {
        return false;
    }
    if (level != NULL && level->index > 0 && (level->kind == LEVEL_ARRAY || at_key(walk))) {
        brg_text_puts(walk->out, ",");
    }
    return true;
}

static void level_close(struct walk *walk, const struct level *level)
{
    static const char *const ends[] = {
        [LEVEL_ARRAY] = "]",
        [LEVEL_MAP] = "}",
        [LEVEL_TEXT] = "\"",
    };

    brg_text_puts(walk->out, ends[level->kind]);
    walk->depth--;
}

/* After every item: counts it, and closes what it completes. */
static void item_end(struct walk *walk)
{
    for (;;) {
        struct level *level = top(walk);

        if (level == NULL) {
            walk->done = true;
            return;
        }
        if (at_key(walk)) {
            brg_text_puts(walk->out, ":");
        }
        level->index++;
        if (level->indefinite || --level->left > 0) {
            return;
        }
        level_close(walk, level);
    }
}

static void level_open(struct walk *walk, enum level_kind kind, bool indefinite, uint64_t count)
{
    uint64_t items = kind == LEVEL_MAP ? count * 2 : count;

    if (!item_begin(walk, kind == LEVEL_TEXT)) {
        return;
    }
    if (count > walk->rest || items > walk->rest) {
        refuse(walk, "announces more than there is");
        return;
    }
    if (walk->depth == BRG_DEPTH_MAX) {
        refuse(walk, "nested too deeply");
        return;
    }
    brg_text_puts(walk->out, kind == LEVEL_ARRAY ? "[" : kind == LEVEL_MAP ? "{" : "\"");
    walk->levels[walk->depth++] =
        (struct level){.kind = kind, .indefinite = indefinite, .left = items};
    if (!indefinite && items == 0) {
        level_close(walk, &walk->levels[walk->depth - 1]);
        item_end(walk);
    }
}

static void integer(struct walk *walk, const char *sign, uint64_t value)
{
    bool key = at_key(walk);

    if (!item_begin(walk, true)) {
        return;
    }
    brg_text_puts(walk->out, key ? "\"" : "");
    brg_text_puts(walk->out, sign);
    brg_text_u64(walk->out, value);
    brg_text_puts(walk->out, key ? "\"" : "");
    item_end(walk);
}

static void real(struct walk *walk, double value)
{
    if (!item_begin(walk, false)) {
        return;
    }
    if (!isfinite(value)) {
        refuse(walk, "a number that is not finite");
        return;
    }
    brg_text_number(walk->out, value);
    item_end(walk);
}

static void literal(struct walk *walk, const char *text)
{
    if (item_begin(walk, false)) {
        brg_text_puts(walk->out, text);
        item_end(walk);
    }
}

static void on_uint8(void *ctx, uint8_t value)
{
    integer(ctx, "", value);
}

static void on_uint16(void *ctx, uint16_t value)
{
    integer(ctx, "", value);
}

static void on_uint32(void *ctx, uint32_t value)
{
    integer(ctx, "", value);
}

static void on_uint64(void *ctx, uint64_t value)
{
    integer(ctx, "", value);
}

/* Negative integers come as n of -1 - n. */
static void on_negint64(void *ctx, uint64_t value)
{
    if (value == UINT64_MAX) {
        refuse(ctx, "an integer below -2^64");
    } else {
        integer(ctx, "-", value + 1);
    }
}

static void on_negint8(void *ctx, uint8_t value)
{
    on_negint64(ctx, value);
}

static void on_negint16(void *ctx, uint16_t value)
{
    on_negint64(ctx, value);
}

static void on_negint32(void *ctx, uint32_t value)
{
    on_negint64(ctx, value);
}

static void on_float(void *ctx, float value)
{
    real(ctx, (double)value);
}

static void on_double(void *ctx, double value)
{
    real(ctx, value);
}

static void on_bool(void *ctx, bool value)
{
    literal(ctx, value ? "true" : "false");
}

static void on_null(void *ctx)
{
    literal(ctx, "null");
}

static void on_octets(void *ctx, cbor_data data, announced len)
{
    struct walk *walk = ctx;

    if (item_begin(walk, false)) {
        brg_text_puts(walk->out, "\"");
        brg_text_base64(walk->out, data, len);
        brg_text_puts(walk->out, "\"");
        item_end(walk);
    }
}

static void on_octets_start(void *ctx)
{
    refuse(ctx, "octets of indefinite length");
}

static void on_text(void *ctx, cbor_data data, announced len)
{
    struct walk *walk = ctx;
    const char *text = (const char *)data;
    const struct level *level = top(walk);

    if (!brg_utf8_valid(text, len) || memchr(text, '\0', len) != NULL) {
        refuse(walk, "text that is not UTF-8");
    } else if (level != NULL && level->kind == LEVEL_TEXT) {
        if (++walk->items > BRG_ITEMS_MAX) {
            refuse(walk, "too many items");
        }
        brg_text_json_escaped(walk->out, text, len);
    } else if (item_begin(walk, true)) {
        brg_text_json_string(walk->out, text, len);
        item_end(walk);
    }
}

static void on_text_start(void *ctx)
{
    level_open(ctx, LEVEL_TEXT, true, 0);
}

static void on_array(void *ctx, announced count)
{
    level_open(ctx, LEVEL_ARRAY, false, count);
}

static void on_array_start(void *ctx)
{
    level_open(ctx, LEVEL_ARRAY, true, 0);
}

static void on_map(void *ctx, announced count)
{
    level_open(ctx, LEVEL_MAP, false, count);
}

static void on_map_start(void *ctx)
{
    level_open(ctx, LEVEL_MAP, true, 0);
}

/* A tag says more about the item that follows, which is taken as it is. */
static void on_tag(void *ctx, uint64_t value)
{
    struct walk *walk = ctx;

    (void)value;
    if (++walk->items > BRG_ITEMS_MAX) {
        refuse(walk, "too many items");
    }
}

static void on_break(void *ctx)
{
    struct walk *walk = ctx;
    const struct level *level = top(walk);

    if (level == NULL || !level->indefinite || (level->kind == LEVEL_MAP && !at_key(walk))) {
        refuse(walk, "a break in the wrong place");
    } else if (walk->reason == NULL) {
        level_close(walk, level);
        item_end(walk);
    }
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_octets_start,
    .byte_string = on_octets,
    .string = on_text,
    .string_start = on_text_start,
    .indef_array_start = on_array_start,
    .array_start = on_array,
    .indef_map_start = on_map_start,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_null,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

const char *brg_cbor_to_json(const uint8_t *data, size_t len, struct brg_text *out)
{
    struct walk walk = {.out = out};
    size_t at = 0;

    while (at < len && walk.reason == NULL) {
        struct cbor_decoder_result result;

        walk.rest = len - at - 1;
        result = cbor_stream_decode(data + at, len - at, &callbacks, &walk);
        if (result.status != CBOR_DECODER_FINISHED || result.read == 0) {
            refuse(&walk, "not CBOR, or cut short");
        } else {
            at += result.read;
        }
    }
    if (walk.reason == NULL && !walk.done) {
        refuse(&walk, "not CBOR, or cut short");
    }
    if (walk.reason == NULL && out->full) {
        refuse(&walk, "too large");
    }
    return walk.reason;
}
