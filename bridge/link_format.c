/* SPDX-License-Identifier: ISC */
#include "bridge/link_format.h"

#include <string.h>

void brg_links_init(struct brg_links *links, const char *text, size_t len)
{
    links->at = text;
    links->end = text + len;
}

static void skip_blanks(struct brg_links *links)
{
    while (links->at < links->end && strchr(" \t\r\n", *links->at) != NULL && *links->at != '\0') {
        links->at++;
    }
}

static bool take(struct brg_links *links, char c)
{
    skip_blanks(links);
    if (links->at < links->end && *links->at == c) {
        links->at++;
        return true;
    }
    return false;
}

/* Up to one of |stops|, which is not taken. */
static struct brg_span until(struct brg_links *links, const char *stops)
{
    struct brg_span span = {.text = links->at};

    while (links->at < links->end && *links->at != '\0' && strchr(stops, *links->at) == NULL) {
        links->at++;
    }
    span.len = (size_t)(links->at - span.text);
    return span;
}

/* RFC 6690 section 2: a quoted string ends at the first quote that no backslash precedes. */
static int quoted(struct brg_links *links, struct brg_span *ret_span)
{
    ret_span->text = links->at;
    while (links->at < links->end && *links->at != '"') {
        links->at += *links->at == '\\' ? 2 : 1;
    }
    if (links->at >= links->end) {
        return -BRG_ERR_FORMAT;
    }
    ret_span->len = (size_t)(links->at - ret_span->text);
    links->at++;
    return 0;
}

static bool span_is(const struct brg_span *span, const char *word)
{
    return span->len == strlen(word) && memcmp(span->text, word, span->len) == 0;
}

/* One attribute behind its semicolon. The first of a name counts, as the RFC asks. */
static int attribute(struct brg_links *links, struct brg_link *link, bool *anchor)
{
    const struct {
        const char *name;
        struct brg_span *span;
    } kept[] = {{"rt", &link->rt},
                {"if", &link->ifs},
                {"ct", &link->ct},
                {"base", &link->base},
                {"ep", &link->ep}};
    struct brg_span value = {.text = ""};
    struct brg_span name;
    int err = 0;

    skip_blanks(links);
    name = until(links, "=;, \t\r\n");
    if (name.len == 0) {
        return -BRG_ERR_FORMAT;
    }
    if (take(links, '=')) {
        if (take(links, '"')) {
            err = quoted(links, &value);
        } else {
            value = until(links, ";, \t\r\n");
        }
    }
    for (size_t i = 0; err == 0 && i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (span_is(&name, kept[i].name) && kept[i].span->text == NULL) {
            *kept[i].span = value;
        }
    }
    link->obs |= span_is(&name, "obs");
    *anchor |= span_is(&name, "anchor");
    return err;
}

static int one_link(struct brg_links *links, struct brg_link *link, bool *ret_ours)
{
    bool anchor = false;
    int err = 0;

    memset(link, 0, sizeof(*link));
    if (!take(links, '<')) {
        return -BRG_ERR_FORMAT;
    }
    link->path = until(links, ">");
    if (!take(links, '>')) {
        return -BRG_ERR_FORMAT;
    }
    while (err == 0 && take(links, ';')) {
        err = attribute(links, link, &anchor);
    }
    *ret_ours = !anchor && link->path.len > 0 && link->path.text[0] == '/' &&
                !(link->path.len > 1 && link->path.text[1] == '/');
    if (*ret_ours) {
        link->path.text++;
        link->path.len--;
    }
    return err;
}

int brg_links_next(struct brg_links *links, struct brg_link *ret_link)
{
    bool ours = false;

    while (!ours) {
        int err;

        skip_blanks(links);
        if (links->at >= links->end) {
            return 0;
        }
        err = one_link(links, ret_link, &ours);
        skip_blanks(links);
        if (err == 0 && links->at < links->end && !take(links, ',')) {
            err = -BRG_ERR_FORMAT;
        }
        if (err < 0) {
            links->at = links->end;
            return err;
        }
    }
    return 1;
}

/* The next word of a blank-separated list, from |*at| on; false at the end. */
static bool next_word(const struct brg_span *span, size_t *at, struct brg_span *ret_word)
{
    while (*at < span->len && span->text[*at] == ' ') {
        (*at)++;
    }
    ret_word->text = span->text + *at;
    ret_word->len = 0;
    while (*at < span->len && span->text[*at] != ' ') {
        (*at)++;
        ret_word->len++;
    }
    return ret_word->len > 0;
}

bool brg_span_has(const struct brg_span *span, const char *word)
{
    struct brg_span one;
    size_t at = 0;

    while (span->text != NULL && next_word(span, &at, &one)) {
        if (span_is(&one, word)) {
            return true;
        }
    }
    return false;
}

int brg_span_number(const struct brg_span *span, size_t index)
{
    struct brg_span one;
    size_t at = 0;
    int value = 0;

    if (span->text == NULL) {
        return -1;
    }
    do {
        if (!next_word(span, &at, &one)) {
            return -1;
        }
    } while (index-- > 0);
    for (size_t i = 0; i < one.len; i++) {
        if (one.text[i] < '0' || one.text[i] > '9' || i >= 5) {
            return -1;
        }
        value = value * 10 + (one.text[i] - '0');
    }
    return value <= UINT16_MAX ? value : -1;
}
