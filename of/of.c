/* SPDX-License-Identifier: ISC */
#include "of/of_ops.h"

static const struct of_ops *const registry[] = {&of_ops_of0, &of_ops_mrhof};

static const char *const verdict_names[OF_VERDICT_COUNT] = {
    [OF_PREFERRED] = "preferred",         [OF_PARENT] = "parent",
    [OF_COSTS_MORE] = "costs-more",       [OF_HYSTERESIS] = "hysteresis",
    [OF_RANK_INFINITE] = "rank-infinite", [OF_RANK_INVALID] = "rank-invalid",
    [OF_NOT_PROVEN] = "not-proven",       [OF_LINK_TOO_BAD] = "link-too-bad",
    [OF_PATH_TOO_LONG] = "path-too-long", [OF_NOT_CLOSER] = "not-closer",
    [OF_CONSTRAINT] = "constraint",       [OF_NO_METRIC] = "no-metric",
};

void of_params_default(struct of_params *params)
{
    *params = (struct of_params){
        .min_hop_rank_increase = 256,
        .max_rank_increase = 7 * 256, /* no RFC has a default for this one */
        .max_link_metric = 512,
        .max_path_cost = 32768,
        .parent_switch_threshold = 192,
        .parent_set_size = 3,
        .metric = OF_METRIC_ETX,
        .latency_switch_threshold = 20000,
        .rank_factor = 1,
        .stretch_of_rank = 0,
    };
}

static const struct of_ops *ops_find(uint16_t ocp)
{
    for (size_t i = 0; i < sizeof(registry) / sizeof(registry[0]); i++) {
        if (registry[i]->ocp == ocp)
            return registry[i];
    }
    return NULL;
}

/* A router has to offer OF0 (RFC 6550 section 16.3), so that is what an unknown one becomes. */
static const struct of_ops *ops_get(uint16_t ocp)
{
    const struct of_ops *ops = ops_find(ocp);

    return ops ? ops : &of_ops_of0;
}

bool of_supported(uint16_t ocp)
{
    return ops_find(ocp) != NULL;
}

const char *of_name(uint16_t ocp)
{
    const struct of_ops *ops = ops_find(ocp);

    return ops ? ops->name : "unknown";
}

const char *of_verdict_name(enum of_verdict verdict)
{
    return (unsigned)verdict < OF_VERDICT_COUNT ? verdict_names[verdict] : "unknown";
}

/* INFINITE_RANK first: divided like a Rank it would equal the DAGRank of real ones. */
uint16_t of_dag_rank(const struct of_params *params, uint16_t rank)
{
    if (rank == OF_INFINITE_RANK)
        return OF_INFINITE_RANK;
    return rank / params->min_hop_rank_increase;
}

/* The checks that hold for every objective function, then its own. */
static enum of_verdict path_get(const struct of_ops *ops, const struct of_params *params,
                                const struct of_candidate *cand, struct of_path *ret_path)
{
    if (cand->rank == OF_INFINITE_RANK)
        return OF_RANK_INFINITE;
    /* ROOT_RANK is MinHopRankIncrease (RFC 6550 section 17); nobody is above a root. */
    if (cand->rank < params->min_hop_rank_increase)
        return OF_RANK_INVALID;
    /* Hearing a neighbour proves one direction only (section 8.4 and RFC 7416 section 7.3.1). */
    if (cand->etx == OF_ETX_UNKNOWN)
        return OF_NOT_PROVEN;
    if (cand->barred)
        return OF_CONSTRAINT;

    enum of_verdict verdict = ops->path(params, cand, ret_path);
    if (verdict == OF_PREFERRED && ret_path->rank >= OF_INFINITE_RANK)
        return OF_PATH_TOO_LONG;
    return verdict;
}

uint16_t of_path_rank(uint16_t ocp, const struct of_params *params, const struct of_candidate *cand,
                      enum of_verdict *ret_verdict)
{
    struct of_path path = {0};
    enum of_verdict verdict = path_get(ops_get(ocp), params, cand, &path);

    if (ret_verdict)
        *ret_verdict = verdict;
    return verdict == OF_PREFERRED ? (uint16_t)path.rank : OF_INFINITE_RANK;
}

/* One run of of_select(). */
struct choice {
    const struct of_ops *ops;
    const struct of_params *params;
    const struct of_candidate *cands;
    size_t n;
    enum of_verdict *verdicts; /* OF_COSTS_MORE stands for "usable" until the end */
    uint32_t max_rank;
};

static struct of_path path_of(const struct choice *ch, size_t i)
{
    struct of_path path = {0};

    (void)path_get(ch->ops, ch->params, &ch->cands[i], &path);
    return path;
}

/* A total order of the usable candidates: the objective function, then the parent we have, then
 * whoever was heard last, then the place in the list. */
static bool better(const struct choice *ch, size_t a, size_t b)
{
    const struct of_candidate *ca = &ch->cands[a], *cb = &ch->cands[b];
    struct of_path pa = path_of(ch, a), pb = path_of(ch, b);
    int order = ch->ops->compare(ca, &pa, cb, &pb);

    if (order != 0)
        return order < 0;
    if (ca->current != cb->current)
        return ca->current;
    if (ca->heard != cb->heard)
        return ca->heard > cb->heard;
    return a < b;
}

/* The best usable candidate that comes after |after| in that order (n: the very best); n if there
 * is none. |except| is passed over. */
static size_t next_best(const struct choice *ch, size_t after, size_t except)
{
    size_t best = ch->n;

    for (size_t i = 0; i < ch->n; i++) {
        if (ch->verdicts[i] != OF_COSTS_MORE || i == except)
            continue;
        if (after < ch->n && (i == after || !better(ch, after, i)))
            continue;
        if (best == ch->n || better(ch, i, best))
            best = i;
    }
    return best;
}

/* Sort out who cannot be a parent at all. Returns the current one if it still can, else n. */
static size_t judge(const struct choice *ch, uint16_t own_rank)
{
    uint16_t own_dag_rank = of_dag_rank(ch->params, own_rank);
    size_t current = ch->n;

    for (size_t i = 0; i < ch->n; i++) {
        const struct of_candidate *cand = &ch->cands[i];
        struct of_path path = {0};
        enum of_verdict verdict = path_get(ch->ops, ch->params, cand, &path);

        if (verdict == OF_PREFERRED)
            verdict = path.rank > ch->max_rank ? OF_PATH_TOO_LONG : OF_COSTS_MORE;
        /* A parent whose Rank rose takes us along; nobody else at our depth or below may become
         * one, it could be our own child (RFC 6550 sections 3.7.1 and 8.2.1). */
        if (verdict == OF_COSTS_MORE && !cand->current && own_rank != OF_INFINITE_RANK &&
            of_dag_rank(ch->params, cand->rank) >= own_dag_rank)
            verdict = OF_NOT_CLOSER;
        ch->verdicts[i] = verdict;
        if (verdict == OF_COSTS_MORE && cand->current && current == ch->n)
            current = i;
    }
    return current;
}

static size_t preferred_get(const struct choice *ch, size_t current)
{
    size_t best = next_best(ch, ch->n, ch->n);

    if (current == ch->n || best == current)
        return best;

    struct of_path path_current = path_of(ch, current), path_best = path_of(ch, best);
    bool keep =
        ch->ops->keep(ch->params, &ch->cands[current], &path_current, &ch->cands[best], &path_best);
    return keep ? current : best;
}

/* Put candidate |i| into |set|; returns our Rank with it. */
static uint32_t set_add(const struct choice *ch, struct of_set *set, size_t i)
{
    struct of_path path = path_of(ch, i);

    if (ch->cands[i].rank > set->advertised_most)
        set->advertised_most = ch->cands[i].rank;
    if (path.rank > set->rank_most)
        set->rank_most = path.rank;
    return ch->ops->rank(ch->params, set);
}

/*
 * Fill the parent set up to its size with the next best ones and return our Rank. Where the
 * objective function does not rise above its whole set, one that is not above us stays outside:
 * a parent of no lesser DAGRank is forbidden (RFC 6550 section 8.2.1). No objective function
 * answers with more than the highest Rank through a member, and judge() has bounded those.
 */
static uint32_t parents_get(const struct choice *ch, size_t preferred)
{
    struct of_set set = {.rank = path_of(ch, preferred).rank};
    uint32_t rank = set_add(ch, &set, preferred);
    size_t i = ch->n;

    for (unsigned room = ch->params->parent_set_size; room > 1; room--) {
        i = next_best(ch, i, preferred);
        if (i == ch->n)
            break;
        if (!ch->ops->rank_covers_set &&
            of_dag_rank(ch->params, ch->cands[i].rank) >= rank / ch->params->min_hop_rank_increase)
            continue;
        rank = set_add(ch, &set, i);
        ch->verdicts[i] = OF_PARENT;
    }
    return rank;
}

void of_select(uint16_t ocp, const struct of_params *params, const struct of_candidate *cands,
               size_t n, uint16_t own_rank, uint16_t max_own_rank, enum of_verdict *verdicts,
               struct of_result *ret_result)
{
    struct choice ch = {
        .ops = ops_get(ocp),
        .params = params,
        .cands = cands,
        .n = n,
        .verdicts = verdicts,
        .max_rank = max_own_rank < OF_INFINITE_RANK ? max_own_rank : OF_INFINITE_RANK - 1,
    };
    size_t current = judge(&ch, own_rank);
    size_t preferred = preferred_get(&ch, current);

    *ret_result = (struct of_result){.preferred = -1, .rank = OF_INFINITE_RANK};
    if (preferred == n)
        return;

    ret_result->preferred = (int)preferred;
    ret_result->rank = (uint16_t)parents_get(&ch, preferred);
    for (size_t i = 0; i < n; i++) {
        if ((verdicts[i] == OF_COSTS_MORE || verdicts[i] == OF_PARENT) && i != preferred &&
            better(&ch, i, preferred))
            verdicts[i] = OF_HYSTERESIS;
    }
    verdicts[preferred] = OF_PREFERRED;
}
