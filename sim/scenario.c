/* SPDX-License-Identifier: ISC */
/*
 * A run of rplsim: nodes start within ten seconds, the mesh forms, user packets flow once everyone
 * has joined (or half of the time has passed), and at the end every node must be reachable both
 * ways. The rules of sim_check() are looked at all along.
 */
#include "sim/scenario.h"
#include "rpl/rpl_wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A user packet's number: its place in the final round, direction and node. */
#define ID_DOWN (UINT64_C(1) << 32)
#define ID_LAST (UINT64_C(1) << 33)

struct run {
    const struct sim_scenario *options;
    struct sim_outcome *result;
    struct sim *sim;
    rpl_tstamp end;
    rpl_tstamp *started;
    rpl_duration *joined; /* 0 = not yet */
    bool *reached_up, *reached_down;
    bool traffic_on;
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
    instance->prefix = prefix;
    instance->prefix_len = 64;
    instance->dodag = options->dodag;
    instance->parent_switch_threshold = options->switch_threshold;
}

static void on_trace(void *ctx, unsigned node, const struct rpl_effect_trace *trace)
{
    struct run *run = ctx;

    if (node != 0 || trace->kind != RPL_TRACE_NODE_UP)
        return;
    for (unsigned i = 1; i < run->options->nodes; i++) {
        struct rpl_addr addr = sim_global(i, &prefix);
        if (run->joined[i] > 0 || !rpl_addr_equal(&addr, &trace->address))
            continue;
        run->joined[i] = sim_now(run->sim) - run->started[i];
        run->result->joined++;
        return;
    }
}

static void on_fate(void *ctx, uint64_t id, enum sim_fate fate, unsigned hops)
{
    struct run *run = ctx;
    struct sim_flow *flow = id & ID_DOWN ? &run->result->down : &run->result->up;
    bool *reached = id & ID_DOWN ? run->reached_down : run->reached_up;

    if (id & ID_LAST) {
        reached[(uint32_t)id] = reached[(uint32_t)id] || fate == SIM_DELIVERED;
        return;
    }
    if (fate != SIM_DELIVERED) {
        flow->lost[fate]++;
        return;
    }
    flow->delivered++;
    flow->hops += hops;
    if (hops > run->result->hops_max)
        run->result->hops_max = hops;
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

static void send_both(struct run *run, unsigned node, uint64_t mark)
{
    sim_send(run->sim, node, 0, &prefix, mark | node);
    sim_send(run->sim, 0, node, &prefix, mark | ID_DOWN | node);
}

/* One node's turn; the next one's comes a fraction of the period later. */
static void traffic_turn(struct run *run, unsigned *turn)
{
    run->result->up.sent++;
    run->result->down.sent++;
    send_both(run, 1 + *turn, 0);
    *turn = (*turn + 1) % (run->options->nodes - 1);
}

/* Go on to |until| with user packets in between. */
static void run_with_traffic(struct run *run, rpl_tstamp until, rpl_tstamp *next, unsigned *turn)
{
    rpl_duration step = run->options->traffic / (run->options->nodes - 1);

    while (run->traffic_on && run->options->traffic > 0 && *next <= until) {
        sim_run_until(run->sim, *next);
        traffic_turn(run, turn);
        *next += step > 0 ? step : 1;
    }
    sim_run_until(run->sim, until);
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
    rpl_tstamp next = 0;
    unsigned turn = 0;

    while (sim_now(run->sim) < run->end) {
        rpl_tstamp now = sim_now(run->sim);
        if (!run->traffic_on && (everyone(run) || now >= half)) {
            run->traffic_on = true;
            next = now;
        }
        run_with_traffic(run, now + every < run->end ? now + every : run->end, &next, &turn);
        if (!check(run))
            return false;
    }
    return true;
}

static unsigned unreached(const struct run *run, unsigned *ret_first)
{
    unsigned count = 0;

    for (unsigned i = run->options->nodes - 1; i > 0; i--) {
        if (run->reached_up[i] && run->reached_down[i])
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
        snprintf(result->failure, sizeof(result->failure), "%u nodes never joined, n%u is one",
                 run->options->nodes - 1 - result->joined, first);
        return false;
    }
    for (unsigned round = 0; round < END_ROUNDS && unreached(run, &first) > 0; round++) {
        for (unsigned i = 1; i < run->options->nodes; i++) {
            if (run->reached_up[i] && run->reached_down[i])
                continue;
            send_both(run, i, ID_LAST);
            sim_run_for(run->sim, RPL_MS(5));
        }
        sim_run_for(run->sim, END_ROUND);
    }
    if (unreached(run, &first) == 0)
        return check(run);
    snprintf(result->failure, sizeof(result->failure), "%u nodes cannot be reached, n%u is one%s",
             unreached(run, &first), first, run->reached_up[first] ? " (downwards)" : "");
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
        .reached_up = calloc(n, sizeof(bool)),
        .reached_down = calloc(n, sizeof(bool)),
    };
    struct rpl_config config;
    struct sim_trouble *trouble = NULL;
    struct starter *starters = NULL;
    rpl_duration half = options->duration / 2;

    memset(result, 0, sizeof(*result));
    for (unsigned i = 0; i < n; i++) {
        configure(options, i == 0, &config);
        sim_add(run.sim, NULL, &config);
    }
    sim_build(run.sim, options->topology, n, options->degree, options->loss);
    sim_set_trace(run.sim, on_trace, &run);
    sim_set_fate(run.sim, on_fate, &run);
    if (options->log)
        sim_set_log(run.sim, SIM_LOG_ALL, on_line, NULL);

    if (run.started && run.joined && run.reached_up && run.reached_down)
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

    sim_free(run.sim);
    sim_trouble_free(trouble);
    free(starters);
    free(run.started);
    free(run.joined);
    free(run.reached_up);
    free(run.reached_down);
}
