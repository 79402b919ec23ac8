/* SPDX-License-Identifier: ISC */
/*
 * The root's graph in non-storing mode against a model: after any sequence of DAOs, No-Paths, lost
 * edges and lost neighbours a target is reachable if and only if some chain of the parents that are
 * known leads to the root, and its source route is such a chain without a circle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/rig.h"

#define NODES 14u
#define FIRST 2u /* 1 is the root */
#define RUNS 150
#define STEPS 120

static struct rig rig;
static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static unsigned number_of(const struct rpl_addr *addr)
{
    return addr->b[15];
}

/* What the engine knows: bit p of parents[n]: p is a parent of n. */
static void read_graph(uint32_t parents[FIRST + NODES], uint32_t *ret_reachable)
{
    struct rpl_cursor c = {0};
    struct rpl_view_node v;

    memset(parents, 0, (FIRST + NODES) * sizeof(*parents));
    *ret_reachable = 0;
    while (rpl_view_next_node(rig.engine, &c, rig.now, &v)) {
        unsigned n = number_of(&v.address);
        for (uint8_t i = 0; i < v.parent_count; i++)
            parents[n] |= 1u << (v.parent[i].self ? 1 : number_of(&v.parent[i].address));
        *ret_reachable |= v.reachable ? 1u << n : 0;
    }
}

static uint32_t closure(const uint32_t parents[FIRST + NODES])
{
    uint32_t in = 1u << 1, before = 0;

    while (in != before) {
        before = in;
        for (unsigned n = FIRST; n < FIRST + NODES; n++)
            in |= parents[n] & in ? 1u << n : 0;
    }
    return in & ~(1u << 1);
}

static void check(void)
{
    uint32_t parents[FIRST + NODES], reachable, should;

    read_graph(parents, &reachable);
    should = closure(parents);
    assert_int_equal(reachable, should);
    for (unsigned n = FIRST; n < FIRST + NODES; n++) {
        struct rpl_addr addr = rig_global(n);
        struct rpl_view_path path;
        uint32_t seen = 1u << 1;
        unsigned last = 1;
        if (!(should >> n & 1)) {
            assert_int_equal(rpl_view_route(rig.engine, &addr, &path), -RPL_ERR_NOENT);
            continue;
        }
        assert_int_equal(rpl_view_route(rig.engine, &addr, &path), 0);
        for (size_t i = 0; i < path.hops; i++) {
            unsigned hop = number_of(&path.hop[i]);
            assert_false(seen >> hop & 1);
            assert_true(parents[hop] >> last & 1);
            seen |= 1u << hop;
            last = hop;
        }
        assert_int_equal(last, n);
    }
}

static void announce(void)
{
    static const uint8_t bits[] = {0x80, 0x40, 0x20, 0x08};
    unsigned n = FIRST + draw(NODES), count = 1 + draw(3);
    struct rpl_addr to = rig_global(n), dst = rig_global(1), parent = rig_global(1 + draw(NODES));
    static uint8_t sequence, path_seq = 1;
    struct rpl_wire_message msg = rig_dao(++sequence, &to, path_seq, draw(8) ? 2 : 0, &parent);

    path_seq = draw(4) ? rpl_lollipop_increment(path_seq) : path_seq;
    msg.u.dao.transit[0].path_control = bits[draw(4)];
    for (unsigned i = 1; i < count; i++) {
        msg.u.dao.transit[i] = msg.u.dao.transit[0];
        msg.u.dao.transit[i].parent = rig_global(1 + draw(NODES));
        msg.u.dao.transit[i].path_control = bits[draw(4)];
    }
    msg.u.dao.transit_count = (uint8_t)count;
    rig_receive_on(&rig, 0, &to, &dst, &msg);
}

static void lose(void)
{
    struct rpl_event ev = {.type = RPL_EVENT_FORWARD_ERROR,
                           .u.forward_error = {.kind = RPL_FORWARD_SRH,
                                               .reporter = rig_global(FIRST + draw(NODES)),
                                               .target = rig_global(FIRST + draw(NODES))}};

    if (draw(2)) {
        ev.type = RPL_EVENT_NEIGHBOUR;
        ev.u.neighbour = (struct rpl_event_neighbour){
            .ifindex = RIG_IF, .address = rig_ll(FIRST + draw(NODES)), .failed = true};
    }
    rig_input(&rig, &ev);
}

static void test_graph(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= RUNS; run++) {
        seed = run;
        rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
        rig.config.instance[0].dodag.path_control_size = 7;
        assert_int_equal(rig_start(&rig), 0);
        rig_run(&rig, RPL_S(1));
        for (int step = 0; step < STEPS; step++) {
            if (draw(4))
                announce();
            else
                lose();
            rig_run(&rig, RPL_S(draw(3)));
            check();
            rig.sent_count = 0;
        }
        rig_stop(&rig);
        assert_int_equal(rig.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_graph)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
