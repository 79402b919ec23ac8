/* SPDX-License-Identifier: ISC */
/*
 * States whose maker was promised that they are kept (what a node pushed, and was told 2.04 for):
 * whatever the broker took meanwhile, a process that is killed leaves the newest of them behind.
 */
#include "tests/unit/bridge_lib.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/memory_disk.h"

#include "bridge/outbox.h"
#include "bridge/spool.h"

static struct heap heap;
static const struct brg_alloc alloc = {heap_get, heap_put, &heap};
static struct brg_spool *spool;
static struct brg_outbox *outbox;
static const struct brg_store *store;

static void take_state(void *arg, uint64_t id, const struct brg_message *message)
{
    (void)arg;
    assert_int_equal(brg_outbox_restore(outbox, id, message), 0);
}

static void begin(void)
{
    const struct brg_spool_config config = {
        .file = "spool", .vfs = "memory-disk", .max_bytes = 1 << 20, .max_age_s = 1e6};
    struct brg_outbox_config out;
    uint64_t first;
    uint64_t next;
    char error[128];
    bool aside;

    brg_outbox_config_defaults(&out);
    outbox = brg_outbox_new(&out, &alloc);
    spool = brg_spool_open(&config, &aside, error);
    assert_non_null(spool);
    assert_int_equal(brg_spool_ids(spool, &first, &next), 0);
    store = brg_spool_store(spool);
    brg_outbox_attach(outbox, store, first, next);
    assert_int_equal(brg_spool_states(spool, take_state, NULL), 0);
}

static void end(void)
{
    brg_outbox_free(outbox);
    brg_spool_close(spool);
    assert_int_equal(heap.live, 0);
}

/* The process is killed, and another one begins. */
static void killed(void)
{
    disk_cut(DISK_LOSES_UNSYNCED);
    end();
    disk_restore();
    begin();
}

static void add(const char *topic, const char *value, bool sure)
{
    const struct brg_message message = {.topic = topic,
                                        .payload = value,
                                        .len = strlen(value),
                                        .retain = true,
                                        .qos = 1,
                                        .sure = sure};

    assert_int_equal(brg_outbox_add(outbox, &message), 0);
}

/* The broker takes all that there is. */
static void deliver(void)
{
    struct brg_message *message;

    while ((message = brg_outbox_take(outbox)) != NULL) {
        message->mid = 1;
        brg_outbox_acked(outbox, 1);
    }
}

static void commit(bool states)
{
    assert_int_equal(store->begin(store->ctx), 0);
    assert_int_equal(brg_outbox_write(outbox, states), 0);
    assert_int_equal(store->commit(store->ctx), 0);
    brg_outbox_written(outbox);
}

static void expect_state(const char *topic, const char *value)
{
    const struct brg_message *message = brg_outbox_state(outbox, topic);

    assert_non_null(message);
    assert_int_equal(message->len, strlen(value));
    assert_memory_equal(message->payload, value, message->len);
}

static int setup(void **state)
{
    (void)state;
    heap = (struct heap){.live = 0};
    disk_new();
    begin();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    end();
    return 0;
}

static void test_delivered_before_it_was_written(void **state)
{
    (void)state;
    add("pushed", "1", true);
    add("seen", "1", false);
    commit(true);
    deliver();
    add("pushed", "2", true);
    add("seen", "2", false);
    deliver();
    assert_true(brg_outbox_wants_write(outbox, false));
    commit(false);
    killed();
    expect_state("pushed", "2");
    expect_state("seen", "1"); /* nobody was promised more */
}

static void test_delivered_after_it_was_written(void **state)
{
    (void)state;
    add("pushed", "1", true);
    commit(false);
    deliver();
    commit(false); /* the message is done with */
    assert_int_equal(brg_spool_stats(spool)->messages, 0);
    killed();
    expect_state("pushed", "1");
}

static void test_nobody_took_it(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        char value[8];

        (void)snprintf(value, sizeof(value), "%d", i);
        add("pushed", value, true);
        if (i % 10 == 0) {
            commit(false);
        }
    }
    commit(false);
    killed();
    expect_state("pushed", "49");
    deliver(); /* the older ones too, which leave the newest what it is */
    expect_state("pushed", "49");
}

/* More than an ordinary transaction takes of states: all of those that are sure are in it. */
static void test_many(void **state)
{
    char topic[16];

    (void)state;
    for (int i = 0; i < 600; i++) {
        (void)snprintf(topic, sizeof(topic), "%s%d", i % 2 ? "seen" : "pushed", i);
        add(topic, "v", i % 2 == 0);
    }
    deliver();
    commit(true);
    killed();
    for (int i = 0; i < 600; i += 2) {
        (void)snprintf(topic, sizeof(topic), "pushed%d", i);
        expect_state(topic, "v");
    }
    assert_true(brg_outbox_stats(outbox)->states < 600);
}

/* A transaction that fails is made again, with all of it. */
static void test_again(void **state)
{
    (void)state;
    add("pushed", "1", true);
    deliver();
    assert_int_equal(store->begin(store->ctx), 0);
    assert_int_equal(brg_outbox_write(outbox, false), 0);
    store->rollback(store->ctx);
    assert_true(brg_outbox_wants_write(outbox, false));
    commit(false);
    assert_false(brg_outbox_wants_write(outbox, false));
    killed();
    expect_state("pushed", "1");
}

/* Somebody makes up states for as long as there is room. What others have is renewed all the same,
 * and what is no state has room, too. */
static void test_made_up(void **state)
{
    static const size_t sizes[] = {60000, 1000, 1};
    static char payload[60000];
    char topic[16];
    struct brg_message message = {.topic = topic, .payload = payload, .qos = 1, .retain = true};
    unsigned n = 0;

    (void)state;
    add("other", "0", false);
    deliver();
    commit(true);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        message.len = sizes[i];
        do {
            deliver();
            (void)snprintf(topic, sizeof(topic), "made/%u", n++);
        } while (brg_outbox_add(outbox, &message) == 0);
    }
    assert_in_range(n, 400, 2000);
    for (int i = 0; i < 50; i++) {
        add("other", i % 2 == 0 ? "1" : "2", false);
        message = (struct brg_message){.topic = "event", .payload = payload, .len = 1000, .qos = 1};
        assert_int_equal(brg_outbox_add(outbox, &message), 0);
    }
    deliver();
    expect_state("other", "2");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_delivered_before_it_was_written),
        T(test_delivered_after_it_was_written),
        T(test_nobody_took_it),
        T(test_many),
        T(test_again),
        T(test_made_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
