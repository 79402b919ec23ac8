/* SPDX-License-Identifier: ISC */
/*
 * rplsim: how a network of a given shape would fare. Here: what was asked, what came out.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim/sim.h"

struct sim_mesh;

/* Which user packets there are. */
enum sim_traffic_kind {
    SIM_TRAFFIC_UP = 1 << 0,   /* from each node to the root */
    SIM_TRAFFIC_DOWN = 1 << 1, /* from the root to each node */
    SIM_TRAFFIC_P2P = 1 << 2   /* from each node to some other */
};

struct sim_scenario {
    unsigned nodes;              /* with the root */
    const char *file;            /* of the mesh, NULL: a |topology| */
    const struct sim_mesh *mesh; /* what is in it */
    enum sim_topology topology;
    unsigned degree; /* neighbours, disc only */
    enum rpl_mop mop;
    uint16_t ocp;
    enum rpl_metric metric; /* with MRHOF */
    uint32_t loss;          /* per try, parts per million */
    rpl_duration duration;  /* us */
    unsigned traffic;       /* of enum sim_traffic_kind */
    rpl_duration period;    /* us between two packets of a node, of each kind */
    double restarts;        /* of nodes, per hour in the whole mesh */
    double cuts;            /* of links, likewise */
    rpl_duration partition; /* us for which the mesh falls into two halves, once; 0 = never */
    enum sim_root_restart { SIM_ROOT_STAYS, SIM_ROOT_WITH_STATE, SIM_ROOT_FRESH } root_restart;
    uint64_t seed;
    struct rpl_dodag_settings dodag;
    uint16_t switch_threshold;
    const char *html;   /* file to be written, or NULL */
    const char *replay; /* a recording to be repeated instead of all this, or NULL */
    bool json, log;
};

/* One direction of the user packets. */
struct sim_flow {
    uint64_t sent, delivered, hops;
    uint64_t lost[SIM_FATE_COUNT];
};

struct sim_outcome {
    unsigned joined; /* without the root */
    rpl_duration join_median, join_p99;
    struct sim_flow up, down, p2p;
    uint64_t p2p_hops, p2p_shortest; /* of the delivered ones; the links would allow the latter */
    unsigned hops_max;
    struct sim_stats stats;
    uint64_t digest;
    bool failed;
    char failure[160];
};

/* trouble.c: restarts, cuts and the partition from now until |end|, by the scenario's rates; the
 * root's restart at half of that time, the partition at a third. What was begun is mended after
 * |end|. */
struct sim_trouble;
struct sim_trouble *sim_trouble_new(struct sim *sim, const struct sim_scenario *scenario,
                                    rpl_tstamp end);
void sim_trouble_free(struct sim_trouble *trouble);

/* scenario.c: what rplsim does without an option. */
void sim_scenario_default(struct sim_scenario *ret_scenario);

/* The whole simulation. */
void sim_scenario_run(const struct sim_scenario *options, struct sim_outcome *ret_result);

/* report.c: the outcome for people or for programs, and the command line that repeats a run. */
void sim_report_text(const struct sim_scenario *options, const struct sim_outcome *result);
void sim_report_json(const struct sim_scenario *options, const struct sim_outcome *result);
void sim_report_repeat(const struct sim_scenario *options);
const char *sim_topology_name(const struct sim_scenario *scenario);
const char *sim_objective_name(const struct sim_scenario *scenario);
const char *sim_traffic_name(unsigned kinds);

#endif /* SIM_SCENARIO_H */
