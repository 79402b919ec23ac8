/* SPDX-License-Identifier: ISC */
/*
 * What an objective function answers, for of.c alone: it walks the candidates, the objective
 * function judges one or compares two. Both are RFC 6550 section 14 seen from inside.
 */
#ifndef OF_OF_OPS_H
#define OF_OF_OPS_H

#include "of/of.h"

/* The way to the root through one candidate. */
struct of_path {
    uint32_t cost; /* what candidates are compared by */
    uint32_t rank; /* the Rank a node has with this one parent */
};

/* What the parent set adds up to. */
struct of_set {
    uint32_t rank;            /* through the preferred parent */
    uint32_t advertised_most; /* highest Rank that a member advertises */
    uint32_t rank_most;       /* highest Rank through a member */
};

struct of_ops {
    uint16_t ocp;
    const char *name;

    /* Fill |ret_path|. The advertised Rank is finite and not below MinHopRankIncrease, the link
     * metric is known. Returns OF_PREFERRED if the candidate may be one, or why it may not. */
    enum of_verdict (*path)(const struct of_params *params, const struct of_candidate *cand,
                            struct of_path *ret_path);

    /* Negative if |a| is the better one, positive if |b| is, 0 if the objective does not mind. */
    int (*compare)(const struct of_candidate *a, const struct of_path *path_a,
                   const struct of_candidate *b, const struct of_path *path_b);

    /* True if the current parent stays although |best| compares better. */
    bool (*keep)(const struct of_params *params, const struct of_candidate *current,
                 const struct of_path *path_current, const struct of_candidate *best,
                 const struct of_path *path_best);

    /* Our Rank with this parent set. */
    uint32_t (*rank)(const struct of_params *params, const struct of_set *set);

    /* True if a parent further from the root than we are today may join the set, because rank()
     * then answers with a higher Rank; false if such a one stays outside. */
    bool rank_covers_set;
};

extern const struct of_ops of_ops_of0, of_ops_mrhof;

#endif /* OF_OF_OPS_H */
