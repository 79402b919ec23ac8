/* SPDX-License-Identifier: ISC */
/* Metric containers and constraints (RFC 6551, RFC 6719) through a whole engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/lib/rig.h"

#define ROOT 0x10
#define A 0x20
#define B 0x30

static struct rig rig;

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    return rig.live == 0 ? 0 : -1;
}

static struct rpl_wire_metric hops(uint8_t n)
{
    return (struct rpl_wire_metric){.type = RPL_METRIC_TYPE_HOPS, .len = 2, .body = {0, n}};
}

static struct rpl_wire_metric etx(uint16_t v, bool constraint, bool optional)
{
    return (struct rpl_wire_metric){.type = RPL_METRIC_TYPE_ETX,
                                    .constraint = constraint,
                                    .optional = optional,
                                    .len = 2,
                                    .body = {(uint8_t)(v >> 8), (uint8_t)v}};
}

static struct rpl_wire_metric word(uint8_t type, uint8_t aggregation, bool constraint, uint32_t v)
{
    return (struct rpl_wire_metric){
        .type = type,
        .constraint = constraint,
        .aggregation = aggregation,
        .len = 4,
        .body = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}};
}

/* A DIO of |rank| with up to two objects. */
static struct rpl_wire_message dio(uint16_t rank, const struct rpl_wire_metric *m, uint8_t count)
{
    struct rpl_addr root = rig_global(ROOT);
    struct rpl_wire_message msg = rig_dio(RPL_MOP_NON_STORING, rank, &root);

    msg.u.dio.metric_count = count;
    memcpy(msg.u.dio.metric, m, count * sizeof(*m));
    return msg;
}

static void start(void)
{
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    assert_int_equal(rig_start(&rig), 0);
}

static struct rpl_view_instance instance(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v;
}

static enum of_verdict verdict(unsigned n)
{
    struct rpl_cursor c = {0};
    struct rpl_view_neighbour v;
    struct rpl_addr addr = rig_ll(n);

    while (rpl_view_next_neighbour(rig.engine, &c, rig.now, &v))
        if (rpl_addr_equal(&v.address, &addr))
            return v.verdict;
    fail_msg("no such neighbour");
    return OF_VERDICT_COUNT;
}

static void hear(unsigned n, const struct rpl_wire_message *msg)
{
    struct rpl_addr from = rig_ll(n);

    rig_join(&rig, &from, msg);
}

/* What our next multicast DIO says. */
static const struct rpl_wire_dio *announced(void)
{
    rig.sent_count = 0;
    rig_run(&rig, RPL_S(5));
    const struct rig_sent *s = rig_last(&rig, RPL_CODE_DIO, 0);
    assert_non_null(s);
    return &s->msg.u.dio;
}

static void test_root_announces(void **state)
{
    struct rpl_instance_config *cfg = &rig.config.instance[0];

    (void)state;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    cfg->metric = RPL_METRIC_HOPS;
    cfg->constraint_count = 1;
    cfg->constraint[0] = (struct rpl_constraint){.type = RPL_METRIC_TYPE_ETX, .value = 1024};
    assert_int_equal(rig_start(&rig), 0);
    const struct rpl_wire_dio *d = announced();
    assert_int_equal(d->metric_count, 3);
    assert_int_equal(d->metric[0].type, RPL_METRIC_TYPE_HOPS);
    assert_int_equal(d->metric[0].body[1], 1);                /* MET-07 */
    assert_int_equal(d->metric[1].type, RPL_METRIC_TYPE_ETX); /* MET-06: goes with it */
    assert_false(d->metric[1].constraint);
    assert_true(d->metric[2].constraint);
    assert_int_equal(d->metric[2].body[0] << 8 | d->metric[2].body[1], 1024);
}

/* Fewer hops win against a better Rank, and the count goes on by one. */
static void test_hops(void **state)
{
    struct rpl_wire_metric three = hops(3), one = hops(1);
    struct rpl_wire_message a = dio(256, &three, 1), b = dio(512, &one, 1);
    struct rpl_addr parent = rig_ll(B);

    (void)state;
    start();
    hear(A, &a);
    assert_int_equal(instance().rank, 512);
    b.u.dio.version = 241; /* so that its Rank is no obstacle */
    a.u.dio.version = 241;
    hear(B, &b);
    hear(A, &a);
    struct rpl_view_instance v = instance();
    assert_memory_equal(&v.parent, &parent, 16);
    assert_int_equal(instance().rank, 768); /* max(cost, parent + MinHopRankIncrease) */
    const struct rpl_wire_dio *d = announced();
    assert_int_equal(d->metric_count, 1);
    assert_int_equal(d->metric[0].body[1], 2);
}

static void test_without_the_metric(void **state)
{
    struct rpl_wire_metric one = hops(1);
    struct rpl_wire_message a = dio(256, &one, 1), b = dio(256, &one, 0);

    (void)state;
    start();
    hear(A, &a);
    hear(B, &b);
    assert_int_equal(verdict(B), OF_NO_METRIC);
}

/* MET-06: the mandatory constraint bars, the optional one does not; both are relayed as they are.
 */
static void test_constraint(void **state)
{
    struct rpl_wire_metric bad[2] = {etx(1037 - 128, false, false), etx(1024, true, false)};
    struct rpl_wire_metric good[2] = {etx(1024 - 128, false, false), etx(1024, true, false)};
    struct rpl_wire_message msg = dio(256, bad, 2);

    (void)state;
    start();
    hear(A, &msg);
    assert_false(instance().joined);
    assert_int_equal(verdict(A), OF_CONSTRAINT);
    msg = dio(256, good, 2);
    hear(B, &msg);
    assert_true(instance().joined);
    const struct rpl_wire_dio *d = announced();
    assert_int_equal(d->metric[0].body[0] << 8 | d->metric[0].body[1], 1024);
    assert_memory_equal(&d->metric[1], &good[1], sizeof(good[1]));
    rig_stop(&rig);
    bad[1].optional = true;
    msg = dio(256, bad, 2);
    start();
    hear(A, &msg);
    assert_true(instance().joined);
}

static void test_throughput_constraint(void **state)
{
    struct rpl_wire_metric m[2] = {word(RPL_METRIC_TYPE_THROUGHPUT, 2, false, 5000),
                                   word(RPL_METRIC_TYPE_THROUGHPUT, 0, true, 4000)};
    struct rpl_wire_message msg = dio(256, m, 2);

    (void)state;
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].throughput = 3000; /* our own links are too slow */
    assert_int_equal(rig_start(&rig), 0);
    hear(A, &msg);
    assert_false(instance().joined);
    rig_stop(&rig);
    rig_init(&rig, RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    rig.config.instance[0].throughput = 4500;
    assert_int_equal(rig_start(&rig), 0);
    hear(A, &msg);
    assert_true(instance().joined);
    const struct rpl_wire_dio *d = announced();
    assert_int_equal(d->metric[0].body[2] << 8 | d->metric[0].body[3], 4500); /* the minimum */
}

/* MRH-01: nothing a Rank can be made of: a leaf. MRH-02: an ETX object is not looked at. */
static void test_unknown_metric(void **state)
{
    struct rpl_wire_metric m = word(RPL_METRIC_TYPE_THROUGHPUT, 2, false, 5000);
    struct rpl_wire_metric e = etx(9000, false, false);
    struct rpl_wire_message msg = dio(256, &m, 1);

    (void)state;
    start();
    hear(A, &msg);
    assert_true(instance().joined);
    rig.sent_count = 0;
    rig_run(&rig, RPL_S(20));
    assert_int_equal(rig_count(&rig, RPL_CODE_DIO, 0), 0);
    rig_stop(&rig);
    msg = dio(256, &e, 1);
    start();
    hear(A, &msg);
    assert_int_equal(instance().rank, 512);
    assert_true(announced()->rank == 512);
}

/* OF0-03: the container does not change the Rank. MET-08: a recorded level counts our link. */
static void test_of0_and_recorded(void **state)
{
    struct rpl_wire_metric m[2] = {
        hops(9),
        {.type = RPL_METRIC_TYPE_LQL, .recorded = true, .len = 2, .body = {0, 1 << 5 | 2}}};
    struct rpl_wire_message msg = dio(256, m, 2);

    (void)state;
    msg.u.dio.config.ocp = 0;
    rpl_wire_config_pack(&msg.u.dio.config);
    start();
    hear(A, &msg);
    assert_int_equal(instance().rank, 512); /* Sp is 1 at ETX 1 */
    const struct rpl_wire_dio *d = announced();
    assert_int_equal(d->metric[0].body[1], 10);
    assert_int_equal(d->metric[1].body[1], 1 << 5 | 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(test_##name, stop)
    const struct CMUnitTest tests[] = {
        T(root_announces),        T(hops),           T(without_the_metric), T(constraint),
        T(throughput_constraint), T(unknown_metric), T(of0_and_recorded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
