/* SPDX-License-Identifier: ISC */
/*
 * What a Target option has beyond the RFC 6550 one: the flags F and X, the ROVR, and with F the
 * advertiser's whole address (RFC 9010 section 6.1). A storing router relays it as it came, for an
 * ancestor that can judge it; few targets have any, so it stands beside them.
 */
#include "rpl/engine.h"

int rpl_extension_compare(const struct rpl_extension *a, const struct rpl_extension *b)
{
    int c = rpl_key_compare(&a->prefix, &b->prefix);

    return c ? c : (int)a->len - (int)b->len;
}

RB_GENERATE(rpl_extension_tree, rpl_extension, tree, rpl_extension_compare)

const struct rpl_extension *rpl_extension_find(struct rpl_instance *inst,
                                               const struct rpl_addr *prefix, uint8_t len)
{
    struct rpl_extension key = {.prefix = *prefix, .len = len};

    return RB_EMPTY(&inst->extensions) ? NULL
                                       : RB_FIND(rpl_extension_tree, &inst->extensions, &key);
}

void rpl_extension_remove(struct rpl_instance *inst, const struct rpl_addr *prefix, uint8_t len)
{
    struct rpl_extension key = {.prefix = *prefix, .len = len}, *x;

    if (RB_EMPTY(&inst->extensions))
        return;
    x = RB_FIND(rpl_extension_tree, &inst->extensions, &key);
    if (!x)
        return;
    RB_REMOVE(rpl_extension_tree, &inst->extensions, x);
    rpl_free(inst->engine, x);
}

/* Without memory the classic option is relayed. */
void rpl_extension_set(struct rpl_instance *inst, const struct rpl_addr *prefix,
                       const struct rpl_wire_target *wt)
{
    struct rpl_extension key = {.prefix = *prefix, .len = wt->len}, *x;

    if (wt->flags == 0) {
        rpl_extension_remove(inst, prefix, wt->len);
        return;
    }
    x = RB_FIND(rpl_extension_tree, &inst->extensions, &key);
    if (!x) {
        x = rpl_alloc(inst->engine, sizeof(*x));
        if (!x)
            return;
        x->prefix = *prefix;
        x->len = wt->len;
        RB_INSERT(rpl_extension_tree, &inst->extensions, x);
    }
    x->flags = wt->flags;
    x->full = wt->prefix;
    x->rovr_len = wt->rovr_len;
    memcpy(x->rovr, wt->rovr, wt->rovr_len);
}

void rpl_extension_fill(const struct rpl_extension *x, struct rpl_wire_target *wt)
{
    wt->flags = x->flags;
    wt->prefix = x->full;
    wt->rovr_len = x->rovr_len;
    memcpy(wt->rovr, x->rovr, x->rovr_len);
}
