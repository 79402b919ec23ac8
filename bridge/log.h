/* SPDX-License-Identifier: ISC */
/*
 * The bridge's log: one line per event, `room: what happened key=value ...`, to standard error
 * or syslog; the journal of systemd has a field for each value. The format string is the reason:
 * each has a bucket of its own (30 lines at once, then one in 10 s), so that a hostile node can
 * neither fill a disk nor drown another event; what was held back is counted in the next line that
 * passes. One log per process.
 */
#ifndef BRIDGE_LOG_H
#define BRIDGE_LOG_H

#include "bridge/bconf.h"

void brg_log_open(enum bconf_log_to to, enum bconf_log_level level);

/*
 * From now on |tee| gets every line of at least this level that passes, without the program's name.
 * What it logs itself, or has logged, is not handed to it. NULL: nobody does.
 */
typedef void brg_log_tee_fn(void *ctx, enum bconf_log_level level, const char *line);

void brg_log_tee(brg_log_tee_fn *tee, void *ctx, enum bconf_log_level level);

/* |format| must be a string constant. Keeps errno. */
__attribute__((format(printf, 2, 3))) void brg_log(enum bconf_log_level level, const char *format,
                                                   ...);

/*
 * |text| as one value of a line, whoever chose it: spaces, quotes and control characters are
 * written %XX, so that no part of it becomes another value, or a field of the journal's. Cut where
 * the room ends; good until the next call.
 */
const char *brg_log_word(const char *text);

#define brg_log_error(...) brg_log(BCONF_LOG_ERROR, __VA_ARGS__)
#define brg_log_warning(...) brg_log(BCONF_LOG_WARNING, __VA_ARGS__)
#define brg_log_info(...) brg_log(BCONF_LOG_INFO, __VA_ARGS__)
#define brg_log_debug(...) brg_log(BCONF_LOG_DEBUG, __VA_ARGS__)

#endif
