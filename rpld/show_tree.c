/* SPDX-License-Identifier: ISC */
/*
 * `tree` and `graph`. Non-storing: the DAOs name the parents. Storing mode DAOs carry no
 * parent: shown are the children, and behind each child the targets reached through it.
 */
#include "rpld/show.h"
#include "rpld/tree.h"

#include <stdlib.h>
#include <string.h>

#define TREE_NODES_MAX (1u << 20)
#define DRAWN_DEPTH_MAX RPL_PATH_MAX

/* The instances as they are at the start; a tree is a picture of one moment. */
struct picture {
    struct tree *tree;
    unsigned instances, current;
    struct rpl_view_instance instance[RPL_INSTANCES_MAX];
};

static void picture_free(void *data)
{
    struct picture *picture = data;
    tree_free(picture->tree);
    free(picture);
}

static struct picture *picture_new(struct show *show)
{
    struct picture *picture = calloc(1, sizeof(*picture));
    struct rpl_cursor cursor = {0};
    if (!picture)
        return NULL;
    while (picture->instances < RPL_INSTANCES_MAX &&
           rpl_view_next_instance(show->context->source->engine, &cursor, show->now,
                                  &picture->instance[picture->instances]))
        picture->instances++;
    picture->tree = tree_new(TREE_NODES_MAX);
    show->data = picture;
    show->data_free = picture_free;
    return picture->tree ? picture : NULL;
}

enum show_code show_tree_start(struct show *show)
{
    return picture_new(show) ? SHOW_OK : show_fail(show, SHOW_FAILED, "out of memory");
}

static const struct rpl_view_instance *instance_of(const struct picture *picture, uint8_t id)
{
    for (unsigned i = 0; i < picture->instances; i++) {
        if (picture->instance[i].id == id)
            return &picture->instance[i];
    }
    return NULL;
}

static struct rpl_addr own_address(const struct rpl_view_instance *view)
{
    return view->has_address ? view->address : view->dodag_id;
}

/* The parent to draw: number |index| of those the node named, we ourselves under one name. */
static struct rpl_addr drawn_parent(const struct show *show, const struct picture *picture,
                                    const struct rpl_view_node *node, uint32_t index)
{
    const struct rpl_view_instance *view = instance_of(picture, node->instance);
    struct rpl_addr own = {{0}}, parent;
    if (view)
        own = own_address(view);
    if (node->parent_count > 0) {
        parent = node->parent[index].address;
        return rpl_view_is_own(show->context->source->engine, &parent) ? own : parent;
    }
    if (view && view->mop == RPL_MOP_NON_STORING)
        return (struct rpl_addr){{0}}; /* all that it named are gone */
    if (show_addr_is_zero(&node->via) || memcmp(node->via.b + 8, node->address.b + 8, 8) == 0)
        return own;
    parent = node->address;
    memcpy(parent.b + 8, node->via.b + 8, 8);
    return parent;
}

/* ---- tree ------------------------------------------------------------------------------- */

static void root_line(struct show *show, const struct rpl_view_instance *view)
{
    struct writer *w = &show->writer;
    struct rpl_addr own = own_address(view);
    char line[200], addr[SHOW_ADDR], dev[32];
    bool root = view->role == RPL_ROLE_ROOT;
    if (view->has_parent) {
        snprintf(line, sizeof(line), "%s  parent, on %s", show_addr(&view->parent, addr),
                 show_interface(show->context->source, view->parent_ifindex, dev));
        writer_note(w, line);
    }
    snprintf(line, sizeof(line), "%s  %s of instance %u, %s, version %u, %u node%s",
             show_addr(&own, addr), show_role(view->role), view->id, show_mode(view->mop),
             view->version, (unsigned)view->nodes, view->nodes == 1 ? "" : "s");
    writer_note(w, line);
    if (view->mop == RPL_MOP_STORING && view->nodes > 0)
        writer_note(w, "storing mode DAOs name no parent: children, and the targets behind each");
    if (view->mop == RPL_MOP_NON_STORING && !root)
        writer_note(w, "non-storing mode: only the root knows the tree");
}

/* Branches, address, and what is not as it should be. */
static void node_line(struct show *show, const struct tree_line *line)
{
    struct writer *w = &show->writer;
    const struct tree_node *node = line->node;
    char addr[SHOW_ADDR + 4], parent[SHOW_ADDR], text[160];
    uint32_t depth = line->depth < DRAWN_DEPTH_MAX ? line->depth : DRAWN_DEPTH_MAX;
    for (uint32_t i = 0; i < depth; i++)
        writer_raw(w, line->last[i] ? "   " : "│  ");
    writer_raw(w, line->last[line->depth] ? "└─ " : "├─ ");
    writer_raw(w, show_prefix(&node->address, node->len, addr));
    if (node->mark == TREE_ORPHAN && show_addr_is_zero(&node->parent)) {
        writer_raw(w, "  (orphan: it has no parent any more)");
    } else if (node->mark == TREE_ORPHAN) {
        snprintf(text, sizeof(text), "  (orphan: %s is not known)",
                 show_addr(&node->parent, parent));
        writer_raw(w, text);
    } else if (node->mark == TREE_LOOP) {
        snprintf(text, sizeof(text), "  (loop: its parent is %s)",
                 show_addr(&node->parent, parent));
        writer_raw(w, text);
    } else if (node->route != RPL_ROUTE_STATE_INSTALLED) {
        snprintf(text, sizeof(text), "  (route %s)",
                 rpl_route_state_name((enum rpl_route_state)node->route));
        writer_raw(w, text);
    }
    if (node->parents > 1) {
        snprintf(text, sizeof(text), "  +%u parent%s", node->parents - 1u,
                 node->parents == 2 ? "" : "s");
        writer_raw(w, text);
    }
    writer_note(w, "");
}

static const char *mark_name(unsigned mark)
{
    return mark == TREE_ORPHAN ? "orphan" : mark == TREE_LOOP ? "loop" : NULL;
}

static void node_fields(struct writer *w, const struct tree_line *line)
{
    const struct tree_node *node = line->node;
    char addr[SHOW_ADDR + 4];
    writer_object(w, NULL);
    writer_string(w, "address", show_prefix(&node->address, node->len, addr));
    show_field_eui64(w, "eui64", &node->address);
    writer_uint(w, "instance", node->instance);
    writer_uint(w, "depth", line->depth + 1);
    show_field_addr(w, "parent", &node->parent);
    writer_string(w, "route", rpl_route_state_name((enum rpl_route_state)node->route));
    writer_string(w, "mark", mark_name(node->mark));
    writer_end_object(w);
}

/* Roots come last in JSON, so that text and JSON are written in the same walk. */
static void roots(struct writer *w, const struct picture *picture)
{
    writer_array(w, "roots", NULL, 0);
    for (unsigned i = 0; i < picture->instances; i++) {
        const struct rpl_view_instance *view = &picture->instance[i];
        struct rpl_addr own = own_address(view);
        writer_object(w, NULL);
        writer_uint(w, "instance", view->id);
        show_field_addr(w, "address", &own);
        writer_string(w, "role", show_role(view->role));
        writer_string(w, "mode", show_mode(view->mop));
        writer_uint(w, "version", view->version);
        writer_uint(w, "nodes", view->nodes);
        writer_end_object(w);
    }
    writer_end_array(w);
}

static void next_instance(struct show *show, struct picture *picture)
{
    const struct rpl_view_instance *view = &picture->instance[picture->current];
    struct rpl_addr own = own_address(view);
    if (picture->current > 0)
        writer_note(&show->writer, "");
    tree_walk(picture->tree, view->id, &own);
    root_line(show, view);
}

enum { COLLECT, SORT, INSTANCE, LINES };

/* Collecting is cheaper than writing: four nodes for one line. */
static void collect(struct show *show, struct picture *picture, unsigned budget)
{
    struct rpl_view_node node;
    for (unsigned i = 0; i < budget * 4; i++) {
        if (!rpl_view_next_node(show->context->source->engine, &show->cursor, show->now, &node)) {
            show->stage = SORT;
            return;
        }
        struct rpl_addr parent = drawn_parent(show, picture, &node, 0);
        if (!tree_add(picture->tree, &node, &parent)) {
            writer_note(&show->writer, "too many nodes for a tree; the rest is left out");
            show->stage = SORT;
            return;
        }
    }
}

static void lines(struct show *show, struct picture *picture, unsigned budget)
{
    struct writer *w = &show->writer;
    struct tree_line line;
    for (; budget > 0; budget--) {
        if (!tree_next(picture->tree, &line)) {
            picture->current++;
            show->stage = INSTANCE;
            return;
        }
        node_line(show, &line);
        writer_programs_only(w, true);
        node_fields(w, &line);
        writer_programs_only(w, false);
    }
}

bool show_tree(struct show *show, unsigned budget)
{
    struct picture *picture = show->data;
    struct writer *w = &show->writer;
    switch (show->stage) {
    case COLLECT:
        collect(show, picture, budget);
        return true;
    case SORT:
        if (!tree_sort(picture->tree)) {
            writer_note(w, "out of memory");
            return false;
        }
        writer_programs_only(w, true);
        writer_array(w, "nodes", NULL, 0);
        writer_programs_only(w, false);
        show->stage = INSTANCE;
        return true;
    case INSTANCE:
        if (picture->current < picture->instances) {
            next_instance(show, picture);
            show->stage = LINES;
            return true;
        }
        writer_programs_only(w, true);
        writer_end_array(w);
        roots(w, picture);
        writer_programs_only(w, false);
        return false;
    default:
        lines(show, picture, budget);
        return true;
    }
}

/* ---- graph ------------------------------------------------------------------------------ */

enum show_code show_graph_start(struct show *show)
{
    if (show->request->argc > 0 && strcmp(show->request->argv[0], "dot") != 0)
        return show_fail(show, SHOW_USAGE, "graph can draw: dot");
    return picture_new(show) ? SHOW_OK : show_fail(show, SHOW_FAILED, "out of memory");
}

static void graph_head(struct show *show, const struct picture *picture)
{
    struct writer *w = &show->writer;
    writer_note(w, "digraph rpl {");
    writer_note(w, "    rankdir=BT; node [shape=box];");
    for (unsigned i = 0; i < picture->instances; i++) {
        struct rpl_addr own = own_address(&picture->instance[i]);
        char line[160], addr[SHOW_ADDR];
        snprintf(line, sizeof(line), "    \"%s\" [style=bold, xlabel=\"%s\"];",
                 show_addr(&own, addr), show_role(picture->instance[i].role));
        writer_note(w, line);
    }
    writer_programs_only(w, true);
    writer_array(w, "edges", NULL, 0);
    writer_programs_only(w, false);
}

static void graph_edge(struct show *show, const struct rpl_view_node *node,
                       const struct rpl_addr *parent, bool used)
{
    struct writer *w = &show->writer;
    char line[160], from[SHOW_ADDR + 4], to[SHOW_ADDR];
    show_prefix(&node->address, node->len, from);
    snprintf(line, sizeof(line), "    \"%s\" -> \"%s\"%s;", from, show_addr(parent, to),
             used ? "" : " [style=dashed]");
    writer_note(w, line);
    writer_programs_only(w, true);
    writer_object(w, NULL);
    writer_string(w, "from", from);
    writer_string(w, "to", to);
    writer_uint(w, "instance", node->instance);
    writer_bool(w, "used", used);
    writer_end_object(w);
    writer_programs_only(w, false);
}

bool show_graph(struct show *show, unsigned budget)
{
    struct picture *picture = show->data;
    struct writer *w = &show->writer;
    struct rpl_view_node node;
    if (show->stage++ == 0)
        graph_head(show, picture);
    for (; budget > 0; budget--) {
        if (!rpl_view_next_node(show->context->source->engine, &show->cursor, show->now, &node)) {
            writer_programs_only(w, true);
            writer_end_array(w);
            writer_programs_only(w, false);
            writer_note(w, "}");
            return false;
        }
        for (uint32_t i = 0; i == 0 || i < node.parent_count; i++) {
            struct rpl_addr parent = drawn_parent(show, picture, &node, i);
            if (!show_addr_is_zero(&parent))
                graph_edge(show, &node, &parent, i == 0);
        }
    }
    return true;
}
