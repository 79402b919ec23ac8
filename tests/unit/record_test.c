/* SPDX-License-Identifier: ISC */
/*
 * Recordings of an engine: what goes in comes out, a replay has the same effects, and octets that
 * nobody recorded hurt nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/record.h"
#include "rpl/rpl_wire.h"
#include "sim/replay.h"
#include "tests/lib/rig.h"

#define FILE_MAX 65536

struct file {
    uint8_t data[FILE_MAX];
    size_t len;
};

static void sink(void *ctx, const uint8_t *data, size_t len)
{
    struct file *file = ctx;

    assert_true(len <= FILE_MAX - file->len);
    memcpy(file->data + file->len, data, len);
    file->len += len;
}

static void *mem_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void mem_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* ---- a run that is recorded ---------------------------------------------------------------- */

struct run {
    struct rpl_config config;
    struct rpl_engine *engine;
    struct rpl_recorder recorder;
    struct file file;
    rpl_tstamp now;
};

static void poll_all(struct run *run);

static void input(struct run *run, const struct rpl_event *event)
{
    rpl_record_event(&run->recorder, event, run->now);
    rpl_engine_input(run->engine, event, run->now);
}

/* As the daemon does: what the engine wants may make an event at once. */
static void poll_all(struct run *run)
{
    struct rpl_effect effect;

    while (rpl_engine_poll(run->engine, &effect)) {
        struct rpl_event event = {.type = RPL_EVENT_ROUTE_RESULT};

        rpl_record_effect(&run->recorder, &effect, run->now);
        if (effect.type == RPL_EFFECT_ROUTE_SET || effect.type == RPL_EFFECT_ROUTE_DEL) {
            event.u.route_result.token = effect.u.route.token;
            event.u.route_result.error = run->now % 3 == 0 ? 12 : 0;
            input(run, &event);
        } else if (effect.type == RPL_EFFECT_ADDRESS_SET) {
            event.type = RPL_EVENT_ADDRESS;
            event.u.address = (struct rpl_event_address){
                .ifindex = 3, .address = effect.u.address.address, .usable = true};
            input(run, &event);
        }
    }
}

static void dao(struct run *run, uint8_t node, uint8_t parent)
{
    struct rpl_addr src = rig_global(node), root = rig_global(1), up = rig_global(parent);
    struct rpl_wire_message msg = rig_dao(240, &src, 240, 30, &up);
    uint8_t octets[256];
    int len = rpl_wire_write(&msg, &src, &root, octets, sizeof(octets));

    assert_true(len > 0);
    const struct rpl_event event = {
        .type = RPL_EVENT_PACKET,
        .u.packet = {.src = src, .dst = root, .hop_limit = 64, .data = octets, .len = (size_t)len}};
    input(run, &event);
    poll_all(run);
}

static void advance(struct run *run, rpl_duration duration)
{
    rpl_tstamp until = run->now + duration;

    while (rpl_engine_deadline(run->engine) <= until) {
        if (rpl_engine_deadline(run->engine) > run->now)
            run->now = rpl_engine_deadline(run->engine);
        rpl_record_timeout(&run->recorder, run->now);
        rpl_engine_timeout(run->engine, run->now);
        poll_all(run);
    }
    run->now = until;
}

static struct run *run_begin(void)
{
    static const uint64_t denied[] = {1, 2, UINT64_MAX};
    struct run *run = calloc(1, sizeof(*run));
    struct rpl_event link = {.type = RPL_EVENT_LINK};

    assert_non_null(run);
    rpl_config_default(&run->config);
    run->config.mem = (struct rpl_mem){mem_alloc, mem_free, NULL};
    run->config.seed = 77;
    run->config.instance_count = 1;
    run->config.access.deny = denied;
    run->config.access.deny_count = 3;
    rpl_instance_config_default(&run->config.instance[0]);
    run->config.instance[0].prefix = rig_global(0);
    rpl_addr_mask(&run->config.instance[0].prefix, 64);
    run->now = RPL_S(1000);
    assert_int_equal(rpl_engine_new(&run->config, run->now, &run->engine), 0);
    rpl_record_begin(&run->recorder, sink, &run->file, &run->config, run->now, "test 1");
    link.u.link = (struct rpl_event_link){
        .ifindex = 3, .address = rig_ll(1), .instances = 1, .name = "lowpan0"};
    input(run, &link);
    poll_all(run);
    return run;
}

static void run_end(struct run *run)
{
    rpl_record_end(&run->recorder, run->now, RPL_RECORD_ASKED);
    rpl_engine_free(run->engine);
}

static struct run *a_run(void)
{
    struct run *run = run_begin();

    for (uint8_t i = 2; i < 30; i++) {
        dao(run, i, (uint8_t)(i / 2));
        advance(run, RPL_MS(700) + i);
    }
    advance(run, RPL_S(3600));
    run_end(run);
    return run;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void a_replay_is_the_same(void **state)
{
    struct run *run = a_run();
    struct sim_replay replay;
    (void)state;

    assert_true(run->recorder.effects > 100);
    assert_int_equal(run->recorder.written, run->file.len);
    sim_replay(run->file.data, run->file.len, NULL, NULL, &replay);
    assert_int_equal(replay.result, SIM_REPLAY_SAME);
    assert_int_equal(replay.effects, run->recorder.effects);
    assert_true(replay.digest == run->recorder.digest);
    assert_int_equal(replay.why, RPL_RECORD_ASKED);
    assert_string_equal(replay.program, "test 1");
    assert_true(replay.now == run->now && replay.began == RPL_S(1000));
    free(run);
}

/* Another seed is another run, and the place where they part is found. */
static void another_run_differs(void **state)
{
    struct run *run = a_run();
    struct sim_replay replay;
    (void)state;

    run->file.data[RPL_RECORD_MAGIC + 4 + 15] ^= 1; /* last octet of the seed */
    sim_replay(run->file.data, run->file.len, NULL, NULL, &replay);
    assert_int_equal(replay.result, SIM_REPLAY_DIFFERS);
    assert_true(replay.digest != replay.recorded);
    assert_true(replay.at > 100 && replay.at < run->file.len);
    free(run);
}

/* Wherever the power went, what is there is repeated. */
static void cut_anywhere(void **state)
{
    struct run *run = run_begin();
    struct sim_replay replay;
    size_t started = 0;
    (void)state;

    dao(run, 2, 1);
    advance(run, RPL_S(60));
    run_end(run);
    for (size_t len = 0; len < run->file.len; len++) {
        uint8_t *copy = malloc(len + 1); /* so that a sanitizer sees its end */
        assert_non_null(copy);
        memcpy(copy, run->file.data, len);
        sim_replay(copy, len, NULL, NULL, &replay);
        free(copy);
        if (replay.result == SIM_REPLAY_CUT_SHORT && started == 0)
            started = len;
        assert_int_equal(replay.result, started ? SIM_REPLAY_CUT_SHORT : SIM_REPLAY_BROKEN);
    }
    assert_true(started > 100);
    free(run);
}

/* Any octet changed: it is found to differ, or to be no recording, or does not matter. */
static void any_octet_changed(void **state)
{
    struct run *run = run_begin();
    struct sim_replay replay;
    unsigned broken = 0, differs = 0;
    (void)state;

    dao(run, 2, 1);
    advance(run, RPL_S(30));
    run_end(run);
    for (size_t i = 0; i < run->file.len; i++) {
        static const uint8_t turns[] = {1, 0x80, 0xff};
        for (unsigned k = 0; k < 3; k++) {
            run->file.data[i] ^= turns[k];
            sim_replay(run->file.data, run->file.len, NULL, NULL, &replay);
            broken += replay.result == SIM_REPLAY_BROKEN;
            differs += replay.result == SIM_REPLAY_DIFFERS;
            run->file.data[i] ^= turns[k];
        }
    }
    assert_true(broken > 100 && differs > 100);
    free(run);
}

/* A struct within it begins here, aligned as its largest member is. */
static bool is_struct(const struct rpl_record_table *table, size_t offset)
{
    return table == &rpl_record_instance &&
           (offset == offsetof(struct rpl_instance_config, constraint) ||
            offset == offsetof(struct rpl_instance_config, dodag));
}

/* A struct's members stand in its table, one behind the other, with no hole that a member could
 * hide in: padding is smaller than what it aligns. */
static void check_table(const struct rpl_record_table *table, size_t tail)
{
    size_t end = 0, last = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct rpl_record_field *field = &table->field[i];
        size_t align = is_struct(table, field->offset)    ? 4
                       : field->kind == RPL_RECORD_OCTETS ? 1
                                                          : field->size;

        assert_true(field->offset >= end);
        if (field->offset - end >= align)
            fail_msg("field %zu: a hole of %zu octets before it", i, field->offset - end);
        end = (size_t)field->offset + field->size;
        last = align > last ? align : last;
    }
    assert_true(table->size - end <= tail);
    assert_true(rpl_record_size(table) < 1024);
}

static void no_member_is_forgotten(void **state)
{
    (void)state;
    check_table(&rpl_record_limits, 0);
    check_table(&rpl_record_instance, 3);
    check_table(&rpl_record_stored, 0);
    for (int type = RPL_EVENT_LINK; type <= RPL_EVENT_LEAF_RESTORED; type++)
        check_table(rpl_record_event_table((enum rpl_event_type)type), 7);
}

static void fields_come_back(void **state)
{
    struct rpl_instance_config a, b;
    uint8_t octets[1024];
    (void)state;

    rpl_instance_config_default(&a);
    a.ocp = 0x1234;
    a.route_info_preference = -1;
    a.route_metric = 0x89abcdef;
    a.constraint[2].optional = true;
    memset(&b, 0, sizeof(b));
    rpl_record_put(&rpl_record_instance, &a, octets);
    assert_true(rpl_record_get(&rpl_record_instance, &b, octets));
    assert_memory_equal(&a, &b, sizeof(a));
    octets[1] = 7; /* no such role */
    octets[2] = octets[3] = 0;
    octets[4] = 7;
    assert_false(rpl_record_get(&rpl_record_instance, &b, octets));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_is_the_same),   cmocka_unit_test(another_run_differs),
        cmocka_unit_test(cut_anywhere),           cmocka_unit_test(any_octet_changed),
        cmocka_unit_test(no_member_is_forgotten), cmocka_unit_test(fields_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
