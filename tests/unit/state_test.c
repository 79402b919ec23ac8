/* SPDX-License-Identifier: ISC */
/* The state file: what is written comes back, a cut at any point leaves the old or the new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"
#include "rpld/log.h"
#include "rpld/state.h"
#include "tests/lib/power.h"

static char folder[64];

static struct rpl_stored stored(uint8_t instance, uint8_t version, uint8_t dtsn, uint8_t dao)
{
    struct rpl_stored s = {.valid = true, .instance = instance, .version = version, .dtsn = dtsn};

    s.dodag_id.b[0] = 0xfd;
    s.dodag_id.b[15] = instance;
    s.dao_sequence = dao;
    s.path_sequence = dao;
    return s;
}

static int setup(void **unused)
{
    (void)unused;
    strcpy(folder, "/tmp/rpld-state-test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void path_of(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", folder, name);
}

static int teardown(void **unused)
{
    static const char *const names[] = {STATE_FILE, STATE_FILE_NEW, STATE_FILE_BAD};
    char path[128];

    (void)unused;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        path_of(path, sizeof(path), names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* ---- the text ------------------------------------------------------------------------ */

static void text_comes_back(void **unused)
{
    struct state_table table = {.count = RPL_INSTANCES_MAX}, back;
    char text[STATE_TEXT_MAX];

    (void)unused;
    for (unsigned i = 0; i < RPL_INSTANCES_MAX; i++) {
        struct state_entry *e = &table.entry[i];

        e->instance = (uint8_t)(i * 17);
        e->stored = stored(e->instance, (uint8_t)(240 + i), (uint8_t)i, (uint8_t)(255 - i));
        if (i % 2) {
            const uint8_t random[5] = {1, 2, 3, 4, (uint8_t)i};

            e->has_prefix = true;
            e->prefix = state_prefix_from(random);
            for (unsigned n = 0; n < i % 3 && n < RPL_OLD_PREFIXES_MAX; n++) {
                e->old[n].prefix = e->prefix;
                e->old[n].prefix.b[6] = (uint8_t)(n + 1);
                e->old[n].until = 4102444800 + i;
            }
        }
    }
    size_t len = state_encode(&table, text, sizeof(text));
    assert_true(len > 0);
    assert_int_equal(state_decode(text, len, &back), 0);
    assert_int_equal(back.count, table.count);
    for (unsigned i = 0; i < table.count; i++) {
        assert_int_equal(back.entry[i].instance, table.entry[i].instance);
        assert_int_equal(back.entry[i].has_prefix, table.entry[i].has_prefix);
        assert_memory_equal(&back.entry[i].prefix, &table.entry[i].prefix, 16);
        for (unsigned n = 0; n < RPL_OLD_PREFIXES_MAX; n++) {
            assert_int_equal(back.entry[i].old[n].until, table.entry[i].old[n].until);
            assert_memory_equal(&back.entry[i].old[n].prefix, &table.entry[i].old[n].prefix, 16);
        }
        assert_true(state_covers(&back.entry[i].stored, &table.entry[i].stored, 0));
        assert_int_equal(back.entry[i].stored.dtsn, table.entry[i].stored.dtsn);
        assert_int_equal(back.entry[i].stored.dao_sequence, table.entry[i].stored.dao_sequence);
    }
    for (size_t size = 0; size <= len; size++)
        assert_int_equal(state_encode(&table, text, size), 0);
}

/* Every prefix of a good text, and every text with one bit changed, is refused. */
/* CRC-32 as everybody has it: files that other versions wrote stay good. */
static void checksum_is_the_usual_one(void **state)
{
    (void)state;
    assert_int_equal(state_checksum(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(state_checksum(state_checksum(0, "12345", 5), "6789", 4), 0xcbf43926);
    assert_int_equal(state_checksum(0, "", 0), 0);
}

static void damaged_text_is_refused(void **unused)
{
    struct state_table table = {.count = 1}, back = {.count = 99};
    char text[STATE_TEXT_MAX];

    (void)unused;
    table.entry[0].stored = stored(0, 241, 250, 3);
    table.entry[0].has_prefix = true;
    table.entry[0].prefix.b[0] = 0xfd;
    size_t len = state_encode(&table, text, sizeof(text));
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(state_decode(text, cut, &back), -EINVAL);
    for (size_t at = 0; at < len * 8; at++) {
        text[at / 8] = (char)(text[at / 8] ^ (1 << at % 8));
        assert_int_equal(state_decode(text, len, &back), -EINVAL);
        text[at / 8] = (char)(text[at / 8] ^ (1 << at % 8));
    }
    assert_int_equal(back.count, 99);
    assert_int_equal(state_decode(text, len, &back), 0);
}

/* ---- the reserve ---------------------------------------------------------------------- */

static void reserve_is_ahead_for_every_counter(void **unused)
{
    (void)unused;
    for (unsigned c = 0; c < 256; c++) {
        struct rpl_stored exact = stored(0, 240, (uint8_t)c, (uint8_t)c);
        struct rpl_stored ahead = state_reserve(&exact);

        assert_int_equal(ahead.version, 240);
        assert_int_equal(rpl_lollipop_compare(ahead.dao_sequence, exact.dao_sequence), RPL_NEWER);
        assert_int_equal(rpl_lollipop_compare(ahead.dtsn, exact.dtsn), RPL_NEWER);
        /* The first number after a restart is newer too. */
        assert_int_equal(
            rpl_lollipop_compare(rpl_lollipop_increment(ahead.dao_sequence), exact.dao_sequence),
            RPL_NEWER);
        assert_true(state_covers(&ahead, &exact, STATE_RESERVE));
        assert_false(state_covers(&ahead, &exact, STATE_RESERVE + 1));
        assert_true(state_covers(&exact, &exact, 0));
        assert_false(state_covers(&exact, &exact, 1));
        assert_false(state_covers(&exact, &ahead, 0));
    }
}

static struct rpl_stored on_disk(uint8_t instance)
{
    struct rpl_stored s = {0};
    struct state *state;

    assert_int_equal(state_open(folder, 60, 0, &state), 0);
    state_stored(state, instance, &s);
    state_close(state);
    return s;
}

/* A daemon that is killed at any time never uses a DAOSequence again: walk 1000 numbers. */
static void killed_daemon_goes_on_behind(void **unused)
{
    struct state *state;
    uint8_t sequence = 240;

    (void)unused;
    assert_int_equal(state_open(folder, 3600, 0, &state), 0);
    for (unsigned i = 1; i <= 1000; i++) {
        struct rpl_stored s = stored(7, 240, 240, sequence);

        state_put(state, &s, RPL_S(10 * i));
        state_tick(state, state_deadline(state) == RPL_NEVER ? RPL_S(10 * i) : RPL_S(10 * i + 5));
        uint8_t restart = on_disk(7).dao_sequence;
        enum rpl_order order = rpl_lollipop_compare(restart, sequence);
        assert_true(order == RPL_NEWER || order == RPL_EQUAL);
        sequence = rpl_lollipop_increment(sequence);
    }
    /* One write each STATE_RESERVE - 2 numbers or so, not each number. */
    assert_true(state_writes(state) < 1000 / 5 + 2);
    assert_int_equal(state_behind(state), 0);
    state_close(state);
}

static void clean_stop_keeps_exact_numbers(void **unused)
{
    struct rpl_stored s = stored(1, 250, 3, 99);
    struct state *state;

    (void)unused;
    assert_int_equal(state_open(folder, 60, 0, &state), 0);
    state_put(state, &s, 0);
    assert_int_equal(on_disk(1).dao_sequence, 99 + STATE_RESERVE);
    assert_int_equal(state_save(state), 0);
    state_close(state);
    assert_int_equal(on_disk(1).dao_sequence, 99);
    assert_int_equal(on_disk(1).version, 250);
}

static void version_is_written_at_once(void **unused)
{
    struct rpl_stored s = stored(1, 240, 3, 99);
    struct state *state;

    (void)unused;
    assert_int_equal(state_open(folder, 60, 0, &state), 0);
    state_put(state, &s, RPL_S(1));
    s.version = 241;
    state_put(state, &s, RPL_S(1));
    assert_int_equal(on_disk(1).version, 241);
    state_close(state);
}

static void writes_per_hour_are_bounded(void **unused)
{
    struct state *state;

    (void)unused;
    assert_int_equal(state_open(folder, 12, 0, &state), 0);
    for (unsigned second = 1; second <= 3600; second++) {
        struct rpl_stored s = stored(1, (uint8_t)second, 3, 99);

        state_put(state, &s, RPL_S(second));
        state_tick(state, RPL_S(second));
    }
    assert_in_range(state_writes(state), 12, 12 + 5);
    state_close(state);
}

/* ---- prefixes and broken files ---------------------------------------------------------- */

static void auto_prefix_is_kept(void **unused)
{
    struct rpl_addr first, again, other;
    struct state *state;

    (void)unused;
    assert_int_equal(state_open(folder, 60, 0, &state), 0);
    assert_int_equal(state_prefix(state, 0, &first), 0);
    assert_int_equal(state_prefix(state, 1, &other), 0);
    assert_int_equal(first.b[0], 0xfd);
    assert_memory_not_equal(&first, &other, 16);
    state_tick(state, 0);
    state_close(state);
    assert_int_equal(state_open(folder, 60, 0, &state), 0);
    assert_int_equal(state_prefix(state, 0, &again), 0);
    assert_memory_equal(&first, &again, 16);
    state_close(state);
}

static void broken_file_is_set_aside(void **unused)
{
    char path[128], bad[128];
    struct rpl_stored s;
    struct state *state;

    (void)unused;
    path_of(path, sizeof(path), STATE_FILE);
    path_of(bad, sizeof(bad), STATE_FILE_BAD);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("rpld-state 1\ndodag 0 fd00::1 version 240", f);
    fclose(f);
    assert_int_equal(state_open(folder, 60, 0, &state), 0);
    assert_false(state_stored(state, 0, &s));
    state_close(state);
    assert_int_equal(access(bad, F_OK), 0);
    assert_int_equal(access(path, F_OK), -1);
}

static void file_of_another_version(void **unused)
{
    static const char body[] = "rpld-state 2\nsomething else\n";
    struct state_table table;
    char text[64];

    (void)unused;
    snprintf(text, sizeof(text), "%ssum %08" PRIx32 "\n", body,
             state_checksum(0, body, sizeof(body) - 1));
    assert_int_equal(state_decode(text, strlen(text), &table), -EPROTONOSUPPORT);
    text[sizeof(body)]++;
    assert_int_equal(state_decode(text, strlen(text), &table), -EINVAL);
}

static void missing_folder_is_made(void **unused)
{
    char path[128];
    struct state *state;

    (void)unused;
    path_of(path, sizeof(path), "deep");
    assert_int_equal(state_open(path, 60, 0, &state), 0);
    state_close(state);
    assert_int_equal(rmdir(path), 0);
    path_of(path, sizeof(path), "no/such");
    assert_int_equal(state_open(path, 60, 0, &state), -ENOENT);
}

static void full_table_makes_room(void **unused)
{
    struct state *state;

    (void)unused;
    assert_int_equal(state_open(folder, 3600, 0, &state), 0);
    for (unsigned i = 0; i < RPL_INSTANCES_MAX; i++) {
        struct rpl_stored s = stored((uint8_t)i, 240, 1, 1);
        state_put(state, &s, 0);
    }
    assert_int_equal(state_save(state), 0);
    state_close(state);
    /* Another configuration: the old instances give way, the new ones never do. */
    assert_int_equal(state_open(folder, 3600, 0, &state), 0);
    for (unsigned i = 0; i < RPL_INSTANCES_MAX + 4; i++) {
        struct rpl_stored s = stored((uint8_t)(100 + i), 240, 1, 1);
        state_put(state, &s, 0);
    }
    assert_int_equal(state_save(state), 0);
    state_close(state);
    for (unsigned i = 0; i < RPL_INSTANCES_MAX; i++)
        assert_true(on_disk((uint8_t)(100 + i)).valid);
    assert_false(on_disk(100 + RPL_INSTANCES_MAX).valid);
    assert_false(on_disk(0).valid);
}

/* ---- the power fails ------------------------------------------------------------------------ */

/* A child writes version 241 over 240 and is cut short; true if it was. */
static bool cut_write(long syscall_nr, rlim_t limit)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rpl_stored s = stored(0, 241, 9, 9);
        struct rlimit size = {.rlim_cur = limit, .rlim_max = limit};
        struct rlimit no_core = {0};
        struct state *state;

        setrlimit(RLIMIT_CORE, &no_core);
        if (state_open(folder, 60, 0, &state) < 0)
            _exit(98);
        if (syscall_nr >= 0)
            power_fails_at(syscall_nr);
        else
            setrlimit(RLIMIT_FSIZE, &size); /* SIGXFSZ kills in the middle of the write */
        state_put(state, &s, 0);
        _exit(state_writes(state) == 1 ? 0 : 97);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

static void write_old(void)
{
    struct rpl_stored s = stored(0, 240, 1, 1);
    struct state *state;

    assert_int_equal(state_open(folder, 60, 0, &state), 0);
    state_put(state, &s, 0);
    assert_int_equal(state_save(state), 0);
    state_close(state);
}

static void cut_at_every_octet_leaves_the_old(void **unused)
{
    char path[128];
    struct stat st;

    (void)unused;
    write_old();
    path_of(path, sizeof(path), STATE_FILE);
    assert_int_equal(stat(path, &st), 0);
    rlim_t limit = 0;
    for (; limit < 4096 && cut_write(-1, limit); limit++)
        assert_int_equal(on_disk(0).version, 240);
    assert_true(limit > 40); /* it was cut in many places, and then it was not */
    assert_true(limit < 4096);
    assert_int_equal(on_disk(0).version, 241);
}

static void cut_at_every_call_leaves_old_or_new(void **unused)
{
    static const long calls[] = {SYS_openat,   SYS_write, SYS_fsync, SYS_close,
#ifdef SYS_renameat
                                 SYS_renameat,
#endif
                                 SYS_renameat2};
    unsigned cuts = 0;

    (void)unused;
    if (!power_can_fail()) {
        print_message("no filter of calls here (qemu-user passes none on): not cut at calls\n");
        skip();
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        write_old();
        if (cut_write(calls[i], 0)) {
            assert_int_equal(on_disk(0).version, 240);
            cuts++;
        } else {
            assert_int_equal(on_disk(0).version, 241);
        }
    }
    assert_true(cuts >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_back),
        cmocka_unit_test(checksum_is_the_usual_one),
        cmocka_unit_test(damaged_text_is_refused),
        cmocka_unit_test(reserve_is_ahead_for_every_counter),
        cmocka_unit_test_setup_teardown(killed_daemon_goes_on_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(clean_stop_keeps_exact_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(version_is_written_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_per_hour_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(auto_prefix_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_file_is_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(file_of_another_version, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_folder_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(full_table_makes_room, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_at_every_octet_leaves_the_old, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_at_every_call_leaves_old_or_new, setup, teardown),
    };

    log_open(CONF_LOG_STDERR, CONF_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
