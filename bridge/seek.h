/* SPDX-License-Identifier: ISC */
/*
 * The clock of the sources of nodes beside the routing daemon (core.h): the list at once, the
 * directory and the groups now and then. Joins the groups of all CoAP nodes, on interfaces that
 * come later too.
 */
#ifndef BRIDGE_SEEK_H
#define BRIDGE_SEEK_H

#include <ev.h>

#include "bridge/bconf.h"

struct brg_seek {
    const struct bconf *conf;
    struct brg_core *core;
    int udp;
    ev_timer join;
    ev_timer ask;
    bool joined[BCONF_RULES_MAX]; /* of conf->multicast */
};

/* All of it must outlive the loop. */
void brg_seek_start(struct brg_seek *seek, struct ev_loop *loop, const struct bconf *conf,
                    struct brg_core *core, int udp);

#endif
