/* SPDX-License-Identifier: ISC */
/*
 * Group commit: what came in lately is written in one transaction, and only then acknowledged.
 *
 * A notification, the observation it belongs to (its token, number and message ID) and how far the
 * broker has acknowledged go into the same transaction, so that a process that comes later
 * recognises exactly what was kept. What could not be written is not acknowledged, unless the
 * broker has it by now, or the configuration puts up with memory.
 */
#include "bridge/core_internal.h"

#include <string.h>

#define COMMIT_WAIT (30 * BRG_MSEC) /* and as long as the loop takes to look, 20 ms at most */
#define LAZY_WAIT (200 * BRG_MSEC)  /* nobody waits for an acknowledgement */
#define RETRY_WAIT BRG_SEC
#define DONE_WAIT BRG_SEC
#define STATES_WAIT (10 * BRG_SEC)

void brg_core_attach(struct brg_core *core, const struct brg_store *store)
{
    core->store = store;
}

/* --- observations --------------------------------------------------------------------------- */

void brg_keep_unsaved(struct brg_core *core, struct resource *res)
{
    if (core->store != NULL && !res->is_unsaved) {
        res->is_unsaved = true;
        TAILQ_INSERT_TAIL(&core->unsaved, res, unsaved);
    }
}

void brg_keep_changed(struct brg_core *core, struct resource *res)
{
    if (res->observing) {
        brg_keep_unsaved(core, res);
    }
}

void brg_keep_observation(struct brg_core *core, struct resource *res,
                          const struct coap_effect *effect)
{
    res->registration = (struct coap_registration){
        .seq = effect->seq,
        .digest = effect->digest,
        .max_age_s = effect->max_age_s,
        .mid = effect->mid,
    };
    memcpy(res->registration.token, effect->token, sizeof(effect->token));
    brg_keep_unsaved(core, res);
}

void brg_keep_no_observation(struct brg_core *core, struct resource *res)
{
    if (res->is_saved) {
        brg_keep_unsaved(core, res);
    }
}

void brg_keep_forget(struct brg_core *core, struct resource *res)
{
    if (res->is_unsaved) {
        TAILQ_REMOVE(&core->unsaved, res, unsaved);
        res->is_unsaved = false;
    }
}

static int observation_write(const struct brg_store *store, const struct resource *res)
{
    struct brg_observation observation = {
        .eui64 = res->node->eui64,
        .path = res->path,
        .topic = res->topic,
        .rt = res->rt,
        .ifs = res->ifs,
        .format = brg_resource_format(res),
        .shape = res->shape,
        .event = res->event,
        .writable = res->writable,
        .registration = res->registration,
    };

    if (!res->observing) {
        return store->forget(store->ctx, res->node->eui64, res->path);
    }
    memcpy(observation.ip, res->node->ip, sizeof(observation.ip));
    return store->observe(store->ctx, &observation);
}

/* --- acknowledgements ----------------------------------------------------------------------- */

/* The message of this effect was not kept: the observation is as it was before it. */
static void observation_undo(struct brg_core *core, const struct settle *settle)
{
    struct ask *ask = brg_ask_find(core, settle->id);

    coap_not_kept(core->ep, settle->id);
    if (ask != NULL && ask->kind == ASK_VALUE) {
        ask->resource->registration = ask->resource->saved;
        if (!ask->resource->is_saved) {
            brg_keep_forget(core, ask->resource);
        }
    }
}

static void settle_one(struct brg_core *core, const struct settle *settle, bool kept,
                       const struct brg_now *now)
{
    if (settle->pushed) {
        brg_serve_kept(core, &settle->origin, kept, now);
    } else {
        coap_confirm(core->ep, &settle->peer, settle->mid, kept, now->mono);
    }
}

static void settle_all(struct brg_core *core, bool written, const struct brg_now *now)
{
    for (size_t i = 0; i < core->n_settle; i++) {
        const struct settle *settle = &core->settle[i];
        bool kept = written || core->config.memory_will_do ||
                    brg_outbox_is_kept(core->outbox, settle->first, settle->end);

        if (!kept) {
            brg_outbox_withdraw(core->outbox, settle->first, settle->end);
        }
        if (!kept && !settle->pushed) {
            observation_undo(core, settle);
        }
        settle_one(core, settle, kept, now);
    }
    core->n_settle = 0;
}

/* With a store that fails: what the broker has by now need not wait for the next attempt. */
static void settle_arrived(struct brg_core *core, const struct brg_now *now)
{
    size_t n = 0;

    while (n < core->n_settle &&
           brg_outbox_is_kept(core->outbox, core->settle[n].first, core->settle[n].end)) {
        settle_one(core, &core->settle[n], true, now);
        n++;
    }
    core->n_settle -= n;
    memmove(core->settle, core->settle + n, core->n_settle * sizeof(core->settle[0]));
}

void brg_keep_then_confirm(struct brg_core *core, const struct coap_effect *effect, uint64_t first,
                           const struct brg_now *now)
{
    if (core->n_settle == SETTLE_MAX) {
        brg_core_commit(core, now);
    }
    core->settle[core->n_settle++] = (struct settle){
        .peer = effect->peer,
        .mid = effect->mid,
        .id = effect->id,
        .first = first,
        .end = brg_outbox_next_id(core->outbox),
    };
}

void brg_keep_then_answer(struct brg_core *core, const struct coap_origin *origin, uint64_t first,
                          const struct brg_now *now)
{
    if (core->n_settle == SETTLE_MAX) {
        brg_core_commit(core, now);
    }
    core->settle[core->n_settle++] = (struct settle){
        .pushed = true,
        .origin = *origin,
        .first = first,
        .end = brg_outbox_next_id(core->outbox),
    };
}

/* --- the transaction ------------------------------------------------------------------------ */

static int transaction(struct brg_core *core, bool states)
{
    const struct brg_store *store = core->store;
    const struct resource *res;
    int err = store->begin(store->ctx);

    err = err < 0 ? err : brg_outbox_write(core->outbox, states);
    err = err < 0 ? err : brg_remember_write_forgotten(core);
    TAILQ_FOREACH (res, &core->unsaved, unsaved) {
        err = err < 0 ? err : observation_write(store, res);
        err = err < 0 ? err : brg_remember_write(core, res);
    }
    err = err < 0 ? err : brg_customs_write(core);
    err = err < 0 ? err : store->commit(store->ctx);
    if (err < 0) {
        store->rollback(store->ctx);
    }
    return err;
}

static void written(struct brg_core *core)
{
    struct resource *res;

    brg_outbox_written(core->outbox);
    brg_customs_written(core);
    core->n_forgotten = 0;
    while ((res = TAILQ_FIRST(&core->unsaved)) != NULL) {
        res->is_saved = res->observing;
        res->saved = res->registration;
        res->series_unsaved = false;
        brg_keep_forget(core, res);
    }
}

int brg_core_commit(struct brg_core *core, const struct brg_now *now)
{
    bool states = now->mono >= core->states_at;
    int err = 0;

    core->commit_at = BRG_NEVER;
    if (core->store == NULL) {
        return 0;
    }
    if (!TAILQ_EMPTY(&core->unsaved) || core->customs_unsaved || core->n_forgotten > 0 ||
        brg_outbox_wants_write(core->outbox, states)) {
        err = transaction(core, states);
        if (err == 0) {
            written(core);
        }
        if (states) {
            core->states_at = now->mono + STATES_WAIT;
        }
        if (core->store_fails != (err < 0)) {
            core->store_fails = err < 0;
            brg_trace(core, err < 0 ? BRG_TRACE_NOT_KEPT : BRG_TRACE_KEPT, NULL, brg_strerror(err),
                      0);
        }
    }
    settle_all(core, err == 0, now);
    return err;
}

int brg_core_commit_all(struct brg_core *core, const struct brg_now *now)
{
    int err;

    do {
        core->states_at = 0;
        err = brg_core_commit(core, now);
    } while (err == 0 && core->store != NULL && brg_outbox_wants_write(core->outbox, true));
    return err;
}

bool brg_core_store_fails(const struct brg_core *core)
{
    return core->store_fails;
}

void brg_core_tend(struct brg_core *core, const struct brg_now *now)
{
    brg_tstamp at = BRG_NEVER;

    if (core->store == NULL) {
        return;
    }
    if (core->store_fails) {
        settle_arrived(core, now);
    }
    if (core->n_settle > 0) {
        at = now->mono + (core->store_fails ? RETRY_WAIT : COMMIT_WAIT);
    } else if (!TAILQ_EMPTY(&core->unsaved) || core->customs_unsaved || core->n_forgotten > 0 ||
               brg_outbox_stats(core->outbox)->staged > 0) {
        at = now->mono + (core->store_fails ? RETRY_WAIT : LAZY_WAIT);
    } else if (brg_outbox_wants_write(core->outbox, false)) {
        at = now->mono + DONE_WAIT;
    } else if (brg_outbox_wants_write(core->outbox, true)) {
        at = now->mono > core->states_at ? now->mono : core->states_at;
    }
    if (at < core->commit_at) {
        core->commit_at = at;
    }
}
