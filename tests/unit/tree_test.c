/* SPDX-License-Identifier: ISC */
/* The tree of `rplctl tree`, also out of parents that contradict each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rpld/tree.h"

static struct rpl_addr address(unsigned n)
{
    struct rpl_addr addr = {{0xfd}};
    addr.b[13] = (uint8_t)(n >> 16);
    addr.b[14] = (uint8_t)(n >> 8);
    addr.b[15] = (uint8_t)n;
    return addr;
}

static void add(struct tree *tree, uint8_t instance, unsigned n, unsigned parent)
{
    struct rpl_view_node node = {.instance = instance, .address = address(n), .len = 128};
    struct rpl_addr addr = address(parent);
    assert_true(tree_add(tree, &node, &addr));
}

/* "NODE:DEPTH" of each line, with ? behind an orphan and ! behind a node of a circle. */
static const char *walk(struct tree *tree, uint8_t instance)
{
    static char text[1024];
    struct rpl_addr root = address(1);
    struct tree_line line;
    size_t len = 0;
    text[0] = '\0';
    tree_walk(tree, instance, &root);
    while (tree_next(tree, &line)) {
        static const char marks[] = {[TREE_ORPHAN] = '?', [TREE_LOOP] = '!'};
        char mark[2] = {marks[line.node->mark], '\0'};
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u:%u%s", len ? " " : "",
                                line.node->address.b[15], (unsigned)line.depth, mark);
        assert_true(len < sizeof(text));
    }
    return text;
}

static void plain(void **state)
{
    struct tree *tree = tree_new(100);
    (void)state;
    add(tree, 0, 5, 4);
    add(tree, 0, 3, 1);
    add(tree, 0, 4, 2);
    add(tree, 0, 2, 1);
    assert_true(tree_sort(tree));
    assert_string_equal(walk(tree, 0), "2:0 4:1 5:2 3:0");
    tree_free(tree);
}

static void instances_are_apart(void **state)
{
    struct tree *tree = tree_new(100);
    (void)state;
    add(tree, 1, 2, 1);
    add(tree, 0, 2, 1);
    add(tree, 0, 3, 2);
    add(tree, 1, 4, 3); /* 3 is not known in instance 1 */
    assert_true(tree_sort(tree));
    assert_string_equal(walk(tree, 0), "2:0 3:1");
    assert_string_equal(walk(tree, 1), "2:0 4:0?");
    assert_string_equal(walk(tree, 2), "");
    tree_free(tree);
}

static void orphans_and_circles(void **state)
{
    struct tree *tree = tree_new(100);
    (void)state;
    add(tree, 0, 2, 1);
    add(tree, 0, 9, 8); /* 8 is not known; 10 is below 9 */
    add(tree, 0, 10, 9);
    add(tree, 0, 3, 5); /* 5 -> 4 -> 3 -> 5 is a circle, 6 hangs off it */
    add(tree, 0, 4, 3);
    add(tree, 0, 5, 4);
    add(tree, 0, 6, 4);
    add(tree, 0, 7, 7); /* its own parent */
    assert_true(tree_sort(tree));
    const char *text = walk(tree, 0);
    assert_memory_equal(text, "2:0 9:0? 10:1 ", 14);
    /* Where a circle begins is a matter of taste: every member is marked, and comes once. */
    for (unsigned n = 3; n <= 7; n++) {
        char name[8];
        snprintf(name, sizeof(name), " %u:", n);
        const char *at = strstr(text, name);
        assert_non_null(at);
        assert_int_equal(at[4], '!');
        assert_null(strstr(at + 1, name));
    }
    tree_free(tree);
}

static void empty_and_full(void **state)
{
    struct tree *tree = tree_new(1);
    struct rpl_view_node node = {.address = address(3), .len = 128};
    struct rpl_addr root = address(1);
    (void)state;
    assert_true(tree_sort(tree));
    assert_string_equal(walk(tree, 0), "");
    tree_free(tree);
    tree = tree_new(1);
    add(tree, 0, 2, 1);
    assert_false(tree_add(tree, &node, &root));
    assert_true(tree_sort(tree));
    assert_string_equal(walk(tree, 0), "2:0");
    tree_free(tree);
    tree_free(NULL);
}

/* A chain far longer than any source route, and thousands of small circles: no recursion, and
 * no work that grows with the square. */
static void long_chain_and_many_circles(void **state)
{
    enum { CHAIN = 20000, CIRCLES = 20000 };
    struct tree *tree = tree_new(CHAIN + 2 * CIRCLES);
    struct rpl_addr root = address(1);
    struct tree_line line;
    unsigned lines = 0, deepest = 0, loops = 0;
    (void)state;
    for (unsigned n = 2; n < 2 + CHAIN; n++)
        add(tree, 0, n, n - 1);
    for (unsigned n = 100000; n < 100000 + CIRCLES; n++) {
        add(tree, 0, n, n + 100000);
        add(tree, 0, n + 100000, n);
    }
    assert_true(tree_sort(tree));
    tree_walk(tree, 0, &root);
    for (; tree_next(tree, &line); lines++) {
        deepest = line.depth > deepest ? line.depth : deepest;
        loops += line.node->mark == TREE_LOOP;
    }
    assert_int_equal(lines, CHAIN + 2 * CIRCLES);
    assert_int_equal(deepest, CHAIN - 1);
    assert_int_equal(loops, 2 * CIRCLES);
    tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(instances_are_apart),
        cmocka_unit_test(orphans_and_circles),
        cmocka_unit_test(empty_and_full),
        cmocka_unit_test(long_chain_and_many_circles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
