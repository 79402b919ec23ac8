/* SPDX-License-Identifier: ISC */
/*
 * What a program in the place of a daemon's parser can do: children raise the wall as rpld and as
 * rpld-bridge raise it, by the daemons' own functions, and try. Each attempt succeeds without the
 * wall, so that a refusal is the wall's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpld/privs.h"
#include "sandbox/sandbox.h"
#ifdef TEST_BRIDGE
#include "bridge/priv.h"
#endif

static char top[] = "/tmp/rpld-sandbox-XXXXXX";
static bool has_landlock;

/* In the folder of the test. */
static const char *in(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_MAX, "%s/%s", top, name);
    return path;
}

/* 0 or the errno of the attempt. */
static int tried(long result)
{
    return result < 0 ? errno : 0;
}

/* ---- attempts ------------------------------------------------------------------------------ */

static int opened(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    int r = tried(fd);

    if (fd >= 0)
        close(fd);
    return r;
}

static int try_read_settings(void)
{
    return opened(in("etc/rpld.conf"), O_RDONLY);
}

static int try_read_new_settings(void)
{
    return opened(in("etc/later.conf"), O_RDONLY);
}

static int try_write_settings(void)
{
    return opened(in("etc/rpld.conf"), O_WRONLY);
}

static int try_state(void)
{
    int r = opened(in("state/new"), O_WRONLY | O_CREAT | O_TRUNC);

    r = r ? r : tried(rename(in("state/new"), in("state/kept")));
    r = r ? r : opened(in("state/kept"), O_RDONLY);
    r = r ? r : opened(in("state/kept"), O_WRONLY | O_TRUNC);
    return r ? r : tried(unlink(in("state/kept")));
}

static int try_state_link(void)
{
    return tried(symlink("/etc/passwd", in("state/link")));
}

static int try_state_out(void)
{
    int r = opened(in("state/out"), O_WRONLY | O_CREAT);

    return r ? r : tried(rename(in("state/out"), in("elsewhere/out")));
}

static int try_state_execute(void)
{
    return tried(mkfifo(in("state/fifo"), 0600));
}

static int try_state_owner(void)
{
    int fd = open(in("state/owned"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int r = fd < 0 ? errno : tried(fchown(fd, (uid_t)-1, (gid_t)-1));

    if (fd >= 0)
        close(fd);
    return r;
}

static int try_remove_socket(void)
{
    return tried(unlink(in("run/socket")));
}

static int try_write_run(void)
{
    return opened(in("run/other"), O_WRONLY | O_CREAT);
}

static int try_read_elsewhere(void)
{
    return opened(in("elsewhere/secret"), O_RDONLY);
}

static int try_list_elsewhere(void)
{
    return opened(in("elsewhere"), O_RDONLY | O_DIRECTORY);
}

static int try_write_elsewhere(void)
{
    return opened(in("elsewhere/secret"), O_WRONLY);
}

static int try_truncate_elsewhere(void)
{
    return opened(in("elsewhere/secret"), O_WRONLY | O_TRUNC);
}

static int try_make_elsewhere(void)
{
    return opened(in("elsewhere/new"), O_WRONLY | O_CREAT);
}

static int try_remove_elsewhere(void)
{
    return tried(unlink(in("elsewhere/secret")));
}

static int try_read_passwd(void)
{
    return opened("/etc/passwd", O_RDONLY);
}

static int try_read_program(void)
{
    return opened("/proc/self/exe", O_RDONLY);
}

static int try_read_sysctl(void)
{
    return opened("/proc/sys/net/ipv6/conf/all/forwarding", O_RDONLY);
}

static int try_write_null(void)
{
    return opened("/dev/null", O_WRONLY);
}

static int socketed(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    int r = tried(fd);

    if (fd >= 0)
        close(fd);
    return r;
}

static int try_udp(void)
{
    return socketed(AF_INET6, SOCK_DGRAM, 0);
}

static int try_tcp(void)
{
    return socketed(AF_INET, SOCK_STREAM, 0);
}

static int try_unix(void)
{
    return socketed(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int try_netlink(void)
{
    return socketed(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int try_raw(void)
{
    return socketed(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
}

static int try_packet(void)
{
    return socketed(AF_PACKET, SOCK_DGRAM, 0);
}

static int try_socketpair(void)
{
    int fds[2];
    int r = tried(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));

    if (r == 0) {
        close(fds[0]);
        close(fds[1]);
    }
    return r;
}

static int try_fork(void)
{
    pid_t pid = fork();
    int r = tried(pid);

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return r;
}

/* What popen() and system() do underneath. */
static int try_spawn(void)
{
    char name[] = "true", *argv[] = {name, NULL};
    pid_t pid = 0;
    int err = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);

    if (err == 0)
        (void)waitpid(pid, NULL, 0);
    return err;
}

static int try_exec(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static void *thread_main(void *arg)
{
    return arg;
}

static int try_thread(void)
{
    pthread_t thread;
    int r = pthread_create(&thread, NULL, thread_main, NULL);

    return r ? r : pthread_join(thread, NULL);
}

static int try_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int r = p == MAP_FAILED ? errno : tried(mprotect(p, 4096, PROT_READ | PROT_EXEC));

    if (p != MAP_FAILED)
        munmap(p, 4096);
    return r;
}

static int try_kill_parent(void)
{
    return tried(kill(getppid(), 0));
}

static int try_trace(void)
{
    return tried(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_namespace(void)
{
    return tried(unshare(CLONE_NEWUSER));
}

static int try_dumpable(void)
{
    return tried(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int try_time(void)
{
    time_t now = time(NULL);
    struct tm tm;

    return localtime_r(&now, &tm) && tm.tm_year > 100 ? 0 : EINVAL;
}

/* ---- a child that tries -------------------------------------------------------------------- */

static void no_wall(void)
{
}

static void wall_of_rpld(void)
{
    char config[PATH_MAX], state[PATH_MAX], run[PATH_MAX];

    snprintf(config, sizeof(config), "%s", in("etc/rpld.conf"));
    snprintf(state, sizeof(state), "%s", in("state"));
    snprintf(run, sizeof(run), "%s", in("run/socket"));
    privs_enclose(config, state, run);
}

#ifdef TEST_BRIDGE
static void wall_of_bridge(void)
{
    static struct bconf conf;

    snprintf(conf.tls_ca, sizeof(conf.tls_ca), "%s", in("etc/rpld.conf"));
    brg_priv_enclose(&conf, in("state/spool.db"));
}
#endif

static void wall_that_kills(void)
{
    const struct sandbox sandbox = {.kill = true};
    struct sandbox_report report;

    sandbox_enter(&sandbox, &report);
    if (!report.calls)
        _exit(99);
}

static void prepare(void)
{
    char command[2 * PATH_MAX];

    /* Threads come after: system() is before any wall. */
    snprintf(command, sizeof(command),
             "cd %s && rm -rf -- * && mkdir etc state run elsewhere && touch etc/rpld.conf "
             "run/socket && echo 1 >elsewhere/secret",
             top);
    assert_int_equal(system(command), 0);
}

/* Raise |wall| in a child, and |attempt| there: its errno, 1000 + the signal that ended it. */
static int outcome(void (*wall)(void), int (*attempt)(void))
{
    int status = 0;

    prepare();
    pid_t pid = fork();
    if (pid == 0) {
        FILE *quiet = freopen("/dev/null", "w", stderr);

        wall();
        (void)quiet;
        _exit(attempt());
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

enum may { NO, YES, FILES }; /* FILES: not, where the kernel has Landlock */

struct attempt {
    const char *name;
    int (*attempt)(void);
    enum may rpld, bridge;
    bool sanitizer; /* its runtime has to be allowed that */
};

static const struct attempt attempts[] = {
    {"read the settings", try_read_settings, YES, YES, false},
    {"write the settings", try_write_settings, FILES, FILES, false},
    {"write and replace the state", try_state, YES, YES, false},
    {"make a link in the state", try_state_link, NO, NO, false},
    {"make a FIFO in the state", try_state_execute, NO, NO, false},
    {"give the state away", try_state_owner, NO, NO, false},
    {"move the state elsewhere", try_state_out, FILES, FILES, false},
    {"remove its socket", try_remove_socket, YES, FILES, false},
    {"write where its socket is", try_write_run, FILES, FILES, false},
    {"read elsewhere", try_read_elsewhere, FILES, FILES, false},
    {"list elsewhere", try_list_elsewhere, FILES, FILES, false},
    {"write elsewhere", try_write_elsewhere, FILES, FILES, false},
    {"truncate elsewhere", try_truncate_elsewhere, FILES, FILES, false},
    {"make a file elsewhere", try_make_elsewhere, FILES, FILES, false},
    {"remove a file elsewhere", try_remove_elsewhere, FILES, FILES, false},
    {"read the users", try_read_passwd, FILES, YES, false},
    {"read its program", try_read_program, FILES, FILES, true},
    {"read its sysctls", try_read_sysctl, YES, FILES, true},
    {"write a device", try_write_null, FILES, FILES, false},
    {"a UDP socket", try_udp, NO, YES, false},
    {"a TCP socket", try_tcp, NO, YES, false},
    {"a UNIX socket", try_unix, NO, YES, false},
    {"a pair of sockets", try_socketpair, NO, NO, false},
    {"a netlink socket", try_netlink, NO, NO, false},
    {"a process", try_fork, NO, NO, true},
    {"a shell", try_spawn, NO, NO, true},
    {"a program", try_exec, NO, NO, false},
    {"a thread", try_thread, YES, YES, false},
    {"code of its own", try_code, NO, YES, false},
    {"signal another process", try_kill_parent, NO, NO, true},
    {"be traced", try_trace, NO, NO, true},
    {"a namespace", try_namespace, NO, NO, false},
    {"be dumped", try_dumpable, NO, NO, true},
    {"know the time", try_time, YES, YES, false},
};

/* By the rules for files, or by the filter of calls. */
static bool refused(bool files, int got)
{
    if (files)
        return got == EACCES || got == EXDEV;
    return got == (SANDBOX_KILL ? 1000 + SIGSYS : EPERM) || got == EAFNOSUPPORT;
}

static void check(const char *who, const struct attempt *attempt, enum may may, int got)
{
    bool files = may == FILES;
    bool wanted_ok = may == YES || (files && !has_landlock);

    if (attempt->sanitizer && SANDBOX_SANITIZED)
        return;
    if (wanted_ok ? got == 0 : refused(files, got))
        return;
    fail_msg("%s, %s: outcome %d (%s)", who, attempt->name, got,
             got < 1000 ? strerror(got) : "killed");
}

static void test_rpld(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
        check("rpld", &attempts[i], attempts[i].rpld, outcome(wall_of_rpld, attempts[i].attempt));
}

#ifdef TEST_BRIDGE
static void test_bridge(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
        check("rpld-bridge", &attempts[i], attempts[i].bridge,
              outcome(wall_of_bridge, attempts[i].attempt));
}
#endif

/* What the wall refuses does succeed without it, as far as the user may. */
static void test_without(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        int got = outcome(no_wall, attempts[i].attempt);

        if (attempts[i].attempt == try_namespace && got != 0)
            continue; /* some machines have none for anybody */
        if (got != 0 && got != 1000)
            fail_msg("%s without a wall: %d (%s)", attempts[i].name, got, strerror(got));
    }
}

/* For those with the right to open them. */
static void test_raw_sockets(void **state)
{
    (void)state;
    if (outcome(no_wall, try_raw) != 0 || outcome(no_wall, try_packet) != 0) {
        print_message("raw sockets need root: refused before any wall\n");
        return;
    }
    assert_true(refused(false, outcome(wall_of_rpld, try_raw)));
    assert_true(refused(false, outcome(wall_of_rpld, try_packet)));
#ifdef TEST_BRIDGE
    assert_true(refused(false, outcome(wall_of_bridge, try_raw)));
    assert_true(refused(false, outcome(wall_of_bridge, try_packet)));
#endif
}

static void test_later_settings(void **state)
{
    (void)state;
    assert_int_equal(outcome(no_wall, try_read_new_settings), ENOENT);
    assert_int_equal(outcome(wall_of_rpld, try_read_new_settings), ENOENT);
}

static void test_kill(void **state)
{
    (void)state;
    assert_int_equal(outcome(wall_that_kills, try_udp), 1000 + SIGSYS);
    assert_int_equal(outcome(wall_that_kills, try_exec), 1000 + SIGSYS);
    assert_int_equal(outcome(wall_that_kills, try_time), 0);
}

static int remove_top(void **state)
{
    char command[PATH_MAX];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without),     cmocka_unit_test(test_rpld),
#ifdef TEST_BRIDGE
        cmocka_unit_test(test_bridge),
#endif
        cmocka_unit_test(test_raw_sockets), cmocka_unit_test(test_later_settings),
        cmocka_unit_test(test_kill),
    };

    if (!mkdtemp(top))
        return 1;
    has_landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
    if (!has_landlock)
        print_message("this kernel has no Landlock: only what seccomp refuses is tried\n");
    return cmocka_run_group_tests(tests, NULL, remove_top);
}
