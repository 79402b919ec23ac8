/* SPDX-License-Identifier: ISC */
/*
 * One HTML page that plays how a DODAG formed: nodes where they stand, their parents changing over
 * virtual time. It is whole in itself and asks for nothing from anywhere. Its size is bounded: see
 * the limits here; what exceeds them is left out, and the page says so.
 */
#ifndef SIM_PAGE_H
#define SIM_PAGE_H

#include "sim/scenario.h"

#define SIM_PAGE_NODES_MAX 10000
#define SIM_PAGE_LINKS_MAX 40000    /* radio links drawn behind the tree */
#define SIM_PAGE_CHANGES_MAX 100000 /* of parents; the first ones are kept */

struct sim_page;

/* A recording of |sim| from now on, NULL when there is no memory. */
struct sim_page *sim_page_new(struct sim *sim);
void sim_page_free(struct sim_page *page);

/* What a node decided. */
void sim_page_trace(struct sim_page *page, unsigned node, const struct rpl_effect_trace *trace);
/* Look for nodes that were switched off or on. */
void sim_page_look(struct sim_page *page);

/* False if |path| could not be written. */
bool sim_page_write(const struct sim_page *page, const struct sim_scenario *scenario,
                    const struct sim_outcome *outcome, const char *path);

/* page_text.c: what stands before the data and after it. */
extern const char sim_page_head[];
extern const char *const sim_page_tail[]; /* NULL at the end */

#endif /* SIM_PAGE_H */
