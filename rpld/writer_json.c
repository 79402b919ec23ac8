/* SPDX-License-Identifier: ISC */
/* JSON (RFC 8259). Elements of a document's own arrays stand on lines of their own. */
#include "rpld/writer.h"

#include <stdio.h>

/* What comes before any value: the comma and the key. The count of a level is kept here. */
void writer_json_key(struct writer *w, const char *key)
{
    struct writer_level *level = &w->level[w->depth - 1];
    if (level->count++ > 0)
        writer_buf_puts(w->buf, ",");
    if (level->scope == WRITER_ARRAY)
        writer_buf_puts(w->buf, "\n");
    if (key) {
        writer_json_string(w->buf, key);
        writer_buf_puts(w->buf, ":");
    }
}

void writer_json_string(struct writer_buf *buf, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    writer_buf_puts(buf, "\"");
    while (*s) {
        unsigned len = writer_utf8(s);
        char escape[8];
        if (len == 0) {
            writer_buf_puts(buf, "\xef\xbf\xbd"); /* U+FFFD */
            len = 1;
        } else if (*s == '"' || *s == '\\') {
            snprintf(escape, sizeof(escape), "\\%c", *s);
            writer_buf_puts(buf, escape);
        } else if (*s == '\n') {
            writer_buf_puts(buf, "\\n");
        } else if (*s == '\t') {
            writer_buf_puts(buf, "\\t");
        } else if (*s < 0x20 || *s == 0x7f) {
            snprintf(escape, sizeof(escape), "\\u%04x", *s);
            writer_buf_puts(buf, escape);
        } else {
            writer_buf_add(buf, s, len);
        }
        s += len;
    }
    writer_buf_puts(buf, "\"");
}
