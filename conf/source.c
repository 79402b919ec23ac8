/* SPDX-License-Identifier: ISC */
/*
 * A look at the text before libconfig reads it. libconfig 1.5 cuts a number that does not fit
 * its type without a word, reads an @include that is a device or a FIFO for ever, and names no
 * reason when it cannot open one; none of these may happen to a router that reloads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/internal.h"

#define INCLUDE_DEPTH_MAX 9 /* libconfig's own bound is 10 */
#define INCLUDES_MAX 64     /* in all files together */

int conf_source_read(const char *file, char **ret_text, const char **ret_wrong)
{
    struct stat st;
    char *text = NULL;
    size_t len = 0;
    int err = 0, fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        err = errno;
    else if (!S_ISREG(st.st_mode))
        err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    else if (st.st_size > (off_t)CONF_FILE_MAX)
        err = EFBIG;
    else if ((text = malloc(CONF_FILE_MAX + 1)) == NULL)
        err = ENOMEM;
    /* One octet more than allowed shows a file that grew meanwhile. */
    while (err == 0 && len <= CONF_FILE_MAX) {
        ssize_t n = read(fd, text + len, CONF_FILE_MAX + 1 - len);

        if (n == 0)
            break;
        if (n > 0)
            len += (size_t)n;
        else if (errno != EINTR)
            err = errno;
    }
    if (fd >= 0)
        (void)close(fd);
    if (err == 0 && len > CONF_FILE_MAX)
        err = EFBIG;
    if (err == 0 && memchr(text, '\0', len) != NULL)
        err = EINVAL;
    if (err != 0) {
        free(text);
        *ret_wrong = err == EINVAL ? "Not a text file" : strerror(err);
        return -err;
    }
    text[len] = '\0';
    *ret_text = text;
    return 0;
}

void conf_source_include_path(const char *dir, const char *name, char *out, size_t size)
{
    if (name[0] == '/' || strcmp(dir, ".") == 0)
        (void)snprintf(out, size, "%s", name);
    else
        (void)snprintf(out, size, "%s/%s", dir, name);
}

void conf_source_reported_path(const char *dir, const char *name, char *out, size_t size)
{
#if LIBCONFIG_VER_MAJOR > 1 || LIBCONFIG_VER_MINOR >= 7
    bool here = strcmp(dir, ".") == 0 && strncmp(name, "./", 2) == 0;

    (void)snprintf(out, size, "%s", name + (here ? 2 : 0));
#else
    conf_source_include_path(dir, name, out, size);
#endif
}

void conf_source_line(const char *text, uint32_t line, char *out, size_t size)
{
    size_t len = 0;

    for (; line > 1 && *text != '\0'; text++)
        line -= *text == '\n';
    text += strspn(text, " \t");
    len = strcspn(text, "\r\n");
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    (void)snprintf(out, size, "%.*s", (int)(len < size ? len : size), text);
}

char *conf_source_without_includes(const char *text)
{
    char *copy = strdup(text);

    for (char *line = copy; line != NULL && *line != '\0'; line += strcspn(line, "\n")) {
        line += strspn(line, " \t\n");
        if (strncmp(line, "@include", 8) == 0)
            *line = '#';
    }
    return copy;
}

/* ---- the scanner ------------------------------------------------------------------- */

struct scan {
    const char *p;
    const char *file;
    const char *dir;
    uint32_t line;
    unsigned depth;
    unsigned *includes; /* met so far, in all files */
    struct conf_errors *errors;
    unsigned found; /* CONF_SCAN_... */
};

static void scan_text(struct scan *scan);

/* Step over |n| octets and count lines. */
static void skip(struct scan *scan, size_t n)
{
    for (; n > 0; n--, scan->p++)
        scan->line += *scan->p == '\n';
}

/* A string: from its quote to the one that ends it, or to the end of the text. */
static void skip_string(struct scan *scan)
{
    uint32_t line = scan->line;
    char text[CONF_ERROR_VALUE_MAX];

    (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(scan->p, "\n"), scan->p);
    skip(scan, 1);
    while (*scan->p != '\0' && *scan->p != '"')
        skip(scan, scan->p[0] == '\\' && scan->p[1] != '\0' ? 2 : 1);
    if (*scan->p == '"') {
        skip(scan, 1);
        return;
    }
    conf_error_add(scan->errors, scan->file, line, NULL, text,
                   "a string begins here and never ends; close it with a quote");
    scan->found |= CONF_SCAN_STRING;
}

static void skip_block_comment(struct scan *scan)
{
    const char *end = strstr(scan->p + 2, "*/");

    skip(scan, end == NULL ? strlen(scan->p) : (size_t)(end + 2 - scan->p));
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '*';
}

/* True if the number at |p| is an integer that libconfig would cut. *ret_len: its length. */
static bool number_too_big(const char *p, size_t *ret_len)
{
    size_t sign = *p == '-' || *p == '+', digits = 0, end = 0;
    bool hex = p[sign] == '0' && (p[sign + 1] == 'x' || p[sign + 1] == 'X');
    unsigned long long value = 0, limit = 0;
    const char *from = p + sign + (hex ? 2 : 0);

    digits = strspn(from, hex ? "0123456789abcdefABCDEF" : "0123456789");
    end = (size_t)(from - p) + digits;
    *ret_len = end + strspn(p + end, "Ll.eE+-0123456789");
    if (!hex && strcspn(p + end, ".eE") == 0)
        return false;
    errno = 0;
    value = strtoull(from, NULL, hex ? 16 : 10);
    if (p[end] == 'L')
        limit = INT64_MAX;
    else
        limit = hex ? UINT32_MAX : INT32_MAX;
    return errno == ERANGE || value > limit;
}

static void scan_number(struct scan *scan)
{
    size_t len = 0;
    char text[48];

    if (number_too_big(scan->p, &len)) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)(len < 40 ? len : 40), scan->p);
        conf_error_add(scan->errors, scan->file, scan->line, NULL, text,
                       "the number is too large for any setting");
    }
    skip(scan, len);
    while (is_word(*scan->p))
        skip(scan, 1);
}

/* Look into an included file; |directive| is how errors name it. */
static void scan_include_file(struct scan *scan, const char *directive, const char *path)
{
    struct scan inner = *scan;
    const char *wrong = "Included too deep or too often";
    char *text = NULL;
    int err = -ELOOP;

    if (*scan->includes < INCLUDES_MAX && scan->depth < INCLUDE_DEPTH_MAX) {
        *scan->includes += 1;
        err = conf_source_read(path, &text, &wrong);
    }
    if (err < 0) {
        conf_error_add(scan->errors, scan->file, scan->line, directive, NULL,
                       "%s; allowed is " CONF_SOURCE_ALLOWED, wrong);
        scan->found |= CONF_SCAN_INCLUDE;
        return;
    }
    inner.p = text;
    inner.file = path;
    inner.line = 1;
    inner.depth++;
    scan_text(&inner);
    scan->found |= inner.found;
    free(text);
}

/* |name| begins behind the quote of an @include. */
static void scan_include(struct scan *scan, const char *name)
{
    char copy[CONF_ERROR_FILE_MAX], directive[CONF_ERROR_FILE_MAX + 16];
    char path[2 * CONF_ERROR_FILE_MAX];
    size_t len = strcspn(name, "\"\\\n");

    if (name[len] != '"' || len >= sizeof(copy)) {
        conf_error_add(scan->errors, scan->file, scan->line, "@include", NULL,
                       "not a plain file name in quotes of at most %zu characters",
                       sizeof(copy) - 1);
        scan->found |= CONF_SCAN_INCLUDE;
        return;
    }
    (void)snprintf(copy, sizeof(copy), "%.*s", (int)len, name);
    (void)snprintf(directive, sizeof(directive), "@include \"%s\"", copy);
    if (scan->dir == NULL) {
        conf_error_add(scan->errors, scan->file, scan->line, directive, NULL,
                       "only a file can include others");
        scan->found |= CONF_SCAN_INCLUDE;
        return;
    }
    conf_source_include_path(scan->dir, copy, path, sizeof(path));
    scan_include_file(scan, directive, path);
}

/* At the start of a line: an @include as libconfig's lexer knows it. */
static void scan_line_start(struct scan *scan)
{
    const char *p = scan->p + strspn(scan->p, " \t");
    size_t blanks = 0;

    if (strncmp(p, "@include", 8) != 0)
        return;
    blanks = strspn(p + 8, " \t");
    if (blanks == 0 || p[8 + blanks] != '"')
        return; /* libconfig calls it a syntax error */
    scan_include(scan, p + 8 + blanks + 1);
}

/* One token, comment or blank. */
static void scan_token(struct scan *scan)
{
    const char *p = scan->p;
    bool digit = p[0] >= '0' && p[0] <= '9';
    bool sign = (p[0] == '-' || p[0] == '+') && p[1] >= '0' && p[1] <= '9';

    if (p[0] == '"')
        skip_string(scan);
    else if (p[0] == '#' || (p[0] == '/' && p[1] == '/'))
        skip(scan, strcspn(p, "\n"));
    else if (p[0] == '/' && p[1] == '*')
        skip_block_comment(scan);
    else if (digit || sign)
        scan_number(scan);
    else if (is_word(p[0]))
        while (is_word(*scan->p))
            skip(scan, 1);
    else
        skip(scan, 1);
}

static void scan_text(struct scan *scan)
{
    uint32_t seen = 0;

    while (*scan->p != '\0') {
        if (scan->line != seen && (seen == 0 || scan->p[-1] == '\n'))
            scan_line_start(scan);
        seen = scan->line;
        scan_token(scan);
    }
}

unsigned conf_source_scan(const char *text, const char *file, const char *dir,
                          struct conf_errors *errors)
{
    unsigned includes = 0;
    struct scan scan = {
        .p = text, .file = file, .dir = dir, .line = 1, .includes = &includes, .errors = errors};

    scan_text(&scan);
    return scan.found;
}
