/* SPDX-License-Identifier: ISC */
/* Parents that change, links that die, repairs. */
#include "story.h"

#include <string.h>

/* a above b and c, both above d, e below d; d hears c a minute later than b. */
static void diamond(struct story *story, enum rpl_mop mop)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, mop);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, mop);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, mop);
    unsigned d = story_node(story, "d", RPL_ROLE_ROUTER, mop);
    unsigned e = story_node(story, "e", RPL_ROLE_ROUTER, mop);

    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, a, c, 0);
    sim_link(story->sim, b, d, 0);
    story_run(story, 60);
    sim_link(story->sim, c, d, 0);
    sim_link(story->sim, d, e, 0);
    story_run(story, 240);
    story_expect_parent(story, d, b);
    story_expect_parent(story, e, d);
    story_forget(story);
}

/* MRH-07: d stays with b while c is better by less than 192, and goes when it is more. */
static void hysteresis(struct story *story)
{
    const unsigned b = 1, c = 2, d = 3;

    for (unsigned i = 0; i < 60; i++)
        story_link_sample(story, d, b, 128 + 191);
    story_expect_parent(story, d, b);
    assert_int_equal(story_count(story, "d parent"), 0);
    story_link_sample(story, d, b, 512);
    story_expect_parent(story, d, c);
    /* And back only for the same gain. */
    for (unsigned i = 0; i < 60; i++)
        story_link_sample(story, d, b, 128);
    story_expect_parent(story, d, c);
}

/* The new parent goes to the root in a DAO with a newer Path Sequence (DNS-05); e, below d, has
 * nothing to say: its way is resolved through d. */
STORY(a_parent_switch_non_storing)
{
    diamond(story, RPL_MOP_NON_STORING);
    hysteresis(story);
    story_run(story, 30);
    story_expect(story, "d parent ~c other=~b value=768 cause=etx",
                 "d dao to=a seq=241 k target=d ps=241 life=30 parent=c",
                 "a node-change d other=c value=241 cause=dao", "a dao-ack to=d seq=241 status=0");
    story_expect_delivery(story, 0, 4);
    story_expect_delivery(story, 4, 0);
}

/* The new parent hears all that is below d; d's DTSN has e announce itself anew, so that its Path
 * Sequence, too, tells the new way from the old one (SEQ-08, RFC 6550 section 9.6). The common
 * ancestor cleans both old ways up (R09-02 to R09-07), and d's No-Path (DST-09, 9.2.1) finds
 * nothing left to do. In between nothing is unreachable at the common ancestor. */
STORY(a_parent_switch_storing)
{
    diamond(story, RPL_MOP_STORING);
    hysteresis(story);
    story_run(story, 30);
    story_expect(story, "d parent ~c other=~b value=768 cause=etx",
                 "d dao to=~c seq=242 k target=d ps=241 life=30 target=e ps=240 life=30",
                 "c node-up d other=~d value=241 cause=dao",
                 "c node-up e other=~d value=240 cause=dao", "c dao-ack to=~d seq=242 status=0",
                 "c dao to=~a seq=241 k target=d ps=241 life=30 target=e ps=240 life=30",
                 "a node-change d other=~c value=241 cause=dao",
                 "a node-change e other=~c value=240 cause=dao", "a dao-ack to=~c seq=241 status=0",
                 "...");
    story_expect_delivery(story, 0, 4);
    story_expect_delivery(story, 4, 0);
    story_expect_delivery(story, 1, 4);
}

STORY(a_parent_switch_cleans_up)
{
    diamond(story, RPL_MOP_STORING);
    hysteresis(story);
    story_run(story, 30);
    assert_int_equal(story_count(story, "e dao to=~d"), 1);
    assert_int_equal(story_count_with(story, "c dao to=~a", "target=e ps=241"), 1);
    assert_int_equal(story_count_with(story, "a dco to=~b", "target=d ps=241"), 1);
    assert_int_equal(story_count_with(story, "a dco to=~b", "target=e ps=241"), 1);
    assert_int_equal(story_count(story, "b node-down e other=~d value=240 cause=dco"), 1);
    assert_int_equal(story_count(story, "b dao to=~a"), 0);
}

/* Packets flow down every 20 ms across the switch, and none is lost. */
static void count_lost(void *ctx, uint64_t id, enum sim_fate fate, unsigned hops)
{
    unsigned *lost = ctx;

    (void)id;
    (void)hops;
    *lost += fate != SIM_DELIVERED;
}

static void switch_under_traffic(struct story *story, enum rpl_mop mop)
{
    unsigned lost = 0;

    diamond(story, mop);
    sim_set_fate(story->sim, count_lost, &lost);
    for (unsigned i = 0; i < 1500; i++) {
        if (i == 50)
            for (unsigned k = 0; k < 20; k++)
                story_link_sample(story, 3, 1, 512);
        sim_send(story->sim, 0, 4, &story_prefix, i);
        sim_send(story->sim, 4, 0, &story_prefix, i);
        sim_run_for(story->sim, RPL_MS(20));
    }
    story_run(story, 1);
    story_expect_parent(story, 3, 2);
    assert_int_equal(lost, 0);
    assert_int_equal(sim_stats(story->sim)->fate[SIM_DELIVERED], 3000);
    sim_set_fate(story->sim, NULL, NULL);
}

STORY(a_switch_loses_no_packet_non_storing)
{
    switch_under_traffic(story, RPL_MOP_NON_STORING);
}

STORY(a_switch_loses_no_packet_storing)
{
    switch_under_traffic(story, RPL_MOP_STORING);
}

/* ---- a link dies -------------------------------------------------------------------------- */

/* Detached, b poisons (8.2.2.5), c takes its word and leaves (PAR-05), neither takes the other for
 * a parent, and both come back by themselves with the Rank they had. */
static void cut_and_mend(struct story *story, enum rpl_mop mop)
{
    story_line_of_three(story, mop);
    sim_cut(story->sim, 0, 1);
    story_listen(story, SIM_LOG_TRACE | SIM_LOG_DIO);
    story_run(story, 90);
    story_expect_detached(story, 1);
    story_expect_detached(story, 2);
    story_expect(story, "...", "b neighbour ~a cause=lost",
                 "b detached a value=512 cause=no-answer", "b dio to=all rank=infinite*",
                 "c detached a value=768 cause=poison", "c dio to=all rank=infinite*",
                 "b dio to=all rank=infinite*", "c dio to=all rank=infinite*",
                 "b dio to=all rank=infinite*", "c dio to=all rank=infinite*", "...");
    story_run(story, 400);
    assert_int_equal(story_count(story, "b joined") + story_count(story, "c joined"), 0);
    sim_link(story->sim, 0, 1, 0);
    story_listen(story, SIM_LOG_TRACE);
    story_run(story, 180);
    story_expect(story, "b neighbour ~a value=128 cause=proven", "b joined a value=240*",
                 "b parent ~a value=512 cause=first", "c neighbour ~b value=128 cause=proven",
                 "c joined a value=240*", "c parent ~b value=768 cause=first");
    story_expect_delivery(story, 0, 2);
    story_expect_delivery(story, 2, 0);
}

STORY(a_cut_link_is_poisoned_and_mended_non_storing)
{
    cut_and_mend(story, RPL_MOP_NON_STORING);
}

STORY(a_cut_link_is_poisoned_and_mended_storing)
{
    cut_and_mend(story, RPL_MOP_STORING);
}

/* A second way takes over without poison; e stays where it is, and announces itself as asked. */
STORY(a_cut_link_with_an_alternative)
{
    diamond(story, RPL_MOP_STORING);
    sim_cut(story->sim, 1, 3);
    story_run(story, 90);
    story_expect_parent(story, 3, 2);
    assert_int_equal(story_count(story, "d detached"), 0);
    assert_int_equal(story_count(story, "e "), 1);
    assert_int_equal(story_count(story, "e dao to=~d"), 1);
    story_expect_delivery(story, 0, 4);
    story_expect_delivery(story, 4, 0);
}

/* b is cut off from a and from d, and d goes over to c. When b is back it announces all that it
 * believes to have. That is the younger news at the root, and yet it does not win: not for d, and
 * not for e, who never had another parent. (What would clean b up is lost on its way.) */
STORY(an_older_tree_gives_way)
{
    struct rpl_addr via_c = sim_link_local(2), e = sim_global(4, &story_prefix);

    diamond(story, RPL_MOP_STORING);
    sim_cut(story->sim, 1, 3);
    sim_cut(story->sim, 0, 1);
    story_run(story, 120);
    story_expect_parent(story, 3, 2);
    story_expect_detached(story, 1);
    sim_lose(story->sim, 0, 1, RPL_CODE_DCO, 100);
    sim_link(story->sim, 0, 1, 0);
    story_run(story, 120);
    story_expect_parent(story, 1, 0);
    assert_true(story_count_with(story, "b dao to=~a", "target=e ps=240") > 0);
    assert_true(rpl_addr_equal(&sim_route(story->sim, 0, &e)->via, &via_c));
    story_expect_delivery(story, 0, 3);
    story_expect_delivery(story, 0, 4);
}

/*
 * Five that hear each other lose the one link to the root, and none of them poisons. They take each
 * other for parents, with Ranks that count upwards: with the limit of 8.2.2.4 far away the circles
 * stand, and sim_check() sees them; with the usual limit it is soon over.
 */
static bool circles_after_a_cut(struct story *story, uint16_t max_rank_increase, rpl_duration grace)
{
    struct rpl_config config;
    unsigned node[5];
    char text[160] = "";
    bool seen = false;

    story_config(&config, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    config.instance[0].dodag.max_rank_increase = max_rank_increase;
    unsigned a = story_add(story, "a", &config);
    story_config(&config, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    config.instance[0].poison = false;
    for (unsigned i = 0; i < 5; i++) {
        node[i] = story_add(story, NULL, &config);
        for (unsigned j = 0; j < i; j++)
            sim_link(story->sim, node[i], node[j], 0);
    }
    sim_link(story->sim, a, node[0], 0);
    story_run(story, 200);
    assert_true(sim_check(story->sim, 0, text, sizeof(text)));
    sim_cut(story->sim, a, node[0]);
    for (unsigned i = 0; i < 600 && !seen; i++) {
        story_run(story, 1);
        seen = !sim_check(story->sim, grace, text, sizeof(text));
    }
    assert_int_equal(seen, strstr(text, "has been in a loop") != NULL);
    return seen;
}

STORY(counting_to_infinity_is_seen)
{
    assert_true(circles_after_a_cut(story, 65000, RPL_S(2)));
}

STORY(counting_to_infinity_is_short)
{
    assert_false(circles_after_a_cut(story, 3 * 256, RPL_S(60)));
    for (unsigned node = 1; node < 6; node++)
        story_expect_detached(story, node);
}

/* d moves without a word to b, whose link is dead. e's Path Sequence does not change by that
 * (SEQ-08), so the root hears the same one from two children: the one that came last is right. */
STORY(a_grandchild_follows_over_a_cut)
{
    diamond(story, RPL_MOP_STORING);
    story_run(story, 1500); /* e refreshed: its sequence is known to move */
    sim_cut(story->sim, 1, 3);
    story_run(story, 90);
    story_expect_parent(story, 3, 2);
    assert_int_equal(story_count(story, "a node-change e other=~c value=241 cause=dao"), 1);
    story_expect_delivery(story, 0, 4);
}

/* ---- state that was lost ---------------------------------------------------------------- */

/* SEQ-13: d knows nothing of its former life and comes up behind another router. Its Path Sequence
 * begins at 240 and looks older than what a holds of it by way of b, where it cannot be reached any
 * more. a tells the newer one down the new way (RFC 9009 section 4.5), and d goes on from there. */
STORY(a_restart_without_state_elsewhere)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, RPL_MOP_STORING);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, RPL_MOP_STORING);
    unsigned d = story_node(story, "d", RPL_ROLE_ROUTER, RPL_MOP_STORING);

    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, a, c, 0);
    sim_link(story->sim, b, d, 0);
    story_run(story, 4000); /* refreshed at 15 to 22 minutes, twice at least */
    story_expect_parent(story, d, b);
    sim_stop(story->sim, d);
    sim_cut(story->sim, b, d);
    sim_link(story->sim, c, d, 0);
    story_listen(story, SIM_LOG_DAO | SIM_LOG_DCO);
    sim_start(story->sim, d, SIM_FRESH);
    story_run(story, 45);
    story_expect_parent(story, d, c);
    assert_true(story_count_with(story, "d dao to=~c", "target=d ps=240") > 0);
    assert_true(story_count(story, "a dco to=~c") > 0);
    assert_int_equal(story_count_with(story, "d dao to=~c", "target=d ps=241"), 0);
    story_expect_delivery(story, a, d);
    story_expect_delivery(story, d, a);
    story_expect_delivery(story, b, d);
}

/* The same where it was before: its parent knows a newer one and tells it, so that nobody further
 * up takes what follows for a repeat that does not extend the lifetime (SEQ-11). */
STORY(a_restart_without_state_in_place)
{
    story_line_of_three(story, RPL_MOP_STORING);
    story_run(story, 4000);
    sim_stop(story->sim, 2);
    story_listen(story, SIM_LOG_DAO | SIM_LOG_DCO);
    sim_start(story->sim, 2, SIM_FRESH);
    story_run(story, 30);
    assert_int_equal(story_count_with(story, "c dao to=~b", "target=c ps=240"), 1);
    assert_true(story_count_with(story, "b dco to=~c", "target=c ps=24") > 0);
    assert_true(story_count_with(story, "b dao to=~a", "target=c ps=24") > 0);
    assert_int_equal(story_count_with(story, "b dao to=~a", "target=c ps=240"), 0);
    for (unsigned i = 0; i < 80; i++) {
        story_run(story, 60);
        story_expect_reachable(story, 0, 2);
    }
    story_expect_delivery(story, 0, 2);
}

/* The way by c is what is left of an older tree: d left c while c was off, and c came back with its
 * routes. What it announces is older, and is cleared up; d stays where it is. */
STORY(a_stale_way_is_cleared_up)
{
    diamond(story, RPL_MOP_STORING);
    for (unsigned i = 0; i < 20; i++)
        story_link_sample(story, 3, 1, 512);
    story_run(story, 30);
    story_expect_parent(story, 3, 2);
    sim_stop(story->sim, 2);
    story_run(story, 100); /* d is back behind b, with a newer sequence */
    story_expect_parent(story, 3, 1);
    story_expect_delivery(story, 0, 3);
    sim_cut(story->sim, 2, 3);
    story_listen(story, SIM_LOG_TRACE | SIM_LOG_DAO | SIM_LOG_DCO);
    sim_start(story->sim, 2, SIM_WITH_STATE | SIM_WITH_ROUTES);
    story_run(story, 400);
    story_expect_delivery(story, 0, 3);
    story_expect_delivery(story, 0, 4);
    story_expect_delivery(story, 3, 0);
    assert_int_equal(story_count(story, "d parent"), 0);
}

/* ---- a router restarts ---------------------------------------------------------------- */

/* Its children stay where they are and notice nothing but a step of its DTSN (SEQ-09), or, if it
 * forgot that as well, that it asks for a DODAG; they tell it again who they are. */
static void router_restart(struct story *story, enum rpl_mop mop, unsigned flags)
{
    story_line_of_three(story, mop);
    sim_stop(story->sim, 1);
    story_run(story, 1);
    sim_start(story->sim, 1, flags);
    story_run(story, 45);
    story_expect_parent(story, 1, 0);
    story_expect_parent(story, 2, 1);
    story_expect_delivery(story, 0, 2);
    story_expect_delivery(story, 2, 0);
    assert_int_equal(story_count(story, "c detached"), 0);
}

STORY(a_router_restarts_with_state)
{
    router_restart(story, RPL_MOP_STORING, SIM_WITH_STATE);
}

STORY(a_router_restarts_with_state_and_routes)
{
    router_restart(story, RPL_MOP_STORING, SIM_WITH_STATE | SIM_WITH_ROUTES);
}

STORY(a_router_restarts_fresh)
{
    router_restart(story, RPL_MOP_STORING, SIM_FRESH);
}

STORY(a_router_restarts_fresh_non_storing)
{
    router_restart(story, RPL_MOP_NON_STORING, SIM_FRESH);
}

/* c goes to the root while b is down; b finds its old route to c and waits for a DAO that never
 * comes. It then drops the route without a No-Path: it knows no Path Sequence to send, and one that
 * it made up would make c's own look old. */
STORY(a_route_that_nobody_confirms_is_no_news)
{
    story_line_of_three(story, RPL_MOP_STORING);
    sim_stop(story->sim, 1);
    sim_link(story->sim, 0, 2, 0);
    sim_cut(story->sim, 1, 2);
    story_run(story, 200);
    story_expect_parent(story, 2, 0);
    story_forget(story);
    sim_start(story->sim, 1, SIM_WITH_STATE | SIM_WITH_ROUTES);
    story_run(story, 400);
    assert_int_equal(story_count(story, "b node-down c"), 1);
    assert_int_equal(story_count_with(story, "b dao", "target=c"), 0);
    story_expect_delivery(story, 0, 2);
    sim_command(story->sim, 0, RPL_COMMAND_DTSN, STORY_INSTANCE);
    story_run(story, 2400);
    story_expect_delivery(story, 0, 2);
    assert_int_equal(story_count(story, "a node-down c"), 0);
}

/* ---- repairs ------------------------------------------------------------------------------- */

/* The version goes down the tree; nobody leaves the old one without a parent in the new one
 * (8.2.2.1), and each sends a DAO in it. */
STORY(a_global_repair)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    assert_int_equal(sim_command(story->sim, 0, RPL_COMMAND_GLOBAL_REPAIR, STORY_INSTANCE), 0);
    story_run(story, 60);
    story_expect(story, "a repair a value=241 cause=operator", "b joined a value=241 cause=version",
                 "b dao to=a seq=241 k target=b ps=241 life=30 parent=a",
                 "a dao-ack to=b seq=241 status=0", "c joined a value=241 cause=version",
                 "c dao to=a seq=241 k target=c ps=241 life=30 parent=b",
                 "a dao-ack to=c seq=241 status=0");
    story_expect_delivery(story, 0, 2);
    /* DIO-03: only the root may. */
    assert_true(sim_command(story->sim, 1, RPL_COMMAND_GLOBAL_REPAIR, STORY_INSTANCE) < 0);
}

/* b drops its parent, poisons, and finds it again; c goes and comes with it. */
STORY(a_local_repair)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    story_listen(story, SIM_LOG_TRACE);
    assert_int_equal(sim_command(story->sim, 1, RPL_COMMAND_LOCAL_REPAIR, STORY_INSTANCE), 0);
    story_run(story, 60);
    story_expect(story, "b detached a value=512 cause=operator",
                 "c detached a value=768 cause=poison", "b joined a value=240",
                 "b parent ~a value=512 cause=first", "c neighbour ~b value=128 cause=proven",
                 "c joined a value=240", "c parent ~b value=768 cause=first");
    story_expect_delivery(story, 0, 2);
}

/* SEQ-09: in non-storing mode the question travels down, each node moves its own DTSN on. */
STORY(a_dtsn_step_non_storing)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    story_listen(story, STORY_USUAL | SIM_LOG_STORE);
    assert_int_equal(sim_command(story->sim, 0, RPL_COMMAND_DTSN, STORY_INSTANCE), 0);
    story_run(story, 60);
    story_expect(
        story, "a store version=240 dtsn=241*", "b store version=240 dtsn=241*",
        "b store version=240 dtsn=241 dao=241 path=241",
        "b dao to=a seq=241 k target=b ps=241 life=30 parent=a", "a dao-ack to=b seq=241 status=0",
        "c store version=240 dtsn=241*", "c store version=240 dtsn=241 dao=241 path=241",
        "c dao to=a seq=241 k target=c ps=241 life=30 parent=b", "a dao-ack to=c seq=241 status=0");
}

/* In storing mode the parent's children answer with all they know, and those who have children pass
 * the question on: c speaks for itself. */
STORY(a_dtsn_step_storing)
{
    story_line_of_three(story, RPL_MOP_STORING);
    story_listen(story, STORY_USUAL | SIM_LOG_STORE);
    assert_int_equal(sim_command(story->sim, 0, RPL_COMMAND_DTSN, STORY_INSTANCE), 0);
    story_run(story, 60);
    story_expect(
        story, "a store version=240 dtsn=241*", "b store version=240 dtsn=241*",
        "b store version=240 dtsn=241 dao=242 path=241",
        "b dao to=~a seq=242 k target=b ps=241 life=30 target=c ps=240 life=30",
        "a dao-ack to=~b seq=242 status=0", "c store version=240 dtsn=240 dao=241 path=241",
        "c dao to=~b seq=241 k target=c ps=241 life=30", "b dao-ack to=~c seq=241 status=0",
        "b store version=240 dtsn=241 dao=243 path=241",
        "b dao to=~a seq=243 k target=c ps=241 life=30", "a dao-ack to=~b seq=243 status=0");
}

/* A parent that restarts without its state, and joins before it had to ask for a DODAG: its DTSN,
 * which begins anew, tells its child that it has to be told again. */
STORY(a_parent_that_forgot)
{
    story_line_of_three(story, RPL_MOP_STORING);
    assert_int_equal(sim_command(story->sim, 1, RPL_COMMAND_DTSN, STORY_INSTANCE), 0);
    story_run(story, 60);
    sim_lose(story->sim, 1, 2, RPL_CODE_DIS, 100);
    sim_stop(story->sim, 1);
    sim_start(story->sim, 1, SIM_FRESH);
    story_run(story, 60);
    story_expect_parent(story, 2, 1);
    story_expect_delivery(story, 0, 2);
}

/* The same in a tree where nobody has asked for anything yet, and the DTSN begins where it stood.
 */
STORY(a_parent_that_forgot_in_a_young_tree)
{
    struct rpl_wire_message dis = {.code = RPL_CODE_DIS};
    struct rpl_addr a = sim_link_local(0), b = sim_link_local(1);

    story_line_of_three(story, RPL_MOP_STORING);
    sim_stop(story->sim, 1);
    sim_start(story->sim, 1, SIM_FRESH);
    story_inject(story, 0, &b, &a, &dis); /* a answers, before b had to ask anybody */
    story_run(story, 150);
    story_expect_parent(story, 2, 1);
    assert_int_equal(story_count(story, "c parent"), 0);
    story_expect_delivery(story, 0, 2);
}

/* A root that has lost its targets asks for them while b, who cannot tell what its link to the root
 * is worth, is below e. b goes to the root, and e, who would have passed the question on, asks b no
 * more. c, below b all the time, is asked all the same. */
STORY(a_question_before_the_switch)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    unsigned e = story_node(story, "e", RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);

    sim_link(story->sim, a, e, 0);
    sim_link(story->sim, e, b, 0);
    sim_link(story->sim, b, c, 0);
    story_run(story, 60);
    sim_lose(story->sim, b, a, RPL_CODE_DIS, 1000); /* no probe is answered */
    sim_link(story->sim, a, b, 0);
    story_run(story, 300);
    story_expect_parent(story, b, e);
    story_expect_parent(story, c, b);
    story_forget(story);
    sim_stop(story->sim, a);
    sim_lose(story->sim, b, a, RPL_CODE_DIS, 0);
    sim_start(story->sim, a, SIM_WITH_STATE | SIM_WITH_ROUTES);
    story_run(story, 60);
    story_expect_parent(story, b, a);
    story_expect_parent(story, c, b);
    assert_int_equal(story_count(story, "c parent"), 0);
    assert_int_equal(story_count(story, "c dao to=a"), 1);
    story_expect_delivery(story, a, c);
}

/* The old parent becomes the child: what was reached through the one lies above it now, and is
 * neither announced to it nor routed to it. */
STORY(the_tree_turns_around)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, RPL_MOP_STORING);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, RPL_MOP_STORING);
    unsigned d = story_node(story, "d", RPL_ROLE_ROUTER, RPL_MOP_STORING);

    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, b, c, 0);
    sim_link(story->sim, c, d, 0);
    story_run(story, 60);
    story_expect_parent(story, d, c);
    sim_link(story->sim, a, d, 0);
    sim_cut(story->sim, a, b);
    story_run(story, 400);
    story_expect_parent(story, d, a);
    story_expect_parent(story, c, d);
    story_expect_parent(story, b, c);
    assert_int_equal(story_count(story, "c dao-unacked"), 0);
    assert_int_equal(story_count(story, "b dao-refused"), 0);
    for (unsigned node = 1; node < 4; node++) {
        story_expect_delivery(story, a, node);
        story_expect_delivery(story, node, a);
    }
    story_expect_delivery(story, b, d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parent_switch_non_storing),
        cmocka_unit_test(a_parent_switch_storing),
        cmocka_unit_test(a_parent_switch_cleans_up),
        cmocka_unit_test(an_older_tree_gives_way),
        cmocka_unit_test(a_switch_loses_no_packet_non_storing),
        cmocka_unit_test(a_switch_loses_no_packet_storing),
        cmocka_unit_test(a_cut_link_is_poisoned_and_mended_non_storing),
        cmocka_unit_test(a_cut_link_is_poisoned_and_mended_storing),
        cmocka_unit_test(a_cut_link_with_an_alternative),
        cmocka_unit_test(counting_to_infinity_is_seen),
        cmocka_unit_test(counting_to_infinity_is_short),
        cmocka_unit_test(a_grandchild_follows_over_a_cut),
        cmocka_unit_test(a_restart_without_state_elsewhere),
        cmocka_unit_test(a_restart_without_state_in_place),
        cmocka_unit_test(a_stale_way_is_cleared_up),
        cmocka_unit_test(a_router_restarts_with_state),
        cmocka_unit_test(a_router_restarts_with_state_and_routes),
        cmocka_unit_test(a_router_restarts_fresh),
        cmocka_unit_test(a_router_restarts_fresh_non_storing),
        cmocka_unit_test(a_route_that_nobody_confirms_is_no_news),
        cmocka_unit_test(a_global_repair),
        cmocka_unit_test(a_local_repair),
        cmocka_unit_test(a_dtsn_step_non_storing),
        cmocka_unit_test(a_dtsn_step_storing),
        cmocka_unit_test(a_parent_that_forgot),
        cmocka_unit_test(a_parent_that_forgot_in_a_young_tree),
        cmocka_unit_test(a_question_before_the_switch),
        cmocka_unit_test(the_tree_turns_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
