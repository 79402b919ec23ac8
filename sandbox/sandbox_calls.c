/* SPDX-License-Identifier: ISC */
/*
 * The filter of system calls: a list of what a daemon needs that has started, and nothing else.
 * There is no way through it to a new program, a new process, a new kind of socket, a mount, a
 * module, a tracer, another user or a capability. Calls that this machine or this libseccomp does
 * not know are left out; the old names stand beside the new ones for 32-bit machines.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

/* Levels of options that libc's headers do not name together, and where those of tables begin. */
#define CALLS_PACKETS 263
#define CALLS_NETLINK 270
#define CALLS_TABLES 64

static const char *const calls_allowed[] = {
    /* descriptors */
    "read",
    "readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "close",
    "lseek",
    "_llseek",
    "dup",
    "dup2",
    "dup3",
    "fcntl",
    "fcntl64",
    "pipe",
    "pipe2",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_settime64",
    "signalfd4",
    "fstat",
    "fstat64",
    "ftruncate",
    "ftruncate64",
    "fallocate",
    "fsync",
    "fdatasync",
    "flock",
    "fadvise64",
    "fadvise64_64",
    "arm_fadvise64_64",
    "sync_file_range",
    /* files, within Landlock's rules */
    "open",
    "openat",
    "stat",
    "stat64",
    "lstat",
    "lstat64",
    "newfstatat",
    "fstatat64",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents",
    "getdents64",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "getcwd",
    "fchmod",
    "statfs",
    "statfs64",
    "fstatfs",
    "fstatfs64",
    "umask",
    /* sockets that are there */
    "accept",
    "accept4",
    "bind",
    "connect",
    "listen",
    "send",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recv",
    "recvfrom",
    "recvmsg",
    "recvmmsg",
    "recvmmsg_time64",
    "shutdown",
    "getsockname",
    "getpeername",
    "getsockopt",
    /* waiting */
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "ppoll_time64",
    "select",
    "_newselect",
    "pselect6",
    "pselect6_time64",
    "nanosleep",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "restart_syscall",
    "pause",
    "wait4",
    "waitpid",
    "waitid",
    /* memory */
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "msync",
    "mincore",
    /* threads */
    "futex",
    "futex_time64",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "set_tid_address",
    "sched_yield",
    "sched_getaffinity",
    "membarrier",
    "set_tls",
    "arch_prctl",
    "cacheflush",
    "exit",
    "exit_group",
    /* signals */
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigtimedwait_time64",
    "rt_sigsuspend",
    "rt_sigreturn",
    "sigaction",
    "sigprocmask",
    "sigreturn",
    "sigaltstack",
    /* who and when */
    "getpid",
    "gettid",
    "getppid",
    "getpgrp",
    "getuid",
    "getuid32",
    "geteuid",
    "geteuid32",
    "getgid",
    "getgid32",
    "getegid",
    "getegid32",
    "getgroups",
    "getgroups32",
    "capget",
    "uname",
    "sysinfo",
    "getrusage",
    "getrlimit",
    "ugetrlimit",
    "times",
    "time",
    "gettimeofday",
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "clock_getres_time64",
    "getrandom",
};

/* What the sanitizers' runtime does to look for leaks at the end: a thread that traces us. */
static const char *const calls_sanitizers[] = {"clone",
                                               "fork",
                                               "ptrace",
                                               "prctl",
                                               "kill",
                                               "tgkill",
                                               "sched_setaffinity",
                                               "prlimit64",
                                               "process_vm_readv"};

/* Only sockets of a kind that can do no more than talk: no raw ones, no packets, no netlink; and
 * no protocol whose code in the kernel is seldom looked at. */
static const struct {
    unsigned family, type, protocol;
} calls_sockets[] = {
    {AF_UNIX, SOCK_STREAM, 0},  {AF_UNIX, SOCK_DGRAM, 0},
    {AF_INET, SOCK_STREAM, 0},  {AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET, SOCK_DGRAM, 0},   {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {AF_INET6, SOCK_STREAM, 0}, {AF_INET6, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET6, SOCK_DGRAM, 0},  {AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
};

static int calls_number(const char *name)
{
    return seccomp_syscall_resolve_name(name);
}

/* Allow a call whole. */
static int calls_allow(scmp_filter_ctx filter, const char *name)
{
    int number = calls_number(name);

    return number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

/* Allow a call, or have it do |action|, when |compare| is so. */
static int calls_when(scmp_filter_ctx filter, unsigned action, const char *name,
                      struct scmp_arg_cmp compare)
{
    int number = calls_number(name);

    return number == __NR_SCMP_ERROR ? 0
                                     : seccomp_rule_add_array(filter, action, number, 1, &compare);
}

static int calls_allow_all(scmp_filter_ctx filter, const char *const *names, size_t count)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = calls_allow(filter, names[i]);
    return r;
}

/* Memory that holds code is made by the loader, and by nobody after it. */
static int calls_memory(scmp_filter_ctx filter, bool libraries)
{
    static const char *const names[] = {"mmap", "mmap2", "mprotect"};
    int r = 0;

    for (size_t i = 0; i < 3 && r == 0; i++) {
        r = libraries ? calls_allow(filter, names[i])
                      : calls_when(filter, SCMP_ACT_ALLOW, names[i],
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    return r;
}

/* Threads, and no processes. The arguments of clone3 cannot be looked at: without it libc takes
 * clone, whose can. */
static int calls_threads(scmp_filter_ctx filter)
{
    int number = calls_number("clone3");
    int r = calls_when(filter, SCMP_ACT_ALLOW, "clone",
                       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

    if (r == 0 && number != __NR_SCMP_ERROR)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
    return r;
}

/* abort() and assert() signal the process itself, and nobody else. */
static int calls_signals(scmp_filter_ctx filter)
{
    scmp_datum_t self = (scmp_datum_t)getpid();
    int r = calls_when(filter, SCMP_ACT_ALLOW, "tgkill", SCMP_A0(SCMP_CMP_EQ, self, 0));

    return r < 0 ? r : calls_when(filter, SCMP_ACT_ALLOW, "kill", SCMP_A0(SCMP_CMP_EQ, self, 0));
}

/* Names of threads, and questions; the rest of prctl() changes what a process may do. */
static int calls_prctl(scmp_filter_ctx filter)
{
    static const unsigned options[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_VMA,
                                       PR_CAPBSET_READ};
    int r = 0;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && r == 0; i++)
        r = calls_when(filter, SCMP_ACT_ALLOW, "prctl", SCMP_A0(SCMP_CMP_EQ, options[i], 0));
    return r;
}

/* Limits can be read; the second argument that matters is the new limit. */
static int calls_limits(scmp_filter_ctx filter)
{
    return calls_when(filter, SCMP_ACT_ALLOW, "prlimit64", SCMP_A2(SCMP_CMP_EQ, 0, 0));
}

/* Questions about terminals and interfaces; no device is driven through an ioctl() later. */
static int calls_ioctl(scmp_filter_ctx filter)
{
    static const unsigned requests[] = {
        TCGETS,       FIONBIO,    FIONREAD,      TIOCOUTQ,      SIOCGIFINDEX, SIOCGIFNAME,
        SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFHWADDR, TUNSETPERSIST, TUNGETIFF,
    };
    int r = 0;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]) && r == 0; i++)
        r = calls_when(filter, SCMP_ACT_ALLOW, "ioctl",
                       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, requests[i]));
    return r;
}

/* Options of sockets, but not those of IP that are no options: the tables of ip6tables and its like
 * are replaced through them, by whoever has CAP_NET_ADMIN and any socket. */
static int calls_options(scmp_filter_ctx filter)
{
    static const unsigned whole[] = {SOL_SOCKET,  IPPROTO_TCP,   IPPROTO_ICMPV6,
                                     IPPROTO_RAW, CALLS_PACKETS, CALLS_NETLINK};
    static const unsigned below[] = {IPPROTO_IP, IPPROTO_IPV6};
    int number = calls_number("setsockopt"), r = 0;

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]) && r == 0; i++)
        r = calls_when(filter, SCMP_ACT_ALLOW, "setsockopt",
                       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, whole[i]));
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]) && r == 0; i++) {
        const struct scmp_arg_cmp compare[] = {
            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, below[i]),
            SCMP_A2(SCMP_CMP_LT, CALLS_TABLES, 0),
        };

        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 2, compare);
    }
    return r;
}

static int calls_new_sockets(scmp_filter_ctx filter)
{
    const unsigned flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    int r = 0;

    for (size_t i = 0; i < sizeof(calls_sockets) / sizeof(calls_sockets[0]) && r == 0; i++) {
        const struct scmp_arg_cmp compare[] = {
            SCMP_A0(SCMP_CMP_EQ, calls_sockets[i].family, 0),
            SCMP_A1(SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)flags, calls_sockets[i].type),
            SCMP_A2(SCMP_CMP_EQ, calls_sockets[i].protocol, 0),
        };

        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls_number("socket"), 3, compare);
    }
    /* What libmosquitto wakes a thread of its own with, at each message it sends. We have no such
     * thread; without the pair it does without, and a message is a call cheaper. */
    if (r == 0)
        r = calls_when(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socketpair",
                       SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
    /* The look-up of names asks the kernel which addresses we have, and does without. */
    if (r == 0)
        r = calls_when(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket",
                       SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0));
    return r;
}

static int calls_rules(scmp_filter_ctx filter, const struct sandbox *sandbox)
{
    int r =
        calls_allow_all(filter, calls_allowed, sizeof(calls_allowed) / sizeof(calls_allowed[0]));

    if (r == 0)
        r = calls_memory(filter, sandbox->libraries);
    if (r == 0)
        r = calls_threads(filter);
    if (r == 0)
        r = calls_signals(filter);
    if (r == 0)
        r = calls_prctl(filter);
    if (r == 0)
        r = calls_limits(filter);
    if (r == 0)
        r = calls_ioctl(filter);
    if (r == 0)
        r = calls_options(filter);
    if (r == 0 && sandbox->sockets)
        r = calls_new_sockets(filter);
    if (r == 0 && SANDBOX_SANITIZED)
        r = calls_allow_all(filter, calls_sanitizers,
                            sizeof(calls_sanitizers) / sizeof(calls_sanitizers[0]));
    return r;
}

int sandbox_enter_calls(const struct sandbox *sandbox)
{
    unsigned action = sandbox->kill || SANDBOX_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
    scmp_filter_ctx filter = seccomp_init(action);

    if (!filter)
        return -ENOMEM;
    /* Tell the kernel's audit, and look calls up instead of trying one after the other: niceties
     * that an old library may not know. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    int r = calls_rules(filter, sandbox);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}
