/* SPDX-License-Identifier: ISC */
/*
 * The second wall: what a process that has opened all it needs can never do again, whatever code
 * comes to run in it. A system call filter (seccomp) forbids to start programs and to make sockets;
 * rules for files (Landlock) forbid to read and to write anything but the named folders. The first
 * wall is the other user without capabilities, and the service manager's unit.
 *
 * What is forbidden fails with EPERM (a system call) or EACCES (a file), and the kernel's log has
 * it where it audits; a daemon that carries a network should not die of one call that its libc
 * makes in a way we have not seen. Builds with -DSANDBOX_KILL=ON, those that the tests use, die at
 * once, so that no test passes over it.
 *
 * This room knows nothing of the others; both daemons use it.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* The runtime of a sanitizer looks for leaks at the end with a tracer that reads /proc. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

/* What may be done below a folder, or with a file. */
enum sandbox_right {
    SANDBOX_READ = 1,   /* read files, list folders */
    SANDBOX_WRITE = 2,  /* also make, write, rename and remove files; no other kind of node */
    SANDBOX_REMOVE = 4, /* remove files: for the socket that we made there */
};

struct sandbox_path {
    const char *path; /* one that is not there when the wall goes up is left out */
    unsigned rights;  /* of enum sandbox_right */
};

struct sandbox {
    const struct sandbox_path *paths;
    size_t path_count;
    /* New sockets: UNIX, UDP and TCP, as a client of brokers and of name servers needs them. */
    bool sockets;
    /* Code may be mapped from files, as libraries for the look-up of names are. */
    bool libraries;
    bool kill; /* the process dies of what is forbidden, whatever the build says */
};

/* What stands. */
struct sandbox_report {
    bool calls; /* system calls are filtered */
    int files;  /* version of Landlock's rules in this kernel, 0: it has none */
    /* Why one of them does not stand, as an errno; 0: it does, or the kernel cannot do it. */
    int calls_error, files_error;
};

/*
 * Raise the wall around this thread and all that it starts from now on; call it before there are
 * others. Forbids new privileges first, for good. Never fails as a whole: what could not be done is
 * in the report, and it is for the caller to say so.
 */
void sandbox_enter(const struct sandbox *sandbox, struct sandbox_report *ret_report);

/* sandbox_files.c: Landlock. Returns the version of the rules, 0 if the kernel has none, -errno. */
int sandbox_enter_files(const struct sandbox *sandbox);
/* sandbox_calls.c: seccomp. 0 or -errno. */
int sandbox_enter_calls(const struct sandbox *sandbox);

#endif /* SANDBOX_SANDBOX_H */
