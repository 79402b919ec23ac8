/* SPDX-License-Identifier: ISC */
/* A bounded text builder over the caller's room: it never writes beyond, keeps a NUL behind what
 * it holds, and remembers that something did not fit. */
#ifndef BRIDGE_TEXT_H
#define BRIDGE_TEXT_H

#include "bridge/brg.h"

struct brg_text {
    char *buf;
    size_t size; /* at least 1 */
    size_t len;
    bool full;
};

void brg_text_init(struct brg_text *text, char *buf, size_t size);
void brg_text_put(struct brg_text *text, const char *data, size_t len);
void brg_text_puts(struct brg_text *text, const char *string);

/* A JSON string with its quotes; |data| is valid UTF-8. */
void brg_text_json_string(struct brg_text *text, const char *data, size_t len);

/* What stands between the quotes. */
void brg_text_json_escaped(struct brg_text *text, const char *data, size_t len);

/* The shortest decimal that reads back as the same double; |value| is finite. */
void brg_text_number(struct brg_text *text, double value);
/* Seconds with three digits behind the point; 0 for what is no time. */
void brg_text_time(struct brg_text *text, double time_s);
void brg_text_u64(struct brg_text *text, uint64_t value);

/* base64url without padding (RFC 4648 section 5), as SenML writes octets. */
void brg_text_base64(struct brg_text *text, const uint8_t *data, size_t len);
/* And back: how many octets it is, SIZE_MAX if it is none; padding may be there or not. Then that
 * many are written. */
size_t brg_base64_length(const char *text, size_t len);
void brg_base64_decode(const char *text, size_t len, uint8_t *out);

void brg_text_hex(struct brg_text *text, const uint8_t *data, size_t len);

#endif
