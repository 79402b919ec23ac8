/* SPDX-License-Identifier: ISC */
/*
 * The DODAG as a tree, out of what the DAOs said: collected node by node, sorted, then walked.
 * It shows what is there even where it contradicts itself: nodes whose parent nobody
 * announced, and circles, come after the tree with a mark. The order is by address, so that
 * two pictures of one network are the same.
 */
#ifndef RPLD_TREE_H
#define RPLD_TREE_H

#include "rpl/rpl_view.h"

enum tree_mark {
    TREE_FINE,
    TREE_ORPHAN, /* its parent is not known; those below it are fine */
    TREE_LOOP    /* in a circle, or behind one */
};

struct tree_node {
    struct rpl_addr address, parent;
    uint8_t instance, len;
    uint8_t mark;  /* enum tree_mark, known when the walk is there */
    uint8_t route; /* enum rpl_route_state */
    uint8_t parents;
    bool visited;
    uint16_t hops;
};

struct tree;

/* At most |limit| nodes are taken. NULL: no memory. */
struct tree *tree_new(uint32_t limit);
void tree_free(struct tree *tree);

/* |parent| is the one to draw. False if there is no room or memory. */
bool tree_add(struct tree *tree, const struct rpl_view_node *node, const struct rpl_addr *parent);

/* Once, after the last tree_add(). False: no memory. */
bool tree_sort(struct tree *tree);

/* Begin the walk of instance |instance|, whose root is |root|. */
void tree_walk(struct tree *tree, uint8_t instance, const struct rpl_addr *root);

struct tree_line {
    const struct tree_node *node;
    uint32_t depth;   /* 0 = directly below the root, or a mark's own start */
    const bool *last; /* [0..depth]: whether there the last one of its siblings is shown */
};

/* The next node of the walk, depth first; false at the end. */
bool tree_next(struct tree *tree, struct tree_line *ret_line);

#endif /* RPLD_TREE_H */
