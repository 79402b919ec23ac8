/* SPDX-License-Identifier: ISC */
#include "bridge/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "sandbox/sandbox_log.h"

#define REASONS 64 /* formats limited one by one; the rest share the last */
#define BURST 30
#define INTERVAL_S 10
#define LINE_MAX_LEN 1024
#define HELD_LEN 48 /* for how many were held back */
#define WORD_LEN 512

struct bucket {
    const char *format;
    time_t last;
    unsigned tokens;
    unsigned long suppressed;
};

static struct {
    enum bconf_log_to to;
    enum bconf_log_level level;
    bool journal; /* standard error is the journal's */
    struct bucket buckets[REASONS];
    size_t used;
    brg_log_tee_fn *tee; /* NULL: none */
    void *tee_ctx;
    enum bconf_log_level tee_level;
} the_log = {.level = BCONF_LOG_INFO};

void brg_log_open(enum bconf_log_to to, enum bconf_log_level level)
{
    the_log.to = to;
    the_log.level = level;
    the_log.journal = sandbox_log_is_journal();
    sandbox_log_open("rpld-bridge");
}

void brg_log_tee(brg_log_tee_fn *tee, void *ctx, enum bconf_log_level level)
{
    the_log.tee = tee;
    the_log.tee_ctx = ctx;
    the_log.tee_level = level;
}

static void tee_line(enum bconf_log_level level, const char *line)
{
    brg_log_tee_fn *tee = the_log.tee;

    if (tee != NULL && level <= the_log.tee_level) {
        the_log.tee = NULL; /* no loop */
        tee(the_log.tee_ctx, level, line);
        the_log.tee = tee;
    }
}

static struct bucket *bucket_for(const char *format)
{
    for (size_t i = 0; i < the_log.used; i++) {
        if (the_log.buckets[i].format == format) {
            return &the_log.buckets[i];
        }
    }
    if (the_log.used < REASONS) {
        the_log.buckets[the_log.used] = (struct bucket){.format = format, .tokens = BURST};
        return &the_log.buckets[the_log.used++];
    }
    return &the_log.buckets[REASONS - 1];
}

static bool may_pass(struct bucket *bucket)
{
    struct timespec now = {0};
    time_t earned;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    earned = (now.tv_sec - bucket->last) / INTERVAL_S;
    if (earned > 0) {
        bucket->last = now.tv_sec;
        bucket->tokens =
            earned >= BURST - (time_t)bucket->tokens ? BURST : bucket->tokens + (unsigned)earned;
    }
    if (bucket->tokens == 0) {
        bucket->suppressed++;
        return false;
    }
    bucket->tokens--;
    return true;
}

/* Where the words of |line| end and the first `key=` stands, or where it ends. */
static const char *values_of(const char *line)
{
    for (const char *at = strchr(line, ' '); at != NULL; at = strchr(at + 1, ' ')) {
        size_t key = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_-");

        if (key > 0 && at[1 + key] == '=') {
            return at;
        }
    }
    return line + strlen(line);
}

static bool write_journal(int priority, const char *line)
{
    const char *values = values_of(line);
    char event[128];

    (void)snprintf(event, sizeof(event), "%.*s", (int)(values - line), line);
    return sandbox_log_journal(priority, line, event, values);
}

static void write_line(int priority, const char *line)
{
    if (the_log.to == BCONF_LOG_SYSLOG) {
        (void)sandbox_log_syslog(priority, line); /* without a receiver nobody listens */
    } else if (!the_log.journal || !write_journal(priority, line)) {
        (void)fprintf(stderr, "rpld-bridge: %s\n", line);
    }
}

const char *brg_log_word(const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static char word[WORD_LEN];
    size_t len = 0;

    for (; *text != '\0' && len < sizeof(word) - 3; text++) {
        uint8_t octet = (uint8_t)*text;

        if (octet <= 0x20 || octet == 0x7f || octet == '"') {
            word[len++] = '%';
            word[len++] = digits[octet >> 4];
            word[len++] = digits[octet & 15];
        } else {
            word[len++] = *text;
        }
    }
    word[len] = '\0';
    return word;
}

void brg_log(enum bconf_log_level level, const char *format, ...)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    struct bucket *bucket;
    char line[LINE_MAX_LEN];
    unsigned long held;
    size_t len;
    int saved = errno;
    va_list args;

    if (level > the_log.level) {
        return;
    }
    bucket = bucket_for(format);
    if (may_pass(bucket)) {
        held = bucket->suppressed;
        bucket->suppressed = 0;
        va_start(args, format);
        (void)vsnprintf(line, sizeof(line) - HELD_LEN, format, args);
        va_end(args);
        if (held > 0) {
            len = strlen(line);
            (void)snprintf(line + len, sizeof(line) - len, " suppressed=%lu", held);
        }
        for (char *c = line; *c != '\0'; c++) {
            if ((unsigned char)*c < 0x20 || *c == 0x7f) {
                *c = '?';
            }
        }
        write_line(priorities[level], line);
        tee_line(level, line);
    }
    errno = saved;
}
