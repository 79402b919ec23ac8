/* SPDX-License-Identifier: ISC */
/* The simulator: what an hour of a node costs, beside as many memory accesses as it has events. */
#include "tests/bench/bench.h"

#include <stdio.h>

#include "sim/scenario.h"

#define GOAL_NODES 5000 /* for a day in a minute: */
#define GOAL_US 500     /* of CPU for an hour of a node */

static int measure(enum sim_topology topology, unsigned nodes, enum rpl_mop mop, double hours)
{
    struct sim_scenario scenario;
    struct sim_outcome outcome;
    char name[64];

    sim_scenario_default(&scenario);
    scenario.topology = topology;
    scenario.nodes = nodes;
    scenario.mop = mop;
    scenario.duration = (rpl_duration)(hours * 3600e6);
    scenario.traffic = 0;

    double began = bench_cpu();
    sim_scenario_run(&scenario, &outcome);
    double cpu = bench_cpu() - began, node_hours = nodes * hours;
    if (outcome.failed) {
        fprintf(stderr, "sim: %s\n", outcome.failure);
        return 1;
    }
    double limit = (double)outcome.stats.events / node_hours *
                   bench_access_ns((size_t)outcome.stats.memory_peak) / 1e3;
    snprintf(name, sizeof(name), "node-hour-%s-mop%d", sim_topology_name(&scenario), (int)mop);
    bench_figure(&(struct bench_figure){.name = name,
                                        .unit = "us",
                                        .at = nodes,
                                        .value = cpu * 1e6 / node_hours,
                                        .limit = limit,
                                        .goal = nodes == GOAL_NODES ? GOAL_US : 0});
    snprintf(name, sizeof(name), "node-hours-%s-mop%d", sim_topology_name(&scenario), (int)mop);
    bench_figure(&(struct bench_figure){
        .name = name, .unit = "/s", .at = nodes, .value = node_hours / cpu, .limit = 1e6 / limit});
    return 0;
}

int bench_sim(bool json)
{
    int err = 0;

    bench_begin("sim", json);
    for (int mop = RPL_MOP_NON_STORING; mop <= RPL_MOP_STORING; mop++) {
        err |= measure(SIM_LINE, 40, (enum rpl_mop)mop, 24);
        err |= measure(SIM_DISC, 200, (enum rpl_mop)mop, 4);
        err |= measure(SIM_DISC, 1000, (enum rpl_mop)mop, 2);
        err |= measure(SIM_DISC, GOAL_NODES, (enum rpl_mop)mop, 24);
    }
    bench_end();
    return err;
}
