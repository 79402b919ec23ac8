/* SPDX-License-Identifier: ISC */
/*
 * What a course or a planner asks of RPL, answered by the simulator: not how fast the code is but
 * what the protocol does. The machine has no part in these figures, and a seed gives the same ones
 * everywhere; |limit| is the figure that each is compared with, named at its place.
 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "of/of.h"
#include "rpl/rpl_wire.h"
#include "sim/scenario.h"

#define SEEDS 3
#define INSTANCE 30

static void figure(const char *name, uint64_t at, double value, const char *unit, double limit)
{
    bench_figure(&(struct bench_figure){
        .name = name, .unit = unit, .at = at, .value = value, .limit = limit});
}

/* Three seeds of a scenario as one: sums of what was counted. */
static int run_seeds(struct sim_scenario *scenario, struct sim_outcome *ret_sum)
{
    struct sim_outcome one;

    memset(ret_sum, 0, sizeof(*ret_sum));
    for (scenario->seed = 1; scenario->seed <= SEEDS; scenario->seed++) {
        sim_scenario_run(scenario, &one);
        if (one.failed) {
            fprintf(stderr, "study: %s\n", one.failure);
            sim_report_repeat(scenario);
            return 1;
        }
        ret_sum->stats.parent_changes += one.stats.parent_changes;
        ret_sum->stats.memory_peak += one.stats.memory_peak;
        ret_sum->stats.data_hops += one.stats.data_hops;
        ret_sum->stats.data_extra += one.stats.data_extra;
        ret_sum->stats.dao += one.stats.dao;
        ret_sum->p2p_hops += one.p2p_hops;
        ret_sum->p2p_shortest += one.p2p_shortest;
        ret_sum->up.hops += one.up.hops;
        ret_sum->up.delivered += one.up.delivered;
    }
    return 0;
}

static double ratio(uint64_t a, uint64_t b)
{
    return b > 0 ? (double)a / (double)b : 0;
}

/* ---- objective functions: how restless, how long the ways ------------------------------------ */

static int objectives(void)
{
    static const struct {
        const char *changes, *hops;
        uint16_t ocp, threshold;
    } row[] = {
        {"parent-changes-mrhof", "hops-up-mrhof", OF_OCP_MRHOF, 192},
        {"parent-changes-mrhof-no-hysteresis", "hops-up-mrhof-no-hysteresis", OF_OCP_MRHOF, 1},
        {"parent-changes-of0", "hops-up-of0", OF_OCP_OF0, 192},
    };
    double first = 0, first_hops = 0;

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct sim_scenario s;
        struct sim_outcome sum;
        sim_scenario_default(&s);
        s.ocp = row[i].ocp;
        s.switch_threshold = row[i].threshold;
        s.loss = SIM_LOSS_ALL / 5;
        s.traffic = SIM_TRAFFIC_UP;
        s.duration = RPL_S(6 * 3600);
        if (run_seeds(&s, &sum) != 0)
            return 1;
        /* Beside MRHOF as RFC 6719 recommends it. */
        double changes = (double)sum.stats.parent_changes / (s.nodes * 6.0 * SEEDS);
        double hops = ratio(sum.up.hops, sum.up.delivered);
        first = i == 0 ? changes : first;
        first_hops = i == 0 ? hops : first_hops;
        figure(row[i].changes, s.nodes, changes, "/node/h", first);
        figure(row[i].hops, s.nodes, hops, "hops", first_hops);
    }
    return 0;
}

/* ---- storing or not ----------------------------------------------------------------------------
 */

static int mode_at(unsigned nodes, enum rpl_mop mop)
{
    struct sim_scenario s;
    struct sim_outcome sum;
    char name[64];

    sim_scenario_default(&s);
    s.nodes = nodes;
    s.mop = mop;
    s.loss = SIM_LOSS_ALL / 20;
    s.traffic = SIM_TRAFFIC_DOWN;
    s.duration = RPL_S(3600);
    if (run_seeds(&s, &sum) != 0)
        return 1;
    snprintf(name, sizeof(name), "memory-per-node-mop%d", (int)mop);
    figure(name, nodes, (double)sum.stats.memory_peak / (nodes * SEEDS), "octets", 0);
    snprintf(name, sizeof(name), "header-down-mop%d", (int)mop);
    figure(name, nodes, ratio(sum.stats.data_extra, sum.stats.data_hops), "octets", 0);
    snprintf(name, sizeof(name), "dao-mop%d", (int)mop);
    figure(name, nodes, (double)sum.stats.dao / (nodes * SEEDS), "/node/h", 0);

    /* Beside the shortest way that the links allow. */
    s.traffic = SIM_TRAFFIC_P2P;
    if (run_seeds(&s, &sum) != 0)
        return 1;
    snprintf(name, sizeof(name), "hops-p2p-mop%d", (int)mop);
    figure(name, nodes, ratio(sum.p2p_hops, sum.p2p_shortest), "times", 1);
    snprintf(name, sizeof(name), "header-p2p-mop%d", (int)mop);
    figure(name, nodes, ratio(sum.stats.data_extra, sum.stats.data_hops), "octets", 0);
    return 0;
}

static int modes(void)
{
    return mode_at(50, RPL_MOP_NON_STORING) || mode_at(50, RPL_MOP_STORING) ||
           mode_at(200, RPL_MOP_NON_STORING) || mode_at(200, RPL_MOP_STORING);
}

/* ---- Trickle
 * -------------------------------------------------------------------------------------
 */

static const struct rpl_addr prefix = {{0xfd, 0, 0, 0, 0, 0x51, 0, 2}};

/* A world of |n| nodes without links, started by begin(). */
static struct sim *world(unsigned n, uint8_t imin, uint8_t k, uint64_t seed)
{
    struct sim *sim = sim_new(seed);
    struct rpl_config config;

    for (unsigned i = 0; i < n; i++) {
        struct rpl_instance_config *instance = &config.instance[0];
        rpl_config_default(&config);
        config.instance_count = 1;
        config.limits.targets = n + 8;
        config.limits.neighbours = 512;
        rpl_instance_config_default(instance);
        instance->id = INSTANCE;
        instance->role = i == 0 ? RPL_ROLE_ROOT : RPL_ROLE_ROUTER;
        instance->mop = RPL_MOP_NON_STORING;
        instance->prefix = prefix;
        instance->prefix_len = 64;
        instance->dodag.dio_interval_min = imin;
        instance->dodag.dio_redundancy_constant = k;
        sim_add(sim, NULL, &config);
    }
    return sim;
}

static void begin(struct sim *sim, unsigned seconds)
{
    for (unsigned i = 0; i < sim_count(sim); i++)
        sim_start(sim, i, SIM_FRESH);
    sim_run_for(sim, RPL_S(seconds));
}

/* A disc a few hops wide. Only a DIO from nearer to the root counts as consistent (RFC 6550 section
 * 8.3), so that neighbours of equal Rank silence nobody. The first hour is for settling. */
static void suppression(unsigned neighbours, uint8_t k)
{
    unsigned n = neighbours < 20 ? 60 : 3 * neighbours;
    struct sim *sim = world(n, 12, k, 1);
    char name[64];

    sim_build(sim, SIM_DISC, n, neighbours, SIM_LOSS_ALL / 100);
    begin(sim, 3600);
    uint64_t before = sim_stats(sim)->dio_all;
    sim_run_for(sim, RPL_S(3 * 3600));
    double per_hour = (double)(sim_stats(sim)->dio_all - before) / (3.0 * n);
    sim_free(sim);
    /* Beside one DIO in each longest interval, which nothing suppressed. */
    snprintf(name, sizeof(name), "dio-k%u", k);
    figure(name, neighbours, per_hour, "/node/h", 3600e3 / (double)(1u << 20));
}

struct followers {
    uint8_t version;
    double share;
};

static bool have_followed(struct sim *sim, void *ctx)
{
    const struct followers *want = ctx;
    struct rpl_view_instance view;
    unsigned count = 0;

    for (unsigned i = 1; i < sim_count(sim); i++)
        count += sim_instance(sim, i, INSTANCE, &view) && view.joined &&
                 view.version == want->version && view.has_parent;
    return count >= want->share * (sim_count(sim) - 1);
}

/* A quiet mesh learns that its root began a new version: how long until half of it follows, and
 * all? Beside the shortest Trickle interval. */
static void new_version(uint8_t imin)
{
    struct sim *sim = world(100, imin, 10, 1);
    struct rpl_view_instance view;
    struct followers want = {.share = 0.5};
    double interval = (double)(1u << imin) / 1e3;

    sim_build(sim, SIM_DISC, 100, 12, SIM_LOSS_ALL / 10);
    begin(sim, 3 * 3600);
    sim_command(sim, 0, RPL_COMMAND_GLOBAL_REPAIR, INSTANCE);
    sim_instance(sim, 0, INSTANCE, &view);
    want.version = view.version;
    rpl_tstamp began = sim_now(sim);
    sim_run_till(sim, RPL_S(3600), have_followed, &want);
    figure("new-version-half-imin", imin, (double)(sim_now(sim) - began) / 1e6, "s", interval);
    want.share = 1;
    sim_run_till(sim, RPL_S(3600), have_followed, &want);
    figure("new-version-all-imin", imin, (double)(sim_now(sim) - began) / 1e6, "s", interval);
    sim_free(sim);
}

/* ---- a link that dies
 * ------------------------------------------------------------------------------
 */

struct lost_parent {
    unsigned node;
    struct rpl_addr parent;
};

static bool has_another(struct sim *sim, void *ctx)
{
    const struct lost_parent *lost = ctx;
    struct rpl_view_instance view;

    return sim_instance(sim, lost->node, INSTANCE, &view) && view.joined && view.has_parent &&
           !rpl_addr_equal(&view.parent, &lost->parent);
}

/* Nobody sends user packets, so that it takes a probe to notice. */
static void dead_link(void)
{
    struct sim *sim = world(60, 12, 10, 1);
    double sum = 0, worst = 0;
    unsigned count = 0;

    sim_build(sim, SIM_DISC, 60, 12, SIM_LOSS_ALL / 10);
    begin(sim, 3600);
    for (unsigned i = 1; i < 60; i += 2) {
        struct rpl_view_instance view;
        if (!sim_instance(sim, i, INSTANCE, &view) || !view.has_parent)
            continue;
        struct lost_parent lost = {.node = i, .parent = view.parent};
        unsigned parent = sim_node_of(sim, &view.parent);
        rpl_tstamp began = sim_now(sim);
        sim_cut(sim, i, parent);
        sim_run_till(sim, RPL_S(1800), has_another, &lost);
        double took = (double)(sim_now(sim) - began) / 1e6;
        sum += took;
        worst = took > worst ? took : worst;
        count++;
        sim_link(sim, i, parent, SIM_LOSS_ALL / 10);
        sim_run_for(sim, RPL_S(600));
    }
    sim_free(sim);
    figure("new-parent-mean", 60, count > 0 ? sum / count : 0, "s", 0);
    figure("new-parent-worst", 60, worst, "s", 0);
}

int bench_study(bool json)
{
    static const unsigned neighbours[] = {5, 10, 20, 50, 100};
    static const uint8_t ks[] = {0, 1, 10}, imins[] = {8, 10, 12, 14};
    int err;

    bench_begin("study", json);
    err = objectives() || modes();
    for (size_t k = 0; !err && k < sizeof(ks); k++) {
        for (size_t i = 0; i < sizeof(neighbours) / sizeof(neighbours[0]); i++)
            suppression(neighbours[i], ks[k]);
    }
    for (size_t i = 0; !err && i < sizeof(imins); i++)
        new_version(imins[i]);
    if (!err)
        dead_link();
    bench_end();
    return err;
}
