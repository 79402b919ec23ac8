/* SPDX-License-Identifier: ISC */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

void sandbox_enter(const struct sandbox *sandbox, struct sandbox_report *ret_report)
{
    int r;

    memset(ret_report, 0, sizeof(*ret_report));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        ret_report->files_error = ret_report->calls_error = errno;
        return;
    }
    /* The files first: the filter forbids the calls that this takes. */
    r = sandbox_enter_files(sandbox);
    if (r < 0)
        ret_report->files_error = -r;
    else
        ret_report->files = r;
    r = sandbox_enter_calls(sandbox);
    if (r < 0)
        ret_report->calls_error = -r;
    else
        ret_report->calls = true;
}
