/* SPDX-License-Identifier: ISC */
#include "bridge/payload.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/coap_msg.h"
#include "bridge/topic.h"

const char *brg_decoder_keep(struct brg_decoder *dec, const char *text, size_t len)
{
    const char *copy = dec->arena.buf + dec->arena.len;

    /* The NUL of one text is an octet of the arena; the builder's own closes the last. */
    brg_text_put(&dec->arena, text, len);
    brg_text_put(&dec->arena, "", 1);
    return dec->arena.full ? NULL : copy;
}

/* A string ends where the quote has no backslash before it. Returns the octet behind it, or NULL
 * with |*ret_reason| when it is cut or holds a NUL. */
static const char *json_string_end(const char *at, const char *end)
{
    while (at < end && *at != '"') {
        if (*at == '\\') {
            if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0) {
                return NULL;
            }
            at++;
        }
        at++;
    }
    return at < end ? at + 1 : NULL;
}

const char *brg_json_check(const char *data, size_t len)
{
    const char *at = data;
    const char *end = data + len;
    size_t depth = 0;
    size_t items = 1;

    if (!brg_utf8_valid(data, len) || memchr(data, '\0', len) != NULL) {
        return "not UTF-8";
    }
    while (at < end) {
        char c = *at++;

        if (c == '"') {
            at = json_string_end(at, end);
            if (at == NULL) {
                return "a string that does not end, or holds a NUL";
            }
        } else if (c == '[' || c == '{') {
            items++;
            if (++depth > BRG_DEPTH_MAX) {
                return "nested too deeply";
            }
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (c == ',' && ++items > BRG_ITEMS_MAX) {
            return "too many items";
        }
    }
    return NULL;
}

static cJSON *json_parse(const char *data, size_t len, const char **ret_reason)
{
    const char *end = NULL;
    cJSON *json;

    *ret_reason = brg_json_check(data, len);
    if (*ret_reason != NULL) {
        return NULL;
    }
    json = cJSON_ParseWithLengthOpts(data, len, &end, false);
    while (json != NULL && end < data + len && strchr(" \t\r\n", *end) != NULL) {
        end++;
    }
    if (json == NULL || end != data + len) {
        *ret_reason = "not JSON";
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

/* Is the text a JSON number, and nothing else but blanks around it? */
static bool plain_number(const char *data, size_t len, double *ret_number)
{
    const char *reason;
    cJSON *json;
    bool is = false;

    /* cJSON takes leading zeros and the like; a telephone number is no number. */
    if (len == 0 || len > 40 || (data[0] == '0' && len > 1 && data[1] >= '0' && data[1] <= '9')) {
        return false;
    }
    if (strchr("-0123456789", data[0]) == NULL) {
        return false;
    }
    json = json_parse(data, len, &reason);
    if (json != NULL && cJSON_IsNumber(json) && isfinite(json->valuedouble)) {
        *ret_number = json->valuedouble;
        is = true;
    }
    cJSON_Delete(json);
    return is;
}

static void trim(const char **data, size_t *len)
{
    while (*len > 0 && strchr(" \t\r\n", (*data)[0]) != NULL && (*data)[0] != '\0') {
        (*data)++;
        (*len)--;
    }
    while (*len > 0 && strchr(" \t\r\n", (*data)[*len - 1]) != NULL && (*data)[*len - 1] != '\0') {
        (*len)--;
    }
}

static const char *decode_text(struct brg_decoder *dec, const char *data, size_t len)
{
    struct brg_reading *reading = &dec->readings[0];

    if (!brg_utf8_valid(data, len) || memchr(data, '\0', len) != NULL) {
        return "text that is not UTF-8";
    }
    trim(&data, &len);
    reading->kind = BRG_VALUE_TEXT;
    if (plain_number(data, len, &reading->number)) {
        reading->kind = BRG_VALUE_NUMBER;
    } else {
        reading->text = brg_decoder_keep(dec, data, len);
        reading->text_len = len;
    }
    dec->n = 1;
    return NULL;
}

static const char *decode_octets(struct brg_decoder *dec, const uint8_t *data, size_t len)
{
    struct brg_reading *reading = &dec->readings[0];
    size_t start = dec->arena.len;

    reading->kind = BRG_VALUE_OCTETS;
    reading->text = dec->arena.buf + start;
    brg_text_base64(&dec->arena, data, len);
    reading->text_len = dec->arena.len - start;
    brg_text_put(&dec->arena, "", 1);
    dec->n = 1;
    return NULL;
}

/* RFC 8259 section 6. NULL: it is no number; else what comes behind it. */
static const char *number_end(const char *at, const char *end)
{
    const char *start;

    at += at < end && *at == '-';
    start = at;
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    if (at == start || (*start == '0' && at - start > 1)) {
        return NULL;
    }
    if (at < end && *at == '.') {
        for (start = ++at; at < end && *at >= '0' && *at <= '9'; at++) {
        }
        if (at == start) {
            return NULL;
        }
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        for (start = at; at < end && *at >= '0' && *at <= '9'; at++) {
        }
        if (at == start) {
            return NULL;
        }
    }
    return at;
}

/* cJSON takes more than JSON: 01, 1. and control characters. Who reads what is published does not.
 * What cJSON has read is JSON but for these. */
static bool is_strict(const char *data, size_t len)
{
    const char *end = data + len;
    bool text = false;

    while (data < end) {
        char c = *data;

        if ((unsigned char)c < 0x20 && (text || strchr("\t\r\n", c) == NULL)) {
            return false;
        }
        if (text) {
            data += c == '\\';
            text = c != '"';
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            data = number_end(data, end);
            if (data == NULL) {
                return false;
            }
            continue;
        } else {
            text = c == '"';
        }
        data++;
    }
    return true;
}

static const char *reading_of_json(struct brg_decoder *dec, const cJSON *json, const char *data,
                                   size_t len)
{
    struct brg_reading *reading = &dec->readings[0];

    /* One that is hidden in there would print as something that is no JSON. */
    if (!brg_tree_finite(json)) {
        return "a number that is not finite";
    }
    if (cJSON_IsNumber(json)) {
        reading->kind = BRG_VALUE_NUMBER;
        reading->number = json->valuedouble;
    } else if (cJSON_IsBool(json)) {
        reading->kind = BRG_VALUE_BOOL;
        reading->flag = cJSON_IsTrue(json);
    } else if (cJSON_IsString(json)) {
        reading->kind = BRG_VALUE_TEXT;
        reading->text_len = strlen(json->valuestring);
        reading->text = brg_decoder_keep(dec, json->valuestring, reading->text_len);
    } else {
        /* As the node wrote it, if that is JSON: no digit is lost on the way. */
        trim(&data, &len);
        reading->kind = BRG_VALUE_JSON;
        if (is_strict(data, len)) {
            reading->text = brg_decoder_keep(dec, data, len);
            reading->text_len = len;
        } else {
            reading->text = dec->arena.buf + dec->arena.len;
            reading->text_len = dec->arena.len;
            brg_tree_json(&dec->arena, json);
            reading->text_len = dec->arena.len - reading->text_len;
            brg_text_put(&dec->arena, "", 1);
        }
    }
    dec->n = 1;
    return NULL;
}

static const char *decode_json(struct brg_decoder *dec, const char *data, size_t len, bool senml)
{
    const char *reason;
    cJSON *json = json_parse(data, len, &reason);

    if (json != NULL) {
        reason = senml ? brg_senml_resolve(dec, json) : reading_of_json(dec, json, data, len);
        cJSON_Delete(json);
    }
    return reason;
}

static const char *decode_cbor(struct brg_decoder *dec, const uint8_t *data, size_t len, bool senml)
{
    const char *reason;

    brg_text_init(&dec->json, dec->json_room, sizeof(dec->json_room));
    reason = brg_cbor_to_json(data, len, &dec->json);
    return reason != NULL ? reason : decode_json(dec, dec->json.buf, dec->json.len, senml);
}

static const char *decode(struct brg_decoder *dec, int format, const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;

    switch (format) {
    case COAP_FORMAT_JSON:
        return decode_json(dec, text, len, false);
    case COAP_FORMAT_CBOR:
        return decode_cbor(dec, data, len, false);
    case COAP_FORMAT_SENML_JSON:
        return decode_json(dec, text, len, true);
    case COAP_FORMAT_SENML_CBOR:
        return decode_cbor(dec, data, len, true);
    case COAP_FORMAT_OCTETS:
        return decode_octets(dec, data, len);
    case COAP_FORMAT_TEXT:
    case COAP_FORMAT_LINK:
        return decode_text(dec, text, len);
    default:
        /* RFC 7252 section 5.5.1: without a format it is for the application to find out. */
        return brg_utf8_valid(text, len) && memchr(text, '\0', len) == NULL
                   ? decode_text(dec, text, len)
                   : decode_octets(dec, data, len);
    }
}

int brg_decode(struct brg_decoder *dec, int format, const uint8_t *data, size_t len)
{
    dec->n = 0;
    dec->reason = NULL;
    memset(&dec->readings[0], 0, sizeof(dec->readings[0]));
    brg_text_init(&dec->arena, dec->arena_room, sizeof(dec->arena_room));
    if (len == 0) {
        data = (const uint8_t *)"";
    }
    if (len > BRG_PAYLOAD_MAX) {
        dec->reason = "too large";
        return -BRG_ERR_SIZE;
    }
    dec->reason = decode(dec, format, data, len);
    if (dec->reason == NULL && dec->arena.full) {
        dec->reason = "too large";
    }
    if (dec->reason != NULL) {
        dec->n = 0;
        return -BRG_ERR_FORMAT;
    }
    return 0;
}

bool brg_senml_shape(struct brg_decoder *dec, int format, const uint8_t *data, size_t len,
                     struct brg_text *out)
{
    const char *text = (const char *)data;
    const char *reason = NULL;
    cJSON *json = NULL;

    if (format == COAP_FORMAT_SENML_CBOR) {
        brg_text_init(&dec->json, dec->json_room, sizeof(dec->json_room));
        reason = brg_cbor_to_json(data, len, &dec->json);
        text = dec->json.buf;
        len = dec->json.len;
    }
    if (reason == NULL) {
        json = json_parse(text, len, &reason);
    }
    if (json != NULL) {
        brg_senml_shape_write(out, json);
        cJSON_Delete(json);
    }
    return out->len > 0;
}
