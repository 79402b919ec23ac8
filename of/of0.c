/* SPDX-License-Identifier: ISC */
/* Objective Function Zero, RFC 6552. */
#include "of/of_ops.h"

/* RFC 6552 section 6.3. */
#define OF0_STEP_MIN 1
#define OF0_STEP_MAX 9

/*
 * step_of_rank from the link, RFC 6552 section 4.1 leaves it to us: 3 * ETX - 2, so that a
 * perfect link is one step, the default of 3 steps is an ETX of 1.67, and 9 steps are the end.
 * Returns 0 for a link that is worse than that.
 */
static uint32_t of0_step(uint32_t etx)
{
    uint32_t tripled = 3 * etx;

    if (tripled < 3 * OF_ETX_ONE)
        return OF0_STEP_MIN;
    if (tripled > (OF0_STEP_MAX + 2) * OF_ETX_ONE)
        return 0;
    return (tripled - 2 * OF_ETX_ONE + OF_ETX_ONE / 2) / OF_ETX_ONE;
}

/*
 * R(N) = R(P) + (Rf * Sp + Sr) * MinHopRankIncrease, section 4.1. Sr is the whole configured
 * stretch: an operator who sets it wants more candidates to qualify as parents.
 */
static enum of_verdict of0_path(const struct of_params *params, const struct of_candidate *cand,
                                struct of_path *ret_path)
{
    uint32_t step = of0_step(cand->etx);

    if (step == 0)
        return OF_LINK_TOO_BAD;
    ret_path->rank = cand->rank + (params->rank_factor * step + params->stretch_of_rank) *
                                      (uint32_t)params->min_hop_rank_increase;
    ret_path->cost = ret_path->rank;
    return OF_PREFERRED;
}

/* Section 4.2.1, criteria 5, 6 and 8; of.c goes on with 10 and 11. The caller has seen to 1, 2
 * and 7, there is no policy for 3 and 4, and 9 is optional. */
static int of0_compare(const struct of_candidate *a, const struct of_path *path_a,
                       const struct of_candidate *b, const struct of_path *path_b)
{
    if (a->grounded != b->grounded)
        return a->grounded ? -1 : 1;
    if (a->preference != b->preference)
        return a->preference > b->preference ? -1 : 1;
    if (path_a->rank != path_b->rank)
        return path_a->rank < path_b->rank ? -1 : 1;
    return 0;
}

/*
 * Criterion 8 alone would move a node whenever a Rank differs by one. Here the current parent
 * stays unless the other one leads to a better DODAG or to a DAGRank that is lower by at least
 * one, which is also the unit in which OF0 counts. So equal candidates never alternate.
 */
static bool of0_keep(const struct of_params *params, const struct of_candidate *current,
                     const struct of_path *path_current, const struct of_candidate *best,
                     const struct of_path *path_best)
{
    return current->grounded == best->grounded && current->preference == best->preference &&
           path_current->rank / params->min_hop_rank_increase <=
               path_best->rank / params->min_hop_rank_increase;
}

static uint32_t of0_rank(const struct of_params *params, const struct of_set *set)
{
    (void)params;
    return set->rank;
}

const struct of_ops of_ops_of0 = {
    .ocp = OF_OCP_OF0,
    .name = "of0",
    .path = of0_path,
    .compare = of0_compare,
    .keep = of0_keep,
    .rank = of0_rank,
    .rank_covers_set = false,
};
