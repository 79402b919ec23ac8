/* SPDX-License-Identifier: ISC */
/* A forwarding table with the answers of the Linux kernel. */
#include "sim/sim_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The place of |dst| among the host routes, or where it would be put. */
static size_t host_place(const struct sim_fib *fib, const struct rpl_addr *dst)
{
    size_t low = 0, high = fib->host_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rpl_addr_compare(&fib->hosts[middle].dst, dst) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool host_at(const struct sim_fib *fib, size_t i, const struct rpl_addr *dst)
{
    return i < fib->host_count && rpl_addr_equal(&fib->hosts[i].dst, dst);
}

/* The kernel's default for IPv6. */
static uint32_t metric_of(const struct rpl_route *route)
{
    return route->metric ? route->metric : 1024;
}

/* A route replaces another one if prefix and metric are the same. */
static size_t net_place(const struct sim_fib *fib, const struct rpl_route *route)
{
    for (size_t i = 0; i < fib->net_count; i++) {
        const struct rpl_route *other = &fib->nets[i];
        if (other->dst_len == route->dst_len && metric_of(other) == metric_of(route) &&
            rpl_addr_equal(&other->dst, &route->dst))
            return i;
    }
    return fib->net_count;
}

static void insert(struct rpl_route **routes, size_t *count, size_t *room, size_t i,
                   const struct rpl_route *route)
{
    sim_grow((void **)routes, room, *count, sizeof(**routes));
    memmove(*routes + i + 1, *routes + i, (*count - i) * sizeof(**routes));
    (*routes)[i] = *route;
    (*count)++;
}

static void take_out(struct rpl_route *routes, size_t *count, size_t i)
{
    (*count)--;
    memmove(routes + i, routes + i + 1, (*count - i) * sizeof(*routes));
}

void sim_fib_set(struct sim_fib *fib, const struct rpl_route *route)
{
    if (route->dst_len == 128) {
        size_t i = host_place(fib, &route->dst);
        if (host_at(fib, i, &route->dst))
            fib->hosts[i] = *route;
        else
            insert(&fib->hosts, &fib->host_count, &fib->host_room, i, route);
        return;
    }

    size_t i = net_place(fib, route);
    if (i < fib->net_count) {
        fib->nets[i] = *route;
        return;
    }
    /* Longest prefix first, then the best metric: the first that fits is the one. */
    for (i = 0; i < fib->net_count; i++) {
        if (fib->nets[i].dst_len < route->dst_len ||
            (fib->nets[i].dst_len == route->dst_len && metric_of(&fib->nets[i]) > metric_of(route)))
            break;
    }
    insert(&fib->nets, &fib->net_count, &fib->net_room, i, route);
}

int sim_fib_del(struct sim_fib *fib, const struct rpl_route *route)
{
    if (route->dst_len == 128) {
        size_t i = host_place(fib, &route->dst);
        if (!host_at(fib, i, &route->dst))
            return ESRCH;
        take_out(fib->hosts, &fib->host_count, i);
        return 0;
    }

    size_t i = net_place(fib, route);
    if (i == fib->net_count)
        return ESRCH;
    take_out(fib->nets, &fib->net_count, i);
    return 0;
}

const struct rpl_route *sim_fib_find(const struct sim_fib *fib, const struct rpl_addr *dst)
{
    size_t i = host_place(fib, dst);

    if (host_at(fib, i, dst))
        return &fib->hosts[i];
    for (i = 0; i < fib->net_count; i++) {
        if (rpl_addr_match(dst, &fib->nets[i].dst, fib->nets[i].dst_len))
            return &fib->nets[i];
    }
    return NULL;
}

void sim_fib_clear(struct sim_fib *fib)
{
    free(fib->hosts);
    free(fib->nets);
    *fib = (struct sim_fib){0};
}
