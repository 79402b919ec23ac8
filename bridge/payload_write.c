/* SPDX-License-Identifier: ISC */
/* What is published of a reading. */
#include "bridge/payload.h"

#include <string.h>

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
