/* SPDX-License-Identifier: ISC */
#include "air_links.h"

#include <string.h>

#define FIELD 1000 /* the side of the square in which a random topology is scattered */

/* splitmix64: small, repeatable, and good enough to lose frames by. */
static uint64_t air_random(struct air_links *links)
{
    uint64_t z = links->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool air_is_node(const struct air_links *links, int node)
{
    return node >= 1 && node <= links->nodes;
}

void air_links_init(struct air_links *links, int nodes, uint64_t seed)
{
    memset(links, 0, sizeof *links);
    links->nodes = nodes;
    links->random = seed;
}

int air_links_set(struct air_links *links, int from, int to, int loss)
{
    if (!air_is_node(links, from) || !air_is_node(links, to) || from == to)
        return -1;
    if (loss < 0 || loss > AIR_LOSS_MAX)
        return -1;
    links->link[from][to] = (struct air_link){.exists = true, .loss = (uint8_t)loss};
    return 0;
}

static void air_links_both(struct air_links *links, int a, int b, uint8_t loss)
{
    (void)air_links_set(links, a, b, loss);
    (void)air_links_set(links, b, a, loss);
}

int air_links_cut(struct air_links *links, int a, int b, bool cut)
{
    if (!air_is_node(links, a) || !air_is_node(links, b))
        return -1;
    if (!links->link[a][b].exists && !links->link[b][a].exists)
        return -1;
    links->link[a][b].cut = cut;
    links->link[b][a].cut = cut;
    return 0;
}

int air_links_off(struct air_links *links, int node, bool off)
{
    if (!air_is_node(links, node))
        return -1;
    links->off[node] = off;
    return 0;
}

bool air_links_hears(const struct air_links *links, int from, int to)
{
    const struct air_link *link = &links->link[from][to];

    return link->exists && !link->cut && !links->off[from] && !links->off[to];
}

bool air_links_try(struct air_links *links, int from, int to)
{
    return air_random(links) % 100 >= links->link[from][to].loss;
}

static void air_shape_line(struct air_links *links, uint8_t loss)
{
    for (int node = 2; node <= links->nodes; node++)
        air_links_both(links, node - 1, node, loss);
}

static void air_shape_tree(struct air_links *links, int fanout, uint8_t loss)
{
    for (int node = 2; node <= links->nodes; node++)
        air_links_both(links, (node - 2) / fanout + 1, node, loss);
}

static void air_shape_grid(struct air_links *links, int columns, uint8_t loss)
{
    if (columns <= 0) {
        columns = 1;
        while (columns * columns < links->nodes)
            columns++;
    }
    for (int node = 1; node <= links->nodes; node++) {
        if (node % columns != 0 && node < links->nodes)
            air_links_both(links, node, node + 1, loss);
        if (node + columns <= links->nodes)
            air_links_both(links, node, node + columns, loss);
    }
}

/* How many nodes the first one reaches over the links there are. */
static int air_links_reached(const struct air_links *links)
{
    bool seen[AIR_NODES_MAX + 1] = {[1] = true};
    int queue[AIR_NODES_MAX] = {1};
    int count = 1;

    for (int head = 0; head < count; head++) {
        for (int to = 1; to <= links->nodes; to++) {
            if (!seen[to] && links->link[queue[head]][to].exists) {
                seen[to] = true;
                queue[count++] = to;
            }
        }
    }
    return count;
}

/* Nodes scattered over a square, the root in a corner; everybody within a radius hears each other,
 * and the radius grows until nobody is alone. */
static void air_shape_random(struct air_links *links, uint8_t loss)
{
    int x[AIR_NODES_MAX + 1] = {0};
    int y[AIR_NODES_MAX + 1] = {0};

    for (int node = 2; node <= links->nodes; node++) {
        x[node] = (int)(air_random(links) % FIELD);
        y[node] = (int)(air_random(links) % FIELD);
    }
    for (int radius = FIELD / 20; air_links_reached(links) < links->nodes; radius += FIELD / 50) {
        for (int a = 1; a <= links->nodes; a++) {
            for (int b = a + 1; b <= links->nodes; b++) {
                int dx = x[a] - x[b];
                int dy = y[a] - y[b];

                if (dx * dx + dy * dy <= radius * radius)
                    air_links_both(links, a, b, loss);
            }
        }
    }
}

int air_links_shape(struct air_links *links, const struct air_shape *shape)
{
    if (strcmp(shape->name, "line") == 0)
        air_shape_line(links, shape->loss);
    else if (strcmp(shape->name, "tree") == 0)
        air_shape_tree(links, shape->fanout, shape->loss);
    else if (strcmp(shape->name, "grid") == 0)
        air_shape_grid(links, shape->columns, shape->loss);
    else if (strcmp(shape->name, "random") == 0)
        air_shape_random(links, shape->loss);
    else
        return -1;
    return 0;
}

int air_links_read(struct air_links *links, FILE *file)
{
    char line[256];
    int number = 0;

    while (fgets(line, sizeof line, file) != NULL) {
        int a, b, loss, end = 0;

        number++;
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        if (sscanf(line, "%d %d %d %n", &a, &b, &loss, &end) != 3 || line[end] != '\0')
            return number;
        if (air_links_set(links, a, b, loss) < 0 || air_links_set(links, b, a, loss) < 0)
            return number;
    }
    return 0;
}
