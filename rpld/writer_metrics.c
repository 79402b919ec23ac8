/* SPDX-License-Identifier: ISC */
/* OpenMetrics text, version 1.0.0: families with TYPE and HELP, samples, and an EOF line. */
#include "rpld/writer.h"

#include <string.h>

/* Label values and help texts escape the backslash, the quote and the line feed. */
static void escaped(struct writer_buf *buf, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        unsigned len = writer_utf8(s);
        if (len == 0) {
            writer_buf_puts(buf, "\xef\xbf\xbd");
            len = 1;
        } else if (*s == '\n') {
            writer_buf_puts(buf, "\\n");
        } else if (*s == '"') {
            writer_buf_puts(buf, "\\\"");
        } else if (*s == '\\') {
            writer_buf_puts(buf, "\\\\");
        } else {
            writer_buf_add(buf, s, len);
        }
        s += len;
    }
}

void writer_metrics_family(struct writer *w)
{
    writer_buf_puts(w->buf, "# TYPE ");
    writer_buf_puts(w->buf, w->family);
    writer_buf_puts(w->buf, " ");
    writer_buf_puts(w->buf, w->family_type);
    writer_buf_puts(w->buf, "\n# HELP ");
    writer_buf_puts(w->buf, w->family);
    writer_buf_puts(w->buf, " ");
    escaped(w->buf, w->family_help);
    writer_buf_puts(w->buf, "\n");
}

void writer_metrics_sample(struct writer *w, const struct writer_label *labels, unsigned count,
                           const char *value)
{
    writer_buf_puts(w->buf, w->family);
    if (strcmp(w->family_type, "counter") == 0)
        writer_buf_puts(w->buf, "_total");
    for (unsigned i = 0; i < count; i++) {
        writer_buf_puts(w->buf, i == 0 ? "{" : ",");
        writer_buf_puts(w->buf, labels[i].name);
        writer_buf_puts(w->buf, "=\"");
        escaped(w->buf, labels[i].value);
        writer_buf_puts(w->buf, "\"");
    }
    if (count > 0)
        writer_buf_puts(w->buf, "}");
    writer_buf_puts(w->buf, " ");
    writer_buf_puts(w->buf, value);
    writer_buf_puts(w->buf, "\n");
}
