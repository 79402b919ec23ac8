/* SPDX-License-Identifier: ISC */
#include "rpld/tree.h"

#include <stdlib.h>
#include <string.h>

struct range {
    uint32_t next, end;
};

struct tree {
    struct tree_node *node; /* by (instance, parent, address) after tree_sort() */
    struct tree_node **by_address;
    uint32_t count, size, limit;
    /* the walk: siblings still to come for each depth */
    struct range *range;
    bool *last;
    uint32_t depth;
    uint8_t instance;
    enum tree_mark mark; /* what the present start and those below it are */
    uint32_t rest;       /* search for nodes that no start has reached */
};

struct tree *tree_new(uint32_t limit)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    if (tree)
        tree->limit = limit;
    return tree;
}

void tree_free(struct tree *tree)
{
    if (!tree)
        return;
    free(tree->node);
    free(tree->by_address);
    free(tree->range);
    free(tree->last);
    free(tree);
}

bool tree_add(struct tree *tree, const struct rpl_view_node *node, const struct rpl_addr *parent)
{
    if (tree->count == tree->limit)
        return false;
    if (tree->count == tree->size) {
        uint32_t size = tree->size ? tree->size * 2 : 64;
        struct tree_node *grown = realloc(tree->node, size * sizeof(*grown));
        if (!grown)
            return false;
        tree->node = grown;
        tree->size = size;
    }
    tree->node[tree->count++] = (struct tree_node){
        .address = node->address,
        .parent = *parent,
        .instance = node->instance,
        .len = node->len,
        .route = (uint8_t)node->route,
        .parents = (uint8_t)node->parent_count,
        .hops = node->hops,
    };
    return true;
}

static int compare_key(uint8_t instance, const struct rpl_addr *addr, uint8_t other_instance,
                       const struct rpl_addr *other)
{
    if (instance != other_instance)
        return instance < other_instance ? -1 : 1;
    return memcmp(addr, other, sizeof(*addr));
}

static int compare_parents(const void *a, const void *b)
{
    const struct tree_node *x = a, *y = b;
    int order = compare_key(x->instance, &x->parent, y->instance, &y->parent);
    if (order == 0)
        order = memcmp(&x->address, &y->address, sizeof(x->address));
    return order ? order : (int)x->len - (int)y->len;
}

static int compare_addresses(const void *a, const void *b)
{
    const struct tree_node *const *x = a, *const *y = b;
    return compare_key((*x)->instance, &(*x)->address, (*y)->instance, &(*y)->address);
}

bool tree_sort(struct tree *tree)
{
    size_t n = tree->count ? tree->count : 1;
    tree->by_address = calloc(n, sizeof(struct tree_node *));
    tree->range = calloc(n + 1, sizeof(*tree->range));
    tree->last = calloc(n + 1, sizeof(*tree->last));
    if (!tree->by_address || !tree->range || !tree->last)
        return false;
    if (tree->count == 0)
        return true;
    qsort(tree->node, tree->count, sizeof(*tree->node), compare_parents);
    for (uint32_t i = 0; i < tree->count; i++)
        tree->by_address[i] = &tree->node[i];
    qsort(tree->by_address, tree->count, sizeof(*tree->by_address), compare_addresses);
    return true;
}

static struct tree_node *find(const struct tree *tree, const struct rpl_addr *addr)
{
    uint32_t low = 0, high = tree->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct tree_node *node = tree->by_address[middle];
        int order = compare_key(node->instance, &node->address, tree->instance, addr);
        if (order == 0)
            return node;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static struct range children(const struct tree *tree, const struct rpl_addr *parent)
{
    uint32_t low = 0, high = tree->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct tree_node *node = &tree->node[middle];
        if (compare_key(node->instance, &node->parent, tree->instance, parent) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct range range = {low, low};
    while (range.end < tree->count &&
           compare_key(tree->node[range.end].instance, &tree->node[range.end].parent,
                       tree->instance, parent) == 0)
        range.end++;
    return range;
}

void tree_walk(struct tree *tree, uint8_t instance, const struct rpl_addr *root)
{
    tree->instance = instance;
    tree->mark = TREE_FINE;
    tree->depth = 0;
    tree->range[0] = children(tree, root);
    tree->rest = 0;
}

/* Go upwards from |node|, whose ancestors all are known and none of them is the root: two
 * pointers, one twice as fast, meet inside of the circle. */
static struct tree_node *circle(const struct tree *tree, struct tree_node *node)
{
    struct tree_node *slow = node, *fast = node;
    do {
        struct tree_node *step = find(tree, &fast->parent);
        fast = step ? find(tree, &step->parent) : NULL;
        slow = find(tree, &slow->parent);
    } while (slow && fast && slow != fast);
    return slow && fast ? slow : node;
}

/* A node that nothing reached: first those whose parent is not known, then circles. */
static struct tree_node *unreached(struct tree *tree)
{
    for (; tree->rest < tree->count; tree->rest++) {
        struct tree_node *node = &tree->node[tree->rest];
        if (node->instance != tree->instance || node->visited)
            continue;
        if (tree->mark == TREE_LOOP) {
            struct tree_node *start = circle(tree, node);
            return start->visited ? node : start;
        }
        if (!find(tree, &node->parent))
            return node;
    }
    return NULL;
}

static bool next_start(struct tree *tree)
{
    if (tree->mark == TREE_FINE) {
        tree->mark = TREE_ORPHAN;
        tree->rest = 0;
    }
    struct tree_node *node = unreached(tree);
    if (!node && tree->mark == TREE_ORPHAN) {
        tree->mark = TREE_LOOP;
        tree->rest = 0;
        node = unreached(tree);
    }
    if (!node)
        return false;
    tree->depth = 0;
    tree->range[0].next = (uint32_t)(node - tree->node);
    tree->range[0].end = tree->range[0].next + 1;
    return true;
}

bool tree_next(struct tree *tree, struct tree_line *ret_line)
{
    for (;;) {
        struct range *range = &tree->range[tree->depth];
        while (range->next < range->end && tree->node[range->next].visited)
            range->next++;
        if (range->next < range->end)
            break;
        if (tree->depth > 0)
            tree->depth--;
        else if (!next_start(tree))
            return false;
    }
    struct range *range = &tree->range[tree->depth];
    struct tree_node *node = &tree->node[range->next++];
    bool start = tree->mark == TREE_LOOP || tree->depth == 0;
    node->visited = true;
    node->mark = (uint8_t)(start ? tree->mark : TREE_FINE);
    tree->last[tree->depth] = range->next == range->end;
    ret_line->node = node;
    ret_line->depth = tree->depth;
    ret_line->last = tree->last;
    tree->range[++tree->depth] = children(tree, &node->address);
    return true;
}
