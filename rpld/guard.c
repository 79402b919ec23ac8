/* SPDX-License-Identifier: ISC */
#include "rpld/guard.h"

#include <errno.h>
#include <string.h>

#include "rpld/log.h"

#define GUARD_DELAY RPL_MS(50)   /* a firewall that is loaded anew comes in several changes */
#define GUARD_PAUSE RPL_MS(1000) /* between two looks, whatever others do to the rules */

void guard_init(struct guard *guard, struct krt *krt)
{
    memset(guard, 0, sizeof(*guard));
    guard->krt = krt;
    guard->due = RPL_NEVER;
}

void guard_add(struct guard *guard, const char *name)
{
    if (guard->count < sizeof(guard->names) / sizeof(guard->names[0]))
        guard->names[guard->count++] = name;
}

static void guard_complain(int error)
{
    if (error == EEXIST)
        log_warning("firewall: source routes from outside are not kept out",
                    "because=\"a table ip6 " KRT_GUARD_TABLE
                    " is somebody else's\" mend=\"nft delete table ip6 " KRT_GUARD_TABLE "\"");
    else
        log_warning("firewall: source routes from outside are not kept out",
                    "error=\"%s\" mend=\"modprobe nf_tables, or firewall = off\"", strerror(error));
}

static void guard_set(struct guard *guard, rpl_tstamp now)
{
    int r = krt_guard_set(guard->krt, guard->names, guard->count);

    guard->looked = now;
    if (r < 0 && r != guard->stands)
        guard_complain(-r);
    else if (r == 0)
        log_info("firewall: source routes from outside are kept out",
                 "table=\"ip6 " KRT_GUARD_TABLE "\"");
    guard->stands = r < 0 ? r : 1;
}

void guard_configure(struct guard *guard, bool on, rpl_tstamp now)
{
    if (on && guard->stands <= 0)
        guard_set(guard, now);
    else if (!on)
        guard_stop(guard);
    guard->on = on;
}

/* What the table that is gone had counted, as far as it was seen. */
static void guard_settle(struct guard *guard)
{
    guard->base.entering += guard->seen.entering;
    guard->base.leaving += guard->seen.leaving;
    guard->seen = (struct krt_guard){0};
}

void guard_stop(struct guard *guard)
{
    int r = krt_guard_del(guard->krt);

    /* Where there are no tables, none is left behind. */
    if (r < 0 && guard->stands > 0)
        log_warning("firewall: a table is left behind",
                    "error=\"%s\" mend=\"nft delete table ip6 " KRT_GUARD_TABLE "\"", strerror(-r));
    guard_settle(guard);
    guard->stands = 0;
    guard->due = RPL_NEVER;
}

void guard_touch(struct guard *guard, rpl_tstamp now)
{
    rpl_tstamp free = guard->looked + GUARD_PAUSE;

    if (guard->on && guard->due == RPL_NEVER)
        guard->due = now + GUARD_DELAY > free ? now + GUARD_DELAY : free;
}

rpl_tstamp guard_deadline(const struct guard *guard)
{
    return guard->due;
}

void guard_turn(struct guard *guard, rpl_tstamp now)
{
    if (now < guard->due)
        return;
    guard->due = RPL_NEVER;
    if (guard->stands > 0) {
        int r = krt_guard_get(guard->krt, &guard->seen);

        guard->looked = now;
        if (r != -ENOENT)
            return;
        log_notice("firewall: somebody has taken our table away, it is put back",
                   "table=\"ip6 " KRT_GUARD_TABLE "\"");
        guard_settle(guard);
    }
    guard_set(guard, now);
}

void guard_dropped(struct guard *guard, rpl_tstamp now, struct krt_guard *ret_dropped)
{
    /* A listing of all counters asks for each. */
    if (guard->stands > 0 && guard->looked != now) {
        if (krt_guard_get(guard->krt, &guard->seen) == -ENOENT)
            guard_touch(guard, now);
        guard->looked = now;
    }
    ret_dropped->entering = guard->base.entering + guard->seen.entering;
    ret_dropped->leaving = guard->base.leaving + guard->seen.leaving;
}
