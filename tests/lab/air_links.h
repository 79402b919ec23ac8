/* SPDX-License-Identifier: ISC */
/*
 * The air's table of links: who hears whom, and how badly.
 *
 * A link is directed and carries a loss in percent per try. A link can be cut and restored without
 * forgetting its loss; a node can be taken off the air and brought back. The topologies (line,
 * tree, grid, random) fill the table; a file of "A B LOSS" lines does the same by hand. Nodes are
 * numbered from 1, and node 1 is where the root stands. Pure: no system call but reading that file.
 */
#ifndef AIR_LINKS_H
#define AIR_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define AIR_NODES_MAX 64
#define AIR_LOSS_MAX 100

struct air_link {
    bool exists;
    bool cut;
    uint8_t loss; /* percent of tries that are lost, 0..100 */
};

struct air_links {
    int nodes; /* 1..AIR_NODES_MAX */
    uint64_t random;
    bool off[AIR_NODES_MAX + 1];
    struct air_link link[AIR_NODES_MAX + 1][AIR_NODES_MAX + 1]; /* [from][to] */
};

struct air_shape {
    const char *name; /* "line", "tree", "grid" or "random" */
    int fanout;       /* tree: children of a node */
    int columns;      /* grid: nodes in a row; 0 is the square root of the number of nodes */
    uint8_t loss;
};

/* An empty table of `nodes` nodes; every random choice follows from `seed`. */
void air_links_init(struct air_links *links, int nodes, uint64_t seed);

/* Adds the links of a topology. Returns 0, or -1 when the name is not one of the four. */
int air_links_shape(struct air_links *links, const struct air_shape *shape);

/* Adds the links of a file, one "A B LOSS" a line, both ways; # begins a comment. Returns 0, or
 * the number of the first bad line. */
int air_links_read(struct air_links *links, FILE *file);

/* Sets a link one way. Returns 0, or -1 when a node or the loss is out of range. */
int air_links_set(struct air_links *links, int from, int to, int loss);

/* Cuts or restores the links between two nodes, both ways. Returns 0, or -1 when there is none. */
int air_links_cut(struct air_links *links, int a, int b, bool cut);

/* Takes a node off the air or brings it back. Returns 0, or -1 when there is no such node. */
int air_links_off(struct air_links *links, int node, bool off);

/* Whether `to` can hear `from` at all now. */
bool air_links_hears(const struct air_links *links, int from, int to);

/* One try over a link that exists: draws from the random sequence, true when it arrives. */
bool air_links_try(struct air_links *links, int from, int to);

#endif
