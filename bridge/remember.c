/* SPDX-License-Identifier: ISC */
/*
 * What was read of a resource outlives the process: which series it has, whether they are numbers,
 * truths or texts, and their units. So Home Assistant is told all components of a node at once when
 * the bridge begins anew, and not each with its next value, which may be hours away.
 */
#include "bridge/core_internal.h"

#include <string.h>

void brg_remember_changed(struct brg_core *core, struct resource *res)
{
    if (core->store != NULL && res->n_series > 0) {
        res->series_unsaved = true;
        brg_keep_unsaved(core, res);
    }
}

int brg_remember_write(struct brg_core *core, const struct resource *res)
{
    const struct series *series;
    int err = 0;

    if (!res->series_unsaved) {
        return 0;
    }
    TAILQ_FOREACH (series, &res->series, entry) {
        struct brg_remembered remembered = {
            .eui64 = res->node->eui64,
            .path = res->path,
            .name = series->name,
            .kind = (int)series->kind,
            .unit = series->unit,
            .rt = res->rt,
            .ifs = res->ifs,
            .shape = res->shape,
            .event = res->event,
            .writable = res->writable,
            .pushed = res->pushed,
        };

        memcpy(remembered.ip, res->node->ip, sizeof(remembered.ip));
        err = err < 0 ? err : core->store->series(core->store->ctx, &remembered);
    }
    return err;
}

/* --- what people wanted to be forgotten ------------------------------------------------------ */

void brg_remember_forget(struct brg_core *core, const char *eui64)
{
    if (core->store == NULL) {
        return;
    }
    if (core->n_forgotten == FORGOTTEN_MAX) { /* the oldest of them goes with its age */
        core->n_forgotten--;
        memmove(core->forgotten[0], core->forgotten[1],
                core->n_forgotten * sizeof(core->forgotten[0]));
    }
    memcpy(core->forgotten[core->n_forgotten++], eui64, BRG_EUI64_TEXT);
}

int brg_remember_write_forgotten(struct brg_core *core)
{
    int err = 0;

    for (size_t i = 0; i < core->n_forgotten && err == 0; i++) {
        err = core->store->forget_node(core->store->ctx, core->forgotten[i]);
    }
    return err;
}

/* --- an earlier process's ------------------------------------------------------------------- */

static char *copy(struct brg_core *core, const char *text)
{
    return text == NULL ? NULL : brg_dup(core->alloc, text, strlen(text));
}

/* One that nothing else is known of: it is asked for when the node has said that it has it. */
static struct resource *resource_of(struct brg_core *core, struct node *node,
                                    const struct brg_remembered *remembered)
{
    struct resource *res;

    TAILQ_FOREACH (res, &node->resources, entry) {
        if (strcmp(res->path, remembered->path) == 0) {
            return res;
        }
    }
    res = brg_resource_push(core, node, remembered->path);
    if (res == NULL) {
        return NULL;
    }
    res->pushed = remembered->pushed;
    res->remembered = !remembered->pushed;
    res->event = remembered->event;
    res->writable = remembered->writable;
    res->rt = copy(core, remembered->rt);
    res->ifs = copy(core, remembered->ifs);
    res->shape = copy(core, remembered->shape);
    brg_resource_rule(core, res);
    return res;
}

int brg_core_remember(struct brg_core *core, const struct brg_remembered *remembered,
                      const struct brg_now *now)
{
    char eui64[BRG_EUI64_TEXT];
    struct resource *res;
    struct node *node;

    core->now = *now;
    if (brg_eui64_parse(remembered->eui64, eui64) < 0 || remembered->kind < 0 ||
        remembered->kind > BRG_VALUE_JSON || strlen(remembered->path) >= BRG_TOPIC_MAX) {
        return -BRG_ERR_FORMAT;
    }
    node = brg_node_find(core, eui64);
    if (node == NULL && core->stats.nodes < core->config.max_nodes) {
        node = brg_node_restore(core, eui64, remembered->ip, now);
    }
    res = node == NULL ? NULL : resource_of(core, node, remembered);
    if (res == NULL) {
        return -BRG_ERR_FULL;
    }
    return brg_series_restore(core, res, remembered);
}
