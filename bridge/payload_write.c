/* SPDX-License-Identifier: ISC */
/* What is published of a reading. */
#include "bridge/payload.h"

#include <string.h>

#define RELATIVE_TIME_MAX 268435456.0 /* 2^28, RFC 8428 section 4.5.3 */
#define PLAUSIBLE_SINCE 1577836800.0  /* 2020: a node without a clock counts from 1970 or 2000 */
#define PLAUSIBLE_AHEAD 86400.0
#define ERROR_OCTETS_MAX 64
#define TAIL_MAX 80 /* octets that stand behind the value, at most */

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

/* When the node says that it was taken; 0: it does not, or says that it is now, or that cannot be.
 */
static double node_time(const struct brg_reading *reading, double now_s)
{
    double time_s = reading->time_s;

    if (!reading->has_time || time_s == 0.) {
        return 0.;
    }
    if (time_s < RELATIVE_TIME_MAX) {
        time_s += now_s;
    }
    return time_s < PLAUSIBLE_SINCE || time_s > now_s + PLAUSIBLE_AHEAD ? 0. : time_s;
}

double brg_reading_time(const struct brg_reading *reading, double now_s)
{
    double time_s = node_time(reading, now_s);

    return time_s > 0. ? time_s : now_s;
}

bool brg_reading_is_timed(const struct brg_reading *reading, double now_s)
{
    return node_time(reading, now_s) > 0.;
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
    brg_text_puts(out, brg_reading_is_timed(reading, context->now_s) ? ",\"tq\":\"node\""
                                                                     : ",\"tq\":\"bridge\"");
    if (context->has_seq) {
        brg_text_puts(out, ",\"seq\":");
        brg_text_u64(out, context->seq);
    }
    brg_text_puts(out, "}");
}

/* Milliseconds since 1970 as brg_text_time() writes them; 0: it is not that. */
static uint64_t milliseconds_read(const char *text, const char *end)
{
    uint64_t value = 0;
    const char *point = NULL;

    for (; text < end && ((*text >= '0' && *text <= '9') || (*text == '.' && point == NULL));
         text++) {
        if (*text == '.') {
            point = text;
        } else if (value < UINT64_MAX / 20) {
            value = 10 * value + (uint64_t)(*text - '0');
        }
    }
    return point != NULL && text - point == 4 ? value : 0;
}

bool brg_age_write(struct brg_text *out, const char *payload, size_t len, double now_s)
{
    static const char mark[] = ",\"t\":";
    const size_t mark_len = sizeof(mark) - 1;
    size_t first = len > TAIL_MAX ? len - TAIL_MAX : 0;
    const char digits[] = "0123456789";
    uint64_t taken = 0;
    uint64_t age;
    char point[4];

    /* The last of them is ours, whatever the value looks like. */
    for (size_t at = len; at-- > first && taken == 0;) {
        if (len - at > mark_len && memcmp(payload + at, mark, mark_len) == 0) {
            taken = milliseconds_read(payload + at + mark_len, payload + len);
            break;
        }
    }
    if (taken == 0 || payload[len - 1] != '}' || now_s <= 0.) {
        return false;
    }
    age = (uint64_t)(now_s * 1000.);
    age = age > taken ? age - taken : 0;
    point[0] = '.';
    point[1] = digits[age / 100 % 10];
    point[2] = digits[age / 10 % 10];
    point[3] = digits[age % 10];
    brg_text_put(out, payload, len - 1);
    brg_text_puts(out, ",\"age\":");
    brg_text_u64(out, age / 1000);
    brg_text_put(out, point, sizeof(point));
    brg_text_puts(out, "}");
    return !out->full;
}

static void record_write(struct brg_text *out, const struct brg_reading *reading, double now_s)
{
    brg_text_puts(out, "{\"n\":");
    brg_text_json_string(out, reading->name, strlen(reading->name));
    if (reading->unit != NULL) {
        brg_text_puts(out, ",\"u\":");
        brg_text_json_string(out, reading->unit, strlen(reading->unit));
    }
    brg_text_puts(out, ",\"t\":");
    brg_text_time(out, brg_reading_time(reading, now_s));
    brg_text_puts(out, reading->kind == BRG_VALUE_BOOL     ? ",\"vb\":"
                       : reading->kind == BRG_VALUE_TEXT   ? ",\"vs\":"
                       : reading->kind == BRG_VALUE_OCTETS ? ",\"vd\":"
                       : reading->sum                      ? ",\"s\":"
                                                           : ",\"v\":");
    brg_value_write(out, reading, true);
    brg_text_puts(out, "}");
}

void brg_senml_write(struct brg_text *out, const struct brg_decoder *dec, double now_s)
{
    brg_text_puts(out, "[");
    for (size_t i = 0; i < dec->n; i++) {
        brg_text_puts(out, i == 0 ? "" : ",");
        record_write(out, &dec->readings[i], now_s);
    }
    brg_text_puts(out, "]");
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
