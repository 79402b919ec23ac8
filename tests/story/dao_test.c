/* SPDX-License-Identifier: ISC */
/* Destination advertisements that are lost, late, stuck, withdrawn or forgotten. */
#include "story.h"

#include "rpl/rpl_nd.h"

#include <string.h>

static void pair(struct story *story)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, RPL_MOP_STORING);

    sim_link(story->sim, a, b, 0);
    story_run(story, 60);
    story_expect_parent(story, b, a);
    story_forget(story);
}

/* ---- lost ----------------------------------------------------------------------------- */

/* ACK-04: the same octets under the same sequence. */
STORY(a_lost_dao_is_sent_again)
{
    pair(story);
    sim_lose(story->sim, 1, 0, RPL_CODE_DAO, 2);
    sim_command(story->sim, 0, RPL_COMMAND_DTSN, STORY_INSTANCE);
    story_run(story, 60);
    story_expect(story, "b dao to=~a seq=241 k target=b ps=241 life=30",
                 "b dao to=~a seq=241 k target=b ps=241 life=30",
                 "b dao to=~a seq=241 k target=b ps=241 life=30",
                 "a dao-ack to=~b seq=241 status=0");
}

/* ACK-05: what was taken already is acknowledged again and not taken twice. */
STORY(a_lost_acknowledgement_is_given_again)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    sim_lose(story->sim, 0, 1, RPL_CODE_DAO_ACK, 1);
    uint64_t before = rpl_view_counter(sim_engine(story->sim, 0), RPL_COUNT_DAO_DUPLICATE);
    sim_command(story->sim, 0, RPL_COMMAND_DTSN, STORY_INSTANCE);
    story_run(story, 60);
    assert_int_equal(story_count(story, "b dao to=a seq=241 k"), 2);
    assert_int_equal(story_count(story, "a dao-ack to=b seq=241 status=0"), 2);
    assert_int_equal(rpl_view_counter(sim_engine(story->sim, 0), RPL_COUNT_DAO_DUPLICATE),
                     before + 1);
}

/* Four tries, then a pause, then a new DAO; the parent is not left, it answers probes. */
STORY(a_dao_that_is_never_answered)
{
    pair(story);
    sim_lose(story->sim, 1, 0, RPL_CODE_DAO, 5);
    sim_command(story->sim, 0, RPL_COMMAND_DTSN, STORY_INSTANCE);
    story_run(story, 300);
    story_expect(story, "b dao to=~a seq=241 k*", "b dao to=~a seq=241 k*",
                 "b dao to=~a seq=241 k*", "b dao to=~a seq=241 k*",
                 "b dao-unacked ~a value=4 cause=no-answer", "b dao to=~a seq=242 k*",
                 "b dao to=~a seq=242 k*", "a dao-ack to=~b seq=242 status=0");
    story_expect_parent(story, 1, 0);
}

/* ---- late ------------------------------------------------------------------------------- */

/* c moves next to the root before b could pass its first DAO on. The old news comes last and must
 * not win (DST-05): the route stays with c itself. */
STORY(an_old_dao_that_comes_last)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_STORING);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, RPL_MOP_STORING);

    sim_link(story->sim, a, b, 0);
    story_run(story, 60);
    sim_lose(story->sim, b, a, RPL_CODE_DAO, 3);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, RPL_MOP_STORING);
    sim_link(story->sim, b, c, 0);
    while (story_count(story, "b dao to=~a seq=241 k target=c ps=240") == 0)
        sim_run_for(story->sim, RPL_MS(100));
    sim_link(story->sim, a, c, 0);
    sim_command(story->sim, c, RPL_COMMAND_DIS, STORY_INSTANCE);
    story_run(story, 40);
    story_expect(story, "...", "c parent ~a other=~b value=512*", "...",
                 "a node-up c other=~c value=241 cause=dao", "...",
                 "b dao to=~a seq=241 k target=c ps=240 life=30", "...");
    struct rpl_addr addr = sim_global(c, &story_prefix), via = sim_link_local(c);
    const struct rpl_route *route = sim_route(story->sim, a, &addr);
    assert_int_equal(route->kind, RPL_ROUTE_VIA);
    assert_memory_equal(&route->via, &via, sizeof(via));
    story_expect_delivery(story, a, c);
}

/* ---- stuck: SEQ-14 ------------------------------------------------------------------------ */

/* A mote of a deployed stack: link-local fe80::x and a Path Sequence that is always 0. */
static struct rpl_addr mote(uint8_t x, bool link_local)
{
    struct rpl_addr addr = story_prefix;

    if (link_local)
        addr = (struct rpl_addr){{0xfe, 0x80}};
    addr.b[8] = 0x0a;
    addr.b[15] = x;
    return addr;
}

/* |via| announces |target| with Path Sequence 0; |parent| NULL in storing mode. */
static void mote_dao(struct story *story, const struct rpl_addr *via, const struct rpl_addr *to,
                     const struct rpl_addr *target, const struct rpl_addr *parent, uint8_t sequence,
                     uint8_t lifetime)
{
    struct rpl_wire_message message = {.code = RPL_CODE_DAO};
    struct rpl_wire_dao *dao = &message.u.dao;

    dao->instance = STORY_INSTANCE;
    dao->ack_wanted = true;
    dao->sequence = sequence;
    dao->target_count = dao->transit_count = dao->group_count = 1;
    dao->target[0].len = 128;
    dao->target[0].prefix = *target;
    dao->transit[0].path_lifetime = lifetime;
    dao->transit[0].has_parent = parent != NULL;
    if (parent)
        dao->transit[0].parent = *parent;
    story_inject(story, 0, via, to, &message);
}

static bool target_view(struct story *story, const struct rpl_addr *target,
                        struct rpl_view_node *view)
{
    return rpl_view_node(sim_engine(story->sim, 0), target, sim_now(story->sim), view) &&
           view->reachable;
}

/* Storing: refreshes through the same child hold the route far beyond one lifetime. */
STORY(a_stuck_target_is_refreshed_by_arrival)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_STORING);
    struct rpl_addr link_local = mote(1, true), global = mote(1, false), to = sim_link_local(a);
    struct rpl_view_node view;

    story_run(story, 5);
    for (uint8_t i = 0; i < 20; i++) {
        mote_dao(story, &link_local, &to, &global, NULL, i, 5);
        story_run(story, 180);
        assert_true(target_view(story, &global, &view));
        assert_true(view.stuck);
    }
    story_run(story, 121);
    assert_false(target_view(story, &global, &view));
    assert_int_equal(story_count(story, "a node-up"), 1);
    assert_int_equal(story_count(story, "a node-down"), 1);
}

/* Storing: through another child it is replaced, the latest to begin wins, and the target itself
 * beats all. */
STORY(a_stuck_target_moves_between_children)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_STORING);
    struct rpl_addr target = mote(9, false), own = mote(9, true), to = sim_link_local(a);
    struct rpl_addr x = mote(1, true), y = mote(2, true);
    struct rpl_view_node view;

    story_run(story, 5);
    mote_dao(story, &x, &to, &target, NULL, 1, 30);
    story_run(story, 10);
    mote_dao(story, &y, &to, &target, NULL, 1, 30);
    assert_true(target_view(story, &target, &view));
    assert_memory_equal(&view.via, &y, sizeof(y));
    /* The old one goes on announcing what it has forgotten to forget. */
    story_run(story, 60);
    mote_dao(story, &x, &to, &target, NULL, 2, 30);
    assert_true(target_view(story, &target, &view));
    assert_memory_equal(&view.via, &y, sizeof(y));
    mote_dao(story, &own, &to, &target, NULL, 1, 30);
    story_run(story, 60);
    mote_dao(story, &y, &to, &target, NULL, 2, 30);
    assert_true(target_view(story, &target, &view));
    assert_memory_equal(&view.via, &own, sizeof(own));
    /* A No-Path takes away one of the ways, not the target. */
    mote_dao(story, &own, &to, &target, NULL, 2, 0);
    assert_true(target_view(story, &target, &view));
    assert_memory_equal(&view.via, &y, sizeof(y));
}

/* Non-storing: a new Transit replaces the parent although its sequence is the old one. */
STORY(a_stuck_target_moves_non_storing)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    struct rpl_addr x = mote(1, false), y = mote(2, false), target = mote(9, false);
    struct rpl_addr root = sim_global(a, &story_prefix);
    struct rpl_view_path path;

    story_run(story, 5);
    mote_dao(story, &x, &root, &x, &root, 1, 30);
    mote_dao(story, &y, &root, &y, &root, 1, 30);
    mote_dao(story, &target, &root, &target, &x, 1, 30);
    assert_int_equal(rpl_view_route(sim_engine(story->sim, a), &target, &path), 0);
    assert_int_equal(path.hops, 2);
    assert_memory_equal(&path.hop[0], &x, sizeof(x));
    mote_dao(story, &target, &root, &target, &y, 2, 30);
    assert_int_equal(rpl_view_route(sim_engine(story->sim, a), &target, &path), 0);
    assert_memory_equal(&path.hop[0], &y, sizeof(y));
    assert_memory_equal(&path.hop[1], &target, sizeof(target));
}

/* ---- withdrawn and forgotten -------------------------------------------------------------------
 */

/* DST-11, SEQ-11: c dies unheard; its route ends with its lifetime, and b tells the root. */
STORY(a_dead_child_expires)
{
    story_line_of_three(story, RPL_MOP_STORING);
    sim_stop(story->sim, 2);
    story_run(story, 1735);
    story_expect_reachable(story, 0, 2);
    story_run(story, 60);
    story_expect_unreachable(story, 0, 2);
    assert_int_equal(story_count(story, "b node-down c other=~c value=240 cause=expired"), 1);
    assert_int_equal(story_count(story, "a node-down c"), 1);
    struct rpl_addr addr = sim_global(2, &story_prefix);
    assert_int_equal(sim_route(story->sim, 0, &addr)->kind, RPL_ROUTE_UNREACHABLE);
}

/* A packet finds out earlier: neighbour discovery fails at b, b takes the route back (DST-11). */
STORY(a_dead_child_is_found_by_traffic_storing)
{
    story_line_of_three(story, RPL_MOP_STORING);
    sim_stop(story->sim, 2);
    sim_send(story->sim, 0, 2, &story_prefix, 1);
    story_run(story, 8);
    story_expect(story, "b node-down c other=~c value=240 cause=unreachable",
                 "b dao to=~a seq=242 k target=c ps=240 no-path",
                 "a node-down c other=~b value=240 cause=no-path",
                 "a dao-ack to=~b seq=242 status=0");
}

/* The router on the source route reports the hop that failed (RFC 6554 section 4.2); the root drops
 * that edge only, and asks for DAOs. b stays reachable. */
STORY(a_dead_child_is_found_by_traffic_non_storing)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    sim_stop(story->sim, 2);
    sim_send(story->sim, 0, 2, &story_prefix, 1);
    story_run(story, 5);
    story_expect(story, "a node-down c other=b value=240 cause=forward-error");
    story_expect_reachable(story, 0, 1);
    story_run(story, 60);
    assert_int_equal(story_count(story, "b dao to=a seq=241 k"), 1);
}

/* A child that lost its state starts its counters anew, and is believed when it goes on (SEQ-05);
 * what it is reached by stays meanwhile. */
STORY(a_child_that_forgot_everything)
{
    story_line_of_three(story, RPL_MOP_NON_STORING);
    for (unsigned i = 0; i < 4; i++) {
        sim_command(story->sim, 0, RPL_COMMAND_DTSN, STORY_INSTANCE);
        story_run(story, 70);
    }
    sim_stop(story->sim, 2);
    sim_start(story->sim, 2, SIM_FRESH);
    story_run(story, 30);
    story_expect_delivery(story, 0, 2);
    story_run(story, 1800);
    story_expect_delivery(story, 0, 2);
    assert_int_equal(story_count(story, "a node-down"), 0);
}

/* ---- parallel parents ------------------------------------------------------------------ */

/* a above b and c, both above d, who tells both of itself. */
static void two_ways(struct story *story, enum rpl_mop mop)
{
    struct rpl_config config;

    story_config(&config, RPL_ROLE_ROOT, mop);
    config.instance[0].dodag.path_control_size = 3;
    unsigned a = story_add(story, "a", &config);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, mop);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, mop);
    story_config(&config, RPL_ROLE_ROUTER, mop);
    config.instance[0].dao_parents = 2;
    unsigned d = story_add(story, "d", &config);

    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, a, c, 0);
    sim_link(story->sim, b, d, 0);
    story_run(story, 60);
    story_forget(story);
    sim_link(story->sim, c, d, 0);
    story_run(story, 240);
    story_expect_parent(story, d, b);
}

/* PCT-02, DNS-09: the preferred parent has PC1. The other way is there before it is needed: when
 * the link from b is gone, b's error is all it takes, d did not say anything yet. */
STORY(two_parents_non_storing)
{
    const unsigned a = 0, b = 1, d = 3;

    two_ways(story, RPL_MOP_NON_STORING);
    assert_int_equal(story_count(story, "d dao to=a seq=241 k target=d ps=241 life=30 parent=b "
                                        "ps=241 life=30 parent=c"),
                     1);
    story_expect_delivery(story, a, d);
    story_forget(story);
    sim_cut(story->sim, b, d);
    sim_send(story->sim, a, d, &story_prefix, 1);
    story_run(story, 5);
    story_expect_delivery(story, a, d);
    assert_int_equal(story_count(story, "d "), 0);
}

/* The root has two children to reach d by, and Path Control says that b is better, for d's link
 * to c is worse; c takes over as soon as b is found gone. */
STORY(two_parents_storing)
{
    const unsigned a = 0, b = 1, c = 2, d = 3;

    two_ways(story, RPL_MOP_STORING);
    assert_int_equal(story_count(story, "d dao to=~b seq=241 k target=d ps=241*"), 0);
    assert_true(story_count(story, "d dao to=~b") > 0 && story_count(story, "d dao to=~c") > 0);
    assert_int_equal(story_count_with(story, "c dao to=~a", "target=d"), 1);
    for (unsigned i = 0; i < 10; i++)
        story_link_sample(story, d, c, 500);
    sim_command(story->sim, b, RPL_COMMAND_DTSN, STORY_INSTANCE);
    story_run(story, 60);
    story_expect_delivery(story, a, d);
    story_forget(story);
    struct rpl_event gone = {.type = RPL_EVENT_NEIGHBOUR,
                             .u.neighbour = {.ifindex = 1, .failed = true}};
    gone.u.neighbour.address = sim_link_local(b);
    sim_cut(story->sim, a, b);
    sim_input(story->sim, a, &gone);
    assert_int_equal(story_count(story, "a node-change d other=~c"), 1);
    story_expect_delivery(story, a, d);
    assert_int_equal(story_count(story, "d dao"), 0);
}

/* ---- leaves that do not speak RPL -------------------------------------------------------- */

#define LEAF 77u

/* The leaf registers its address at |router| once more. */
static void registers(struct story *story, unsigned router, uint8_t tid)
{
    struct rpl_addr src = sim_link_local(LEAF), dst = sim_link_local(router);
    struct rpl_nd_solicitation ns = {
        .target = sim_global(LEAF, &story_prefix),
        .has_earo = true,
        .earo = {.route = true, .has_tid = true, .tid = tid, .lifetime_min = 10, .rovr.size = 1}};
    struct rpl_event event = {.type = RPL_EVENT_PACKET};
    uint8_t data[128];

    event.u.packet.ifindex = SIM_IFINDEX;
    event.u.packet.src = src;
    event.u.packet.dst = dst;
    event.u.packet.hop_limit = 255;
    event.u.packet.data = data;
    event.u.packet.len = rpl_nd_write_ns(&ns, &src, &dst, data, sizeof(data));
    sim_input(story->sim, router, &event);
}

/* The root's idea of who the leaf is behind. */
static void leaf_is_behind(struct story *story, unsigned router)
{
    struct rpl_addr leaf = sim_global(LEAF, &story_prefix), r = sim_global(router, &story_prefix);
    struct rpl_view_node v;
    struct rpl_view_path path;

    assert_true(rpl_view_node(sim_engine(story->sim, 0), &leaf, sim_now(story->sim), &v));
    assert_true(v.external && v.reachable);
    assert_memory_equal(&v.parent[0].address, &r, sizeof(r));
    assert_int_equal(rpl_view_route(sim_engine(story->sim, 0), &leaf, &path), 0);
    assert_true(path.behind);
    assert_memory_equal(&path.hop[path.hops - 1], &r, sizeof(r));
}

/* RFC 9010: the 6LBR is asked, the root is told, the leaf moves, its former router hears of it
 * (DCO), and the registration ends when nobody renews it. */
static void a_leaf(struct story *story, enum rpl_mop mop)
{
    struct rpl_config config;

    for (unsigned i = 0; i < 3; i++) {
        story_config(&config, i ? RPL_ROLE_ROUTER : RPL_ROLE_ROOT, mop);
        config.instance[0].serve_leaves = true;
        story_add(story, i == 0 ? "a" : i == 1 ? "b" : "c", &config);
    }
    sim_link(story->sim, 0, 1, 0);
    sim_link(story->sim, 1, 2, 0);
    story_run(story, 60);
    story_forget(story);
    registers(story, 2, 240);
    story_run(story, 10);
    leaf_is_behind(story, 2);
    assert_int_equal(story_count(story, "c dao to=a"), 1);
    registers(story, 2, 241); /* with X: no EDAR crosses the mesh */
    story_run(story, 10);
    assert_int_equal(rpl_view_counter(sim_engine(story->sim, 0), RPL_COUNT_EDAR_IN), 1);
    assert_int_equal(story_count_with(story, "a dao-ack to=c", "status=64"), 1);
    sim_lose(story->sim, 1, 2, RPL_CODE_DCO, 1);
    registers(story, 1, 242);
    story_run(story, 20);
    leaf_is_behind(story, 1);
    assert_int_equal(rpl_view_counter(sim_engine(story->sim, 2), RPL_COUNT_DCO_IN), 1);
    assert_int_equal(rpl_view_counter(sim_engine(story->sim, 0), RPL_COUNT_DCO_ACK_IN), 1);
    struct rpl_addr leaf = sim_global(LEAF, &story_prefix);
    const struct rpl_route *route = sim_route(story->sim, 2, &leaf);
    assert_true(!route || route->dst_len < 128); /* c has none of its own left */
    story_run(story, 800);
    struct rpl_view_node v;
    assert_false(rpl_view_node(sim_engine(story->sim, 0), &leaf, sim_now(story->sim), &v));
}

STORY(a_leaf_without_rpl_storing)
{
    a_leaf(story, RPL_MOP_STORING);
}

STORY(a_leaf_without_rpl_non_storing)
{
    a_leaf(story, RPL_MOP_NON_STORING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_dao_is_sent_again),
        cmocka_unit_test(a_lost_acknowledgement_is_given_again),
        cmocka_unit_test(a_dao_that_is_never_answered),
        cmocka_unit_test(an_old_dao_that_comes_last),
        cmocka_unit_test(a_stuck_target_is_refreshed_by_arrival),
        cmocka_unit_test(a_stuck_target_moves_between_children),
        cmocka_unit_test(a_stuck_target_moves_non_storing),
        cmocka_unit_test(a_dead_child_expires),
        cmocka_unit_test(a_dead_child_is_found_by_traffic_storing),
        cmocka_unit_test(a_dead_child_is_found_by_traffic_non_storing),
        cmocka_unit_test(a_child_that_forgot_everything),
        cmocka_unit_test(two_parents_non_storing),
        cmocka_unit_test(two_parents_storing),
        cmocka_unit_test(a_leaf_without_rpl_storing),
        cmocka_unit_test(a_leaf_without_rpl_non_storing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
