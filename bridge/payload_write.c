/* SPDX-License-Identifier: ISC */
/* What is published of a reading, and what is sent for a command. */
#include "bridge/payload.h"

#include <math.h>
#include <string.h>

#include <cbor.h>
#include <cjson/cJSON.h>

#include "bridge/coap_msg.h"
#include "bridge/topic.h"

#define RELATIVE_TIME_MAX 268435456.0 /* 2^28, RFC 8428 section 4.5.3 */
#define PLAUSIBLE_SINCE 1577836800.0  /* 2020: a node without a clock counts from 1970 or 2000 */
#define PLAUSIBLE_AHEAD 86400.0
#define ERROR_OCTETS_MAX 64

void brg_value_write(struct brg_text *out, const struct brg_reading *reading, bool json)
{
    switch (reading->kind) {
    case BRG_VALUE_NUMBER:
        if (reading->digits != NULL) {
            brg_text_puts(out, reading->digits);
        } else {
            brg_text_number(out, reading->number);
        }
        break;
    case BRG_VALUE_BOOL:
        brg_text_puts(out, reading->flag ? "true" : "false");
        break;
    case BRG_VALUE_TEXT:
    case BRG_VALUE_OCTETS:
        if (json) {
            brg_text_json_string(out, reading->text, reading->text_len);
        } else {
            brg_text_put(out, reading->text, reading->text_len);
        }
        break;
    case BRG_VALUE_JSON:
        brg_text_put(out, reading->text, reading->text_len);
        break;
    }
}

double brg_reading_time(const struct brg_reading *reading, double now_s)
{
    double time_s = reading->time_s;

    if (!reading->has_time) {
        return now_s;
    }
    if (time_s < RELATIVE_TIME_MAX) {
        time_s += now_s;
    }
    return time_s < PLAUSIBLE_SINCE || time_s > now_s + PLAUSIBLE_AHEAD ? now_s : time_s;
}

void brg_reading_write(struct brg_text *out, const struct brg_reading *reading,
                       enum brg_output output, const struct brg_context *context)
{
    if (output != BRG_OUTPUT_JSON) {
        brg_value_write(out, reading, false);
        return;
    }
    brg_text_puts(out, "{");
    if (context->with_name && reading->name != NULL) {
        brg_text_puts(out, "\"n\":");
        brg_text_json_string(out, reading->name, strlen(reading->name));
        brg_text_puts(out, ",");
    }
    brg_text_puts(out, "\"v\":");
    brg_value_write(out, reading, true);
    if (reading->unit != NULL) {
        brg_text_puts(out, ",\"u\":");
        brg_text_json_string(out, reading->unit, strlen(reading->unit));
    }
    brg_text_puts(out, ",\"t\":");
    brg_text_time(out, brg_reading_time(reading, context->now_s));
    if (context->has_seq) {
        brg_text_puts(out, ",\"seq\":");
        brg_text_u64(out, context->seq);
    }
    brg_text_puts(out, "}");
}

void brg_error_write(struct brg_text *out, const char *reason, const uint8_t *data, size_t len,
                     double now_s)
{
    brg_text_puts(out, "{\"reason\":");
    brg_text_json_string(out, reason, strlen(reason));
    brg_text_puts(out, ",\"hex\":\"");
    brg_text_hex(out, data, len < ERROR_OCTETS_MAX ? len : ERROR_OCTETS_MAX);
    brg_text_puts(out, "\",\"octets\":");
    brg_text_u64(out, len);
    brg_text_puts(out, ",\"t\":");
    brg_text_time(out, now_s);
    brg_text_puts(out, "}");
}

/* --- commands ------------------------------------------------------------------------------- */

/* The value of a command: what stands in "v" of an object, or the payload itself. */
struct command {
    const cJSON *value; /* NULL: the payload is plain text */
    const char *text;
    size_t len;
};

static const char *command_read(struct command *command, const cJSON *json)
{
    const cJSON *value = json;

    if (json == NULL) {
        return NULL;
    }
    if (cJSON_IsObject(json)) {
        value = cJSON_GetObjectItemCaseSensitive(json, "v");
        if (value == NULL) {
            return "an object without \"v\"";
        }
    }
    if (cJSON_IsArray(value) || cJSON_IsObject(value) || cJSON_IsNull(value)) {
        return "a value that is no number, text or boolean";
    }
    if (cJSON_IsNumber(value) && !isfinite(value->valuedouble)) {
        return "a number that is not finite";
    }
    command->value = value;
    return NULL;
}

static void command_text(struct brg_text *out, const struct command *command, bool json)
{
    const cJSON *value = command->value;

    if (value == NULL && json) {
        brg_text_json_string(out, command->text, command->len);
    } else if (value == NULL) {
        brg_text_put(out, command->text, command->len);
    } else if (cJSON_IsNumber(value)) {
        brg_text_number(out, value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        brg_text_puts(out, cJSON_IsTrue(value) ? "true" : "false");
    } else if (json) {
        brg_text_json_string(out, value->valuestring, strlen(value->valuestring));
    } else {
        brg_text_puts(out, value->valuestring);
    }
}

static size_t cbor_number(double value, uint8_t *out, size_t size)
{
    if (value >= 0 && value < 4294967296.0 && floor(value) >= value) {
        return cbor_encode_uint((uint64_t)value, out, size);
    }
    if (value < 0 && value >= -4294967296.0 && floor(value) >= value) {
        return cbor_encode_negint((uint64_t)(-value - 1), out, size);
    }
    return cbor_encode_double(value, out, size);
}

static size_t command_cbor(const struct command *command, uint8_t *out, size_t size)
{
    const cJSON *value = command->value;
    const char *text = value == NULL ? command->text : value->valuestring;
    size_t len = value == NULL ? command->len : text == NULL ? 0 : strlen(text);
    size_t head;

    if (value != NULL && cJSON_IsNumber(value)) {
        return cbor_number(value->valuedouble, out, size);
    }
    if (value != NULL && cJSON_IsBool(value)) {
        return cbor_encode_bool(cJSON_IsTrue(value), out, size);
    }
    head = cbor_encode_string_start(len, out, size);
    if (head == 0 || size - head < len) {
        return 0;
    }
    if (len > 0) {
        memcpy(out + head, text, len);
    }
    return head + len;
}

static int command_encode(int format, const struct command *command, uint8_t *out, size_t size,
                          size_t *ret_len, const char **ret_reason)
{
    char room[2048];
    struct brg_text text;

    brg_text_init(&text, room, sizeof(room));
    switch (format) {
    case COAP_FORMAT_NONE:
    case COAP_FORMAT_TEXT:
    case COAP_FORMAT_JSON:
        command_text(&text, command, format == COAP_FORMAT_JSON);
        if (text.full || text.len > size) {
            *ret_len = 0;
            break;
        }
        memcpy(out, room, text.len);
        *ret_len = text.len;
        return 0;
    case COAP_FORMAT_CBOR:
        *ret_len = command_cbor(command, out, size);
        if (*ret_len > 0) {
            return 0;
        }
        break;
    default:
        *ret_reason = "a resource of a format that commands are not written in";
        return -BRG_ERR_FORMAT;
    }
    *ret_reason = "too large";
    return -BRG_ERR_SIZE;
}

int brg_command_encode(int format, const char *data, size_t len, uint8_t *out, size_t size,
                       size_t *ret_len, const char **ret_reason)
{
    struct command command = {.text = data, .len = len};
    cJSON *json = NULL;
    int err = -BRG_ERR_FORMAT;

    *ret_reason = NULL;
    if (len == 0 || len > size) {
        *ret_reason = len == 0 ? "empty" : "too large";
        return len == 0 ? -BRG_ERR_FORMAT : -BRG_ERR_SIZE;
    }
    if (!brg_utf8_valid(data, len) || memchr(data, '\0', len) != NULL) {
        *ret_reason = "not UTF-8";
        return -BRG_ERR_FORMAT;
    }
    if (brg_json_check(data, len) == NULL) {
        const char *end = NULL;

        json = cJSON_ParseWithLengthOpts(data, len, &end, false);
        if (json != NULL && end != data + len) {
            cJSON_Delete(json); /* "21 degrees" is text */
            json = NULL;
        }
    }
    /* Text for a text resource goes as it came: "007" stays "007". */
    if (json != NULL && !cJSON_IsObject(json) && format <= COAP_FORMAT_TEXT) {
        cJSON_Delete(json);
        json = NULL;
    }
    *ret_reason = command_read(&command, json);
    if (*ret_reason == NULL) {
        err = command_encode(format, &command, out, size, ret_len, ret_reason);
    }
    cJSON_Delete(json);
    return err;
}
