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

/* Send |state|, such as "READY=1\nSTATUS=...". Failures are of no consequence. */
void notify_send(const char *state);

/* How often the watchdog wants to hear from us, seconds (half its limit); 0: never. */
double notify_watchdog(void);

#endif /* RPLD_NOTIFY_H */
