/* SPDX-License-Identifier: ISC */
/*
 * One writer with three outputs: text for people, JSON for programs, OpenMetrics for
 * monitoring. A view says once what there is to say; the form decides how it looks.
 *
 *     writer_begin(w);                              JSON: {"schema":1
 *     writer_array(w, "nodes", columns, 2);         text: a table with these columns
 *         writer_object(w, NULL);
 *         writer_string(w, "address", "fd00::2");
 *         writer_end_object(w);
 *     writer_end_array(w);
 *     writer_end(w);                                JSON: }
 *
 * JSON takes every field. A text table shows only the columns it was given (so more fields may
 * be added for programs alone), aligned as far as values keep to the column's width: rows leave
 * at once, a table of any length needs no memory. An array of objects without columns is shown
 * as blocks of `label  value` lines. In a table or block, a nested array becomes one
 * value, its elements joined by commas, and of a nested object only the first field is shown.
 *
 * OpenMetrics takes families and samples only, and ignores the rest.
 *
 * Strings may hold anything: JSON escapes, text replaces control characters (a terminal must
 * not obey them), both replace octets that are not UTF-8.
 */
#ifndef RPLD_WRITER_H
#define RPLD_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WRITER_SCHEMA 1
#define WRITER_DEPTH_MAX 8
#define WRITER_COLUMNS_MAX 12
#define WRITER_ROW_MAX 4096

/* ---- a buffer that grows up to a limit ---------------------------------------------- */

struct writer_buf {
    char *data;
    size_t len, size;
    size_t max;  /* never larger than this; 0 = refuse everything */
    bool failed; /* sticky: no memory, or the limit was met; what was added is incomplete */
};

void writer_buf_init(struct writer_buf *buf, size_t max);
void writer_buf_free(struct writer_buf *buf);
void writer_buf_add(struct writer_buf *buf, const void *data, size_t len);
void writer_buf_puts(struct writer_buf *buf, const char *s);
/* Drop |len| octets at the front. */
void writer_buf_consume(struct writer_buf *buf, size_t len);

/* ---- the writer --------------------------------------------------------------------- */

enum writer_form { WRITER_TEXT, WRITER_JSON, WRITER_METRICS };

struct writer_column {
    const char *key;   /* the field shown here */
    const char *title; /* its heading */
    unsigned width;    /* in characters; the last column needs none */
};

enum writer_scope {
    WRITER_DOCUMENT,
    WRITER_LINE,  /* a document that is one line: key=value in text */
    WRITER_BLOCK, /* an object of an array without columns */
    WRITER_ROW,   /* an object of an array with columns */
    WRITER_ARRAY,
    WRITER_CELL_ARRAY, /* inside of a block, row or line: joined into one value */
    WRITER_CELL_OBJECT /* inside of that: its first field stands for it */
};

struct writer_level {
    enum writer_scope scope;
    const struct writer_column *column;
    unsigned columns;
    unsigned count; /* fields or elements so far */
};

struct writer_cell {
    size_t start, len;
};

struct writer {
    enum writer_form form;
    struct writer_buf *buf; /* borrowed */
    bool quiet;             /* see writer_programs_only() */
    bool begun;             /* text: something was shown */
    unsigned depth;
    struct writer_level level[WRITER_DEPTH_MAX];
    const char *array_key; /* of the outermost open array */
    /* text tables: the row being filled */
    int cell_column; /* where nested values go; -1 = nowhere */
    const char *cell_key;
    size_t row_len;
    struct writer_cell cell[WRITER_COLUMNS_MAX];
    char row[WRITER_ROW_MAX];
    /* metrics: the open family */
    const char *family_type;
    const char *family_help;
    char family[96];
};

/* The writer borrows |buf|. */
void writer_init(struct writer *w, enum writer_form form, struct writer_buf *buf);

void writer_begin(struct writer *w);
void writer_begin_line(struct writer *w);
void writer_end(struct writer *w);

/* |columns| NULL: blocks. The columns are borrowed until writer_end_array(). */
void writer_array(struct writer *w, const char *key, const struct writer_column *columns,
                  unsigned count);
void writer_end_array(struct writer *w);

/* |key| NULL inside of an array. */
void writer_object(struct writer *w, const char *key);
void writer_end_object(struct writer *w);

/* Fields; |key| NULL inside of an array. A NULL string is null. */
void writer_string(struct writer *w, const char *key, const char *value);
void writer_uint(struct writer *w, const char *key, uint64_t value);
void writer_int(struct writer *w, const char *key, int64_t value);
void writer_bool(struct writer *w, const char *key, bool value);
void writer_null(struct writer *w, const char *key);
/* value / 10^digits with all its digits: writer_decimal(w, k, 1250, 3) is 1.250. */
void writer_decimal(struct writer *w, const char *key, uint64_t value, unsigned digits);

/* A field that a text line shows without its key. */
void writer_word(struct writer *w, const char *key, const char *value);

/* While on, fields are left out of text. */
void writer_programs_only(struct writer *w, bool on);

/* Text only: a line for people; |text| as it is, but control characters. */
void writer_note(struct writer *w, const char *text);

/* Text only: a part of a line, with no line feed of its own. */
void writer_raw(struct writer *w, const char *text);

struct writer_label {
    const char *name;
    const char *value;
};

/* Open a family of samples. |name| as OpenMetrics wants it ('-' becomes '_'), without the
 * suffix; |type| "counter" or "gauge"; both and |help| are borrowed until the next. */
void writer_family(struct writer *w, const char *name, const char *type, const char *help);
/* value / 10^digits. */
void writer_sample(struct writer *w, const struct writer_label *labels, unsigned count,
                   uint64_t value, unsigned digits);

/* ---- the outputs' own functions (writer_text.c, writer_json.c, writer_metrics.c) -------- */

void writer_text_value(struct writer *w, const char *key, const char *value, bool word);
void writer_text_array(struct writer *w, const char *key);
void writer_text_end_array(struct writer *w);
void writer_text_element(struct writer *w);
void writer_text_row(struct writer *w);
void writer_text_safe(struct writer_buf *buf, const char *text);
void writer_json_key(struct writer *w, const char *key);
void writer_json_string(struct writer_buf *buf, const char *text);
void writer_metrics_family(struct writer *w);
void writer_metrics_sample(struct writer *w, const struct writer_label *labels, unsigned count,
                           const char *value);

/* Length of the UTF-8 sequence at |s| (terminated), 0 if it is not one. */
unsigned writer_utf8(const unsigned char *s);

#endif /* RPLD_WRITER_H */
