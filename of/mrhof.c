/* SPDX-License-Identifier: ISC */
/* The Minimum Rank with Hysteresis Objective Function, RFC 6719. */
#include "of/of_ops.h"

#define LATENCY_PER_RANK 65536u /* RFC 6719 section 3.3 */
#define HOPS_THRESHOLD 1        /* one hop less is worth a switch */

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/*
 * Path cost, RFC 6719 section 3.1: what the neighbour advertises and what its link adds. Without
 * a metric container the advertised Rank is the neighbour's path ETX (section 3.5). The Rank
 * through a parent is the converted cost, but at least MinHopRankIncrease above what it
 * advertises (section 3.3); with hop count and latency that is nearly always what decides.
 */
static enum of_verdict mrhof_path(const struct of_params *params, const struct of_candidate *cand,
                                  struct of_path *ret_path)
{
    uint32_t cost = 0, rank = 0;

    if (cand->etx > params->max_link_metric)
        return OF_LINK_TOO_BAD;
    if (params->metric != OF_METRIC_ETX && cand->no_cost)
        return OF_NO_METRIC;
    switch (params->metric) {
    case OF_METRIC_ETX:
        cost = rank = (uint32_t)cand->rank + cand->etx;
        if (cost > params->max_path_cost)
            return OF_PATH_TOO_LONG;
        break;
    case OF_METRIC_HOPS:
        cost = rank = cand->cost + 1;
        break;
    case OF_METRIC_LATENCY:
        cost = cand->cost + cand->latency;
        if (cost < cand->cost)
            return OF_PATH_TOO_LONG; /* more than 71 minutes */
        rank = cost / LATENCY_PER_RANK;
        break;
    }
    ret_path->cost = cost;
    ret_path->rank = max_u32(rank, (uint32_t)cand->rank + params->min_hop_rank_increase);
    return OF_PREFERRED;
}

/* Section 3.2.2 leaves the choice between equal costs open: where a second metric is advertised it
 * decides (RFC 6551 section 2.1), then fewer hops, which are more robust. */
static int mrhof_compare(const struct of_candidate *a, const struct of_path *path_a,
                         const struct of_candidate *b, const struct of_path *path_b)
{
    if (path_a->cost != path_b->cost)
        return path_a->cost < path_b->cost ? -1 : 1;
    if (a->tie != b->tie)
        return a->tie < b->tie ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return 0;
}

/* Hysteresis, section 3.2.2 rule 3: a gain below the threshold is not worth a switch, and
 * neither is no gain at all when the threshold is 0. */
static bool mrhof_keep(const struct of_params *params, const struct of_candidate *current,
                       const struct of_path *path_current, const struct of_candidate *best,
                       const struct of_path *path_best)
{
    uint32_t threshold = params->parent_switch_threshold;

    (void)current;
    (void)best;
    if (params->metric == OF_METRIC_HOPS)
        threshold = HOPS_THRESHOLD;
    else if (params->metric == OF_METRIC_LATENCY)
        threshold = params->latency_switch_threshold;
    return path_best->cost >= path_current->cost ||
           path_current->cost - path_best->cost < threshold;
}

/* The three cases of section 3.3. */
static uint32_t mrhof_rank(const struct of_params *params, const struct of_set *set)
{
    uint32_t mhri = params->min_hop_rank_increase;
    uint32_t above_members = mhri * (1 + set->advertised_most / mhri);
    uint32_t within_reach = 0;

    if (set->rank_most > params->max_rank_increase)
        within_reach = set->rank_most - params->max_rank_increase;
    return max_u32(set->rank, max_u32(above_members, within_reach));
}

const struct of_ops of_ops_mrhof = {
    .ocp = OF_OCP_MRHOF,
    .name = "mrhof",
    .path = mrhof_path,
    .compare = mrhof_compare,
    .keep = mrhof_keep,
    .rank = mrhof_rank,
    .rank_covers_set = true,
};
