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

/* Of either alphabet (RFC 4648 sections 4 and 5); 64: none. */
static uint32_t base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0') + 52;
    }
    return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : 64;
}

static size_t without_padding(const char *text, size_t len)
{
    for (int i = 0; i < 2 && len > 0 && text[len - 1] == '='; i++) {
        len--;
    }
    return len;
}

size_t brg_base64_length(const char *text, size_t len)
{
    len = without_padding(text, len);
    for (size_t i = 0; i < len; i++) {
        if (base64_digit(text[i]) == 64) {
            return SIZE_MAX;
        }
    }
    return len % 4 == 1 ? SIZE_MAX : len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
}

void brg_base64_decode(const char *text, size_t len, uint8_t *out)
{
    uint32_t word = 0;
    int bits = 0;

    len = without_padding(text, len);
    for (size_t i = 0; i < len; i++) {
        word = word << 6 | base64_digit(text[i]);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (uint8_t)(word >> bits);
        }
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
