/* SPDX-License-Identifier: ISC */
/*
 * Whether a node that sleeps is still there. It is never asked; it speaks when it wakes up, and its
 * route may live for a day after its battery has died. So how long it is silent between two words
 * is learned, and one that is silent for twice as long is told to be offline until it speaks.
 */
#include "bridge/core_internal.h"

#define SAME_WAKE (10 * BRG_SEC) /* what it says within that time it says in one go */
#define GRACE (30 * BRG_SEC)
#define LEARNED 3 /* pauses that have to be known */
#define FORGET 32 /* a rare long pause is half forgotten after some twenty usual ones */

bool brg_node_available(const struct node *node)
{
    return node->online && !node->overdue;
}

static void tell(struct brg_core *core, struct node *node, bool overdue)
{
    node->overdue = overdue;
    node->announced = brg_publish_availability(core, node) == 0;
    brg_tell(core, node, TELL_INFO | TELL_DEVICES);
    brg_trace(core, overdue ? BRG_TRACE_OFFLINE : BRG_TRACE_ONLINE, node, NULL, 0);
}

static brg_tstamp due_of(const struct node *node)
{
    if (!node->sleepy || !node->online || node->overdue || node->n_pauses < LEARNED) {
        return BRG_NEVER;
    }
    return node->heard_at + 2 * node->pause_s * BRG_SEC + GRACE;
}

static void look_at(struct brg_core *core, brg_tstamp due)
{
    if (due != BRG_NEVER &&
        (!core->checkin_alarm.timer.armed || due < core->checkin_alarm.timer.deadline)) {
        brg_alarm_set(core, &core->checkin_alarm, due, false);
    }
}

void brg_checkin_due(struct brg_core *core, const struct brg_now *now)
{
    brg_tstamp next = BRG_NEVER;
    struct node *node;

    for (node = brg_node_from(core, NULL); node != NULL; node = brg_node_next(node)) {
        brg_tstamp due = due_of(node);

        if (due <= now->mono) {
            tell(core, node, true);
        } else if (due < next) {
            next = due;
        }
    }
    look_at(core, next);
}

/* The longest pause of late, which is more than 95 of a hundred. */
static void learn(struct node *node, uint32_t pause_s)
{
    if (node->overdue && pause_s > 2 * node->pause_s) {
        pause_s = 2 * node->pause_s; /* it was away, and will not be that long as a rule */
    }
    if (pause_s >= node->pause_s) {
        node->pause_s = pause_s;
    } else {
        node->pause_s -= (node->pause_s - pause_s) / FORGET;
    }
    if (node->n_pauses < LEARNED) {
        node->n_pauses++;
    }
}

void brg_checkin_heard(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    if (!node->sleepy) {
        return;
    }
    if (node->heard_at != 0 && now->mono - node->heard_at >= SAME_WAKE) {
        learn(node, (uint32_t)((now->mono - node->heard_at) / BRG_SEC));
    }
    node->heard_at = now->mono;
    if (node->overdue) {
        node->overdue = false;
        if (node->online) {
            tell(core, node, false);
        }
    }
    look_at(core, due_of(node));
}
