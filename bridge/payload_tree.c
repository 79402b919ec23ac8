/* SPDX-License-Identifier: ISC */
/* A tree of JSON's values, written as JSON and as CBOR (RFC 8949). */
#include "bridge/payload.h"

#include <math.h>
#include <string.h>

#include <cbor.h>
#include <cjson/cJSON.h>

/* All of these go down a tree of at most BRG_DEPTH_MAX levels: brg_json_check() has looked. */

bool brg_tree_finite(const struct cJSON *item)
{
    const cJSON *child;

    if (cJSON_IsNumber(item)) {
        return isfinite(item->valuedouble);
    }
    for (child = item->child; child != NULL; child = child->next) {
        if (!brg_tree_finite(child)) {
            return false;
        }
    }
    return true;
}

void brg_tree_json(struct brg_text *out, const struct cJSON *item)
{
    const cJSON *child;

    if (cJSON_IsNumber(item)) {
        brg_text_number(out, item->valuedouble);
    } else if (cJSON_IsBool(item)) {
        brg_text_puts(out, cJSON_IsTrue(item) ? "true" : "false");
    } else if (cJSON_IsString(item)) {
        brg_text_json_string(out, item->valuestring, strlen(item->valuestring));
    } else if (!cJSON_IsArray(item) && !cJSON_IsObject(item)) {
        brg_text_puts(out, "null");
    } else {
        brg_text_puts(out, cJSON_IsArray(item) ? "[" : "{");
        for (child = item->child; child != NULL; child = child->next) {
            brg_text_puts(out, child == item->child ? "" : ",");
            if (child->string != NULL) {
                brg_text_json_string(out, child->string, strlen(child->string));
                brg_text_puts(out, ":");
            }
            brg_tree_json(out, child);
        }
        brg_text_puts(out, cJSON_IsArray(item) ? "]" : "}");
    }
}

/* --- CBOR ----------------------------------------------------------------------------------- */

/* libcbor's encoders say how much they wrote; 0: there was no room. */
#define PUT(out, encode, value)                                                                    \
    wrote(out, encode(value, (out)->data + (out)->len, (out)->size - (out)->len))

static void wrote(struct brg_octets *out, size_t n)
{
    out->full |= n == 0;
    out->len += n;
}

static void put(struct brg_octets *out, const void *data, size_t len)
{
    if (out->full || len > out->size - out->len) {
        out->full = true;
    } else if (len > 0) {
        memcpy(out->data + out->len, data, len);
        out->len += len;
    }
}

static void put_number(struct brg_octets *out, double value)
{
    if (value >= 0 && value < 4294967296.0 && floor(value) >= value) {
        PUT(out, cbor_encode_uint, (uint64_t)value);
    } else if (value < 0 && value >= -4294967296.0 && floor(value) >= value) {
        PUT(out, cbor_encode_negint, (uint64_t)(-value - 1));
    } else {
        PUT(out, cbor_encode_double, value);
    }
}

void brg_cbor_text(struct brg_octets *out, const char *text, size_t len)
{
    PUT(out, cbor_encode_string_start, len);
    put(out, text, len);
}

/* RFC 8428 section 6: the data value of a record is octets, not their base64. False: it is none. */
static bool put_data(struct brg_octets *out, const char *text)
{
    size_t len = brg_base64_length(text, strlen(text));

    if (len == SIZE_MAX) {
        return false;
    }
    PUT(out, cbor_encode_bytestring_start, len);
    if (out->full || len > out->size - out->len) {
        out->full = true;
        return true;
    }
    brg_base64_decode(text, strlen(text), out->data + out->len);
    out->len += len;
    return true;
}

static void put_tree(struct brg_octets *out, const cJSON *item, bool senml);

static void put_member(struct brg_octets *out, const cJSON *item, bool senml)
{
    int label;

    if (item->string == NULL) {
        put_tree(out, item, senml);
        return;
    }
    if (!senml || !brg_senml_label(item->string, &label)) {
        brg_cbor_text(out, item->string, strlen(item->string));
    } else {
        put_number(out, label);
        if (strcmp(item->string, "vd") == 0 && put_data(out, item->valuestring)) {
            return;
        }
    }
    put_tree(out, item, senml);
}

static void put_tree(struct brg_octets *out, const cJSON *item, bool senml)
{
    const cJSON *child;
    size_t n = 0;

    if (cJSON_IsNumber(item)) {
        put_number(out, item->valuedouble);
    } else if (cJSON_IsBool(item)) {
        PUT(out, cbor_encode_bool, cJSON_IsTrue(item) != 0);
    } else if (cJSON_IsString(item)) {
        brg_cbor_text(out, item->valuestring, strlen(item->valuestring));
    } else if (!cJSON_IsArray(item) && !cJSON_IsObject(item)) {
        wrote(out, cbor_encode_null(out->data + out->len, out->size - out->len));
    } else {
        for (child = item->child; child != NULL; child = child->next) {
            n++;
        }
        if (cJSON_IsArray(item)) {
            PUT(out, cbor_encode_array_start, n);
        } else {
            PUT(out, cbor_encode_map_start, n);
        }
        for (child = item->child; child != NULL && !out->full; child = child->next) {
            put_member(out, child, senml);
        }
    }
}

void brg_tree_cbor(struct brg_octets *out, const struct cJSON *item, bool senml)
{
    put_tree(out, item, senml);
}
