/* SPDX-License-Identifier: ISC */
/*
 * A group's setup and teardown for tests that write files: a folder of their own, in which the
 * process is meanwhile, and which is to be empty at the end.
 */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

#include <stdlib.h>
#include <unistd.h>

static char folder_name[] = "/tmp/rpld-unit.XXXXXX";

static inline int folder_enter(void **state)
{
    (void)state;
    return mkdtemp(folder_name) != NULL && chdir(folder_name) == 0 ? 0 : -1;
}

static inline int folder_leave(void **state)
{
    (void)state;
    return chdir("/") == 0 && rmdir(folder_name) == 0 ? 0 : -1;
}

#endif
