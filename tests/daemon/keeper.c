/* SPDX-License-Identifier: ISC */
/*
 * keeper MILLISECONDS PROGRAM [ARGUMENTS]: a service manager in small, for tests of the descriptor
 * store. It starts the program with $NOTIFY_SOCKET, keeps the descriptors that the program leaves
 * with it, and when the program is killed starts it again after the pause, with the descriptors.
 * It ends with the program when that ends by itself; SIGTERM is passed on, and SIGUSR1, after which
 * the program is started again, too. Lines on stdout say what happens: "started PID", "stored
 * NAME", "removed NAME", "ended STATUS".
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEPER_MAX 8
#define KEEPER_FIRST 3
#define KEEPER_ASIDE 64 /* where the descriptors are meanwhile */

struct keeper {
    int manager, signals;
    pid_t child;
    bool restart; /* it was told to end, to be started again */
    unsigned count;
    struct {
        int fd;
        char name[64];
    } kept[KEEPER_MAX];
};

static int keeper_fail(const char *what)
{
    perror(what);
    exit(1);
}

static void keeper_child(const struct keeper *keeper, char **command, const sigset_t *signals)
{
    char names[KEEPER_MAX * 65] = "", number[16];

    sigprocmask(SIG_UNBLOCK, signals, NULL);
    for (unsigned i = 0; i < keeper->count; i++) {
        if (dup2(keeper->kept[i].fd, KEEPER_ASIDE + (int)i) < 0)
            _exit(126);
        strcat(names, i ? ":" : "");
        strcat(names, keeper->kept[i].name);
    }
    for (unsigned i = 0; i < keeper->count; i++)
        dup2(KEEPER_ASIDE + (int)i, KEEPER_FIRST + (int)i);
    for (int fd = KEEPER_FIRST + (int)keeper->count; fd < 2 * KEEPER_ASIDE; fd++)
        close(fd);
    if (keeper->count > 0) {
        snprintf(number, sizeof(number), "%u", keeper->count);
        setenv("LISTEN_FDS", number, 1);
        snprintf(number, sizeof(number), "%ld", (long)getpid());
        setenv("LISTEN_PID", number, 1);
        setenv("LISTEN_FDNAMES", names, 1);
    }
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

static void keeper_start(struct keeper *keeper, char **command, const sigset_t *signals)
{
    keeper->child = fork();
    if (keeper->child < 0)
        keeper_fail("fork");
    if (keeper->child == 0)
        keeper_child(keeper, command, signals);
    printf("started %ld\n", (long)keeper->child);
}

static void keeper_remove(struct keeper *keeper, const char *name)
{
    for (unsigned i = 0; i < keeper->count; i++) {
        if (strcmp(keeper->kept[i].name, name) != 0)
            continue;
        close(keeper->kept[i].fd);
        keeper->kept[i] = keeper->kept[--keeper->count];
        printf("removed %s\n", name);
        return;
    }
}

/* One datagram: lines KEY=VALUE, and maybe a descriptor. */
static void keeper_message(struct keeper *keeper)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char text[4096], name[64] = "stored";
    struct iovec data = {.iov_base = text, .iov_len = sizeof(text) - 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    bool store = false, drop = false;
    int fd = -1;
    ssize_t n = recvmsg(keeper->manager, &message, MSG_CMSG_CLOEXEC);

    if (n < 0)
        return;
    text[n] = '\0';
    const struct cmsghdr *passed = CMSG_FIRSTHDR(&message);
    if (passed && passed->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(passed), sizeof(fd));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        store |= strcmp(line, "FDSTORE=1") == 0;
        drop |= strcmp(line, "FDSTOREREMOVE=1") == 0;
        if (strncmp(line, "FDNAME=", 7) == 0)
            snprintf(name, sizeof(name), "%.63s", line + 7);
    }
    if (drop)
        keeper_remove(keeper, name);
    if (store && fd >= 0 && keeper->count < KEEPER_MAX) {
        keeper->kept[keeper->count].fd = fd;
        snprintf(keeper->kept[keeper->count++].name, sizeof(name), "%s", name);
        printf("stored %s\n", name);
    } else if (fd >= 0) {
        close(fd);
    }
}

/* True if the program was killed: it is to be started again. */
static bool keeper_ended(struct keeper *keeper, int status)
{
    bool restart = keeper->restart;

    keeper->restart = false;
    if (WIFSIGNALED(status) || restart)
        return true;
    printf("ended %d\n", WEXITSTATUS(status));
    exit(WEXITSTATUS(status));
}

static void keeper_signal(struct keeper *keeper, char **command, const sigset_t *signals, int pause)
{
    struct signalfd_siginfo info;
    int status;

    if (read(keeper->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGTERM) {
        kill(keeper->child, SIGTERM);
        return;
    }
    if (info.ssi_signo == SIGUSR1) {
        keeper->restart = true;
        kill(keeper->child, SIGUSR1);
        return;
    }
    if (waitpid(keeper->child, &status, WNOHANG) == keeper->child && keeper_ended(keeper, status)) {
        poll(NULL, 0, pause); /* the pause of RestartSec= */
        keeper_start(keeper, command, signals);
    }
}

int main(int argc, char **argv)
{
    struct keeper keeper = {.manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    sigset_t signals;

    if (argc < 3) {
        fprintf(stderr, "usage: keeper MILLISECONDS PROGRAM [ARGUMENTS]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int len = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "keeper-%ld", (long)getpid());
    if (bind(keeper.manager, (const struct sockaddr *)&addr,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) < 0)
        keeper_fail("bind");
    addr.sun_path[0] = '@';
    setenv("NOTIFY_SOCKET", addr.sun_path, 1);
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    keeper.signals = signalfd(-1, &signals, SFD_CLOEXEC);
    keeper_start(&keeper, argv + 2, &signals);
    for (;;) {
        struct pollfd fds[] = {{.fd = keeper.manager, .events = POLLIN},
                               {.fd = keeper.signals, .events = POLLIN}};

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            keeper_fail("poll");
        if (fds[0].revents)
            keeper_message(&keeper);
        else if (fds[1].revents)
            keeper_signal(&keeper, argv + 2, &signals, atoi(argv[1]));
    }
}
