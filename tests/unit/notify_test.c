/* SPDX-License-Identifier: ISC */
/* What the service manager hears, on a socket as it makes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpld/notify.h"

static void without_a_manager_nothing_happens(void **unused)
{
    (void)unused;
    unsetenv("NOTIFY_SOCKET");
    assert_false(notify_wanted());
    assert_int_equal(notify_open(), 0);
    notify_send("READY=1");
    assert_true(notify_watchdog() <= 0);
}

static void bad_names_are_refused(void **unused)
{
    char name[300];

    (void)unused;
    memset(name, 'x', sizeof(name));
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    setenv("NOTIFY_SOCKET", name, 1);
    assert_int_equal(notify_open(), -EINVAL);
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_int_equal(notify_open(), -EINVAL);
    setenv("NOTIFY_SOCKET", "", 1);
    assert_int_equal(notify_open(), -EINVAL);
}

static void manager_hears_us(void **unused)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char name[sizeof(addr.sun_path) + 2], heard[64] = "";

    (void)unused;
    /* An abstract name: nothing is left behind. */
    int len = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "rpld-notify-test-%ld",
                       (long)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    assert_int_equal(bind(manager, (const struct sockaddr *)&addr, size), 0);
    snprintf(name, sizeof(name), "@%s", addr.sun_path + 1);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    snprintf(name, sizeof(name), "%ld", (long)getpid());
    setenv("WATCHDOG_PID", name, 1);
    assert_true(notify_wanted());
    assert_int_equal(notify_open(), 0);
    assert_null(getenv("NOTIFY_SOCKET"));
    notify_send("READY=1");
    assert_int_equal(recv(manager, heard, sizeof(heard), 0), 7);
    assert_memory_equal(heard, "READY=1", 7);
    assert_in_range((long)(notify_watchdog() * 1000), 14999, 15001);
    /* A manager that went away is of no consequence. */
    close(manager);
    notify_send("WATCHDOG=1");
}

/* As systemd passes them: from 3 on, with names. Only those that we want stay. */
static void kept_descriptors_come_back(void **unused)
{
    char pid[16];
    int pair[2];

    (void)unused;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) {
        int status;

        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        return;
    }
    if (pipe(pair) < 0 || dup2(pair[0], 20) != 20 || dup2(20, 3) != 3 || dup2(20, 4) != 4)
        _exit(1);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "other:wanted", 1);
    notify_fds_take();
    if (getenv("LISTEN_FDS") || notify_fd("missing") != -1 || notify_fd("wanted") != 4 ||
        notify_fd("wanted") != -1)
        _exit(2);
    notify_fds_close();
    _exit(fcntl(4, F_GETFD) == FD_CLOEXEC && fcntl(3, F_GETFD) == -1 ? 0 : 3);
}

static void those_of_another_process_are_left(void **unused)
{
    (void)unused;
    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "wanted", 1);
    notify_fds_take();
    assert_int_equal(notify_fd("wanted"), -1);
    assert_null(getenv("LISTEN_FDNAMES"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(kept_descriptors_come_back),
        cmocka_unit_test(those_of_another_process_are_left),
        cmocka_unit_test(manager_hears_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
