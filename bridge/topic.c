/* SPDX-License-Identifier: ISC */
#include "bridge/topic.h"

#include "bridge/text.h"

#include <string.h>

/* RFC 3629 section 4: the sequences that are UTF-8. */
static size_t utf8_sequence(const uint8_t *at, size_t len)
{
    static const struct {
        uint8_t first, last; /* of the first octet */
        uint8_t second_min, second_max;
        uint8_t len;
    } rows[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; len > 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (at[0] < rows[i].first || at[0] > rows[i].last) {
            continue;
        }
        if (len < rows[i].len ||
            (rows[i].len > 1 && (at[1] < rows[i].second_min || at[1] > rows[i].second_max))) {
            return 0;
        }
        for (size_t k = 2; k < rows[i].len; k++) {
            if ((at[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return rows[i].len;
    }
    return 0;
}

size_t brg_utf8_length(const char *text, size_t len)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t n = utf8_sequence(at, len);

    if (n == 1 && (at[0] < 0x20 || at[0] == 0x7f)) {
        return 0;
    }
    if (n == 2 && at[0] == 0xc2 && at[1] < 0xa0) {
        return 0; /* C1 controls, which a broker may refuse (MQTT 3.1.1 section 1.5.3) */
    }
    if (n == 3 && at[0] == 0xef &&
        ((at[1] == 0xbf && at[2] >= 0xbe) || (at[1] == 0xb7 && at[2] >= 0x90 && at[2] <= 0xaf))) {
        return 0; /* so may non-characters: U+FFFE, U+FFFF, U+FDD0 to U+FDEF */
    }
    if (n == 4 && (at[1] & 0x0f) == 0x0f && at[2] == 0xbf && at[3] >= 0xbe) {
        return 0; /* and the last two of each further plane */
    }
    return n;
}

bool brg_utf8_valid(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t n = utf8_sequence((const uint8_t *)text + at, len - at);

        if (n == 0) {
            return false;
        }
        at += n;
    }
    return true;
}

static void put_escaped(struct brg_text *out, uint8_t octet)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[3] = {'%', digits[octet >> 4], digits[octet & 15]};

    brg_text_put(out, text, sizeof(text));
}

static bool is_reserved(const char *segment, size_t len)
{
    static const char *const words[] = {"set",     "get",  "result",      "error",
                                        "observe", "info", "availability"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == len && memcmp(words[i], segment, len) == 0) {
            return true;
        }
    }
    return false;
}

static void put_segment(struct brg_text *out, const char *segment, size_t len)
{
    size_t at = 0;

    if (len == 0) {
        brg_text_put(out, "%", 1);
    } else if (is_reserved(segment, len) || segment[0] == '$') {
        put_escaped(out, (uint8_t)segment[0]);
        at = 1;
    }
    while (at < len) {
        size_t n = brg_utf8_length(segment + at, len - at);

        if (n == 0 || (n == 1 && strchr("+#%/", segment[at]) != NULL)) {
            put_escaped(out, (uint8_t)segment[at]);
            n = 1;
        } else {
            brg_text_put(out, segment + at, n);
        }
        at += n;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The next segment of |*text| into |room|, percent escapes decoded when |uri|. */
static int next_segment(const char **text, bool uri, char room[BRG_TOPIC_MAX], size_t *ret_len)
{
    const char *at = *text;
    size_t len = 0;

    while (*at != '\0' && *at != '/') {
        char octet = *at++;

        if (uri && octet == '%') {
            int high = hex_value(at[0]);
            int low = high < 0 ? -1 : hex_value(at[1]);

            if (low < 0) {
                return -BRG_ERR_FORMAT;
            }
            octet = (char)(high << 4 | low);
            at += 2;
        }
        if (len == BRG_TOPIC_MAX) {
            return -BRG_ERR_SIZE;
        }
        room[len++] = octet;
    }
    *text = at;
    *ret_len = len;
    return 0;
}

static int levels(char *buf, size_t size, const char *text, bool uri)
{
    struct brg_text out;
    char segment[BRG_TOPIC_MAX];

    brg_text_init(&out, buf, size);
    for (;;) {
        size_t len;
        int err = next_segment(&text, uri, segment, &len);

        if (err < 0) {
            return err;
        }
        put_segment(&out, segment, len);
        if (*text == '\0') {
            return out.full ? -BRG_ERR_SIZE : 0;
        }
        brg_text_put(&out, "/", 1);
        text++;
    }
}

int brg_topic_path(char *buf, size_t size, const char *path)
{
    return levels(buf, size, path, true);
}

int brg_topic_name(char *buf, size_t size, const char *name)
{
    return levels(buf, size, name, false);
}

int brg_topic_join(char *buf, size_t size, const char *const parts[], size_t n)
{
    struct brg_text out;

    brg_text_init(&out, buf, size);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            brg_text_put(&out, "/", 1);
        }
        brg_text_put(&out, parts[i], strlen(parts[i]));
    }
    return out.full ? -BRG_ERR_SIZE : 0;
}

bool brg_topic_base_ok(const char *base)
{
    size_t len = strlen(base);
    size_t at = 0;

    if (len == 0 || len > 64 || base[0] == '$' || base[0] == '/' || base[len - 1] == '/') {
        return false;
    }
    while (at < len) {
        size_t n = brg_utf8_length(base + at, len - at);

        if (n == 0 || base[at] == '+' || base[at] == '#') {
            return false;
        }
        at += n;
    }
    return true;
}

bool brg_name_ok(const char *name)
{
    char eui64[BRG_EUI64_TEXT];
    const char *at = name;

    if (strlen(name) > 63 || !brg_topic_base_ok(name) || brg_eui64_parse(name, eui64) == 0 ||
        strncmp(name, "bridge/", 7) == 0 || strcmp(name, "bridge") == 0) {
        return false;
    }
    for (;;) {
        size_t len = strcspn(at, "/");

        if (len == 0 || is_reserved(at, len)) {
            return false;
        }
        if (at[len] == '\0') {
            return true;
        }
        at += len + 1;
    }
}

bool brg_glob(const char *pattern, const char *text)
{
    const char *star = NULL; /* the last * seen, and where it was tried */
    const char *tried = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            tried = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++tried;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

bool brg_glob_resource(const char *pattern, const char *node, const char *path)
{
    const char *const parts[] = {node, path};
    char whole[BRG_TOPIC_MAX];

    return brg_glob(pattern, path) ||
           (brg_topic_join(whole, sizeof(whole), parts, 2) == 0 && brg_glob(pattern, whole));
}

int brg_eui64_parse(const char *text, char ret_text[BRG_EUI64_TEXT])
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        int value = hex_value(*text);

        if ((*text == ':' || *text == '-') && n > 0 && n % 2 == 0) {
            continue;
        }
        if (value < 0 || n == BRG_EUI64_TEXT - 1) {
            return -BRG_ERR_FORMAT;
        }
        ret_text[n++] = "0123456789abcdef"[value];
    }
    ret_text[n] = '\0';
    return n == BRG_EUI64_TEXT - 1 ? 0 : -BRG_ERR_FORMAT;
}

void brg_eui64_from_address(const uint8_t ip[16], char ret_text[BRG_EUI64_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < 8; i++) {
        uint8_t octet = i == 0 ? ip[8] ^ 0x02 : ip[8 + i];

        ret_text[2 * i] = digits[octet >> 4];
        ret_text[2 * i + 1] = digits[octet & 15];
    }
    ret_text[BRG_EUI64_TEXT - 1] = '\0';
}
