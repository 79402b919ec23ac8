/* SPDX-License-Identifier: ISC */
/*
 * The spool's file when time has gone over it: what it holds is known to the octet whatever the
 * topics are called, and what is broken in it, wherever, does not keep a bridge from beginning.
 */
#include "tests/unit/bridge_lib.h"
#include "tests/unit/folder.h"

#include <stdio.h>
#include <string.h>

#include "bridge/spool.h"

#define FILE_NAME "spool.db"
#define PAGE 4096
#define MESSAGES 300

static struct brg_spool *spool;
static const struct brg_store *store;
static bool aside;

static bool begin(void)
{
    const struct brg_spool_config config = {
        .file = FILE_NAME, .max_bytes = 64 << 20, .max_age_s = 1e6};
    char error[128];

    spool = brg_spool_open(&config, &aside, error);
    store = spool == NULL ? NULL : brg_spool_store(spool);
    return spool != NULL;
}

static int setup(void **state)
{
    (void)state;
    (void)remove(FILE_NAME);
    (void)remove(FILE_NAME "-wal");
    (void)remove(FILE_NAME "-broken");
    (void)remove(FILE_NAME "-broken-wal");
    return begin() ? 0 : -1;
}

static int teardown(void **state)
{
    brg_spool_close(spool);
    (void)state;
    (void)remove(FILE_NAME);
    (void)remove(FILE_NAME "-wal");
    (void)remove(FILE_NAME "-broken");
    (void)remove(FILE_NAME "-broken-wal");
    return 0;
}

/* The octets that are counted are those that there are: else a name with an umlaut, at each
 * message, adds to a bound that in the end nothing is below. */
static void test_octets_of_names(void **state)
{
    const struct brg_spool_stats *stats = brg_spool_stats(spool);
    struct brg_message message = {
        .topic = "mesh/K\u00fcche/\u6e29\u5ea6", .payload = "1", .len = 1};
    uint64_t bytes;

    (void)state;
    for (uint64_t id = 1; id <= 20; id++) {
        assert_int_equal(store->begin(store->ctx), 0);
        assert_int_equal(store->done(store->ctx, id - 1), 0);
        assert_int_equal(store->put(store->ctx, id, &message), 0);
        assert_int_equal(store->commit(store->ctx), 0);
        bytes = id == 1 ? stats->bytes : bytes;
        assert_int_equal(stats->messages, id == 1 ? 1 : 2);
        assert_int_equal(stats->bytes, id == 1 ? bytes : 2 * bytes);
    }
    bytes = stats->bytes;
    brg_spool_close(spool);
    assert_true(begin());
    assert_int_equal(brg_spool_stats(spool)->bytes, bytes);
}

/* 0, or what the first part of it that fails says. */
static int use(uint64_t id)
{
    const struct brg_message message = {
        .topic = "mesh/node/temp", .payload = "21.5", .len = 4, .retain = true};
    const struct brg_observation observation = {
        .eui64 = "00124b0000010000", .path = "s", .topic = "s", .format = -1};
    int err = store->begin(store->ctx);

    err = err < 0 ? err : store->done(store->ctx, id - MESSAGES / 2);
    err = err < 0 ? err : store->put(store->ctx, id, &message);
    err = err < 0 ? err : store->state(store->ctx, id, &message);
    err = err < 0 ? err : store->observe(store->ctx, &observation);
    err = err < 0 ? err : store->commit(store->ctx);
    if (err < 0) {
        store->rollback(store->ctx);
    }
    return err;
}

static long file_size(void)
{
    FILE *file = fopen(FILE_NAME, "r");
    long size;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    (void)fclose(file);
    return size;
}

static void fill(void)
{
    char topic[64];
    struct brg_message message = {.topic = topic, .payload = topic, .len = 60, .retain = true};

    assert_int_equal(store->begin(store->ctx), 0);
    for (uint64_t id = 1; id <= MESSAGES; id++) {
        (void)snprintf(topic, sizeof(topic), "mesh/node/%03d/%048d", (int)id, 0);
        assert_int_equal(store->put(store->ctx, id, &message), 0);
        assert_int_equal(store->state(store->ctx, id, &message), 0);
    }
    assert_int_equal(store->commit(store->ctx), 0);
    for (int i = 0; i < 100; i++) {
        store->bury(store->ctx, &message, "test");
    }
    assert_int_equal(use(MESSAGES + 1), 0);
}

static void damage(long page)
{
    FILE *file = fopen(FILE_NAME, "r+");

    assert_non_null(file);
    assert_int_equal(fseek(file, page * PAGE + (page == 0 ? 100 : 0), SEEK_SET), 0);
    for (int i = 0; i < PAGE / 2; i++) {
        assert_int_equal(fputc(0x5a, file), 0x5a);
    }
    assert_int_equal(fclose(file), 0);
}

/* Whichever page of it is broken: either it is put aside, or it works. */
static void test_any_page(void **state)
{
    unsigned n_aside = 0;
    unsigned n_messages = 0;
    long pages;

    (void)state;
    fill();
    brg_spool_close(spool);
    pages = file_size() / PAGE;
    assert_in_range(pages, 10, 200);
    for (long page = 0; page < pages; page++) {
        assert_int_equal(setup(NULL), 0);
        fill();
        brg_spool_close(spool);
        damage(page);
        assert_true(begin());
        n_aside += aside;
        n_messages += aside ? (unsigned)brg_spool_stats(spool)->messages : 0;
        for (uint64_t id = MESSAGES + 2; id < MESSAGES + 5; id++) {
            assert_int_equal(use(id), 0);
        }
        brg_spool_close(spool);
    }
    assert_true(n_aside > 5);
    /* What can be read of it is kept; of |fill|'s there are some less than half. */
    print_message("%u put aside, %u messages salvaged\n", n_aside, n_messages);
    assert_true(n_messages > n_aside * MESSAGES / 4);
    assert_true(begin());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_octets_of_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_page, setup, teardown),
    };

    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
