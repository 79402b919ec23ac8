/* SPDX-License-Identifier: ISC */
/* The air's table of links: the four topologies, files, cuts, and that loss repeats. */
#include "air_links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct air_links links;

static void shape(const char *name, int nodes, uint64_t seed)
{
    const struct air_shape wanted = {.name = name, .fanout = 2, .columns = 4, .loss = 10};

    air_links_init(&links, nodes, seed);
    assert_int_equal(air_links_shape(&links, &wanted), 0);
}

/* The links of a node, as a bit for each it hears; and they go both ways. */
static uint64_t hears(int node)
{
    uint64_t set = 0;

    for (int other = 1; other <= links.nodes; other++) {
        assert_int_equal(air_links_hears(&links, node, other),
                         air_links_hears(&links, other, node));
        if (air_links_hears(&links, other, node))
            set |= UINT64_C(1) << other;
    }
    return set;
}

#define BIT(n) (UINT64_C(1) << (n))

static void test_line(void **state)
{
    (void)state;
    shape("line", 3, 1);
    assert_int_equal(hears(1), BIT(2));
    assert_int_equal(hears(2), BIT(1) | BIT(3));
    assert_int_equal(hears(3), BIT(2));
}

static void test_tree(void **state)
{
    (void)state;
    shape("tree", 7, 1);
    assert_int_equal(hears(1), BIT(2) | BIT(3));
    assert_int_equal(hears(3), BIT(1) | BIT(6) | BIT(7));
    assert_int_equal(hears(7), BIT(3));
}

static void test_grid(void **state)
{
    (void)state;
    shape("grid", 12, 1);
    assert_int_equal(hears(1), BIT(2) | BIT(5));
    assert_int_equal(hears(4), BIT(3) | BIT(8));
    assert_int_equal(hears(6), BIT(2) | BIT(5) | BIT(7) | BIT(10));
    assert_int_equal(hears(12), BIT(8) | BIT(11));
}

static void test_random_connects_and_repeats(void **state)
{
    static struct air_links first;

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        uint64_t reached = BIT(1);

        shape("random", AIR_NODES_MAX - 1, seed);
        first = links;
        shape("random", AIR_NODES_MAX - 1, seed);
        assert_memory_equal(&first, &links, sizeof links);
        for (int round = 1; round < links.nodes; round++) {
            for (int node = 1; node <= links.nodes; node++)
                reached |= reached & BIT(node) ? hears(node) : 0;
        }
        assert_true(reached == ~BIT(0));
    }
}

static void test_no_such_shape(void **state)
{
    const struct air_shape wanted = {.name = "ring"};

    (void)state;
    air_links_init(&links, 3, 1);
    assert_int_equal(air_links_shape(&links, &wanted), -1);
}

static void test_cut_and_off(void **state)
{
    (void)state;
    shape("line", 4, 1);
    assert_int_equal(air_links_cut(&links, 2, 3, true), 0);
    assert_int_equal(hears(3), BIT(4));
    assert_int_equal(air_links_cut(&links, 3, 2, false), 0);
    assert_int_equal(hears(3), BIT(2) | BIT(4));
    assert_int_equal(links.link[2][3].loss, 10);
    assert_int_equal(air_links_off(&links, 3, true), 0);
    assert_int_equal(hears(3), 0);
    assert_int_equal(hears(4), 0);
    assert_int_equal(air_links_off(&links, 3, false), 0);
    assert_int_equal(hears(4), BIT(3));
}

static void test_out_of_range(void **state)
{
    (void)state;
    shape("line", 4, 1);
    assert_int_equal(air_links_cut(&links, 1, 3, true), -1);
    assert_int_equal(air_links_cut(&links, 0, 1, true), -1);
    assert_int_equal(air_links_cut(&links, 4, 5, true), -1);
    assert_int_equal(air_links_off(&links, -1, true), -1);
    assert_int_equal(air_links_set(&links, 1, 1, 0), -1);
    assert_int_equal(air_links_set(&links, 1, 5, 0), -1);
    assert_int_equal(air_links_set(&links, 1, 2, 101), -1);
    assert_int_equal(air_links_set(&links, 1, 2, -1), -1);
}

static void test_loss(void **state)
{
    static const int losses[] = {0, 30, 100};

    (void)state;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        int lost = 0;

        air_links_init(&links, 2, 4711);
        assert_int_equal(air_links_set(&links, 1, 2, losses[i]), 0);
        for (int tries = 0; tries < 10000; tries++)
            lost += !air_links_try(&links, 1, 2);
        assert_in_range(lost, losses[i] == 30 ? 2800 : 100 * losses[i],
                        losses[i] == 30 ? 3200 : 100 * losses[i]);
    }
}

static int read_text(const char *text)
{
    char copy[256];
    FILE *file;
    int line;

    strcpy(copy, text);
    file = fmemopen(copy, strlen(copy), "r");
    assert_non_null(file);
    air_links_init(&links, 4, 1);
    line = air_links_read(&links, file);
    fclose(file);
    return line;
}

static void test_file(void **state)
{
    (void)state;
    assert_int_equal(read_text("# a ring\n1 2 0\n2 3 5 # weak\n\n  3 4 7\n4 1 0\n"), 0);
    assert_int_equal(hears(1), BIT(2) | BIT(4));
    assert_int_equal(links.link[3][2].loss, 5);
    assert_int_equal(read_text("1 2 0\n2 3\n"), 2);
    assert_int_equal(read_text("1 2 0 5\n"), 1);
    assert_int_equal(read_text("1 9 0\n"), 1);
    assert_int_equal(read_text("1 2 101\n"), 1);
    assert_int_equal(read_text("one 2 1\n"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),          cmocka_unit_test(test_tree),
        cmocka_unit_test(test_grid),          cmocka_unit_test(test_random_connects_and_repeats),
        cmocka_unit_test(test_no_such_shape), cmocka_unit_test(test_cut_and_off),
        cmocka_unit_test(test_out_of_range),  cmocka_unit_test(test_loss),
        cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
