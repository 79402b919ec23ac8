/* SPDX-License-Identifier: ISC */
#include "rpld/bridge_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rpld/log.h"
#include "rpld/privs.h"

#define BRIDGE_PAUSE_MIN_MS 1000
#define BRIDGE_PAUSE_MAX_MS 60000
#define BRIDGE_STEADY_S 60  /* it ran that long: the next pause is short again */
#define BRIDGE_STOP_MS 5000 /* to end by itself before it is killed */

struct bridge_run {
    const char *program, *config;
    int pipe; /* read end; end of file: rpld is gone */
    int signals;
    sigset_t mask; /* to give back to the bridge */
};

static time_t bridge_now(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static pid_t bridge_exec(const struct bridge_run *run)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, &run->mask, NULL);
    execl(run->program, run->program, "-c", run->config, (char *)NULL);
    log_error("bridge: cannot start",
              "program=%s error=\"%s\" mend=\"apt-get install rpld-bridge\"", run->program,
              strerror(errno));
    _exit(127);
}

/* Wait up to |ms| for the child's end or for rpld's; true if rpld is still there. A child that
 * ended is reaped and *pid set to 0. */
static bool bridge_wait(const struct bridge_run *run, pid_t *pid, int ms, int *ret_status)
{
    struct pollfd fds[] = {{.fd = run->pipe, .events = POLLIN},
                           {.fd = run->signals, .events = POLLIN}};
    int n = poll(fds, 2, ms);

    if (n > 0 && fds[1].revents) {
        struct signalfd_siginfo info;

        (void)!read(run->signals, &info, sizeof(info));
    }
    if (*pid > 0 && waitpid(*pid, ret_status, WNOHANG) == *pid)
        *pid = 0;
    if (n > 0 && fds[0].revents) {
        char c;
        ssize_t got = read(run->pipe, &c, 1);

        return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
    }
    return true;
}

static void bridge_end(const struct bridge_run *run, pid_t pid)
{
    int status = 0;
    struct bridge_run quiet = *run;

    quiet.pipe = -1; /* poll() skips it: it is at its end for good */
    kill(-pid, SIGTERM);
    time_t limit = bridge_now() + BRIDGE_STOP_MS / 1000;
    while (pid > 0 && bridge_now() < limit)
        bridge_wait(&quiet, &pid, 200, &status);
    if (pid > 0) {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
}

static void bridge_say(int status)
{
    if (WIFSIGNALED(status))
        log_warning("bridge: ended by a signal, starting it again", "signal=%d", WTERMSIG(status));
    else
        log_warning("bridge: ended, starting it again", "status=%d", WEXITSTATUS(status));
}

static void bridge_supervise(const struct bridge_run *run)
{
    int pause_ms = BRIDGE_PAUSE_MIN_MS;
    pid_t none = 0;
    int status = 0;

    if (!bridge_wait(run, &none, -1, &status))
        return;
    for (;;) {
        time_t began = bridge_now();
        pid_t pid = bridge_exec(run);

        while (pid > 0) {
            if (!bridge_wait(run, &pid, -1, &status)) {
                if (pid > 0)
                    bridge_end(run, pid);
                return;
            }
        }
        bridge_say(status);
        pause_ms = bridge_now() - began >= BRIDGE_STEADY_S ? BRIDGE_PAUSE_MIN_MS : pause_ms;
        if (!bridge_wait(run, &none, pause_ms, &status))
            return;
        pause_ms = pause_ms * 2 < BRIDGE_PAUSE_MAX_MS ? pause_ms * 2 : BRIDGE_PAUSE_MAX_MS;
    }
}

static _Noreturn void bridge_main(struct bridge_run *run)
{
    struct privs_user user;
    sigset_t child;

    prctl(PR_SET_NAME, "rpld-bridge-sup");
    setpgid(0, 0); /* Ctrl-C goes to rpld, which then ends us */
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &run->mask);
    run->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    privs_lookup("rpld-bridge", &user);
    if (!user.found)
        privs_lookup("nobody", &user);
    int r = privs_drop_all(&user);
    if (r < 0 || run->signals < 0) {
        log_error("bridge: cannot give up privileges, not started", "error=\"%s\"",
                  strerror(r < 0 ? -r : errno));
        _exit(1);
    }
    bridge_supervise(run);
    _exit(0);
}

int bridge_child_fork(struct bridge_child *child, const char *program, const char *config)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid < 0) {
        int error = errno;

        close(fds[0]);
        close(fds[1]);
        return -error;
    }
    if (pid == 0) {
        struct bridge_run run = {.program = program, .config = config, .pipe = fds[0]};

        close(fds[1]);
        bridge_main(&run);
    }
    close(fds[0]);
    child->pid = pid;
    child->pipe = fds[1];
    return 0;
}

void bridge_child_go(struct bridge_child *child)
{
    if (child->pid > 0 && write(child->pipe, "g", 1) < 0)
        log_error("bridge: its supervisor is gone", "error=\"%s\"", strerror(errno));
}

void bridge_child_stop(struct bridge_child *child)
{
    if (child->pid <= 0)
        return;
    close(child->pipe);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
}
