/* SPDX-License-Identifier: ISC */
/* What happens to a mesh in the field: nodes that restart, links that fail for a while. */
#include "sim/scenario.h"

#include <stdlib.h>

#define DOWN_MIN RPL_S(1) /* how long a node is away */
#define DOWN_MAX RPL_S(120)
#define CUT_MIN RPL_S(5) /* and a link */
#define CUT_MAX RPL_S(300)
#define HOUR 3600e6

struct sim_trouble {
    struct sim *sim;
    unsigned nodes;
    double restart_gap, cut_gap; /* us between two, on average; 0 = never */
    rpl_tstamp end;
    enum sim_root_restart root_restart;
    rpl_duration partition;
    rpl_tstamp whole_again; /* the partition's end, 0 = it has not begun */
    int32_t border;         /* the mesh falls apart at this place */
    struct mending *mendings;
};

/* A node or a link that is to come back. Kept until the end: a run may stop before it does. */
struct mending {
    struct mending *next;
    struct sim_trouble *trouble;
    unsigned node, peer, flags;
    uint32_t loss, loss_back;
};

static rpl_duration between(struct sim *sim, rpl_duration low, rpl_duration high)
{
    return low + sim_random(sim) % (high - low);
}

static struct mending *mending_new(struct sim_trouble *trouble, unsigned node)
{
    struct mending *mending = calloc(1, sizeof(*mending));

    if (!mending)
        return NULL;
    mending->node = node;
    mending->trouble = trouble;
    mending->next = trouble->mendings;
    trouble->mendings = mending;
    return mending;
}

static void start_again(struct sim *sim, void *ctx)
{
    const struct mending *mending = ctx;

    sim_start(sim, mending->node, mending->flags);
}

/* kill -9 and a supervisor, a power cut with a disk, a power cut without one: in equal parts. */
static void take_down(struct sim_trouble *trouble, unsigned node, unsigned flags)
{
    struct mending *mending = mending_new(trouble, node);

    if (!mending)
        return;
    mending->flags = flags;
    sim_stop(trouble->sim, node);
    sim_at(trouble->sim, sim_now(trouble->sim) + between(trouble->sim, DOWN_MIN, DOWN_MAX),
           start_again, mending);
}

static void next_restart(struct sim_trouble *trouble);
static void next_cut(struct sim_trouble *trouble);

static void restart(struct sim *sim, void *ctx)
{
    static const unsigned flags[] = {SIM_WITH_STATE | SIM_WITH_ROUTES, SIM_WITH_STATE, SIM_FRESH};
    struct sim_trouble *trouble = ctx;
    unsigned node = 1 + (unsigned)(sim_random(sim) % (trouble->nodes - 1));

    if (sim_now(sim) >= trouble->end)
        return;
    if (sim_engine(sim, node))
        take_down(trouble, node, flags[sim_random(sim) % 3]);
    next_restart(trouble);
}

static void restart_root(struct sim *sim, void *ctx)
{
    struct sim_trouble *trouble = ctx;

    (void)sim;
    take_down(trouble, 0,
              trouble->root_restart == SIM_ROOT_FRESH ? SIM_FRESH
                                                      : SIM_WITH_STATE | SIM_WITH_ROUTES);
}

/* Nodes on the border's own line, as in a mesh without places, are parted by number. */
static bool on_left(const struct sim_trouble *trouble, unsigned node)
{
    int32_t x = sim_place(trouble->sim, node).x;

    return x != trouble->border ? x < trouble->border : node < trouble->nodes / 2;
}

static bool crosses(const struct sim_trouble *trouble, unsigned node, unsigned peer)
{
    return on_left(trouble, node) != on_left(trouble, peer);
}

static void link_again(struct sim *sim, void *ctx)
{
    struct mending *mending = ctx;
    const struct sim_trouble *trouble = mending->trouble;

    if (sim_now(sim) < trouble->whole_again && crosses(trouble, mending->node, mending->peer)) {
        sim_at(sim, trouble->whole_again, link_again, mending);
        return;
    }
    sim_link_from(sim, mending->node, mending->peer, mending->loss);
    sim_link_from(sim, mending->peer, mending->node, mending->loss_back);
}

/* The loss from |node| to |peer|; SIM_LOSS_ALL if there is no link. */
static uint32_t loss_to(const struct sim *sim, unsigned node, unsigned peer)
{
    unsigned other;
    uint32_t loss;

    for (size_t i = 0; sim_link_at(sim, node, i, &other, &loss); i++) {
        if (other == peer)
            return loss;
    }
    return SIM_LOSS_ALL;
}

/* Take a link away until |mended|. */
static void cut_link(struct sim_trouble *trouble, unsigned node, unsigned peer, uint32_t loss,
                     rpl_tstamp mended)
{
    struct mending *mending = mending_new(trouble, node);

    if (!mending)
        return;
    mending->peer = peer;
    mending->loss = loss;
    mending->loss_back = loss_to(trouble->sim, peer, node);
    sim_cut(trouble->sim, node, peer);
    sim_at(trouble->sim, mended, link_again, mending);
}

static int compare_places(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

/* All links between the left half of the map and the right one. */
static void part(struct sim *sim, void *ctx)
{
    struct sim_trouble *trouble = ctx;
    int32_t *places = calloc(trouble->nodes, sizeof(*places));
    unsigned peer;
    uint32_t loss;

    if (!places)
        return;
    for (unsigned i = 0; i < trouble->nodes; i++)
        places[i] = sim_place(sim, i).x;
    qsort(places, trouble->nodes, sizeof(*places), compare_places);
    trouble->border = places[trouble->nodes / 2];
    free(places);

    trouble->whole_again = sim_now(sim) + trouble->partition;
    for (unsigned i = 0; i < trouble->nodes; i++) {
        for (size_t k = 0; sim_link_at(sim, i, k, &peer, &loss); k++) {
            if (peer > i && loss != SIM_LOSS_ALL && crosses(trouble, i, peer))
                cut_link(trouble, i, peer, loss, trouble->whole_again);
        }
    }
}

static void cut(struct sim *sim, void *ctx)
{
    struct sim_trouble *trouble = ctx;
    unsigned node = (unsigned)(sim_random(sim) % trouble->nodes), peer;
    size_t count = 0;
    uint32_t loss;

    if (sim_now(sim) >= trouble->end)
        return;
    next_cut(trouble);
    while (sim_link_at(sim, node, count, &peer, &loss))
        count++;
    if (count == 0 || !sim_link_at(sim, node, sim_random(sim) % count, &peer, &loss) ||
        loss == SIM_LOSS_ALL)
        return;

    cut_link(trouble, node, peer, loss, sim_now(sim) + between(sim, CUT_MIN, CUT_MAX));
}

static void next(struct sim_trouble *trouble, double gap, sim_call_fn *fn)
{
    if (gap >= 1)
        sim_at(trouble->sim, sim_now(trouble->sim) + sim_random(trouble->sim) % (uint64_t)(2 * gap),
               fn, trouble);
}

static void next_restart(struct sim_trouble *trouble)
{
    next(trouble, trouble->restart_gap, restart);
}

static void next_cut(struct sim_trouble *trouble)
{
    next(trouble, trouble->cut_gap, cut);
}

struct sim_trouble *sim_trouble_new(struct sim *sim, const struct sim_scenario *scenario,
                                    rpl_tstamp end)
{
    struct sim_trouble *trouble = calloc(1, sizeof(*trouble));

    if (!trouble)
        return NULL;
    trouble->sim = sim;
    trouble->nodes = scenario->nodes;
    trouble->end = end;
    trouble->restart_gap = scenario->restarts > 0 ? HOUR / scenario->restarts : 0;
    trouble->cut_gap = scenario->cuts > 0 ? HOUR / scenario->cuts : 0;
    trouble->root_restart = scenario->root_restart;
    trouble->partition = scenario->partition;
    next_restart(trouble);
    next_cut(trouble);
    if (trouble->root_restart != SIM_ROOT_STAYS)
        sim_at(sim, sim_now(sim) + (end - sim_now(sim)) / 2, restart_root, trouble);
    if (trouble->partition > 0)
        sim_at(sim, sim_now(sim) + (end - sim_now(sim)) / 3, part, trouble);
    return trouble;
}

void sim_trouble_free(struct sim_trouble *trouble)
{
    struct mending *mending;

    while (trouble && (mending = trouble->mendings) != NULL) {
        trouble->mendings = mending->next;
        free(mending);
    }
    free(trouble);
}
