/* SPDX-License-Identifier: ISC */
#include "bridge/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void brg_text_init(struct brg_text *text, char *buf, size_t size)
{
    *text = (struct brg_text){.buf = buf, .size = size};
    buf[0] = '\0';
}

void brg_text_put(struct brg_text *text, const char *data, size_t len)
{
    if (text->full || text->size - text->len <= len) {
        text->full = true;
        return;
    }
    if (len > 0) {
        memcpy(text->buf + text->len, data, len);
    }
    text->len += len;
    text->buf[text->len] = '\0';
}

void brg_text_puts(struct brg_text *text, const char *string)
{
    brg_text_put(text, string, strlen(string));
}

void brg_text_json_escaped(struct brg_text *text, const char *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        const char c = data[i];

        if (c == '"' || c == '\\') {
            const char pair[2] = {'\\', c};

            brg_text_put(text, pair, sizeof(pair));
        } else if (c == '\n') {
            brg_text_puts(text, "\\n");
        } else if ((c >= 0 && c < 0x20) || c == 0x7f) {
            const char code[6] = {'\\', 'u', '0', '0', digits[c >> 4 & 7], digits[c & 15]};

            brg_text_put(text, code, sizeof(code));
        } else {
            brg_text_put(text, &data[i], 1);
        }
    }
}

void brg_text_json_string(struct brg_text *text, const char *data, size_t len)
{
    brg_text_put(text, "\"", 1);
    brg_text_json_escaped(text, data, len);
    brg_text_put(text, "\"", 1);
}

void brg_text_number(struct brg_text *text, double value)
{
    char digits[40];

    if (value >= 1 && value < 1e15 && value <= (double)(uint64_t)value) {
        brg_text_u64(text, (uint64_t)value); /* the same digits, for less */
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        double back;

        (void)snprintf(digits, sizeof(digits), "%.*g", precision, value);
        back = strtod(digits, NULL);
        if (back >= value && back <= value) {
            break;
        }
    }
    brg_text_puts(text, digits);
}

void brg_text_u64(struct brg_text *text, uint64_t value)
{
    char digits[21];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    brg_text_puts(text, digits + at);
}

void brg_text_base64(struct brg_text *text, const uint8_t *data, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t word = (uint32_t)data[i] << 16;
        char out[4];

        word |= n > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        word |= n > 2 ? data[i + 2] : 0;
        for (int k = 0; k < 4; k++) {
            out[k] = alphabet[word >> (18 - 6 * k) & 63];
        }
        brg_text_put(text, out, n + 1);
    }
}

void brg_text_hex(struct brg_text *text, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        const char pair[2] = {digits[data[i] >> 4], digits[data[i] & 15]};

        brg_text_put(text, pair, sizeof(pair));
    }
}

/* Milliseconds are what a reader of a time stamp wants, and no more. */
void brg_text_time(struct brg_text *text, double time_s)
{
    uint64_t ms = time_s > 0 && time_s < 1e12 ? (uint64_t)(time_s * 1000 + 0.5) : 0;
    const char fraction[3] = {(char)('0' + ms / 100 % 10), (char)('0' + ms / 10 % 10),
                              (char)('0' + ms % 10)};

    brg_text_u64(text, ms / 1000);
    brg_text_puts(text, ".");
    brg_text_put(text, fraction, sizeof(fraction));
}
