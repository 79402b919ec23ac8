/* SPDX-License-Identifier: ISC */
/*
 * User packets of a run: who sends to whom, and what became of them.
 */
#ifndef SIM_TRAFFIC_H
#define SIM_TRAFFIC_H

#include "sim/scenario.h"

/* What the number of a packet says beside its node. */
#define TRAFFIC_DOWN (UINT64_C(1) << 32)
#define TRAFFIC_LAST (UINT64_C(1) << 33) /* of the final round, in no statistics */
#define TRAFFIC_P2P (UINT64_C(1) << 34)

struct sim_traffic;

/* NULL when there is no memory. */
struct sim_traffic *sim_traffic_new(struct sim *sim, const struct sim_scenario *scenario,
                                    struct sim_outcome *outcome, const struct rpl_addr *prefix);
void sim_traffic_free(struct sim_traffic *traffic);

/* Go on to |until|, with packets in between once sim_traffic_begin() was called. */
void sim_traffic_begin(struct sim_traffic *traffic);
bool sim_traffic_began(const struct sim_traffic *traffic);
void sim_traffic_run(struct sim_traffic *traffic, rpl_tstamp until);

/* The final round: whatever the scenario wants, one packet each way. */
void sim_traffic_last(struct sim_traffic *traffic, unsigned node);
bool sim_traffic_reached(const struct sim_traffic *traffic, unsigned node, bool down);

/* What became of a packet (a sim_fate_fn whose context is the traffic). */
void sim_traffic_fate(void *traffic, uint64_t id, enum sim_fate fate, unsigned hops);

#endif /* SIM_TRAFFIC_H */
