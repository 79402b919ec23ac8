/* SPDX-License-Identifier: ISC */
/* Constraints that a root announces (RFC 6551) move the tree: nodes short of energy carry nobody,
 * slow links are avoided, and what is optional forbids nothing. */
#include "story.h"

#include "of/of.h"

enum { A, GOOD, POOR, C };

/*
 *      a            good costs more transmissions than poor on the way from c to a, so that
 *    /   \          poor is c's parent unless something forbids it.
 * good   poor
 *    \   /
 *      c
 */
static void diamond(struct story *story, const struct rpl_constraint *constraint, uint8_t energy,
                    uint32_t throughput)
{
    struct rpl_config config;

    for (unsigned node = A; node <= C; node++) {
        static const char *const names[] = {"a", "good", "poor", "c"};
        struct rpl_instance_config *instance = &config.instance[0];
        story_config(&config, node == A ? RPL_ROLE_ROOT : RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        if (node == A && constraint) {
            instance->constraint[0] = *constraint;
            instance->constraint_count = 1;
        }
        if (node == POOR) {
            instance->energy = energy;
            instance->throughput = throughput;
        } else {
            instance->throughput = 25000;
        }
        story_add(story, names[node], &config);
    }
    sim_link(story->sim, A, GOOD, 0);
    sim_link(story->sim, A, POOR, 0);
    sim_link(story->sim, GOOD, C, 0);
    sim_link(story->sim, POOR, C, 0);
    story_run(story, 60);
    for (unsigned i = 0; i < 12; i++) {
        story_link_sample(story, C, GOOD, 3 * OF_ETX_ONE);
        story_link_sample(story, C, POOR, OF_ETX_ONE);
    }
    story_run(story, 5);
}

/* What everybody needs whichever way the tree grew. */
static void all_is_well(struct story *story, unsigned parent)
{
    story_expect_parent(story, C, parent);
    story_expect_parent(story, GOOD, A);
    story_expect_parent(story, POOR, A);
    story_run(story, 60);
    story_expect_reachable(story, A, C);
    story_expect_delivery(story, A, C);
    story_expect_delivery(story, C, A);
}

/* The control: with nothing asked for, the cheaper link wins. */
STORY(without_a_constraint_the_cheap_way_wins)
{
    diamond(story, NULL, 20, 5000);
    all_is_well(story, POOR);
}

/* poor runs on a battery that is nearly empty: 20 of 255. It is a leaf in all but name. */
STORY(who_is_short_of_energy_carries_nobody)
{
    static const struct rpl_constraint energy = {.type = 2, .value = 100};

    diamond(story, &energy, 20, 25000);
    all_is_well(story, GOOD);
}

/* As much as is asked for is enough. */
STORY(who_has_just_enough_energy_carries)
{
    static const struct rpl_constraint energy = {.type = 2, .value = 100};

    diamond(story, &energy, 100, 25000);
    all_is_well(story, POOR);
}

/* poor's own link lets through 5,000 octets a second, so all ways over it do. */
STORY(a_slow_link_carries_nobody)
{
    static const struct rpl_constraint throughput = {.type = 4, .value = 10000};
    struct rpl_view_instance view;

    diamond(story, &throughput, 255, 5000);
    story_expect_parent(story, C, GOOD);
    story_expect_parent(story, GOOD, A);
    /* poor itself finds no way that is fast enough either. */
    assert_true(!sim_instance(story->sim, POOR, STORY_INSTANCE, &view) || !view.has_parent);
    story_run(story, 60);
    story_expect_delivery(story, A, C);
    story_expect_delivery(story, C, A);
}

/* An optional constraint is a wish (MET-06). */
STORY(an_optional_constraint_forbids_nothing)
{
    static const struct rpl_constraint energy = {.type = 2, .optional = true, .value = 100};

    diamond(story, &energy, 20, 25000);
    all_is_well(story, POOR);
}

/* The good way dies: rather no way than a forbidden one. The link comes back, and so does c. */
STORY(rather_no_way_than_a_forbidden_one)
{
    static const struct rpl_constraint energy = {.type = 2, .value = 100};

    diamond(story, &energy, 20, 25000);
    story_expect_parent(story, C, GOOD);
    sim_cut(story->sim, GOOD, C);
    story_run(story, 300);
    story_expect_detached(story, C);
    sim_link(story->sim, GOOD, C, 0);
    story_run(story, 300);
    all_is_well(story, GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_constraint_the_cheap_way_wins),
        cmocka_unit_test(who_is_short_of_energy_carries_nobody),
        cmocka_unit_test(who_has_just_enough_energy_carries),
        cmocka_unit_test(a_slow_link_carries_nobody),
        cmocka_unit_test(an_optional_constraint_forbids_nothing),
        cmocka_unit_test(rather_no_way_than_a_forbidden_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
