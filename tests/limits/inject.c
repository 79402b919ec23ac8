/* SPDX-License-Identifier: ISC */
/*
 * A stopped process is about to return from the call in which it waited: the instruction before its
 * next one is the one that makes a call. It is set back to it with other registers, does one step,
 * and gets its registers and its stack back.
 */
#include "tests/limits/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

static pid_t inject_pid;
static int inject_memory = -1, inject_signal;
static struct user_regs_struct inject_regs;
static unsigned char inject_stack[INJECT_ROOM], inject_room[INJECT_ROOM];
static size_t inject_used;

bool inject_possible(void)
{
    return true;
}

/* The place on its stack that we borrow: below what it may use, since above there may be less than
 * this before the stack ends. */
static long inject_place(void)
{
    return ((long)inject_regs.rsp - 128 - INJECT_ROOM) & ~15L;
}

static bool inject_put(const unsigned char *from)
{
    return pwrite(inject_memory, from, INJECT_ROOM, inject_place()) == INJECT_ROOM;
}

static int inject_look(void)
{
    char path[64];
    unsigned char instruction[2];

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)inject_pid);
    errno = EFAULT; /* what is read in part */
    inject_memory = open(path, O_RDWR | O_CLOEXEC);
    if (inject_memory < 0 || ptrace(PTRACE_GETREGS, inject_pid, NULL, &inject_regs) < 0 ||
        pread(inject_memory, inject_stack, INJECT_ROOM, inject_place()) != INJECT_ROOM ||
        pread(inject_memory, instruction, 2, (off_t)inject_regs.rip - 2) != 2)
        return -errno;
    return instruction[0] == 0x0f && instruction[1] == 0x05 ? 0 : -EAGAIN;
}

int inject_begin(pid_t pid)
{
    int status, r = -EAGAIN;

    /* It may be at work; sooner or later it waits. */
    for (int i = 0; i < 200 && r == -EAGAIN; i++) {
        inject_pid = pid;
        if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
            ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) != pid)
            return -errno;
        r = inject_look();
        if (r < 0)
            inject_end();
        if (r == -EAGAIN)
            usleep(10000);
    }
    inject_clear();
    return r;
}

void inject_end(void)
{
    if (inject_memory >= 0)
        close(inject_memory);
    inject_memory = -1;
    ptrace(PTRACE_DETACH, inject_pid, NULL, (void *)(intptr_t)inject_signal);
    inject_signal = 0;
}

void inject_clear(void)
{
    memset(inject_room, 0, sizeof(inject_room));
    inject_used = 0;
}

long inject_data(const void *data, size_t len)
{
    long address = inject_place() + (long)inject_used;

    if (inject_used + len > sizeof(inject_room))
        return 0;
    memcpy(inject_room + inject_used, data, len);
    inject_used += (len + 15) & ~(size_t)15;
    return address;
}

long inject_text(const char *text)
{
    return inject_data(text, strlen(text) + 1);
}

/* One step; a signal that comes meanwhile is handed over at the end. */
static long inject_step(void)
{
    struct user_regs_struct regs;
    int status = 0;

    do {
        if (WIFSTOPPED(status))
            inject_signal = WSTOPSIG(status);
        if (ptrace(PTRACE_SINGLESTEP, inject_pid, NULL, NULL) < 0 ||
            waitpid(inject_pid, &status, __WALL) != inject_pid || !WIFSTOPPED(status))
            return -ENOTRECOVERABLE;
    } while (WSTOPSIG(status) != SIGTRAP);
    if (ptrace(PTRACE_GETREGS, inject_pid, NULL, &regs) < 0)
        return -ENOTRECOVERABLE;
    return (long)regs.rax;
}

long inject_call(long number, long a, long b, long c, long d, long e, long f)
{
    struct user_regs_struct regs = inject_regs;

    regs.rip -= 2;
    regs.orig_rax = (unsigned long long)-1; /* no call to be made again */
    regs.rax = (unsigned long long)number;
    regs.rdi = (unsigned long long)a;
    regs.rsi = (unsigned long long)b;
    regs.rdx = (unsigned long long)c;
    regs.r10 = (unsigned long long)d;
    regs.r8 = (unsigned long long)e;
    regs.r9 = (unsigned long long)f;
    if (!inject_put(inject_room) || ptrace(PTRACE_SETREGS, inject_pid, NULL, &regs) < 0)
        return -ENOTRECOVERABLE;
    long result = inject_step();
    if (result != -ENOTRECOVERABLE) {
        (void)inject_put(inject_stack);
        ptrace(PTRACE_SETREGS, inject_pid, NULL, &inject_regs);
    }
    return result;
}

#else

bool inject_possible(void)
{
    return false;
}

int inject_begin(pid_t pid)
{
    (void)pid;
    return -ENOSYS;
}

void inject_end(void)
{
}

void inject_clear(void)
{
}

long inject_data(const void *data, size_t len)
{
    (void)data;
    (void)len;
    return 0;
}

long inject_text(const char *text)
{
    (void)text;
    return 0;
}

long inject_call(long number, long a, long b, long c, long d, long e, long f)
{
    (void)number, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -ENOSYS;
}

#endif
