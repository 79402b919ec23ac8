/* SPDX-License-Identifier: ISC */
/* The part of the writer that all outputs share: the buffer and the stack of open things. */
#include "rpld/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void writer_buf_init(struct writer_buf *buf, size_t max)
{
    memset(buf, 0, sizeof(*buf));
    buf->max = max;
}

void writer_buf_free(struct writer_buf *buf)
{
    free(buf->data);
    writer_buf_init(buf, buf->max);
}

static bool buf_grow(struct writer_buf *buf, size_t len)
{
    if (buf->failed || len > buf->max || buf->len > buf->max - len) {
        buf->failed = true;
        return false;
    }
    if (len <= buf->size - buf->len)
        return true;
    size_t size = buf->size ? buf->size : 1024;
    while (size < buf->len + len)
        size *= 2;
    char *data = realloc(buf->data, size);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->size = size;
    return true;
}

void writer_buf_add(struct writer_buf *buf, const void *data, size_t len)
{
    if (len == 0 || !buf_grow(buf, len))
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

void writer_buf_puts(struct writer_buf *buf, const char *s)
{
    writer_buf_add(buf, s, strlen(s));
}

void writer_buf_consume(struct writer_buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len -= len;
    if (buf->len > 0)
        memmove(buf->data, buf->data + len, buf->len);
}

unsigned writer_utf8(const unsigned char *s)
{
    unsigned len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (len == 0 || s[0] > 0xf4)
        return 0;
    for (unsigned i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Longer than needed, a surrogate, or above U+10FFFF. */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

/* ---- open and close ------------------------------------------------------------------ */

static struct writer_level *top(struct writer *w)
{
    assert(w->depth > 0);
    return &w->level[w->depth - 1];
}

static struct writer_level *push(struct writer *w, enum writer_scope scope)
{
    assert(w->depth < WRITER_DEPTH_MAX);
    struct writer_level *level = &w->level[w->depth++];
    memset(level, 0, sizeof(*level));
    level->scope = scope;
    return level;
}

static void pop(struct writer *w)
{
    assert(w->depth > 0);
    w->depth--;
}

void writer_init(struct writer *w, enum writer_form form, struct writer_buf *buf)
{
    memset(w, 0, sizeof(*w));
    w->form = form;
    w->buf = buf;
    w->cell_column = -1;
}

void writer_begin(struct writer *w)
{
    assert(w->depth == 0);
    push(w, WRITER_DOCUMENT);
    if (w->form == WRITER_JSON) {
        char schema[24];
        snprintf(schema, sizeof(schema), "{\"schema\":%d", WRITER_SCHEMA);
        writer_buf_puts(w->buf, schema);
        top(w)->count = 1;
    }
}

void writer_begin_line(struct writer *w)
{
    writer_begin(w);
    top(w)->scope = WRITER_LINE;
}

void writer_end(struct writer *w)
{
    assert(w->depth == 1);
    if (w->form == WRITER_JSON)
        writer_buf_puts(w->buf, "}\n");
    else if (w->form == WRITER_METRICS)
        writer_buf_puts(w->buf, "# EOF\n");
    else if (top(w)->scope == WRITER_LINE)
        writer_buf_puts(w->buf, "\n");
    pop(w);
}

/* What an array or object is in text depends on where it stands. */
static enum writer_scope scope_of_array(const struct writer *w)
{
    switch (w->level[w->depth - 1].scope) {
    case WRITER_DOCUMENT:
        return WRITER_ARRAY;
    case WRITER_LINE:
    case WRITER_BLOCK:
    case WRITER_ROW:
    case WRITER_ARRAY:
    case WRITER_CELL_ARRAY:
    case WRITER_CELL_OBJECT:
        break;
    }
    return WRITER_CELL_ARRAY;
}

static enum writer_scope scope_of_object(const struct writer *w)
{
    const struct writer_level *level = &w->level[w->depth - 1];
    switch (level->scope) {
    case WRITER_DOCUMENT:
    case WRITER_LINE:
    case WRITER_BLOCK:
        return level->scope;
    case WRITER_ARRAY:
        return level->column ? WRITER_ROW : WRITER_BLOCK;
    case WRITER_ROW:
    case WRITER_CELL_ARRAY:
    case WRITER_CELL_OBJECT:
        break;
    }
    return WRITER_CELL_OBJECT;
}

void writer_array(struct writer *w, const char *key, const struct writer_column *columns,
                  unsigned count)
{
    assert(count <= WRITER_COLUMNS_MAX);
    enum writer_scope scope = scope_of_array(w);
    if (w->form == WRITER_JSON) {
        writer_json_key(w, key);
        writer_buf_puts(w->buf, "[");
    } else if (scope == WRITER_ARRAY) {
        w->array_key = key;
    }
    struct writer_level *level = push(w, scope);
    level->column = columns;
    level->columns = count;
    if (w->form == WRITER_TEXT)
        writer_text_array(w, key);
}

void writer_end_array(struct writer *w)
{
    if (w->form == WRITER_JSON)
        writer_buf_puts(w->buf, top(w)->scope == WRITER_ARRAY && top(w)->count ? "\n]" : "]");
    else if (w->form == WRITER_TEXT)
        writer_text_end_array(w);
    pop(w);
}

void writer_object(struct writer *w, const char *key)
{
    enum writer_scope scope = scope_of_object(w);
    if (w->form == WRITER_JSON) {
        writer_json_key(w, key);
        writer_buf_puts(w->buf, "{");
        push(w, scope);
        return;
    }
    bool element = top(w)->scope == WRITER_ARRAY;
    if (w->form == WRITER_TEXT && element && !w->quiet)
        writer_text_element(w);
    top(w)->count++;
    push(w, scope);
}

void writer_end_object(struct writer *w)
{
    if (w->form == WRITER_JSON)
        writer_buf_puts(w->buf, "}");
    else if (w->form == WRITER_TEXT && top(w)->scope == WRITER_ROW && !w->quiet)
        writer_text_row(w);
    pop(w);
}

/* ---- fields --------------------------------------------------------------------------- */

/* |text| for people; |json| is what JSON has instead, NULL for |text| as a string. */
static void field(struct writer *w, const char *key, const char *text, const char *json, bool word)
{
    switch (w->form) {
    case WRITER_TEXT:
        if (!w->quiet) {
            w->begun = true;
            writer_text_value(w, key, text, word);
        }
        break;
    case WRITER_JSON:
        writer_json_key(w, key);
        if (json)
            writer_buf_puts(w->buf, json);
        else
            writer_json_string(w->buf, text);
        break;
    case WRITER_METRICS:
        break;
    }
}

void writer_string(struct writer *w, const char *key, const char *value)
{
    if (value)
        field(w, key, value, NULL, false);
    else
        writer_null(w, key);
}

void writer_word(struct writer *w, const char *key, const char *value)
{
    field(w, key, value, NULL, true);
}

void writer_uint(struct writer *w, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    field(w, key, text, text, false);
}

void writer_int(struct writer *w, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    field(w, key, text, text, false);
}

void writer_bool(struct writer *w, const char *key, bool value)
{
    field(w, key, value ? "yes" : "no", value ? "true" : "false", false);
}

void writer_null(struct writer *w, const char *key)
{
    field(w, key, "-", "null", false);
}

static void decimal(char *text, size_t size, uint64_t value, unsigned digits)
{
    uint64_t scale = 1;
    assert(digits <= 9);
    for (unsigned i = 0; i < digits; i++)
        scale *= 10;
    if (digits == 0)
        snprintf(text, size, "%" PRIu64, value);
    else
        snprintf(text, size, "%" PRIu64 ".%0*" PRIu64, value / scale, (int)digits, value % scale);
}

void writer_decimal(struct writer *w, const char *key, uint64_t value, unsigned digits)
{
    char text[40];
    decimal(text, sizeof(text), value, digits);
    field(w, key, text, text, false);
}

void writer_programs_only(struct writer *w, bool on)
{
    w->quiet = on;
}

void writer_note(struct writer *w, const char *text)
{
    if (w->form != WRITER_TEXT)
        return;
    w->begun = true;
    writer_text_safe(w->buf, text);
    writer_buf_puts(w->buf, "\n");
}

void writer_raw(struct writer *w, const char *text)
{
    if (w->form == WRITER_TEXT)
        writer_text_safe(w->buf, text);
}

/* ---- metrics --------------------------------------------------------------------------- */

void writer_family(struct writer *w, const char *name, const char *type, const char *help)
{
    snprintf(w->family, sizeof(w->family), "%s", name);
    for (char *c = w->family; *c; c++) {
        if (*c == '-')
            *c = '_';
    }
    w->family_type = type;
    w->family_help = help;
    if (w->form == WRITER_METRICS)
        writer_metrics_family(w);
}

void writer_sample(struct writer *w, const struct writer_label *labels, unsigned count,
                   uint64_t value, unsigned digits)
{
    char text[40];
    assert(w->family_type);
    decimal(text, sizeof(text), value, digits);
    if (w->form == WRITER_METRICS) {
        writer_metrics_sample(w, labels, count, text);
        return;
    }
    writer_object(w, NULL);
    writer_string(w, "name", w->family);
    writer_string(w, "type", w->family_type);
    writer_string(w, "help", w->family_help);
    writer_array(w, "labels", NULL, 0);
    for (unsigned i = 0; i < count; i++) {
        writer_object(w, NULL);
        writer_string(w, "name", labels[i].name);
        writer_string(w, "value", labels[i].value);
        writer_end_object(w);
    }
    writer_end_array(w);
    field(w, "value", text, text, false);
    writer_end_object(w);
}
