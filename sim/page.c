/* SPDX-License-Identifier: ISC */
#include "sim/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_PARENT (-1)
#define SWITCHED_OFF (-2)

/* From |when| on |node| hangs below |parent|. */
struct change {
    rpl_tstamp when;
    unsigned node;
    int parent;
    uint16_t rank;
};

struct sim_page {
    struct sim *sim;
    struct change *changes;
    size_t count, room;
    uint64_t left_out;
    bool *off;
};

struct sim_page *sim_page_new(struct sim *sim)
{
    struct sim_page *page = calloc(1, sizeof(*page));

    if (!page)
        return NULL;
    page->sim = sim;
    page->off = calloc(sim_count(sim), sizeof(*page->off));
    if (page->off)
        return page;
    free(page);
    return NULL;
}

void sim_page_free(struct sim_page *page)
{
    if (!page)
        return;
    free(page->changes);
    free(page->off);
    free(page);
}

static void note(struct sim_page *page, unsigned node, int parent, uint16_t rank)
{
    if (page->count == page->room && page->room < SIM_PAGE_CHANGES_MAX) {
        size_t room = page->room ? page->room * 2 : 1024;
        struct change *p;
        room = room < SIM_PAGE_CHANGES_MAX ? room : SIM_PAGE_CHANGES_MAX;
        p = realloc(page->changes, room * sizeof(*p));
        if (p) {
            page->changes = p;
            page->room = room;
        }
    }
    if (page->count == page->room) {
        page->left_out++;
        return;
    }
    page->changes[page->count++] =
        (struct change){.when = sim_now(page->sim), .node = node, .parent = parent, .rank = rank};
}

void sim_page_trace(struct sim_page *page, unsigned node, const struct rpl_effect_trace *trace)
{
    unsigned parent = sim_node_of(page->sim, &trace->address);

    if (trace->kind == RPL_TRACE_PARENT)
        note(page, node, parent < sim_count(page->sim) ? (int)parent : NO_PARENT,
             (uint16_t)trace->value);
    else if (trace->kind == RPL_TRACE_DETACHED)
        note(page, node, NO_PARENT, RPL_INFINITE_RANK);
}

void sim_page_look(struct sim_page *page)
{
    for (unsigned i = 0; i < sim_count(page->sim); i++) {
        bool off = sim_engine(page->sim, i) == NULL;
        if (off && !page->off[i])
            note(page, i, SWITCHED_OFF, RPL_INFINITE_RANK);
        page->off[i] = off;
    }
}

/* ---- writing -------------------------------------------------------------------------------- */

static void write_nodes(const struct sim_page *page, FILE *f)
{
    unsigned n = sim_count(page->sim);

    fprintf(f, "\"names\":[");
    for (unsigned i = 0; i < n; i++)
        fprintf(f, "%s\"%s\"", i ? "," : "", sim_name(page->sim, i));
    fprintf(f, "],\n\"places\":[");
    for (unsigned i = 0; i < n; i++) {
        struct sim_place place = sim_place(page->sim, i);
        fprintf(f, "%s%" PRId32 ",%" PRId32, i ? "," : "", place.x, place.y);
    }
    fprintf(f, "],\n");
}

/* Pairs of nodes, each link once. */
static void write_links(const struct sim_page *page, FILE *f)
{
    unsigned peer, count = 0;
    uint32_t loss;

    fprintf(f, "\"links\":[");
    for (unsigned i = 0; i < sim_count(page->sim); i++) {
        for (size_t k = 0; sim_link_at(page->sim, i, k, &peer, &loss); k++) {
            if (peer < i || count == SIM_PAGE_LINKS_MAX)
                continue;
            fprintf(f, "%s%u,%u", count ? "," : "", i, peer);
            count++;
        }
    }
    fprintf(f, "],\n");
}

/* Four numbers each: ms since the last one, node, parent, Rank. */
static void write_changes(const struct sim_page *page, FILE *f)
{
    uint64_t last = 0;

    fprintf(f, "\"changes\":[");
    for (size_t i = 0; i < page->count; i++) {
        const struct change *c = &page->changes[i];
        uint64_t when = (c->when - SIM_START) / 1000;
        fprintf(f, "%s%" PRIu64 ",%u,%d,%u", i ? "," : "", when - last, c->node, c->parent,
                c->rank);
        last = when;
    }
    fprintf(f, "],\n");
}

bool sim_page_write(const struct sim_page *page, const struct sim_scenario *s,
                    const struct sim_outcome *outcome, const char *path)
{
    FILE *f = fopen(path, "we");

    if (!f)
        return false;
    fputs(sim_page_head, f);
    fprintf(f, "{");
    write_nodes(page, f);
    write_links(page, f);
    write_changes(page, f);
    fprintf(f, "\"left_out\":%" PRIu64 ",\"end\":%" PRIu64 ",\"mhri\":%u,\n", page->left_out,
            (uint64_t)(s->duration / 1000), s->dodag.min_hop_rank_increase);
    fprintf(f,
            "\"title\":\"%u nodes, %s, MOP %d, %s, loss %.4g %%, seed %" PRIu64
            "\",\"joined\":%u,\"median\":%.1f,\"p99\":%.1f}",
            s->nodes, sim_topology_name(s), (int)s->mop, sim_objective_name(s), s->loss / 1e4,
            s->seed, outcome->joined, (double)outcome->join_median / 1e6,
            (double)outcome->join_p99 / 1e6);
    for (unsigned i = 0; sim_page_tail[i]; i++)
        fputs(sim_page_tail[i], f);
    bool good = !ferror(f);
    return fclose(f) == 0 && good;
}
