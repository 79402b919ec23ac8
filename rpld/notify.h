/* SPDX-License-Identifier: ISC */
/*
 * Telling the service manager how we are: the notification protocol of sd_notify(3), which is
 * one datagram to $NOTIFY_SOCKET, without its library.
 */
#ifndef RPLD_NOTIFY_H
#define RPLD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* True if a service manager started us and wants to be told. */
bool notify_wanted(void);

/* Connect while privileged; without $NOTIFY_SOCKET all of this does nothing. The variables are
 * taken out of the environment. 0 or -errno. */
int notify_open(void);

/*
 * The descriptor store: what a process that died left with its service manager comes back to the
 * next one (FileDescriptorStoreMax= in the unit).
 *
 * notify_fds_take() finds out, once, what was passed, and takes the variables out of the
 * environment. notify_fd() hands out the one called |name|, which is the caller's then: -1 if
 * there is none. notify_fds_close() closes those that nobody wanted.
 */
void notify_fds_take(void);
int notify_fd(const char *name);
void notify_fds_close(void);

/* Leave |fd| with the manager as |name|, or have it forget what it has under that name. Failures
 * are of no consequence. */
void notify_store(int fd, const char *name);
void notify_unstore(const char *name);

/* Send |state|, such as "READY=1\nSTATUS=...". Failures are of no consequence. */
void notify_send(const char *state);

/* How often the watchdog wants to hear from us, seconds (half its limit); 0: never. */
double notify_watchdog(void);

/* True if a service manager listens. */
bool notify_active(void);

#endif /* RPLD_NOTIFY_H */
