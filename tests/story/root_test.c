/* SPDX-License-Identifier: ISC */
/* The root: restarts with and without its state, and others that pretend to be it. */
#include "story.h"

#include <string.h>

static uint8_t version_of(struct story *story, unsigned node)
{
    struct rpl_view_instance view;

    assert_true(sim_instance(story->sim, node, STORY_INSTANCE, &view));
    return view.version;
}

/* REP-10, SEQ-13: the version stays, the DTSN moves on, the tree stands and everyone's DAO comes
 * back without a new version. */
STORY(a_restart_with_state_non_storing)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    sim_command(story->sim, 0, RPL_COMMAND_GLOBAL_REPAIR, STORY_INSTANCE);
    story_run(story, 60);
    story_forget(story);
    sim_stop(story->sim, 0);
    story_run(story, 1);
    sim_start(story->sim, 0, SIM_WITH_STATE | SIM_WITH_ROUTES);
    story_run(story, 60);
    story_expect(story, "a link ~a value=1 cause=link-up", "a joined a value=241",
                 "b dao to=a seq=242 k target=b ps=242 life=30 parent=a",
                 "a node-up b other=a value=242 cause=dao", "a dao-ack to=b seq=242 status=0",
                 "c dao to=a seq=242 k target=c ps=242 life=30 parent=b",
                 "a node-up c other=b value=242 cause=dao", "a dao-ack to=c seq=242 status=0");
    story_expect_delivery(story, 0, 2);
}

static void count_lost(void *ctx, uint64_t id, enum sim_fate fate, unsigned hops)
{
    unsigned *lost = ctx;

    (void)id;
    (void)hops;
    *lost += fate != SIM_DELIVERED;
}

/* In storing mode the routes of the former life carry on: not a packet is lost after the start,
 * and what no DAO confirms is gone five minutes later. */
STORY(a_restart_with_state_storing)
{
    struct rpl_route stray = {.kind = RPL_ROUTE_VIA, .dst_len = 128, .ifindex = SIM_IFINDEX};
    unsigned lost = 0;

    story_line_of_three(story, RPL_MOP_STORING);
    sim_stop(story->sim, 0);
    story_run(story, 1);
    sim_start(story->sim, 0, SIM_WITH_STATE | SIM_WITH_ROUTES);
    /* One more that stood in the kernel, of a node that is no more. */
    struct rpl_event found = {.type = RPL_EVENT_ROUTE_FOUND};
    stray.dst = sim_global(77, &story_prefix);
    stray.via = sim_link_local(1);
    found.u.route.route = stray;
    sim_input(story->sim, 0, &found);

    sim_set_fate(story->sim, count_lost, &lost);
    for (unsigned i = 0; i < 600; i++) {
        sim_send(story->sim, 0, 2, &story_prefix, i);
        sim_send(story->sim, 2, 0, &story_prefix, i);
        sim_run_for(story->sim, RPL_MS(100));
    }
    sim_set_fate(story->sim, NULL, NULL);
    assert_int_equal(lost, 0);
    assert_int_equal(version_of(story, 0), 240);
    assert_int_equal(story_count(story, "b joined"), 0);
    assert_int_equal(story_count(story, "a dao-ack to=~b"), 2); /* of b's DAO, and of c's */
    story_run(story, 310);
    assert_int_equal(sim_route(story->sim, 0, &stray.dst)->kind, RPL_ROUTE_UNREACHABLE);
    story_expect_delivery(story, 0, 2);
}

/* DIO-12: without state the root comes back at 240, hears from those it lost that the network was
 * beyond that, jumps once, and all join the version after it. */
static void restart_without_state(struct story *story, enum rpl_mop mop)
{
    story_line_of_three(story, mop);
    for (unsigned i = 0; i < 3; i++) {
        sim_command(story->sim, 0, RPL_COMMAND_GLOBAL_REPAIR, STORY_INSTANCE);
        story_run(story, 60);
    }
    assert_int_equal(version_of(story, 2), 243);
    story_forget(story);
    sim_stop(story->sim, 0);
    story_run(story, 1);
    sim_start(story->sim, 0, SIM_FRESH);
    story_run(story, 120);
    assert_int_equal(story_count(story, "a repair a value=244 cause=stale-state"), 1);
    assert_int_equal(story_count(story, "a repair"), 1);
    for (unsigned node = 0; node < 3; node++)
        assert_int_equal(version_of(story, node), 244);
    story_expect_delivery(story, 0, 2);
    story_expect_delivery(story, 2, 0);
}

STORY(a_restart_without_state_non_storing)
{
    restart_without_state(story, RPL_MOP_NON_STORING);
}

STORY(a_restart_without_state_storing)
{
    restart_without_state(story, RPL_MOP_STORING);
}

/* The same in a young network, whose numbers are those that the root begins with: nothing in its
 * DIOs is news. It asks, and everybody tells it again who is there; if somebody names its DODAG
 * before it has itself, it jumps. */
static void restart_in_a_young_network(struct story *story, enum rpl_mop mop)
{
    story_line_of_three(story, mop);
    assert_int_equal(version_of(story, 2), 240);
    story_forget(story);
    sim_stop(story->sim, 0);
    story_run(story, 1);
    sim_start(story->sim, 0, SIM_FRESH);
    story_run(story, 60);
    assert_true(story_count(story, "a repair") <= 1);
    story_expect_delivery(story, 0, 2);
    story_expect_delivery(story, 0, 1);
}

STORY(a_young_network_non_storing)
{
    restart_in_a_young_network(story, RPL_MOP_NON_STORING);
}

STORY(a_young_network_storing)
{
    restart_in_a_young_network(story, RPL_MOP_STORING);
}

/* A root that restored an older state than the network remembers does not move (DIO-12), and gets
 * its network back when that has forgotten (INS-08). */
STORY(a_restart_with_older_state)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    sim_command(story->sim, 0, RPL_COMMAND_GLOBAL_REPAIR, STORY_INSTANCE);
    story_run(story, 60);
    struct rpl_config config;
    story_config(&config, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    config.stored[0] = *sim_stored(story->sim, 0, 0);
    assert_int_equal(config.stored[0].version, 241);
    config.stored[0].version = 240;
    config.instance[0].has_dodag_id = true;
    config.instance[0].dodag_id = config.stored[0].dodag_id;
    sim_stop(story->sim, 0);
    sim_replace(story->sim, 0, &config);
    sim_start(story->sim, 0, SIM_WITH_STATE);
    story_run(story, 240);
    assert_int_equal(version_of(story, 0), 240);
    assert_int_equal(story_count(story, "a repair a value=242"), 0);
    assert_true(story_count(story, "a alarm ~b value=241 cause=version-spoofed") > 0);
    story_run(story, 300);
    assert_int_equal(version_of(story, 0), 240);
    story_expect_parent(story, 1, 0);
    story_expect_parent(story, 2, 1);
    story_expect_delivery(story, 0, 2);
}

/* ---- pretenders ------------------------------------------------------------------------------ */

static struct rpl_wire_message forged(struct story *story, uint8_t version, uint16_t rank)
{
    struct rpl_wire_message message = {.code = RPL_CODE_DIO};
    struct rpl_view_instance view;

    assert_true(sim_instance(story->sim, 0, STORY_INSTANCE, &view));
    message.u.dio.instance = STORY_INSTANCE;
    message.u.dio.version = version;
    message.u.dio.rank = rank;
    message.u.dio.grounded = true;
    message.u.dio.mop = RPL_MOP_NON_STORING;
    message.u.dio.dtsn = 240;
    message.u.dio.dodag_id = view.dodag_id;
    return message;
}

static const struct rpl_addr stranger = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0, 0, 1}};

/* A root that has its state never moves for a version that it hears: it counts and alarms, and says
 * its own often enough to be heard, but no more than 20 times an hour (DIO-12, DPV-06). */
STORY(a_forged_version_moves_nobody)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    sim_stop(story->sim, 0);
    sim_start(story->sim, 0, SIM_WITH_STATE | SIM_WITH_ROUTES);
    story_run(story, 60);
    story_listen(story, SIM_LOG_TRACE | SIM_LOG_DIO);
    struct rpl_wire_message dio = forged(story, 245, 512);
    for (unsigned i = 0; i < 600; i++) {
        story_inject(story, 0, &stranger, &rpl_addr_all_nodes, &dio);
        story_run(story, 1);
    }
    assert_int_equal(version_of(story, 0), 240);
    assert_int_equal(version_of(story, 2), 240);
    assert_int_equal(story_count(story, "a repair"), 0);
    assert_int_equal(rpl_view_counter(sim_engine(story->sim, 0), RPL_COUNT_VERSION_SPOOFED), 600);
    assert_true(story_count(story, "a alarm") >= 1 && story_count(story, "a alarm") <= 10);
    assert_true(story_count(story, "a dio to=all") <= 80);
    story_expect_delivery(story, 0, 2);
}

/* THR-03: somebody else claims to be the root of our DODAG: reported, and no DAO goes there. */
STORY(a_second_root_is_reported)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    struct rpl_wire_message dio = forged(story, version_of(story, 0), 256);
    for (unsigned i = 0; i < 20; i++) {
        story_inject(story, 0, &stranger, &rpl_addr_all_nodes, &dio);
        story_inject(story, 1, &stranger, &rpl_addr_all_nodes, &dio);
        story_run(story, 1);
    }
    assert_int_equal(rpl_view_counter(sim_engine(story->sim, 0), RPL_COUNT_DODAGID_SPOOFED), 20);
    assert_true(story_count(story, "a alarm") >= 1);
    /* THR-02: it never answered b's probes, so it is nobody's parent. */
    story_expect_parent(story, 1, 0);
    assert_int_equal(story_count(story, "b parent"), 0);
    story_expect_delivery(story, 0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_with_state_non_storing),
        cmocka_unit_test(a_restart_with_state_storing),
        cmocka_unit_test(a_restart_without_state_non_storing),
        cmocka_unit_test(a_restart_without_state_storing),
        cmocka_unit_test(a_young_network_non_storing),
        cmocka_unit_test(a_young_network_storing),
        cmocka_unit_test(a_restart_with_older_state),
        cmocka_unit_test(a_forged_version_moves_nobody),
        cmocka_unit_test(a_second_root_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
