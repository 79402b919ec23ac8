/* SPDX-License-Identifier: ISC */
/*
 * The daemon's log: one line per event, `room: text key=value ...`, to stderr or to syslog.
 *
 * Every event is limited on its own by a token bucket, so that a hostile neighbour can fill
 * no disk and drown no other event; when lines of an event were held back, the next one that
 * passes ends in ` suppressed=N`. The event is the constant text of the line; what varies
 * comes as key=value behind it.
 *
 * The log is the one thing in this program that is global: everything may have to say
 * something. The limiter itself (struct log_limit) is pure and takes the time as a number.
 */
#ifndef RPLD_LOG_H
#define RPLD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

#define LOG_LINE_MAX 1024
#define LOG_REASONS 128           /* events limited one by one; the rest share one bucket */
#define LOG_BURST 30              /* lines of one event at once ... */
#define LOG_INTERVAL_US 10000000u /* ... then one each 10 s */

struct log_bucket {
    const char *event; /* borrowed: a string constant */
    uint64_t last;     /* us: when tokens were counted last */
    uint32_t tokens;
    uint64_t suppressed; /* lines held back since the last one that passed */
};

struct log_limit {
    struct log_bucket bucket[LOG_REASONS + 1]; /* the last one is shared */
    unsigned used;
};

/* True if a line of |event| may be written at |now| (us). Then *ret_suppressed is how many of
 * it were held back before. |event| must live as long as |limit|. */
bool log_limit_pass(struct log_limit *limit, const char *event, uint64_t now,
                    uint64_t *ret_suppressed);

/* Takes out one event that has lines held back and a token to tell it with; false if none. */
bool log_limit_report(struct log_limit *limit, uint64_t now, const char **ret_event,
                      uint64_t *ret_suppressed);

/* ---- the log of this process ------------------------------------------------------- */

/* May be called again. Before the first call, lines of level notice go to stderr. */
void log_open(enum conf_log_to to, enum conf_log_level level);
void log_level_set(enum conf_log_level level);
enum conf_log_level log_level_get(void);

/* Write `EVENT FORMATTED...` at |level|; |event| is a string constant `room: text`, |format|
 * gives its keys and values, "" for none. Keeps errno. */
__attribute__((format(printf, 3, 4))) void log_event(enum conf_log_level level, const char *event,
                                                     const char *format, ...);

/* Says what was held back of events that have fallen silent; call now and then. */
void log_housekeeping(void);

/* Lines held back since the start. */
uint64_t log_suppressed(void);

#define log_error(event, ...) log_event(CONF_LOG_ERROR, event, __VA_ARGS__)
#define log_warning(event, ...) log_event(CONF_LOG_WARNING, event, __VA_ARGS__)
#define log_notice(event, ...) log_event(CONF_LOG_NOTICE, event, __VA_ARGS__)
#define log_info(event, ...) log_event(CONF_LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_event(CONF_LOG_DEBUG, event, __VA_ARGS__)

#endif /* RPLD_LOG_H */
