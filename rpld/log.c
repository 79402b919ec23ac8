/* SPDX-License-Identifier: ISC */
#include "rpld/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "sandbox/sandbox_log.h"

static struct {
    enum conf_log_to to;
    enum conf_log_level level;
    bool journal; /* stderr is systemd's journal: it adds the time, and reads "<3>" */
    bool fields;  /* and it is this machine's, which takes values as fields */
    struct log_limit limit;
    uint64_t suppressed;
} log_state = {.to = CONF_LOG_STDERR, .level = CONF_LOG_NOTICE};

/* ---- the limiter -------------------------------------------------------------------- */

static struct log_bucket *log_bucket_get(struct log_limit *limit, const char *event)
{
    for (unsigned i = 0; i < limit->used; i++) {
        const char *other = limit->bucket[i].event;

        if (other == event || strcmp(other, event) == 0)
            return &limit->bucket[i];
    }
    if (limit->used == LOG_REASONS) {
        struct log_bucket *shared = &limit->bucket[LOG_REASONS];

        if (!shared->event) {
            shared->event = "log: other events";
            shared->tokens = LOG_BURST;
        }
        return shared;
    }
    struct log_bucket *bucket = &limit->bucket[limit->used++];
    bucket->event = event;
    bucket->tokens = LOG_BURST;
    return bucket;
}

static void log_bucket_refill(struct log_bucket *bucket, uint64_t now)
{
    if (bucket->tokens >= LOG_BURST || now < bucket->last) {
        bucket->last = now;
        return;
    }
    uint64_t more = (now - bucket->last) / LOG_INTERVAL_US;
    if (more >= LOG_BURST - bucket->tokens) {
        bucket->tokens = LOG_BURST;
        bucket->last = now;
    } else {
        bucket->tokens += (uint32_t)more;
        bucket->last += more * LOG_INTERVAL_US;
    }
}

bool log_limit_pass(struct log_limit *limit, const char *event, uint64_t now,
                    uint64_t *ret_suppressed)
{
    struct log_bucket *bucket = log_bucket_get(limit, event);

    log_bucket_refill(bucket, now);
    if (bucket->tokens == 0) {
        bucket->suppressed++;
        return false;
    }
    bucket->tokens--;
    *ret_suppressed = bucket->suppressed;
    bucket->suppressed = 0;
    return true;
}

bool log_limit_report(struct log_limit *limit, uint64_t now, const char **ret_event,
                      uint64_t *ret_suppressed)
{
    for (unsigned i = 0; i <= LOG_REASONS; i++) {
        struct log_bucket *bucket = &limit->bucket[i];

        if (!bucket->event || bucket->suppressed == 0)
            continue;
        log_bucket_refill(bucket, now);
        if (bucket->tokens == 0)
            continue;
        bucket->tokens--;
        *ret_event = bucket->event;
        *ret_suppressed = bucket->suppressed;
        bucket->suppressed = 0;
        return true;
    }
    return false;
}

/* ---- the log ------------------------------------------------------------------------ */

static uint64_t log_now(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static int log_priority(enum conf_log_level level)
{
    switch (level) {
    case CONF_LOG_ERROR:
        return LOG_ERR;
    case CONF_LOG_WARNING:
        return LOG_WARNING;
    case CONF_LOG_NOTICE:
        return LOG_NOTICE;
    case CONF_LOG_INFO:
        return LOG_INFO;
    case CONF_LOG_DEBUG:
        break;
    }
    return LOG_DEBUG;
}

void log_open(enum conf_log_to to, enum conf_log_level level)
{
    log_state.to = to;
    log_state.level = level;
    log_state.journal = getenv("JOURNAL_STREAM") != NULL;
    log_state.fields = sandbox_log_is_journal();
    sandbox_log_open("rpld");
}

void log_level_set(enum conf_log_level level)
{
    log_state.level = level;
}

enum conf_log_level log_level_get(void)
{
    return log_state.level;
}

uint64_t log_suppressed(void)
{
    return log_state.suppressed;
}

static void log_write_stderr(enum conf_log_level level, const char *line)
{
    if (log_state.journal) {
        fprintf(stderr, "<%d>%s\n", log_priority(level), line);
        return;
    }
    struct timespec now = {0};
    struct tm tm = {0};
    char text[32] = "";

    clock_gettime(CLOCK_REALTIME, &now);
    if (localtime_r(&now.tv_sec, &tm))
        strftime(text, sizeof(text), "%H:%M:%S", &tm);
    fprintf(stderr, "%s.%03ld %s %s\n", text, now.tv_nsec / 1000000, conf_log_level_name(level),
            line);
}

/* One event is one line, whatever it carries. */
static void log_clean(char *line)
{
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}

static void log_write(enum conf_log_level level, char *line, const char *event, char *values)
{
    log_clean(line);
    log_clean(values);
    if (log_state.to == CONF_LOG_SYSLOG)
        (void)sandbox_log_syslog(log_priority(level), line); /* without a receiver nobody listens */
    else if (!log_state.fields || !sandbox_log_journal(log_priority(level), line, event, values))
        log_write_stderr(level, line);
}

static size_t log_append(char *line, size_t used, const char *text)
{
    int n = snprintf(line + used, LOG_LINE_MAX - used, "%s", text);

    if (n < 0)
        return used;
    return used + (size_t)n < LOG_LINE_MAX ? used + (size_t)n : LOG_LINE_MAX - 1;
}

void log_event(enum conf_log_level level, const char *event, const char *format, ...)
{
    int saved = errno;
    uint64_t suppressed = 0;

    if (level > log_state.level)
        return;
    if (!log_limit_pass(&log_state.limit, event, log_now(), &suppressed)) {
        log_state.suppressed++;
        errno = saved;
        return;
    }
    char line[LOG_LINE_MAX], values[LOG_LINE_MAX] = "";
    va_list ap;

    va_start(ap, format);
    int n = vsnprintf(values, sizeof(values), format, ap);
    va_end(ap);
    size_t used = log_append(line, 0, event);
    if (n > 0) {
        used = log_append(line, used, " ");
        used = log_append(line, used, values);
    }
    if (suppressed > 0) {
        char held[40];

        snprintf(held, sizeof(held), " suppressed=%llu", (unsigned long long)suppressed);
        log_append(line, used, held);
        log_append(values, strnlen(values, sizeof(values) - 1), held);
    }
    log_write(level, line, event, values);
    errno = saved;
}

void log_housekeeping(void)
{
    const char *event;
    uint64_t suppressed;

    while (log_limit_report(&log_state.limit, log_now(), &event, &suppressed)) {
        char line[LOG_LINE_MAX], held[40];

        snprintf(held, sizeof(held), "suppressed=%llu", (unsigned long long)suppressed);
        snprintf(line, sizeof(line), "%s %s", event, held);
        log_write(CONF_LOG_NOTICE, line, event, held);
    }
}
