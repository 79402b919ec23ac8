/* SPDX-License-Identifier: ISC */
/*
 * What happened lately, for `rplctl node ADDR`: a ring of trace events of all nodes, searched
 * by address. Events that a hostile neighbour can make at will (dropped messages, refused
 * DAOs) have a ring of their own, so that they never push out the history of the network.
 */
#ifndef RPLD_HISTORY_H
#define RPLD_HISTORY_H

#include "rpl/rpl.h"

#define HISTORY_EVENTS 4096
#define HISTORY_REFUSALS 512

struct history;

struct history_entry {
    uint64_t number; /* counts all events since the start; order in time */
    rpl_tstamp time;
    struct rpl_effect_trace trace;
};

/* -ENOMEM or 0. */
int history_new(struct history **ret_history);
void history_free(struct history *history);

void history_add(struct history *history, const struct rpl_effect_trace *trace, rpl_tstamp now);

/*
 * The oldest entry kept with a number of at least |*cursor| that concerns |addr|: false if
 * there is none. *cursor moves behind it; start with 0. A link-local address and a global one
 * with the same interface identifier are the same node.
 */
bool history_next(const struct history *history, const struct rpl_addr *addr, uint64_t *cursor,
                  struct history_entry *out);

/* True if both stand for one node, as above. */
bool history_same_node(const struct rpl_addr *a, const struct rpl_addr *b);

#endif /* RPLD_HISTORY_H */
