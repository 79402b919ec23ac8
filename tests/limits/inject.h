/* SPDX-License-Identifier: ISC */
/*
 * System calls in another process, as if its own code had made them: with its filters, its rights
 * and its view of the files. For trying what a daemon as it runs could be made to do. The process
 * is stopped meanwhile and goes on where it was.
 */
#ifndef TESTS_LIMITS_INJECT_H
#define TESTS_LIMITS_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define INJECT_ROOM 2048 /* octets for arguments */

/* False where this program does not know how: another processor than amd64. */
bool inject_possible(void);

/* Stop |pid|. 0 or -errno. */
int inject_begin(pid_t pid);

/* Let it go on as it was. */
void inject_end(void);

/* Forget the arguments in memory. */
void inject_clear(void);

/* Put |len| octets where the process finds them: their address there. */
long inject_data(const void *data, size_t len);
long inject_text(const char *text);

/* Do the call there. Its result, or -errno; -ENOTRECOVERABLE: the process has died of it. */
long inject_call(long number, long a, long b, long c, long d, long e, long f);

#endif /* TESTS_LIMITS_INJECT_H */
