/* SPDX-License-Identifier: ISC */
/* Clients of the control socket: slow, greedy, broken and many; monitors; the socket file. */
#include "ctl_lib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- requests --------------------------------------------------------------------------- */

static void requests_in_pieces(void **state)
{
    static const char request[] = "text status\n";
    (void)state;
    int fd = dial();
    for (const char *c = request; *c; c++) {
        char piece[2] = {*c, '\0'};
        say(fd, piece);
        turn();
        turn();
    }
    hear(fd);
    assert_memory_equal(reply, "ok\nrpld ", 8);
}

static void bad_requests(void **state)
{
    char line[2000];
    (void)state;
    assert_memory_equal(ask("nonsense\n"), "error 2 no such command: nonsense", 33);
    assert_memory_equal(ask("\n"), "error 2 ", 8);
    assert_memory_equal(ask("status now\n"), "error 2 usage: status", 21);
    assert_memory_equal(ask("node\n"), "error 2 usage: node ADDR", 24);
    /* One request for each connection. */
    assert_memory_equal(ask("status\nnodes\n"), "error 2 one request", 19);
    memset(line, 'a', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    assert_memory_equal(ask(line), "error 2 the request is too long", 31);
    /* A client that closes its writing side still gets its answer. */
    int fd = dial();
    say(fd, "status\n");
    shutdown(fd, SHUT_WR);
    hear(fd);
    assert_memory_equal(reply, "ok\n", 3);
    /* One that gives up in the middle is forgotten. */
    fd = dial();
    say(fd, "stat");
    turn();
    close(fd);
    turn();
    turn();
    assert_memory_equal(ask("status\n"), "ok\n", 3);
}

static void slow_requests_are_cut(void **state)
{
    (void)state;
    int fd = dial();
    say(fd, "stat");
    forget_reply();
    while (!take(fd)) /* the timer is what ends this */
        ev_run(loop, EVRUN_ONCE);
    assert_null(reply);
    close(fd);
    assert_int_equal(counter("control-clients-cut"), 1);
}

static void clients_are_counted(void **state)
{
    int fd[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        fd[i] = dial();
        say(fd[i], "monitor\n");
        turn();
        turn();
    }
    int more = dial();
    hear(more);
    assert_string_equal(reply, "error 3 too many clients\n");
    close(fd[1]);
    turn();
    turn();
    assert_memory_equal(ask("status\n"), "ok\n", 3);
    close(fd[0]);
    close(fd[2]);
    turn();
    turn();
    assert_int_equal(counter("control-clients-refused"), 1);
}

/* ---- much ------------------------------------------------------------------------------- */

#define MANY 10000

static void many_nodes(void)
{
    link_up();
    for (unsigned n = 2; n < 2 + MANY; n++) {
        dao(n, n / 4 < 1 ? 1 : n / 4);
        now += RPL_MS(1);
    }
}

/* Ten thousand nodes leave in slices: between two of them the loop is free. */
static void dumps_are_sliced(void **state)
{
    static const char *const requests[] = {"json nodes\n", "nodes\n",        "json tree\n",
                                           "routes\n",     "json metrics\n", "graph\n"};
    (void)state;
    many_nodes();
    for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        int fd = dial();
        say(fd, requests[i]);
        unsigned turns = hear(fd);
        assert_memory_equal(reply, "ok\n", 3);
        assert_true(turns > MANY / 200);
    }
    cJSON *json = ask_json("json nodes\n");
    element(json, "nodes", 0, MANY);
    cJSON_Delete(json);
    json = ask_json("json tree\n");
    element(json, "nodes", 0, MANY);
    cJSON_Delete(json);
}

static void stuck_readers_are_cut(void **state)
{
    (void)state;
    many_nodes();
    int fd = dial();
    say(fd, "json nodes\n");
    while (counter("control-clients-cut") == 0) /* it never reads; the timer is what ends this */
        ev_run(loop, EVRUN_ONCE);
    assert_int_equal(counter("control-clients-cut"), 1);
    close(fd);
}

/* ---- monitor ---------------------------------------------------------------------------- */

/* Turn the loop until the stream holds |text|. */
static void await(int fd, const char *text)
{
    for (unsigned i = 0; i < 100000; i++) {
        take(fd);
        if (reply && strstr(reply, text))
            return;
        turn();
    }
    fail_msg("no %s in: %s", text, reply);
}

static cJSON *line_json(unsigned index)
{
    const char *line = reply;
    for (unsigned i = 0; i < index; i++)
        line = strchr(line, '\n') + 1;
    cJSON *json = cJSON_ParseWithOpts(line, NULL, 0);
    assert_non_null(json);
    assert_int_equal(number(json, "schema"), 1);
    return json;
}

static void monitor(void **state)
{
    (void)state;
    link_up();
    dao(2, 1);
    int fd = dial();
    forget_reply();
    say(fd, "json monitor\n");
    await(fd, "snapshot-end");
    assert_memory_equal(reply, "ok\n", 3);
    cJSON *json = line_json(1);
    assert_string_equal(string(json, "event"), "node-up");
    assert_int_equal(number(json, "seq"), 1);
    assert_string_equal(string(json, "address"), "fd00::200:0:0:2");
    assert_string_equal(string(json, "eui64"), "0000000000000002");
    assert_int_equal(number(json, "instance"), 0);
    element(json, "parents", 0, 1);
    get(json, "via");
    get(json, "cause");
    assert_true(get(json, "time_s")->valuedouble > 1.6e9);
    assert_int_equal(strlen(string(json, "time")), 27);
    cJSON_Delete(json);
    json = line_json(2);
    assert_string_equal(string(json, "event"), "snapshot-end");
    assert_int_equal(number(json, "seq"), 2);
    cJSON_Delete(json);
    forget_reply();
    dao(3, 2);
    await(fd, "\"node-up\"");
    assert_non_null(strstr(reply, "\"address\":\"fd00::200:0:0:3\""));
    assert_non_null(strstr(reply, "\"parents\":[{\"address\":\"fd00::200:0:0:2\""));
    forget_reply();
    assert_int_equal(dao_from(RPL_MOP_NON_STORING, 3, 2, 0), 0);
    await(fd, "\"node-down\"");
    assert_non_null(strstr(reply, "\"cause\":\"no-path\""));
    assert_string_equal(ask("repair global\n"), "ok\n");
    forget_reply();
    await(fd, "\"repair\"");
    assert_non_null(strstr(reply, "\"version\":241"));
    close(fd);
    turn();
    fd = dial();
    forget_reply();
    say(fd, "monitor\n");
    await(fd, " snapshot-end\n");
    forget_reply();
    dao(4, 1);
    await(fd, " node-up instance=0 address=fd00::200:0:0:4 ");
    close(fd);
}

/* A monitor that does not read loses events, is told how many, and costs bounded memory. */
static void monitor_that_sleeps(void **state)
{
    (void)state;
    link_up();
    int fd = dial();
    forget_reply();
    say(fd, "json monitor\n");
    await(fd, "snapshot-end");
    forget_reply();
    unsigned events = 0;
    for (; events < 20000; events++) {
        struct rpl_effect_trace trace = {
            .kind = RPL_TRACE_NODE_DOWN, .len = 128, .address = global(events + 2)};
        ctl_trace(ctl, &trace, now);
    }
    await(fd, "\"gap\"");
    await(fd, "\"lost\":");
    const char *gap = strstr(reply, "\"lost\":");
    unsigned lost = (unsigned)strtoul(gap + 7, NULL, 10), seen = 0;
    for (const char *line = reply; (line = strstr(line, "\"node-down\"")); line++)
        seen++;
    assert_true(lost > 0);
    assert_int_equal(lost + seen, events);
    assert_true(reply_len < 3u * 1024 * 1024);
    forget_reply();
    dao(2, 1);
    await(fd, "\"node-up\"");
    close(fd);
    turn();
    turn();
    assert_int_equal(counter("control-events-lost"), (int)lost);
}

/* ---- the socket file -------------------------------------------------------------------- */

static void socket_file(void **state)
{
    struct ctl_settings settings = {.path = path, .group = "no-such-group-here"};
    struct ctl *second = NULL;
    struct stat st;
    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    /* Somebody listens: hands off. */
    assert_int_equal(ctl_new(loop, &settings, &source, &second), -EADDRINUSE);
    assert_null(second);
    assert_memory_equal(ask("status\n"), "ok\n", 3);
    /* Left over from a run that ended badly: replaced; an unknown group is said, not fatal. */
    ctl_free(ctl);
    ctl = NULL;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    assert_int_equal(start_ctl(&settings), 0);
    assert_non_null(strstr(logged, "no-such-group-here"));
    assert_memory_equal(ask("status\n"), "ok\n", 3);
    ctl_free(ctl);
    ctl = NULL;
    /* Not a socket: not ours to remove. */
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(start_ctl(&settings), -EEXIST);
    assert_int_equal(unlink(path), 0);
    char name[200];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    settings.path = name;
    assert_int_equal(start_ctl(&settings), -ENAMETOOLONG);
}

#define WITH(test, before) cmocka_unit_test_setup_teardown(test, before, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(requests_in_pieces, setup),
        WITH(bad_requests, setup),
        WITH(slow_requests_are_cut, setup_hasty),
        WITH(clients_are_counted, setup_hasty),
        WITH(dumps_are_sliced, setup),
        WITH(stuck_readers_are_cut, setup_hasty),
        WITH(monitor, setup),
        WITH(monitor_that_sleeps, setup),
        WITH(socket_file, setup),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    forget_reply();
    return result;
}
