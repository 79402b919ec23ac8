/* SPDX-License-Identifier: ISC */
/* The program rplctl itself, run against the socket: what it prints where, and how it exits. */
#include "ctl_lib.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 8

static char out[2][65536]; /* what the program wrote to its standard output and error */

struct stream {
    ev_io watcher;
    size_t len;
    char *text;
    bool ended;
};

static void stream_ready(struct ev_loop *l, ev_io *watcher, int events)
{
    struct stream *stream = watcher->data;
    ssize_t n = read(watcher->fd, stream->text + stream->len, sizeof(out[0]) - 1 - stream->len);
    (void)events;
    if (n > 0) {
        stream->len += (size_t)n;
        stream->text[stream->len] = '\0';
        return;
    }
    stream->ended = true;
    ev_io_stop(l, watcher);
}

static pid_t start(uid_t uid, const char *socket_path, const char *const *args, int *fds)
{
    char *argv[ARGS_MAX + 2] = {strdup("rplctl")};
    int pipes[2][2];
    int program = open(RPLCTL, O_RDONLY | O_CLOEXEC); /* whoever we are then */
    assert_true(program >= 0);
    for (unsigned i = 0; args[i]; i++)
        argv[i + 1] = strdup(args[i]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[0][1], STDOUT_FILENO);
        dup2(pipes[1][1], STDERR_FILENO);
        setenv("RPLD_SOCKET", socket_path, 1);
        if (uid != geteuid() && setresuid(uid, uid, uid) < 0)
            _exit(99);
        fexecve(program, argv, environ);
        _exit(98);
    }
    close(program);
    for (unsigned i = 0; argv[i]; i++)
        free(argv[i]);
    for (int i = 0; i < 2; i++) {
        close(pipes[i][1]);
        fds[i] = pipes[i][0];
    }
    return pid;
}

/* Run it to its end while the loop serves it; its exit status. */
static int run_as(uid_t uid, const char *socket_path, const char *const *args)
{
    struct stream streams[2];
    int fds[2], status;
    pid_t pid = start(uid, socket_path, args, fds);
    memset(streams, 0, sizeof(streams));
    for (int i = 0; i < 2; i++) {
        out[i][0] = '\0';
        streams[i].text = out[i];
        ev_io_init(&streams[i].watcher, stream_ready, fds[i], EV_READ);
        streams[i].watcher.data = &streams[i];
        ev_io_start(loop, &streams[i].watcher);
    }
    while (!streams[0].ended || !streams[1].ended)
        ev_run(loop, EVRUN_ONCE);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(fds[0]);
    close(fds[1]);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define RUN(...) run_as(geteuid(), path, (const char *const[]){__VA_ARGS__, NULL})

static void answers(void **state)
{
    (void)state;
    link_up();
    dao(2, 1);
    assert_int_equal(RUN("nodes"), 0);
    assert_memory_equal(out[0], "ADDRESS ", 8); /* the body only */
    assert_string_equal(out[1], "");
    assert_int_equal(RUN("--json", "node", "fd00::200:0:0:2"), 0);
    const char *end;
    cJSON *json = cJSON_ParseWithOpts(out[0], &end, 0);
    assert_non_null(json);
    assert_string_equal(end, "\n");
    cJSON_Delete(json);
    /* Options may stand behind the command, and -s goes before the environment. */
    assert_int_equal(
        run_as(geteuid(), "/nonexistent", (const char *const[]){"status", "-j", "-s", path, NULL}),
        0);
    assert_memory_equal(out[0], "{\"schema\":1,", 12);
    assert_int_equal(RUN("repair", "global"), 0);
    assert_string_equal(out[0], "");
    assert_int_equal(RUN("--help"), 0);
    assert_non_null(strstr(out[0], "\n  neighbors "));
    assert_int_equal(RUN("--version"), 0);
    assert_memory_equal(out[0], "rplctl ", 7);
}

static void exit_codes(void **state)
{
    (void)state;
    link_up();
    assert_int_equal(RUN("node", "fd00::77"), 1);
    assert_string_equal(out[0], "");
    assert_string_equal(out[1], "rplctl: no node fd00::77, now or lately\n");
    assert_int_equal(RUN("nonsense"), 2);
    assert_int_equal(RUN("--nonsense"), 2);
    assert_int_equal(RUN("-j"), 2);
    assert_int_equal(RUN("status now"), 2);
    assert_int_equal(RUN("status\nrepair global"), 2);
    assert_int_equal(RUN(""), 2);
    char *much = malloc(2001);
    assert_non_null(much);
    memset(much, 'a', 2000);
    much[2000] = '\0';
    assert_int_equal(RUN("node", much), 2);
    free(much);
    reload_error = -EINVAL;
    assert_int_equal(RUN("reload"), 4);
    assert_non_null(strstr(out[1], "\nrpld.conf:4: no such setting\n"));
}

static void refused(void **state)
{
    (void)state;
    assert_int_equal(RUN("repair", "global"), 4);
    assert_string_equal(out[1], "rplctl: only root may repair\n");
}

static void no_daemon(void **state)
{
    (void)state;
    assert_int_equal(RUN("-s", "/nonexistent/rpld.sock", "status"), 3);
    assert_non_null(strstr(out[1], "systemctl start rpld"));
    /* A socket that nobody serves any more. */
    char stale[100];
    snprintf(stale, sizeof(stale), "%s.stale", path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", stale);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(RUN("-s", stale, "status"), 3);
    assert_non_null(strstr(out[1], "systemctl start rpld"));
    /* Something else that answers. */
    assert_int_equal(listen(fd, 1), 0);
    int fds[2], status;
    const char *const args[] = {"-s", stale, "status", NULL};
    pid_t pid = start(geteuid(), path, args, fds);
    int peer = accept(fd, NULL, NULL);
    assert_int_equal(send(peer, "220 mail\n", 9, MSG_NOSIGNAL), 9);
    close(peer);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 3);
    close(fds[0]);
    close(fds[1]);
    close(fd);
    unlink(stale);
}

/* Not in the group: it says what is missing. Root is stopped by no mode, so it is somebody else. */
static void no_permission(void **state)
{
    uid_t nobody = geteuid() == 0 ? 65534 : geteuid();
    (void)state;
    assert_int_equal(chmod(path, 0), 0);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(chmod(path, 0755), 0);
    slash[-4] = '\0'; /* before "/run" */
    assert_int_equal(chmod(path, 0755), 0);
    slash[-4] = *slash = '/';
    assert_int_equal(run_as(nobody, path, (const char *const[]){"status", NULL}), 3);
    assert_non_null(strstr(out[1], "adduser USER rpld"));
}

#define WITH(test, before) cmocka_unit_test_setup_teardown(test, before, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(answers, setup),   WITH(exit_codes, setup),    WITH(refused, setup_reader),
        WITH(no_daemon, setup), WITH(no_permission, setup),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    forget_reply();
    return result;
}
