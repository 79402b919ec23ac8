/* SPDX-License-Identifier: ISC */
/*
 * attempts PID rpld|bridge|free: what a program in the place of a daemon's parser can do, tried in
 * the running daemon itself (inject.h): whatever of unit, users, AppArmor, Landlock and seccomp
 * stands around it answers. "free" is a process of root's without any of that, where each attempt
 * has to come through: so a refusal is that of a wall. One line for each attempt; exits with 1 if
 * one went other than it has to.
 *
 * attempts --profile rpld|bridge: in a process of root's that has nothing around it but the
 * daemon's AppArmor profile, those that the profile refuses by itself.
 *
 * Arguments are chosen so that a call that comes through does nothing: it fails for another reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/limits/inject.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

enum who { RPLD = 1, BRIDGE = 2, FREE = 4 };

static enum who who;
static bool profile_alone;

static long call(long number, long a, long b, long c, long d)
{
    return inject_call(number, a, b, c, d, 0, 0);
}

static long opened(const char *path, int flags)
{
    inject_clear();
    long fd = call(SYS_openat, AT_FDCWD, inject_text(path), flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return fd;
    call(SYS_close, fd, 0, 0, 0);
    return 0;
}

static const char *state_folder(void)
{
    return who == BRIDGE ? "/var/lib/rpld-bridge" : "/var/lib/rpld";
}

static const char *run_folder(void)
{
    return who == BRIDGE ? "/run/rpld-bridge" : "/run/rpld";
}

static const char *in(const char *folder, const char *name)
{
    static char paths[2][128];
    static unsigned next;
    char *path = paths[next++ % 2];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

/* ---- files --------------------------------------------------------------------------------- */

#define OPEN(name, path, flags)                                                                    \
    static long name(void)                                                                         \
    {                                                                                              \
        return opened(path, flags);                                                                \
    }

OPEN(read_settings, "/etc/rpld/rpld.conf", O_RDONLY)
OPEN(write_settings, "/etc/rpld/rpld.conf", O_WRONLY)
OPEN(make_settings, "/etc/rpld/attempt.conf", O_WRONLY | O_CREAT)
OPEN(read_users, "/etc/passwd", O_RDONLY)
OPEN(read_passwords, "/etc/shadow", O_RDONLY)
OPEN(read_home, "/root", O_RDONLY | O_DIRECTORY)
OPEN(read_program, "/proc/self/exe", O_RDONLY)
OPEN(write_memory, "/proc/self/mem", O_RDWR)
OPEN(read_environment, "/proc/self/environ", O_RDONLY)
OPEN(read_init, "/proc/1/status", O_RDONLY)
OPEN(read_ipv6, "/proc/sys/net/ipv6/conf/all/forwarding", O_RDONLY)
OPEN(write_ipv6, "/proc/sys/net/ipv6/conf/all/forwarding", O_WRONLY)
OPEN(write_kernel, "/proc/sys/kernel/printk", O_WRONLY)
OPEN(write_groups, "/sys/fs/cgroup/cgroup.procs", O_WRONLY)
OPEN(write_null, "/dev/null", O_WRONLY)
OPEN(open_tun, "/dev/net/tun", O_RDWR)
OPEN(open_terminal, "/dev/ptmx", O_RDWR)
OPEN(make_tmp, "/tmp/attempt", O_WRONLY | O_CREAT)
OPEN(make_var_tmp, "/var/tmp/attempt", O_WRONLY | O_CREAT)
OPEN(make_shm, "/dev/shm/attempt", O_WRONLY | O_CREAT)
OPEN(make_run, "/run/attempt", O_WRONLY | O_CREAT)
OPEN(make_log, "/var/log/attempt", O_WRONLY | O_CREAT)
OPEN(make_own_run, in(run_folder(), "attempt"), O_WRONLY | O_CREAT)
OPEN(read_other_state, who == BRIDGE ? "/var/lib/rpld" : "/var/lib/rpld-bridge",
     O_RDONLY | O_DIRECTORY)
OPEN(tmp_nameless, "/tmp", O_WRONLY | O_TMPFILE)

static long renamed(const char *from, const char *to)
{
    inject_clear();
    long old = inject_text(from), new = inject_text(to);

    return call(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new);
}

static long removed(const char *path)
{
    inject_clear();
    return call(SYS_unlinkat, AT_FDCWD, inject_text(path), 0, 0);
}

static long keep_state(void)
{
    long r = opened(in(state_folder(), "attempt.new"), O_WRONLY | O_CREAT | O_TRUNC);

    if (r == 0)
        r = renamed(in(state_folder(), "attempt.new"), in(state_folder(), "attempt"));
    return r == 0 ? removed(in(state_folder(), "attempt")) : r;
}

/* To |folder|, from the state. */
static long moved(const char *folder)
{
    long r = opened(in(state_folder(), "attempt"), O_WRONLY | O_CREAT);

    if (r == 0)
        r = renamed(in(state_folder(), "attempt"), in(folder, "attempt"));
    (void)removed(in(r == 0 ? folder : state_folder(), "attempt"));
    return r;
}

static long move_to_run(void)
{
    return moved(run_folder());
}

static long move_to_settings(void)
{
    return moved("/etc/rpld");
}

static long move_to_tmp(void)
{
    return moved("/tmp");
}

static long move_settings_in(void)
{
    return renamed("/etc/rpld/none", in(state_folder(), "attempt"));
}

static long link_state(void)
{
    inject_clear();
    long from = inject_text("/etc/passwd"), to = inject_text(in(state_folder(), "none/attempt"));

    return inject_call(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0, 0);
}

static long symlink_state(void)
{
    inject_clear();
    long from = inject_text("/etc/passwd"), to = inject_text(in(state_folder(), "none/attempt"));

    return call(SYS_symlinkat, from, AT_FDCWD, to, 0);
}

static long made(long number, const char *name, long mode)
{
    inject_clear();
    return call(number, AT_FDCWD, inject_text(in(state_folder(), name)), mode, 0);
}

static long folder_state(void)
{
    return made(SYS_mkdirat, "none/attempt", 0700);
}

static long fifo_state(void)
{
    return made(SYS_mknodat, "none/attempt", 0010600);
}

static long remove_settings(void)
{
    return removed("/etc/rpld/none");
}

static long truncate_settings(void)
{
    inject_clear();
    return call(SYS_truncate, inject_text("/etc/rpld/none"), 0, 0, 0);
}

static long mode_settings(void)
{
    inject_clear();
    return call(SYS_fchmodat, AT_FDCWD, inject_text("/etc/rpld/none"), 0600, 0);
}

/* A program of the daemon's user that others may run. */
static long mode_setuid(void)
{
    inject_clear();
    long fd = call(SYS_openat, AT_FDCWD, inject_text(in(state_folder(), "attempt")),
                   O_WRONLY | O_CREAT, 0600);

    if (fd < 0)
        return fd;
    long r = call(SYS_fchmod, fd, 04755, 0, 0);
    call(SYS_close, fd, 0, 0, 0);
    (void)removed(in(state_folder(), "attempt"));
    return r;
}

/* ---- calls whose arguments do not matter ---------------------------------------------------- */

#define CALL(name, number, a, b, c, d)                                                             \
    static long name(void)                                                                         \
    {                                                                                              \
        inject_clear();                                                                            \
        return call(number, a, b, c, d);                                                           \
    }

CALL(openat2_settings, SYS_openat2, AT_FDCWD, inject_text("/etc/rpld/rpld.conf"), 0, 0)
CALL(handle_open, SYS_open_by_handle_at, -1, 0, 0, 0)
CALL(handle_name, SYS_name_to_handle_at, -1, 0, 0, 0)
CALL(change_owner, SYS_fchown, -1, 0, 0, 0)
CALL(change_times, SYS_utimensat, -1, 0, 0, 0)
CALL(change_attribute, SYS_fsetxattr, -1, 0, 0, 0)
CALL(change_folder, SYS_fchdir, -1, 0, 0, 0)
CALL(change_root, SYS_chroot, 0, 0, 0, 0)
CALL(watch_files, SYS_inotify_init1, -1, 0, 0, 0)
CALL(watch_all_files, SYS_fanotify_init, -1, 0, 0, 0)
CALL(memory_file, SYS_memfd_create, 0, 0, 0, 0)
CALL(memory_secret, SYS_memfd_secret, -1, 0, 0, 0)
/* Where it is there it is empty: nothing starts that nobody has forbidden. */
CALL(exec, SYS_execve, inject_text("/usr/local/bin/attempt"), 0, 0, 0)
CALL(exec_at, SYS_execveat, -1, inject_text(""), 0, 0)
CALL(clone_3, SYS_clone3, 0, 0, 0, 0)
CALL(trace, SYS_ptrace, PTRACE_ATTACH, 0x7ffffff, 0, 0)
CALL(memory_read, SYS_process_vm_readv, 0x7ffffff, 0, 0, 0)
CALL(memory_write, SYS_process_vm_writev, 0x7ffffff, 0, 0, 0)
CALL(memory_advise, SYS_process_madvise, -1, 0, 0, 0)
CALL(signal_other, SYS_kill, 0x7ffffff, 0, 0, 0)
CALL(signal_group, SYS_kill, -0x7ffffff, 0, 0, 0)
CALL(process_fd, SYS_pidfd_open, 0x7ffffff, 0, 0, 0)
CALL(process_take_fd, SYS_pidfd_getfd, -1, 0, 0, 0)
CALL(process_signal, SYS_pidfd_send_signal, -1, 0, 0, 0)
CALL(compare, SYS_kcmp, 0x7ffffff, 0, 0, 0)
CALL(ring, SYS_io_uring_setup, 0, 0, 0, 0)
CALL(ring_register, SYS_io_uring_register, -1, 0, 0, 0)
CALL(asynchronous, SYS_io_setup, 0, 0, 0, 0)
CALL(bpf, SYS_bpf, -1, 0, 0, 0)
CALL(performance, SYS_perf_event_open, 0, 0, 0, 0)
CALL(fault, SYS_userfaultfd, -1, 0, 0, 0)
CALL(key, SYS_keyctl, -1, 0, 0, 0)
CALL(key_add, SYS_add_key, 0, 0, 0, 0)
CALL(key_request, SYS_request_key, 0, 0, 0, 0)
CALL(mounts, SYS_mount, 0, 0, 0, 0)
CALL(mount_tree, SYS_open_tree, -1, 0, -1, 0)
CALL(mount_move, SYS_move_mount, -1, 0, -1, 0)
CALL(mount_new, SYS_fsopen, 0, -1, 0, 0)
CALL(mount_change, SYS_mount_setattr, -1, 0, -1, 0)
CALL(unmount, SYS_umount2, 0, -1, 0, 0)
CALL(root, SYS_pivot_root, 0, 0, 0, 0)
CALL(namespace_join, SYS_setns, -1, 0, 0, 0)
CALL(namespace_new, SYS_unshare, CLONE_NEWUSER | 1, 0, 0, 0)
CALL(user, SYS_setuid, -1, 0, 0, 0)
CALL(users, SYS_setresuid, -1, -1, -1, 0)
CALL(group, SYS_setgid, -1, 0, 0, 0)
CALL(groups, SYS_setgroups, 0x7ffffff, 0, 0, 0)
CALL(file_user, SYS_setfsuid, -1, 0, 0, 0)
CALL(capabilities, SYS_capset, 0, 0, 0, 0)
CALL(dumped, SYS_prctl, PR_SET_DUMPABLE, -1, 0, 0)
CALL(traced, SYS_prctl, PR_SET_PTRACER, 0x7ffffff, 0, 0)
CALL(ambient, SYS_prctl, PR_CAP_AMBIENT, -1, 0, 0)
CALL(filter, SYS_seccomp, -1, -1, 0, 0)
CALL(personality, SYS_personality, 0xffffffff, 0, 0, 0)
CALL(module, SYS_finit_module, -1, 0, -1, 0)
CALL(module_remove, SYS_delete_module, 0, 0, 0, 0)
CALL(kernel, SYS_kexec_load, 0, 0x7ffffff, 0, 0)
CALL(restart, SYS_reboot, 0, 0, 0, 0)
CALL(swap, SYS_swapoff, 0, 0, 0, 0)
CALL(kernel_log, SYS_syslog, -1, 0, 0, 0)
CALL(account, SYS_acct, 1, 0, 0, 0)
CALL(quota, SYS_quotactl, -1, 0, 0, 0)
CALL(clock_change, SYS_clock_settime, -1, 0, 0, 0)
CALL(clock_adjust, SYS_adjtimex, 0, 0, 0, 0)
CALL(host_name, SYS_sethostname, 0, -1, 0, 0)
CALL(scheduler, SYS_sched_setscheduler, 0, -1, 0, 0)
CALL(priority, SYS_setpriority, -1, 0, 0, 0)
CALL(limit, SYS_prlimit64, 0, RLIMIT_NOFILE, 1, 0)
CALL(memory_lock, SYS_mlockall, 0, 0, 0, 0)
CALL(memory_node, SYS_move_pages, 0x7ffffff, 0, 0, 0)
CALL(ports, SYS_iopl, 4, 0, 0, 0)
CALL(descriptors_table, SYS_modify_ldt, -1, 0, 0, 0)
CALL(terminal_type, SYS_ioctl, -1, TIOCSTI, 0, 0)
CALL(terminal_paste, SYS_ioctl, -1, TIOCLINUX, 0, 0)
CALL(interface_change, SYS_ioctl, -1, 0x8914 /* SIOCSIFFLAGS */, 0, 0)
CALL(tun_other, SYS_ioctl, -1, TUNSETIFF, 0, 0)
/* Two words in one: the kernel takes the lower half. */
CALL(terminal_wide, SYS_ioctl, -1, (1L << 32) | TIOCSTI, 0, 0)
CALL(new_fork, SYS_clone, CLONE_NEWUSER | CLONE_THREAD, 0, 0, 0)
CALL(firewall, SYS_setsockopt, -1, IPPROTO_IPV6, 64 /* IP6T_SO_SET_REPLACE */, 0)
CALL(firewall_wide, SYS_setsockopt, -1, (1L << 32) | IPPROTO_IPV6, 64, 0)
CALL(firewall_4, SYS_setsockopt, -1, IPPROTO_IP, 64, 0)
CALL(bridges, SYS_setsockopt, -1, IPPROTO_IP, 128 /* EBT_SO_SET_ENTRIES */, 0)

static long fork_process(void)
{
    inject_clear();
    long pid = call(SYS_clone, SIGCHLD, 0, 0, 0);

    if (pid > 0)
        kill((pid_t)pid, SIGKILL);
    return pid;
}

/* ---- sockets ------------------------------------------------------------------------------- */

static long socketed(int family, int type, int protocol)
{
    inject_clear();
    long fd = call(SYS_socket, family, type | SOCK_CLOEXEC, protocol, 0);

    if (fd >= 0)
        call(SYS_close, fd, 0, 0, 0);
    return fd;
}

#define SOCKET(name, family, type, protocol)                                                       \
    static long name(void)                                                                         \
    {                                                                                              \
        return socketed(family, type, protocol);                                                   \
    }

SOCKET(socket_unix, AF_UNIX, SOCK_STREAM, 0)
SOCKET(socket_udp, AF_INET6, SOCK_DGRAM, 0)
SOCKET(socket_tcp, AF_INET6, SOCK_STREAM, 0)
SOCKET(socket_udp_4, AF_INET, SOCK_DGRAM, IPPROTO_UDP)
SOCKET(socket_tcp_4, AF_INET, SOCK_STREAM, IPPROTO_TCP)
SOCKET(socket_multipath, AF_INET6, SOCK_STREAM, 262)
SOCKET(socket_udplite, AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE)
SOCKET(socket_raw, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
SOCKET(socket_raw_4, AF_INET, SOCK_RAW, IPPROTO_RAW)
SOCKET(socket_packet, AF_PACKET, SOCK_RAW, 0)
SOCKET(socket_netlink, AF_NETLINK, SOCK_RAW, 0)
SOCKET(socket_seqpacket, AF_UNIX, SOCK_SEQPACKET, 0)

static long socket_pair(void)
{
    int fds[2] = {-1, -1};

    inject_clear();
    return call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, inject_data(fds, sizeof(fds)));
}

/* ---- memory with code ---------------------------------------------------------------------- */

static long code_new(void)
{
    inject_clear();
    long p = inject_call(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p < 0 && p > -4096)
        return p;
    call(SYS_munmap, p, 4096, 0, 0);
    return 0;
}

static long code_changed(void)
{
    inject_clear();
    long p =
        inject_call(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p < 0 && p > -4096)
        return 0;
    long r = call(SYS_mprotect, p, 4096, PROT_READ | PROT_EXEC, 0);
    call(SYS_munmap, p, 4096, 0, 0);
    return r;
}

static long time_told(void)
{
    struct timespec now = {0};

    inject_clear();
    return call(SYS_clock_gettime, CLOCK_REALTIME, inject_data(&now, sizeof(now)), 0, 0);
}

/* ---- all of it ----------------------------------------------------------------------------- */

struct attempt {
    const char *name;
    long (*attempt)(void);
    unsigned may; /* of enum who, and of what is below */
};

#define BOTH (RPLD | BRIDGE)
/* The AppArmor profile of one of them refuses it by itself, or both do. */
#define PROFILE_RPLD 8
#define PROFILE_BRIDGE 16
#define PROFILE (PROFILE_RPLD | PROFILE_BRIDGE)

static const struct attempt attempts[] = {
    {"tell the time", time_told, BOTH},
    {"read the settings", read_settings, BOTH},
    {"write the settings", write_settings, PROFILE},
    {"make new settings", make_settings, PROFILE},
    {"remove the settings", remove_settings, 0},
    {"truncate the settings", truncate_settings, 0},
    {"change the mode of the settings", mode_settings, 0},
    {"read the settings by openat2", openat2_settings, 0},
    {"read the users, as the look-up of names may", read_users, BRIDGE},
    {"read the passwords", read_passwords, PROFILE},
    {"read root's home", read_home, PROFILE},
    {"read its program", read_program, 0},
    {"write its memory as a file", write_memory, PROFILE},
    {"read its environment", read_environment, PROFILE},
    {"look at process 1", read_init, 0},
    {"read the sysctls of IPv6, for rplctl doctor", read_ipv6, RPLD | PROFILE_BRIDGE},
    {"write the sysctls of IPv6", write_ipv6, PROFILE},
    {"write the sysctls of the kernel", write_kernel, PROFILE},
    {"write control groups", write_groups, PROFILE},
    {"open /dev/null for writing", write_null, 0},
    {"open /dev/net/tun", open_tun, PROFILE_BRIDGE},
    {"open a terminal", open_terminal, PROFILE},
    {"make a file in /tmp", make_tmp, PROFILE},
    {"make a nameless file in /tmp", tmp_nameless, 0},
    {"make a file in /var/tmp", make_var_tmp, PROFILE},
    {"make a file in /dev/shm", make_shm, PROFILE},
    {"make a file in /run", make_run, PROFILE},
    {"make a file in /var/log", make_log, PROFILE},
    {"make a file beside its socket", make_own_run, 0},
    {"look into the other daemon's state", read_other_state, PROFILE},
    {"write, rename and remove its state", keep_state, BOTH},
    {"move its state beside its socket", move_to_run, 0},
    {"move its state to the settings", move_to_settings, PROFILE},
    {"move its state to /tmp", move_to_tmp, PROFILE},
    {"move the settings into its state", move_settings_in, 0},
    {"link into its state", link_state, 0},
    {"make a symbolic link in its state", symlink_state, 0},
    {"make a folder in its state", folder_state, 0},
    {"make a FIFO in its state", fifo_state, 0},
    {"make a set-user-ID file in its state", mode_setuid, 0},
    {"change an owner", change_owner, 0},
    {"change times", change_times, 0},
    {"set an attribute", change_attribute, 0},
    {"change its folder", change_folder, 0},
    {"change its root", change_root, 0},
    {"open a file by its handle", handle_open, PROFILE},
    {"ask for a file's handle", handle_name, 0},
    {"watch files", watch_files, 0},
    {"watch all files", watch_all_files, PROFILE},
    {"make a file in memory", memory_file, 0},
    {"make a secret memory", memory_secret, 0},
    {"start a program", exec, PROFILE},
    {"start a program by its descriptor", exec_at, 0},
    {"make a process", fork_process, 0},
    {"make a process by clone3", clone_3, 0},
    {"make a thread in another namespace", new_fork, 0},
    {"trace a process", trace, 0},
    {"read another's memory", memory_read, 0},
    {"write another's memory", memory_write, 0},
    {"advise about another's memory", memory_advise, 0},
    {"signal a process", signal_other, 0},
    {"signal a group", signal_group, 0},
    {"get hold of a process", process_fd, 0},
    {"take another's descriptor", process_take_fd, 0},
    {"signal by a descriptor", process_signal, 0},
    {"compare with another", compare, 0},
    {"make a ring of io_uring", ring, 0},
    {"register with io_uring", ring_register, 0},
    {"read and write asynchronously", asynchronous, 0},
    {"load a program of BPF", bpf, 0},
    {"count events of the processor", performance, 0},
    {"handle page faults", fault, 0},
    {"use keys", key, 0},
    {"add a key", key_add, 0},
    {"request a key", key_request, 0},
    {"mount", mounts, 0},
    {"open a tree of mounts", mount_tree, 0},
    {"move a mount", mount_move, PROFILE},
    {"open a new file system", mount_new, PROFILE},
    {"change a mount", mount_change, 0},
    {"unmount", unmount, 0},
    {"turn the root", root, PROFILE},
    {"join a namespace", namespace_join, 0},
    {"make a namespace", namespace_new, 0},
    {"become another user", user, 0},
    {"become another user, all three", users, 0},
    {"become another group", group, 0},
    {"take other groups", groups, PROFILE},
    {"reach files as another user", file_user, 0},
    {"take capabilities", capabilities, 0},
    {"hand capabilities on", ambient, 0},
    {"be dumped", dumped, 0},
    {"let itself be traced", traced, 0},
    {"change its filter", filter, 0},
    {"change its personality", personality, 0},
    {"load a module", module, PROFILE},
    {"remove a module", module_remove, PROFILE},
    {"load a kernel", kernel, PROFILE},
    {"restart the machine", restart, PROFILE},
    {"stop swapping", swap, PROFILE},
    {"read the kernel's log", kernel_log, 0},
    {"account processes", account, PROFILE},
    {"set quotas", quota, 0},
    {"set the clock", clock_change, 0},
    {"adjust the clock", clock_adjust, 0},
    {"name the host", host_name, PROFILE},
    {"change its scheduler", scheduler, 0},
    {"change its priority", priority, 0},
    {"change its limits", limit, 0},
    {"lock memory", memory_lock, 0},
    {"move memory", memory_node, 0},
    {"reach ports", ports, 0},
    {"change its descriptor tables", descriptors_table, 0},
    {"type into a terminal", terminal_type, 0},
    {"type into a terminal, in a wide word", terminal_wide, 0},
    {"paste into a console", terminal_paste, 0},
    {"set an interface up or down by ioctl", interface_change, 0},
    {"make another TUN interface", tun_other, 0},
    {"replace ip6tables", firewall, 0},
    {"replace ip6tables, in a wide word", firewall_wide, 0},
    {"replace iptables", firewall_4, 0},
    {"replace ebtables", bridges, 0},
    {"make a UNIX socket, as to the broker's name server", socket_unix, BRIDGE},
    {"make a UDP socket", socket_udp, BRIDGE},
    {"make a TCP socket", socket_tcp, BRIDGE},
    {"make a UDP socket of IPv4", socket_udp_4, BRIDGE},
    {"make a TCP socket of IPv4", socket_tcp_4, BRIDGE},
    {"make a multipath TCP socket", socket_multipath, 0},
    {"make a UDP-Lite socket", socket_udplite, 0},
    {"make a raw socket", socket_raw, PROFILE_BRIDGE},
    {"make a raw socket of IPv4", socket_raw_4, PROFILE},
    {"make a packet socket", socket_packet, PROFILE_BRIDGE},
    {"make a netlink socket", socket_netlink, 0},
    {"make a UNIX socket of packets", socket_seqpacket, 0},
    {"make a pair of sockets", socket_pair, 0},
    {"make memory for code", code_new, 0},
    {"make memory code", code_changed, 0},
};

/* What a wall answers: seccomp, the owner of a file, Landlock, a mount; a file that is hidden. */
static bool refused(long result)
{
    return result == -EPERM || result == -EACCES || result == -EROFS || result == -EXDEV ||
           result == -EAFNOSUPPORT || result == -ENOENT;
}

static bool tried(const struct attempt *attempt)
{
    long result = attempt->attempt();
    bool may = (attempt->may | FREE) & who;
    bool right;

    if (who == FREE)
        /* Others than those two come from further inside. */
        right = result != -EPERM && result != -EACCES && result != -ENOTRECOVERABLE;
    else if (profile_alone)
        right = result == -EPERM || result == -EACCES;
    else if (may)
        right = result >= 0;
    else
        /* Without clone3 libc makes threads by clone, as it does where there is none. */
        right = refused(result) || (attempt->attempt == clone_3 && result == -ENOSYS);
    printf("%s %s: %s\n", right ? "ok" : "FAIL", attempt->name,
           result < 0 ? strerror((int)-result) : "done");
    return right;
}

static bool in_question(const struct attempt *attempt)
{
    unsigned by_profile = who == BRIDGE ? PROFILE_BRIDGE : PROFILE_RPLD;

    return !profile_alone || (attempt->may & by_profile);
}

/* A process of ours that asks for the profile and waits. Its id, or -errno. */
static pid_t confined(const char *profile)
{
    static const char file[] = "/proc/self/attr/apparmor/current";
    char text[64], word = 0;
    int fds[2];

    if (pipe(fds) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        int len = snprintf(text, sizeof(text), "changeprofile %s", profile);
        int fd = open(file, O_WRONLY | O_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (fd < 0 || write(fd, text, (size_t)len) != len || write(fds[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    int error = pid < 0 ? -errno : 0;
    close(fds[1]);
    if (error == 0 && read(fds[0], &word, 1) != 1)
        error = -EPERM;
    close(fds[0]);
    return error < 0 ? error : pid;
}

int main(int argc, char **argv)
{
    bool right = true;

    if (argc != 3) {
        fputs("usage: attempts PID rpld|bridge|free\n       attempts --profile rpld|bridge\n",
              stderr);
        return 2;
    }
    who = strcmp(argv[2], "rpld") == 0 ? RPLD : strcmp(argv[2], "bridge") == 0 ? BRIDGE : FREE;
    profile_alone = strcmp(argv[1], "--profile") == 0;
    if (!inject_possible()) {
        puts("skipped: on this processor nobody can try, it has to be amd64");
        return 77;
    }
    pid_t pid = profile_alone ? confined(who == BRIDGE ? "rpld-bridge" : "rpld") : atoi(argv[1]);
    int r = pid < 0 ? pid : inject_begin(pid);
    if (r < 0) {
        fprintf(stderr, "attempts: process %s: %s\n", argv[1], strerror(-r));
        return 1;
    }
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        if (in_question(&attempts[i]))
            right = tried(&attempts[i]) && right;
    }
    inject_end();
    if (profile_alone)
        kill(pid, SIGKILL);
    return !right;
}
