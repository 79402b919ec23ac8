/* SPDX-License-Identifier: ISC */
/* What `rplctl doctor` says of the bench: for the rows that want somebody to be warned. */
#ifndef TESTS_CONFORMANCE_DOCTOR_H
#define TESTS_CONFORMANCE_DOCTOR_H

#include <stdbool.h>

/* Whether the check |name| finds fault; the test fails if there is no such check. |lowpan|: the
 * interface of the bench is an 802.15.4 one. */
bool doctor_warns(const char *name, bool lowpan);
/* Whether there is such a check at all. */
bool doctor_has(const char *name, bool lowpan);

#endif /* TESTS_CONFORMANCE_DOCTOR_H */
