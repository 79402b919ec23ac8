/* SPDX-License-Identifier: ISC */
/* Text for people: lines `label  value`, tables with aligned columns, one-line events. */
#include "rpld/writer.h"

#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH 18

static struct writer_level *level_at(struct writer *w, unsigned up)
{
    return &w->level[w->depth - 1 - up];
}

static unsigned characters(const char *s, size_t len)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    return n;
}

static void spaces(struct writer_buf *buf, unsigned n)
{
    while (n-- > 0)
        writer_buf_puts(buf, " ");
}

/* One character of |s| as a terminal may see it; *ret_len is what was taken. */
static const char *safe_char(const unsigned char *s, unsigned *ret_len)
{
    unsigned len = writer_utf8(s);
    *ret_len = len ? len : 1;
    /* C0, DEL and, as two octets, C1 would be commands to the terminal. */
    bool control = *s < 0x20 || *s == 0x7f || (*s == 0xc2 && len == 2 && s[1] < 0xa0);
    return len == 0 || control ? "?" : NULL;
}

void writer_text_safe(struct writer_buf *buf, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        unsigned len;
        const char *instead = safe_char(s, &len);
        if (instead)
            writer_buf_puts(buf, instead);
        else
            writer_buf_add(buf, s, len);
        s += len;
    }
}

/* Append to the row's scratch, whole characters only; what does not fit is left out. */
static void row_add(struct writer *w, struct writer_cell *cell, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        unsigned len;
        const char *instead = safe_char(s, &len);
        size_t n = instead ? 1 : len;
        if (w->row_len + n > sizeof(w->row))
            return;
        memcpy(w->row + w->row_len, instead ? instead : (const char *)s, n);
        w->row_len += n;
        cell->len += n;
        s += len;
    }
}

static void row_reset(struct writer *w)
{
    w->row_len = 0;
    memset(w->cell, 0, sizeof(w->cell));
}

static int column_find(const struct writer_level *array, const char *key)
{
    for (unsigned i = 0; key && i < array->columns; i++) {
        if (strcmp(array->column[i].key, key) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- lines ------------------------------------------------------------------------------ */

static void label(struct writer *w, const char *key)
{
    unsigned n = 0;
    for (const char *c = key; *c; c++, n++)
        writer_buf_add(w->buf, *c == '_' ? " " : c, 1);
    spaces(w->buf, n < LABEL_WIDTH ? LABEL_WIDTH - n : 1);
}

static void pair(struct writer *w, const char *key, const char *value, bool word)
{
    if (level_at(w, 0)->count > 1)
        writer_buf_puts(w->buf, " ");
    if (!word) {
        writer_buf_puts(w->buf, key);
        writer_buf_puts(w->buf, "=");
    }
    bool quote = !word && (*value == '\0' || strchr(value, ' '));
    if (quote)
        writer_buf_puts(w->buf, "\"");
    writer_text_safe(w->buf, value);
    if (quote)
        writer_buf_puts(w->buf, "\"");
}

static void cell_value(struct writer *w, const char *value)
{
    if (w->cell_column < 0)
        return;
    struct writer_cell *cell = &w->cell[w->cell_column];
    if (cell->len > 0)
        row_add(w, cell, ", ");
    row_add(w, cell, value);
}

void writer_text_value(struct writer *w, const char *key, const char *value, bool word)
{
    struct writer_level *level = level_at(w, 0);
    level->count++;
    switch (level->scope) {
    case WRITER_DOCUMENT:
    case WRITER_BLOCK:
        label(w, key);
        writer_text_safe(w->buf, value);
        writer_buf_puts(w->buf, "\n");
        break;
    case WRITER_LINE:
        pair(w, key, value, word);
        break;
    case WRITER_ARRAY:
        writer_note(w, value);
        break;
    case WRITER_ROW: {
        int column = column_find(level_at(w, 1), key);
        if (column >= 0) {
            w->cell[column].start = w->row_len;
            row_add(w, &w->cell[column], value);
        }
        break;
    }
    case WRITER_CELL_ARRAY:
        cell_value(w, value);
        break;
    case WRITER_CELL_OBJECT:
        if (level->count == 1)
            cell_value(w, value);
        break;
    }
}

/* ---- tables ----------------------------------------------------------------------------- */

void writer_text_array(struct writer *w, const char *key)
{
    struct writer_level *level = level_at(w, 0);
    if (level->scope != WRITER_CELL_ARRAY)
        return;
    switch (level_at(w, 1)->scope) {
    case WRITER_ROW:
        w->cell_column = w->quiet ? -1 : column_find(level_at(w, 2), key);
        if (w->cell_column >= 0)
            w->cell[w->cell_column].start = w->row_len;
        break;
    case WRITER_BLOCK:
    case WRITER_LINE:
        w->cell_column = w->quiet ? -1 : 0;
        w->cell_key = key;
        row_reset(w);
        break;
    case WRITER_DOCUMENT:
    case WRITER_ARRAY:
    case WRITER_CELL_ARRAY:
    case WRITER_CELL_OBJECT:
        break;
    }
}

/* A joined value is complete: a row keeps it, a block or line shows it. */
static void end_cell(struct writer *w)
{
    struct writer_level *outer = level_at(w, 1);
    if (outer->scope == WRITER_CELL_ARRAY || outer->scope == WRITER_CELL_OBJECT)
        return;
    if (w->cell_column >= 0 && outer->scope != WRITER_ROW) {
        char value[WRITER_ROW_MAX + 1];
        memcpy(value, w->row, w->row_len);
        value[w->row_len] = '\0';
        w->depth--;
        writer_text_value(w, w->cell_key, w->row_len ? value : "-", false);
        w->depth++;
    }
    w->cell_column = -1;
}

void writer_text_end_array(struct writer *w)
{
    struct writer_level *level = level_at(w, 0);
    if (level->scope == WRITER_CELL_ARRAY) {
        end_cell(w);
    } else if (level->count == 0 && !w->quiet) {
        writer_buf_puts(w->buf, "no ");
        for (const char *c = w->array_key; *c; c++)
            writer_buf_add(w->buf, *c == '_' ? " " : c, 1);
        writer_buf_puts(w->buf, "\n");
    }
}

static void header(struct writer *w, const struct writer_level *array)
{
    unsigned pad = 0;
    for (unsigned i = 0; i < array->columns; i++) {
        const struct writer_column *column = &array->column[i];
        unsigned n = (unsigned)strlen(column->title);
        if (n > 0) {
            spaces(w->buf, pad);
            writer_buf_puts(w->buf, column->title);
            pad = 0;
        }
        pad += n < column->width ? column->width - n + 1 : 1;
    }
    writer_buf_puts(w->buf, "\n");
}

/* An object of a document's array begins. */
void writer_text_element(struct writer *w)
{
    struct writer_level *array = level_at(w, 0);
    if (!array->column) {
        if (w->begun)
            writer_buf_puts(w->buf, "\n");
        return;
    }
    if (array->count == 0)
        header(w, array);
    row_reset(w);
}

void writer_text_row(struct writer *w)
{
    const struct writer_level *array = level_at(w, 1);
    unsigned pad = 0;
    for (unsigned i = 0; i < array->columns; i++) {
        const struct writer_cell *cell = &w->cell[i];
        unsigned n = characters(w->row + cell->start, cell->len);
        unsigned width = array->column[i].width;
        if (cell->len > 0) {
            spaces(w->buf, pad);
            writer_buf_add(w->buf, w->row + cell->start, cell->len);
            pad = 0;
        }
        pad += n < width ? width - n + 1 : 1;
    }
    writer_buf_puts(w->buf, "\n");
}
