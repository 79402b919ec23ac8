/* SPDX-License-Identifier: ISC */
/*
 * A run of rplsim: nodes start within ten seconds, the mesh forms, user packets flow once everyone
 * has joined (or half of the time has passed), and at the end every node must be reachable both
 * ways. The rules of sim_check() are looked at all along.
 */
#include "sim/mesh.h"
#include "sim/page.h"
#include "sim/scenario.h"
#include "sim/traffic.h"
#include "rpl/rpl_wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "of/of.h"

#define INSTANCE 30
#define START_WITHIN RPL_S(10)
#define GRACE RPL_S(300)     /* a loop may stand for so long */
#define END_ROUNDS 4         /* chances a node has to be reached at the end */
#define END_ROUND RPL_S(90)  /* and the time between them */
#define CHECK_FEW RPL_S(1)   /* how often the rules are looked at, up to FEW nodes */
#define CHECK_MANY RPL_S(60) /* and beyond */
#define FEW 200
#define QUIET RPL_S(3600) /* troubles end so long before the end, or at half of a short run */

static const struct rpl_addr prefix = {{0xfd, 0x00, 0x00, 0x00, 0x00, 0x51, 0x00, 0x01}};

struct run {
    const struct sim_scenario *options;
    struct sim_outcome *result;
    struct sim *sim;
    rpl_tstamp end;
    rpl_tstamp *started;
    rpl_duration *joined; /* 0 = not yet */
    struct sim_traffic *traffic;
    struct sim_page *page; /* NULL: none is wanted */
};

static void configure(const struct sim_scenario *options, bool root, struct rpl_config *config)
{
    struct rpl_instance_config *instance = &config->instance[0];

    rpl_config_default(config);
    config->instance_count = 1;
    config->limits.targets = options->nodes + 8;
    config->limits.neighbours = 512;
    rpl_instance_config_default(instance);
    instance->id = INSTANCE;
    instance->role = root ? RPL_ROLE_ROOT : RPL_ROLE_ROUTER;
    instance->mop = options->mop;
    instance->ocp = options->ocp;
    instance->metric = options->metric;
    instance->prefix = prefix;
    instance->prefix_len = 64;
    instance->dodag = options->dodag;
    instance->parent_switch_threshold = options->switch_threshold;
}

static void on_trace(void *ctx, unsigned node, const struct rpl_effect_trace *trace)
{
    struct run *run = ctx;
    unsigned target;

    if (run->page)
        sim_page_trace(run->page, node, trace);
    if (node != 0 || trace->kind != RPL_TRACE_NODE_UP)
        return;
    target = sim_node_of(run->sim, &trace->address);
    if (target >= run->options->nodes || run->joined[target] > 0)
        return;
    run->joined[target] = sim_now(run->sim) - run->started[target];
    run->result->joined++;
}

static void on_line(void *ctx, rpl_tstamp now, const char *line)
{
    (void)ctx;
    printf("%" PRIu64 ".%06" PRIu64 " %s\n", now / RPL_S(1), now % RPL_S(1), line);
}

/* ---- the parts of a run --------------------------------------------------------------- */

struct starter {
    struct run *run;
    unsigned node;
};

static void start_node(struct sim *sim, void *ctx)
{
    struct starter *starter = ctx;

    starter->run->started[starter->node] = sim_now(sim);
    sim_start(sim, starter->node, SIM_FRESH);
}

static struct starter *start_all(struct run *run)
{
    unsigned n = run->options->nodes;
    struct starter *starters = calloc(n, sizeof(*starters));

    for (unsigned i = 0; starters && i < n; i++) {
        starters[i] = (struct starter){run, i};
        rpl_duration delay = i == 0 ? 0 : sim_random(run->sim) % START_WITHIN;
        sim_at(run->sim, SIM_START + delay, start_node, &starters[i]);
    }
    return starters;
}

static bool check(struct run *run)
{
    struct sim_outcome *result = run->result;

    result->failed = !sim_check(run->sim, GRACE, result->failure, sizeof(result->failure));
    return !result->failed;
}

static bool everyone(const struct run *run)
{
    return run->result->joined == run->options->nodes - 1;
}

/* The time the mesh has for itself. */
static bool live(struct run *run)
{
    rpl_duration every = run->options->nodes <= FEW ? CHECK_FEW : CHECK_MANY;
    rpl_tstamp half = SIM_START + run->options->duration / 2;

    while (sim_now(run->sim) < run->end) {
        rpl_tstamp now = sim_now(run->sim);
        if (!sim_traffic_began(run->traffic) && (everyone(run) || now >= half))
            sim_traffic_begin(run->traffic);
        sim_traffic_run(run->traffic, now + every < run->end ? now + every : run->end);
        if (run->page)
            sim_page_look(run->page);
        if (!check(run))
            return false;
    }
    return true;
}

/* A node that the timetable left switched off need not answer. */
static bool reached(const struct run *run, unsigned node)
{
    return !sim_engine(run->sim, node) || (sim_traffic_reached(run->traffic, node, false) &&
                                           sim_traffic_reached(run->traffic, node, true));
}

static unsigned unreached(const struct run *run, unsigned *ret_first)
{
    unsigned count = 0;

    for (unsigned i = run->options->nodes - 1; i > 0; i--) {
        if (reached(run, i))
            continue;
        count++;
        *ret_first = i;
    }
    return count;
}

/* Every node must have joined, and be reached both ways; loss is excused by several rounds. */
static bool reach_all(struct run *run)
{
    struct sim_outcome *result = run->result;
    unsigned first = 0;

    if (!everyone(run)) {
        for (unsigned i = run->options->nodes - 1; i > 0; i--)
            first = run->joined[i] == 0 ? i : first;
        snprintf(result->failure, sizeof(result->failure), "%u nodes never joined, %s is one",
                 run->options->nodes - 1 - result->joined, sim_name(run->sim, first));
        return false;
    }
    for (unsigned round = 0; round < END_ROUNDS && unreached(run, &first) > 0; round++) {
        for (unsigned i = 1; i < run->options->nodes; i++) {
            if (reached(run, i))
                continue;
            sim_traffic_last(run->traffic, i);
            sim_run_for(run->sim, RPL_MS(5));
        }
        sim_run_for(run->sim, END_ROUND);
    }
    if (unreached(run, &first) == 0)
        return check(run);
    snprintf(result->failure, sizeof(result->failure), "%u nodes cannot be reached, %s is one%s",
             unreached(run, &first), sim_name(run->sim, first),
             sim_traffic_reached(run->traffic, first, false) ? " (downwards)" : "");
    return false;
}

/* ---- results ------------------------------------------------------------------------------ */

static int compare_durations(const void *a, const void *b)
{
    rpl_duration x = *(const rpl_duration *)a, y = *(const rpl_duration *)b;

    return (x > y) - (x < y);
}

static void join_times(struct run *run)
{
    rpl_duration *times = run->joined + 1;
    unsigned n = run->options->nodes - 1, joined = run->result->joined;

    qsort(times, n, sizeof(*times), compare_durations);
    if (joined == 0)
        return;
    /* Those who never joined are zeros, and stand in front. */
    run->result->join_median = times[n - joined + (joined - 1) / 2];
    run->result->join_p99 = times[n - joined + (joined - 1) * 99 / 100];
}

void sim_scenario_default(struct sim_scenario *options)
{
    struct rpl_instance_config instance;

    rpl_instance_config_default(&instance);
    *options = (struct sim_scenario){
        .nodes = 100,
        .topology = SIM_DISC,
        .degree = 12,
        .mop = RPL_MOP_NON_STORING,
        .ocp = OF_OCP_MRHOF,
        .loss = SIM_LOSS_ALL / 10,
        .duration = RPL_S(7200),
        .metric = RPL_METRIC_ETX,
        .traffic = SIM_TRAFFIC_UP | SIM_TRAFFIC_DOWN,
        .period = RPL_S(300),
        .seed = 1,
        .dodag = instance.dodag,
        .switch_threshold = instance.parent_switch_threshold,
    };
}

/* The nodes, their links, and who wants to hear of what. */
static void build(struct run *run)
{
    const struct sim_scenario *options = run->options;
    struct rpl_config config;

    for (unsigned i = 0; i < options->nodes; i++) {
        configure(options, i == 0, &config);
        sim_add(run->sim, options->mesh ? sim_mesh_name(options->mesh, i) : NULL, &config);
    }
    if (options->mesh)
        sim_mesh_build(options->mesh, run->sim);
    else
        sim_build(run->sim, options->topology, options->nodes, options->degree, options->loss);
    run->traffic = sim_traffic_new(run->sim, options, run->result, &prefix);
    run->page = options->html ? sim_page_new(run->sim) : NULL;
    sim_watch(run->sim);
    sim_set_trace(run->sim, on_trace, run);
    sim_set_fate(run->sim, sim_traffic_fate, run->traffic);
    if (options->log)
        sim_set_log(run->sim, SIM_LOG_ALL, on_line, NULL);
}

static void write_page(struct run *run)
{
    if (run->page && !sim_page_write(run->page, run->options, run->result, run->options->html) &&
        !run->result->failed) {
        snprintf(run->result->failure, sizeof(run->result->failure), "cannot write the page");
        run->result->failed = true;
    }
    sim_page_free(run->page);
}

void sim_scenario_run(const struct sim_scenario *options, struct sim_outcome *result)
{
    unsigned n = options->nodes;
    struct run run = {
        .options = options,
        .result = result,
        .sim = sim_new(options->seed),
        .end = SIM_START + options->duration,
        .started = calloc(n, sizeof(rpl_tstamp)),
        .joined = calloc(n, sizeof(rpl_duration)),
    };
    struct sim_trouble *trouble = NULL;
    struct starter *starters = NULL;
    rpl_duration half = options->duration / 2;

    memset(result, 0, sizeof(*result));
    build(&run);
    if (run.started && run.joined && run.traffic && (run.page || !options->html))
        starters = start_all(&run);
    if (starters)
        trouble = sim_trouble_new(run.sim, options, run.end - (QUIET < half ? QUIET : half));
    if (!trouble)
        snprintf(result->failure, sizeof(result->failure), "out of memory");
    result->failed = !trouble || !live(&run) || !reach_all(&run);
    if (starters)
        join_times(&run);
    result->stats = *sim_stats(run.sim);
    result->digest = sim_digest(run.sim);
    write_page(&run);

    sim_free(run.sim);
    sim_trouble_free(trouble);
    sim_traffic_free(run.traffic);
    free(starters);
    free(run.started);
    free(run.joined);
}
