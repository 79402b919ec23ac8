/* SPDX-License-Identifier: ISC */
/*
 * Where the kernel's benches play: a network namespace of this process alone. `mesh` is the RPL
 * interface of the rpld under test, `air` the far end of the same wire, which belongs to a packet
 * socket and not to the kernel. rpld runs as a child, from its own executable, with its files in a
 * temporary folder.
 *
 * Nothing here comes back after a failure: it says why and ends the process, 1 for what is broken
 * and 77 where the machine does not allow it.
 */
#ifndef TESTS_BENCH_STAGE_H
#define TESTS_BENCH_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rpl/rpl.h"

#define STAGE_PROTOCOL 155 /* rtm_protocol of rpld's routes */

/* The namespace with `mesh` and `air`; once per process. */
void stage_open(void);
/* `mesh` as it was at first: no routes over it, its neighbours known. */
void stage_empty(void);
/* Ends rpld if it runs and removes the files. */
void stage_close(void);

/* sh -c, in the namespace. */
void stage_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, but the caller looks at the exit status. */
int stage_try(const char *format, ...) __attribute__((format(printf, 1, 2)));
__attribute__((format(printf, 1, 2), noreturn)) void stage_die(const char *format, ...);

/* ---- addresses: node 1 is the root ------------------------------------------------------ */

struct rpl_addr stage_local(uint32_t node);
struct rpl_addr stage_global(uint32_t node);

/* ---- rpld ------------------------------------------------------------------------------- */

/* A root for so many targets; at once gone is what an earlier one kept. */
void stage_configure(enum rpl_mop mop, uint32_t targets);
/* Starts it and returns at once; its process. */
pid_t stage_start(void);
/* SIGKILL or SIGTERM, awaited. */
void stage_stop(int signal);
/* Asks rpld for a view; false if it does not answer yet. |out| is a string, cut to |size|. */
bool stage_ask(const char *command, char *out, size_t size);
/* How many nodes rpld knows, -1 if it does not answer. */
long stage_nodes(void);
/* Seconds of processor time that rpld has taken. */
double stage_cpu(void);

/* A DAO from the air: |count| targets from |first| on, of the storing child |via|, or in
 * non-storing mode one target below |via|, another node or the root. */
void stage_dao(enum rpl_mop mop, uint32_t first, uint32_t count, uint32_t via, uint8_t sequence);

/* ---- the wire and the routes -------------------------------------------------------------- */

/* Sends the IPv6 packet from the air to rpld's interface; false: no room, try later. */
bool stage_send(const uint8_t *packet, size_t len);
/* The next IPv6 packet in the air with hop-by-hop or routing header or UDP; 0: none waits. */
size_t stage_heard(uint8_t *packet, size_t size);

/* Listens to the kernel's routes from here on. */
void stage_watch_begin(void);
/* Reads what there is: routes of ours that came and that went since. False: lost track. */
bool stage_watch(uint32_t *came, uint32_t *gone);
void stage_watch_end(void);

#endif /* TESTS_BENCH_STAGE_H */
