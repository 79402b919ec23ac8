/* SPDX-License-Identifier: ISC */
/*
 * How the bridge itself is: BASE/bridge/health, and BASE/bridge/dead with what had to be given up.
 * Both are state, and told only while a broker listens.
 */
#ifndef BRIDGE_HEALTH_H
#define BRIDGE_HEALTH_H

#include "bridge/core.h"
#include "bridge/spool.h"

struct brg_health {
    const char *base;
    const struct brg_core *core;
    const struct coap_endpoint *ep;
    struct brg_outbox *outbox;
    struct brg_spool *spool; /* NULL: none */
    uint64_t dead_told;      /* how many had been given up when the list was told last */
    bool told;
};

/* Puts both into the outbox; the list only if it has changed. |now_s| is since 1970. */
void brg_health_tell(struct brg_health *health, double now_s);

#endif
