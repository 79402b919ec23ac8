/* SPDX-License-Identifier: ISC */
/* Who hears whom. Integers only, so that a seed means the same mesh everywhere. */
#include "sim/sim_impl.h"

#include <stdlib.h>

#define RANGE 1000 /* how far a radio reaches; the unit of the disc */

#define MAP 20000 /* width of a tree */

struct place {
    int64_t x, y;
};

static void put(struct sim *sim, unsigned node, int64_t x, int64_t y)
{
    sim_set_place(sim, node, (struct sim_place){(int32_t)x, (int32_t)y});
}

static void build_line(struct sim *sim, unsigned n, uint32_t loss)
{
    for (unsigned i = 1; i < n; i++) {
        put(sim, i, (int64_t)i * RANGE, 0);
        sim_link(sim, i - 1, i, loss);
    }
}

static void build_grid(struct sim *sim, unsigned n, uint32_t loss)
{
    unsigned width = 1;

    while (width * width < n)
        width++;
    for (unsigned i = 1; i < n; i++) {
        put(sim, i, (int64_t)(i % width) * RANGE, (int64_t)(i / width) * RANGE);
        if (i % width != 0)
            sim_link(sim, i - 1, i, loss);
        if (i >= width)
            sim_link(sim, i - width, i, loss);
    }
}

/* On a map each level takes the whole width: the n-th of 3^k stands in the middle of its share. */
static void build_tree(struct sim *sim, unsigned n, uint32_t loss)
{
    unsigned begin = 1, count = 3, level = 1;

    put(sim, 0, MAP / 2, 0);
    for (unsigned i = 1; i < n; i++) {
        if (i == begin + count) {
            begin = i;
            count *= 3;
            level++;
        }
        put(sim, i, (int64_t)(2 * (i - begin) + 1) * MAP / (2 * (int64_t)count),
            (int64_t)level * (MAP / 10));
        sim_link(sim, (i - 1) / 3, i, loss);
    }
}

static bool hears(const struct place *a, const struct place *b)
{
    int64_t x = a->x - b->x, y = a->y - b->y;

    return x * x + y * y <= (int64_t)RANGE * RANGE;
}

/* The radius at which |n| nodes have |degree| others within range: n * RANGE^2 / r^2 = degree. */
static int64_t disc_radius(unsigned n, unsigned degree)
{
    int64_t square = (int64_t)n * RANGE * RANGE / (degree > 0 ? degree : 1);
    int64_t radius = RANGE / 2;

    while (radius * radius < square)
        radius += RANGE / 10;
    return radius;
}

/* Each node is put down until somebody who is there already hears it. */
static void build_disc(struct sim *sim, unsigned n, unsigned degree, uint32_t loss)
{
    struct place *places = sim_alloc(n * sizeof(*places));
    int64_t radius = disc_radius(n, degree);
    uint64_t span = (uint64_t)(2 * radius + 1);

    for (unsigned i = 1; i < n; i++) {
        unsigned heard = 0;
        while (heard == 0) {
            places[i].x = (int64_t)(sim_random(sim) % span) - radius;
            places[i].y = (int64_t)(sim_random(sim) % span) - radius;
            if (places[i].x * places[i].x + places[i].y * places[i].y > radius * radius)
                continue;
            for (unsigned j = 0; j < i; j++)
                heard += hears(&places[i], &places[j]);
        }
        put(sim, i, places[i].x, places[i].y);
        for (unsigned j = 0; j < i; j++) {
            if (hears(&places[i], &places[j]))
                sim_link(sim, j, i, loss);
        }
    }
    free(places);
}

void sim_build(struct sim *sim, enum sim_topology topology, unsigned n, unsigned degree,
               uint32_t loss)
{
    switch (topology) {
    case SIM_LINE:
        build_line(sim, n, loss);
        break;
    case SIM_GRID:
        build_grid(sim, n, loss);
        break;
    case SIM_TREE:
        build_tree(sim, n, loss);
        break;
    case SIM_DISC:
        build_disc(sim, n, degree, loss);
        break;
    }
}
