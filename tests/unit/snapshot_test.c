/* SPDX-License-Identifier: ISC */
/* The snapshot of the targets: what an engine knew comes back into the next one, and a cut at any
 * point leaves the old file or the new one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
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
#include "rpld/snapshot.h"
#include "tests/lib/host.h"
#include "tests/lib/rig.h"
#include "tests/lib/power.h"

#define IFNAME "lowpan0"

static struct rig rig;
static char folder[64];
static int64_t world;
static struct state *state;
static struct snapshot *snap;

static const char *host_name(void *ctx, uint32_t ifindex)
{
    (void)ctx;
    return ifindex == RIG_IF ? IFNAME : NULL;
}

static uint32_t host_ifindex(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, IFNAME) == 0 ? RIG_IF : 0;
}

static int host_event(void *ctx, const struct rpl_event *event)
{
    (void)ctx;
    return rig_input(&rig, event);
}

static int64_t host_clock(void *ctx)
{
    (void)ctx;
    return world;
}

/* A daemon starts: an engine without targets, and the folder. */
static void start(enum rpl_mop mop, uint32_t writes_per_hour)
{
    const struct snapshot_host host = {
        .name = host_name, .ifindex = host_ifindex, .event = host_event, .clock = host_clock};

    rig_init(&rig, RPL_ROLE_ROOT, mop);
    rig.config.limits.targets = 20000;
    rig.config.instance[0].serve_leaves = true;
    assert_int_equal(rig_start(&rig), 0);
    rig_run(&rig, RPL_S(1));
    assert_int_equal(state_open(folder, writes_per_hour, rig.now, &state), 0);
    snap = snapshot_new(state, &host);
    assert_non_null(snap);
}

static void stop(void)
{
    snapshot_free(snap);
    state_close(state);
    rig_stop(&rig);
    assert_int_equal(rig.live, 0);
}

static int setup(void **unused)
{
    (void)unused;
    strcpy(folder, "/tmp/rpld-snapshot-test.XXXXXX");
    world = 1000000;
    return mkdtemp(folder) ? 0 : -1;
}

static void path_of(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", folder, name);
}

static int teardown(void **unused)
{
    static const char *const names[] = {SNAPSHOT_FILE, SNAPSHOT_FILE_NEW};
    char path[128];

    (void)unused;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        path_of(path, sizeof(path), names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* Node |n| below |parent| (1 = us), |left| seconds, as if a DAO of it had been heard. */
static void source_dao(unsigned n, unsigned parent, uint8_t path_seq)
{
    struct rpl_addr src = rig_global(n), p = rig_global(parent), root = rig_global(1);
    struct rpl_wire_message msg = rig_dao(path_seq, &src, path_seq, 30, &p);

    assert_int_equal(rig_receive(&rig, &src, &root, &msg), 0);
}

static unsigned known(void)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_node node;
    unsigned count = 0;

    while (rpl_view_next_node(rig.engine, &cursor, rig.now, &node))
        count++;
    return count;
}

/* ---- the text -------------------------------------------------------------------------- */

static void lines_come_back(void **unused)
{
    struct rpl_view_node node = {.instance = 200,
                                 .address = rig_global(3),
                                 .len = 120,
                                 .external = true,
                                 .path_sequence = 241,
                                 .lifetime = RPL_S(1700),
                                 .parent_count = 2};
    struct rpl_event_target back;
    char line[SNAPSHOT_LINE_MAX], ifname[RPL_IFNAME_MAX];

    (void)unused;
    node.parent[0] = (struct rpl_view_parent){.address = rig_global(2), .path_control = 128};
    node.parent[1] = (struct rpl_view_parent){.address = rig_global(1), .self = true};
    size_t len = snapshot_line(&node, NULL, line, sizeof(line));
    assert_int_equal(line[len - 1], '\n');
    line[len - 1] = '\0';
    assert_true(snapshot_read_line(line, &back, ifname));
    assert_int_equal(back.instance, 200);
    assert_memory_equal(&back.address, &node.address, 16);
    assert_int_equal(back.len, 120);
    assert_true(back.external && back.moved);
    assert_int_equal(back.path_sequence, 241);
    assert_int_equal(back.lifetime, RPL_S(1700));
    assert_int_equal(back.parent_count, 2);
    assert_memory_equal(&back.parent[0].address, &node.parent[0].address, 16);
    assert_int_equal(back.parent[0].path_control, 128);
    assert_false(back.parent[0].self);
    assert_true(back.parent[1].self);
    assert_string_equal(ifname, "");
    for (size_t size = 0; size <= len; size++)
        assert_int_equal(snapshot_line(&node, NULL, line, size), 0);
    node.parent_count = 0;
    node.stuck = true;
    node.lifetime = RPL_NEVER;
    node.via = rig_ll(9);
    len = snapshot_line(&node, "lowpan1", line, sizeof(line));
    line[len - 1] = '\0';
    assert_true(snapshot_read_line(line, &back, ifname));
    assert_string_equal(ifname, "lowpan1");
    assert_memory_equal(&back.via, &node.via, 16);
    assert_false(back.moved);
    assert_true(back.lifetime == RPL_NEVER);
    assert_int_equal(back.parent_count, 0);
}

static void bad_lines_are_refused(void **unused)
{
    static const char *const lines[] = {
        "",
        "target",
        "target 0 fd00::3/128 seq 1 left 9",
        "target 256 fd00::3/128 seq 1 left 9 self fd00::1 0",
        "target 0 fd00::3 seq 1 left 9 self fd00::1 0",
        "target 0 fd00::3/129 seq 1 left 9 self fd00::1 0",
        "target 0 fd00:::3/128 seq 1 left 9 self fd00::1 0",
        "target 0 fd00::3/128 seq -1 left 9 self fd00::1 0",
        "target 0 fd00::3/128 seq 1 left 99999999999 self fd00::1 0",
        "target 0 fd00::3/128 seq 1 left 9 self fd00::1",
        "target 0 fd00::3/128 seq 1 left 9 self fd00::1 0 via fe80::1 lowpan0",
        "target 0 fd00::3/128 seq 1 left 9 via fe80::1 a-name-of-16-char",
        "target 0 fd00::3/128 seq 1 left 9 via fe80::1 a via fe80::1 b",
        "target 0 fd00::3/128 seq 1 left 9 who fd00::1 0",
        "target 0 fd00::3/128 seq 1 left 9 self fd00::1 0 ",
        "target 0  fd00::3/128 seq 1 left 9 self fd00::1 0",
        "target 0 fd00::3/128 seq 1 left 9 self ::1 0 self ::2 0 self ::3 0 self ::4 0 self ::5 0",
    };
    struct rpl_event_target back;
    char ifname[RPL_IFNAME_MAX];

    (void)unused;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_false(snapshot_read_line(lines[i], &back, ifname));
    assert_true(
        snapshot_read_line("target 0 fd00::3/128 seq 1 left 9 self fd00::1 0", &back, ifname));
}

static void leaves_come_back(void **unused)
{
    struct rpl_event_leaf leaf = {.instance = 200,
                                  .address = rig_global(3),
                                  .local = rig_ll(3),
                                  .ifindex = RIG_IF,
                                  .tid = 250,
                                  .rovr_size = 4,
                                  .lifetime_min = 65535,
                                  .route = true,
                                  .announced = true,
                                  .lifetime = RPL_S(1700)};
    struct rpl_event_leaf back;
    char line[SNAPSHOT_LINE_MAX], ifname[RPL_IFNAME_MAX];

    (void)unused;
    for (uint8_t i = 0; i < RPL_ROVR_MAX; i++)
        leaf.rovr[i] = (uint8_t)(i * 37);
    for (unsigned i = 0; i < 4; i++) {
        leaf.route = i & 1;
        leaf.announced = i & 2;
        size_t len = snapshot_leaf(&leaf, "lowpan1", line, sizeof(line));
        assert_int_equal(line[len - 1], '\n');
        for (size_t size = 0; size <= len; size++)
            assert_int_equal(snapshot_leaf(&leaf, "lowpan1", size ? line : NULL, size), 0);
        snapshot_leaf(&leaf, "lowpan1", line, sizeof(line));
        line[len - 1] = '\0';
        assert_true(snapshot_read_leaf(line, &back, ifname));
        assert_string_equal(ifname, "lowpan1");
        char again[SNAPSHOT_LINE_MAX];
        assert_int_equal(snapshot_leaf(&back, ifname, again, sizeof(again)), len);
        assert_memory_equal(again, line, len - 1);
        assert_memory_equal(back.rovr, leaf.rovr, sizeof(leaf.rovr));
        assert_true(back.route == leaf.route && back.announced == leaf.announced);
    }
    leaf = (struct rpl_event_leaf){
        .address = rig_global(3), .tid = 1, .rovr_size = 1, .lifetime = RPL_NEVER};
    size_t len = snapshot_leaf(&leaf, NULL, line, sizeof(line));
    line[len - 1] = '\0';
    assert_string_equal(line, "owner 0 fd01::200:ff:fe00:3 tid 1 rovr 0000000000000000 left never");
    assert_true(snapshot_read_leaf(line, &back, ifname));
    assert_string_equal(ifname, "");
    assert_true(back.lifetime == RPL_NEVER && back.tid == 1 && back.rovr_size == 1);
}

static void bad_leaves_are_refused(void **unused)
{
    static const char *const lines[] = {
        "leaf",
        "owner 0 fd00::3 tid 1 rovr 0000000000000000 left",
        "owner 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 60 via fe80::3 lowpan0",
        "owner 0 fd00::3 tid 1 rovr 00000000000000 left 9",
        "owner 0 fd00::3 tid 1 rovr 00000000000000000000 left 9",
        "owner 0 fd00::3 tid 1 rovr 000000000000000g left 9",
        "owner 0 fd00::3 tid 1 rovr 000000000000000A left 9",
        "owner 0 fd00::3 tid 256 rovr 0000000000000000 left 9",
        "owner 0 fd00::3/128 tid 1 rovr 0000000000000000 left 9",
        "owner 0 fd00::3 tid 1 rovr 0000000000000000 left -9",
        "owner 0 fd00::3 tid 1 rovr 0000000000000000 left 99999999999",
        "owners 0 fd00::3 tid 1 rovr 0000000000000000 left 9",
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9",
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 60 via fe80::3",
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 0 via fe80::3 lowpan0",
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 65536 via fe80::3 lowpan0",
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 60 via fe80::3 a-name-of-16-char",
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 60 via fe80::3 lowpan0 news",
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 60 via fe80::3 lowpan0 ",
        /* more than RPL_ROVR_MAX octets */
        ("owner 0 fd00::3 tid 1 rovr "
         "00000000000000000000000000000000000000000000000000000000000000000000000000000000 left 9"),
    };
    struct rpl_event_leaf back;
    char ifname[RPL_IFNAME_MAX];

    (void)unused;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_false(snapshot_read_leaf(lines[i], &back, ifname));
    assert_true(snapshot_read_leaf(
        "leaf 0 fd00::3 tid 1 rovr 0000000000000000 left 9 of 60 via fe80::3 lowpan0 route", &back,
        ifname));
}

/* ---- the file --------------------------------------------------------------------------- */

static void routes_come_back(void **unused)
{
    struct rpl_addr three = rig_global(3);
    struct rpl_view_path path;
    struct rpl_view_node node;

    (void)unused;
    start(RPL_MOP_NON_STORING, 60);
    source_dao(2, 1, 5);
    source_dao(3, 2, 6);
    assert_int_equal(snapshot_save(snap, rig.engine, rig.now), 0);
    assert_int_equal(snapshot_writes(snap), 1);
    stop();
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 2);
    assert_int_equal(rpl_view_route(rig.engine, &three, &path), 0);
    assert_int_equal(path.hops, 2);
    assert_true(rpl_view_node(rig.engine, &three, rig.now, &node));
    assert_true(node.unconfirmed);
    assert_int_equal(node.path_sequence, 6);
    stop();
}

static bool bound(void)
{
    struct rpl_addr host = rig_global(HOST);

    return rpl_view_is_leaf(rig.engine, &host);
}

/* Leaves, and who owns an address: with the nodes in one file. */
static void registrations_come_back(void **unused)
{
    struct rpl_rovr other = host_rovr;

    (void)unused;
    other.octets[0] ^= 1;
    start(RPL_MOP_NON_STORING, 60);
    source_dao(2, 1, 5);
    host_solicit(&rig, 5, 60, true);
    assert_int_equal(host_told(&rig, 0), HOST_ROUTED);
    assert_int_equal(snapshot_save(snap, rig.engine, rig.now), 0);
    stop();
    world += 1800;
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 2); /* the node's time is over */
    assert_true(bound() && host_linked(&rig));
    host_solicit_as(&rig, &other, 7, 60, true);
    assert_int_equal(rig_counter(&rig, RPL_COUNT_REFUSED_REGISTRATION), 1);
    rig_run(&rig, RPL_S(1799));
    assert_true(bound());
    rig_run(&rig, RPL_S(2));
    assert_false(bound());
    stop();
    world += 1801; /* nothing of it is left */
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 0);
    stop();
}

/* Give the file a right sum again. */
static void resum(const char *path, char *text, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fprintf(f, "sum %08x\n", (unsigned)state_checksum(0, text, len));
    assert_int_equal(fclose(f), 0);
}

/* What an older rpld wrote is read, and of a younger one what is known. An interface that is not
 * there any more has no leaves. */
static void files_of_other_versions(void **unused)
{
    char path[128], text[1024];
    int len;

    (void)unused;
    path_of(path, sizeof(path), SNAPSHOT_FILE);
    len = snprintf(text, sizeof(text),
                   "rpld-targets 1 1000000\n"
                   "target 0 fd01::200:ff:fe00:2/128 seq 5 left 1800 self fd01::200:ff:fe00:1 0\n");
    resum(path, text, (size_t)len);
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 1);
    stop();
    len += snprintf(text + len, sizeof(text) - (size_t)len,
                    "planet 0 fd01::200:ff:fe00:3 of 8\n"
                    "leaf 0 fd01::200:ff:fe00:55 tid 5 rovr 0200000000000055 left 60 of 60 via "
                    "fe80::200:ff:fe00:55 lowpan0 route\n"
                    "leaf 0 fd01::200:ff:fe00:56 tid 5 rovr 0200000000000056 left 60 of 60 via "
                    "fe80::200:ff:fe00:56 gone0 route\n");
    resum(path, text, (size_t)len);
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 2);
    struct rpl_addr other = rig_global(0x56);
    assert_true(bound());
    assert_false(rpl_view_is_leaf(rig.engine, &other));
    stop();
}

static void lifetimes_go_on_meanwhile(void **unused)
{
    (void)unused;
    start(RPL_MOP_NON_STORING, 60);
    source_dao(2, 1, 5); /* 30 minutes */
    assert_int_equal(snapshot_save(snap, rig.engine, rig.now), 0);
    stop();
    world += 1799;
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 1);
    rig_run(&rig, RPL_S(2));
    assert_int_equal(known(), 0);
    stop();
    world += 2;
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 0);
    stop();
    world = 3; /* a clock that went back */
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 1);
    stop();
}

static void write_old(void)
{
    start(RPL_MOP_NON_STORING, 60);
    source_dao(2, 1, 5);
    assert_int_equal(snapshot_save(snap, rig.engine, rig.now), 0);
    stop();
}

/* How many targets a restart would have. */
static unsigned on_disk(void)
{
    start(RPL_MOP_NON_STORING, 60);
    unsigned count = snapshot_load(snap, rig.now);
    assert_int_equal(known(), count);
    stop();
    return count;
}

static void old_file_is_not_used(void **unused)
{
    (void)unused;
    write_old();
    assert_int_equal(on_disk(), 1);
    world += SNAPSHOT_AGE_MAX_S + 1;
    assert_int_equal(on_disk(), 0);
}

/* Every octet of a good file wrong, and every prefix of it: nothing is taken. */
static void damaged_file_is_not_used(void **unused)
{
    char path[128], text[1024];

    (void)unused;
    write_old();
    path_of(path, sizeof(path), SNAPSHOT_FILE);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof(text), f);
    assert_in_range(len, 60, sizeof(text) - 1);
    fclose(f);
    for (size_t at = 0; at < 2 * len; at++) {
        bool cut = at >= len;

        f = fopen(path, "w");
        assert_non_null(f);
        if (!cut)
            text[at] ^= 1;
        assert_int_equal(fwrite(text, 1, cut ? at - len : len, f), cut ? at - len : len);
        if (!cut)
            text[at] ^= 1;
        fclose(f);
        assert_int_equal(on_disk(), 0);
    }
}

/* Ten thousand nodes: no turn takes longer than a slice, and the loop never waits for the file. */
static void many_nodes_in_slices(void **unused)
{
    const unsigned count = 10000;
    unsigned turns = 0;

    (void)unused;
    start(RPL_MOP_NON_STORING, 60);
    for (unsigned n = 2; n < count + 2; n++)
        source_dao(n, n < 12 ? 1 : n / 10, 5);
    snapshot_touch(snap, rig.now);
    assert_true(snapshot_deadline(snap) > rig.now);
    snapshot_tick(snap, rig.engine, rig.now);
    assert_int_equal(snapshot_writes(snap), 0);
    while (snapshot_writes(snap) == 0) {
        rig.now = snapshot_deadline(snap) > rig.now ? snapshot_deadline(snap) : rig.now;
        snapshot_tick(snap, rig.engine, rig.now);
        if (snapshot_deadline(snap) == 0)
            turns++;
        else
            usleep(1000); /* the thread writes */
    }
    assert_in_range(turns, count / SNAPSHOT_SLICE, count / SNAPSHOT_SLICE + 2);
    stop();
    assert_int_equal(on_disk(), count);
}

/* What is due, and until the thread has written: the clock stands still while it does. */
static void tick(void)
{
    while (snapshot_deadline(snap) <= rig.now || snapshot_busy(snap)) {
        if (snapshot_busy(snap))
            usleep(200);
        snapshot_tick(snap, rig.engine, rig.now);
    }
}

/* The writes are those of the state; a few stay for it. A tree that never rests gets one a minute
 * at most, and a quiet one when half of its lifetimes is over. */
static void writes_are_bounded(void **unused)
{
    uint64_t busy;

    (void)unused;
    start(RPL_MOP_NON_STORING, 12);
    source_dao(2, 1, 5);
    for (unsigned s = 0; s < 3600; s++) {
        rig.now += RPL_S(1);
        snapshot_touch(snap, rig.now);
        tick();
    }
    busy = snapshot_writes(snap);
    assert_in_range(busy, 12, 12 + 5 - 2);
    stop();
    start(RPL_MOP_NON_STORING, 60);
    source_dao(2, 1, 5);
    snapshot_touch(snap, rig.now);
    for (unsigned s = 0; s < 1500; s++) {
        rig.now += RPL_S(1);
        tick();
    }
    assert_in_range(snapshot_writes(snap), 2, 4); /* after 10 s, 15 min, 22 min */
    stop();
}

static void nothing_known_nothing_written(void **unused)
{
    char path[128];

    (void)unused;
    path_of(path, sizeof(path), SNAPSHOT_FILE);
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_save(snap, rig.engine, rig.now), 0);
    assert_int_equal(access(path, F_OK), -1);
    stop();
    write_old();
    world += 3000; /* its lifetime is over */
    start(RPL_MOP_NON_STORING, 60);
    assert_int_equal(snapshot_load(snap, rig.now), 0);
    assert_int_equal(snapshot_save(snap, rig.engine, rig.now), 0);
    stop();
    world -= 3000;
    assert_int_equal(on_disk(), 0); /* replaced by an empty one */
}

/* ---- the power fails -------------------------------------------------------------------- */

/* A child writes two targets over one, in its thread, and is cut short; true if it was. */
static bool cut_write(long syscall_nr, rlim_t limit)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit size = {.rlim_cur = limit, .rlim_max = limit};
        struct rlimit no_core = {0};

        setrlimit(RLIMIT_CORE, &no_core);
        start(RPL_MOP_NON_STORING, 60);
        source_dao(2, 1, 5);
        source_dao(3, 2, 5);
        if (syscall_nr >= 0)
            power_fails_at(syscall_nr);
        else
            setrlimit(RLIMIT_FSIZE, &size); /* SIGXFSZ kills in the middle of the write */
        _exit(snapshot_save(snap, rig.engine, rig.now) == 0 ? 0 : 97);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

static void cut_at_every_octet_leaves_the_old(void **unused)
{
    rlim_t limit = 0;

    (void)unused;
    write_old();
    for (; limit < 4096 && cut_write(-1, limit); limit++)
        assert_int_equal(on_disk(), 1);
    assert_in_range(limit, 100, 4095); /* it was cut in many places, and then it was not */
    assert_int_equal(on_disk(), 2);
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
            assert_int_equal(on_disk(), 1);
            cuts++;
        } else {
            assert_int_equal(on_disk(), 2);
        }
    }
    assert_true(cuts >= 5); /* whichever rename the C library takes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back),
        cmocka_unit_test(bad_lines_are_refused),
        cmocka_unit_test(leaves_come_back),
        cmocka_unit_test(bad_leaves_are_refused),
        cmocka_unit_test_setup_teardown(registrations_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(files_of_other_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(routes_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(lifetimes_go_on_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(old_file_is_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_file_is_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(many_nodes_in_slices, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_known_nothing_written, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_at_every_octet_leaves_the_old, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_at_every_call_leaves_old_or_new, setup, teardown),
    };

    log_open(CONF_LOG_STDERR, CONF_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
