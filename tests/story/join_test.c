/* SPDX-License-Identifier: ISC */
/* Joining: a line of three in both modes, a leaf, two instances side by side. */
#include "story.h"

#include <string.h>

/* a - b - c, started together. */
static void line_of_three(struct story *story, enum rpl_mop mop)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, mop);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, mop);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, mop);

    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, b, c, 0);
    story_run(story, 60);
}

static void three_talk(struct story *story)
{
    story_expect_parent(story, 1, 0);
    story_expect_parent(story, 2, 1);
    story_expect_reachable(story, 0, 1);
    story_expect_reachable(story, 0, 2);
    for (unsigned from = 0; from < 3; from++) {
        for (unsigned to = 0; to < 3; to++) {
            if (from != to)
                story_expect_delivery(story, from, to);
        }
    }
}

/* Each goes from DIO to proof of the link to Rank (MRH-08), then tells the root who its parent is
 * (DNS-01, DNS-02), and the root acknowledges with the same sequence (ACK-01). */
STORY(a_line_joins_non_storing)
{
    line_of_three(story, RPL_MOP_NON_STORING);
    story_expect(story,
                 "a link ~a value=1 cause=link-up",                       //
                 "b link ~b value=1 cause=link-up",                       //
                 "c link ~c value=1 cause=link-up",                       //
                 "a joined a value=240",                                  //
                 "b neighbour ~a value=128 cause=proven",                 //
                 "b joined a value=240 cause=first",                      //
                 "b parent ~a value=512 cause=first",                     //
                 "b dao to=a seq=240 k target=b ps=240 life=30 parent=a", //
                 "a node-up b other=a value=240 cause=dao",               //
                 "a dao-ack to=b seq=240 status=0",                       //
                 "c neighbour ~b value=128 cause=proven",                 //
                 "c joined a value=240 cause=first",                      //
                 "c parent ~b value=768 cause=first",                     //
                 "c dao to=a seq=240 k target=c ps=240 life=30 parent=b", //
                 "a node-up c other=b value=240 cause=dao",               //
                 "a dao-ack to=c seq=240 status=0");
    three_talk(story);
}

/* The DAO goes to the parent, from link-local to link-local, without a parent in its Transit
 * (DST-01, DST-03); what is new in it travels on a DelayDAO later with the owner's Path Sequence
 * (DST-07, SEQ-08). */
STORY(a_line_joins_storing)
{
    line_of_three(story, RPL_MOP_STORING);
    story_expect(story,
                 "a link ~a value=1 cause=link-up",               //
                 "b link ~b value=1 cause=link-up",               //
                 "c link ~c value=1 cause=link-up",               //
                 "a joined a value=240",                          //
                 "b neighbour ~a value=128 cause=proven",         //
                 "b joined a value=240 cause=first",              //
                 "b parent ~a value=512 cause=first",             //
                 "b dao to=~a seq=240 k target=b ps=240 life=30", //
                 "a node-up b other=~b value=240 cause=dao",      //
                 "a dao-ack to=~b seq=240 status=0",              //
                 "c neighbour ~b value=128 cause=proven",         //
                 "c joined a value=240 cause=first",              //
                 "c parent ~b value=768 cause=first",             //
                 "c dao to=~b seq=240 k target=c ps=240 life=30", //
                 "b node-up c other=~c value=240 cause=dao",      //
                 "b dao-ack to=~c seq=240 status=0",              //
                 "b dao to=~a seq=241 k target=c ps=240 life=30", //
                 "a node-up c other=~b value=240 cause=dao",      //
                 "a dao-ack to=~b seq=241 status=0");
    three_talk(story);
    /* One route per target by way of the child, none for what is not there. */
    struct rpl_addr c = sim_global(2, &story_prefix), via = sim_link_local(1);
    const struct rpl_route *route = sim_route(story->sim, 0, &c);
    assert_non_null(route);
    assert_int_equal(route->kind, RPL_ROUTE_VIA);
    assert_memory_equal(&route->via, &via, sizeof(via));
    struct rpl_addr nobody = sim_global(77, &story_prefix);
    assert_int_equal(sim_route(story->sim, 0, &nobody)->kind, RPL_ROUTE_UNREACHABLE);
}

/* ACK-01 and the kernel: an acceptance leaves after the route stands, and not if it does not. */
STORY(a_refusing_kernel_is_a_refused_dao)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, RPL_MOP_STORING);
    struct rpl_addr addr = sim_global(b, &story_prefix);
    struct rpl_view_node view;

    sim_run_for(story->sim, RPL_MS(10));
    sim_refuse_routes(story->sim, a, 105 /* ENOBUFS */, 1);
    sim_link(story->sim, a, b, 0);
    story_run(story, 6);
    story_expect(story, "...",                         //
                 "a dao-ack to=~b seq=240 status=128", //
                 "...",                                //
                 "b dao-refused ~a other=~a value=128 cause=refused", "...");
    assert_true(rpl_view_node(sim_engine(story->sim, a), &addr, sim_now(story->sim), &view));
    assert_int_equal(view.route, RPL_ROUTE_STATE_REFUSED);
    /* The next one is taken. */
    story_run(story, 200);
    story_expect_reachable(story, a, b);
    story_expect_delivery(story, a, b);
}

/* INS-07: a leaf joins and is reachable, and whoever asks it hears INFINITE_RANK. */
STORY(a_leaf_hangs_below_and_carries_nobody)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_LEAF, RPL_MOP_NON_STORING);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);

    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, b, c, 0);
    story_listen(story, STORY_USUAL | SIM_LOG_DIO);
    story_run(story, 120);
    story_expect_parent(story, b, a);
    story_expect_detached(story, c);
    story_expect_delivery(story, a, b);
    assert_int_equal(story_count(story, "b dio to=~c rank=infinite"), story_count(story, "b dio"));
    assert_int_equal(story_count(story, "c neighbour"), 0);
}

/* Two instances of different modes on one interface: each ignores the other's messages, has its
 * own prefix and its own tree (INS-01). */
STORY(two_instances_share_an_interface)
{
    static const struct rpl_addr second = {{0xfd, 0, 0, 0, 0, 0x52, 0, 0}};
    struct rpl_config root, classic, lite;
    struct rpl_view_instance view;

    story_config(&root, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    root.instance[1] = root.instance[0];
    root.instance[1].id = STORY_INSTANCE + 1;
    root.instance[1].mop = RPL_MOP_STORING;
    root.instance[1].prefix = second;
    root.instance_count = 2;
    story_config(&lite, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    story_config(&classic, RPL_ROLE_ROUTER, RPL_MOP_STORING);
    classic.instance[0].id = STORY_INSTANCE + 1;

    unsigned a = story_add(story, "a", &root);
    unsigned b = story_add(story, "b", &lite);
    unsigned c = story_add(story, "c", &classic);
    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, a, c, 0);
    sim_link(story->sim, b, c, 0);
    story_run(story, 60);
    story_expect_parent(story, b, a);
    assert_true(sim_instance(story->sim, c, STORY_INSTANCE + 1, &view));
    assert_true(view.joined);
    assert_int_equal(view.rank, 512);
    assert_memory_equal(&view.prefix, &second, 8);
    story_expect_delivery(story, a, b);
    assert_true(sim_instance(story->sim, a, STORY_INSTANCE, &view));
    assert_int_equal(view.nodes, 1);
    assert_true(sim_instance(story->sim, a, STORY_INSTANCE + 1, &view));
    assert_int_equal(view.nodes, 1);
    assert_int_equal(story_count(story, "a node-up b"), 1);
    assert_int_equal(story_count(story, "a node-up c"), 1);
    assert_int_equal(story_count(story, "a alarm"), 0);
}

/* The same instance number in the other mode is none of ours (INS-06). */
STORY(another_mode_is_not_joined)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, RPL_MOP_STORING);

    sim_link(story->sim, a, b, 0);
    story_run(story, 60);
    story_expect_detached(story, b);
    assert_true(rpl_view_counter(sim_engine(story->sim, b), RPL_COUNT_DROP_MOP) > 0);
    assert_int_equal(rpl_view_counter(sim_engine(story->sim, a), RPL_COUNT_DAO_IN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_joins_non_storing),
        cmocka_unit_test(a_line_joins_storing),
        cmocka_unit_test(a_refusing_kernel_is_a_refused_dao),
        cmocka_unit_test(a_leaf_hangs_below_and_carries_nobody),
        cmocka_unit_test(two_instances_share_an_interface),
        cmocka_unit_test(another_mode_is_not_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
