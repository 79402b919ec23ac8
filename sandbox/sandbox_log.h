/* SPDX-License-Identifier: ISC */
/*
 * Where log lines go when that is not a terminal: syslog(3)'s socket, or the journal of systemd in
 * its own protocol, with a field for each value. Not by libc's syslog(): it makes a new socket when
 * the log daemon was restarted, and a daemon that has enclosed itself can make none. The one socket
 * here is made at the start and names its receiver with each line. One log per process.
 */
#ifndef SANDBOX_SANDBOX_LOG_H
#define SANDBOX_SANDBOX_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Make the socket, unless it is there. |name| is the program's, a constant. */
void sandbox_log_open(const char *name);

/* True if standard error is the journal's, as it is for a service. */
bool sandbox_log_is_journal(void);

/* |priority| is one of syslog(3). False if nobody has taken the line. */
bool sandbox_log_syslog(int priority, const char *line);

/*
 * |line| becomes MESSAGE, |event| RPLD_EVENT, and each `key=value` or `key="value"` of |values| a
 * field RPLD_KEY. False if the journal has not taken it.
 */
bool sandbox_log_journal(int priority, const char *line, const char *event, const char *values);

/* The fields of |values| as the journal wants them, "RPLD_KEY=value" and a line feed each, cut at
 * whole fields. Returns the length. */
size_t sandbox_log_fields(const char *values, char *out, size_t size);

#endif /* SANDBOX_SANDBOX_LOG_H */
