/* SPDX-License-Identifier: ISC */
/*
 * Asks the routing daemon every minute what it knows of its neighbours' links (`json neighbors` on
 * its control socket, see rplctl(8)): the Rank each announces and what a packet to it costs; of
 * nodes further away it knows neither, since no message of RPL says so. And how many hops away each
 * node is (`json nodes`), as far as it knows that. When the daemon is away
 * the question is put again later; who follows its events (follow.h) says that it is.
 */
#ifndef BRIDGE_NEIGHBORS_H
#define BRIDGE_NEIGHBORS_H

#include <ev.h>

#include "bridge/brg.h"
#include "bridge/core.h"
#include "bridge/topic.h"

struct brg_neighbor {
    char eui64[BRG_EUI64_TEXT];
    int instance;
    bool is_node; /* one of the table of nodes: |hops| is told, else |link| */
    int hops;     /* 1 to 255; -1: not known */
    struct brg_link_state link;
};

typedef void brg_neighbor_fn(void *ctx, const struct brg_neighbor *neighbor);

struct brg_neighbors;

/* |path| must outlive it. NULL without memory. */
struct brg_neighbors *brg_neighbors_new(struct ev_loop *loop, const char *path,
                                        brg_neighbor_fn *each, void *ctx);
void brg_neighbors_free(struct brg_neighbors *neighbors);

/* One line of an answer. 0: a neighbour, or a node; -BRG_ERR_NOENT: what stands around them;
 * -BRG_ERR_FORMAT: not what the protocol says. */
int brg_neighbors_line(const char *line, size_t len, struct brg_neighbor *ret_neighbor);

#endif
