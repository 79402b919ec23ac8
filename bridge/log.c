/* SPDX-License-Identifier: ISC */
#include "bridge/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define REASONS 64 /* formats limited one by one; the rest share the last */
#define BURST 30
#define INTERVAL_S 10
#define LINE_MAX_LEN 1024

struct bucket {
    const char *format;
    time_t last;
    unsigned tokens;
    unsigned long suppressed;
};

static struct {
    enum bconf_log_to to;
    enum bconf_log_level level;
    struct bucket buckets[REASONS];
    size_t used;
} the_log = {.level = BCONF_LOG_INFO};

void brg_log_open(enum bconf_log_to to, enum bconf_log_level level)
{
    the_log.to = to;
    the_log.level = level;
    if (to == BCONF_LOG_SYSLOG) {
        openlog("rpld-bridge", LOG_PID | LOG_NDELAY, LOG_DAEMON);
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

void brg_log(enum bconf_log_level level, const char *format, ...)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    struct bucket *bucket;
    char line[LINE_MAX_LEN];
    char held[48] = "";
    int saved = errno;
    va_list args;

    if (level > the_log.level) {
        return;
    }
    bucket = bucket_for(format);
    if (may_pass(bucket)) {
        if (bucket->suppressed > 0) {
            (void)snprintf(held, sizeof(held), " suppressed=%lu", bucket->suppressed);
            bucket->suppressed = 0;
        }
        va_start(args, format);
        (void)vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        for (char *c = line; *c != '\0'; c++) {
            if ((unsigned char)*c < 0x20 || *c == 0x7f) {
                *c = '?';
            }
        }
        if (the_log.to == BCONF_LOG_SYSLOG) {
            syslog(priorities[level], "%s%s", line, held);
        } else {
            (void)fprintf(stderr, "rpld-bridge: %s%s\n", line, held);
        }
    }
    errno = saved;
}
