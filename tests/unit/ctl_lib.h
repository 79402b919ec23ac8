/* SPDX-License-Identifier: ISC */
/*
 * For tests of the control socket: a real engine with a network made of DAOs, a real AF_UNIX
 * socket, and clients of it. Server and clients share one process; the loop is turned by hand,
 * so nothing waits but for the timers under test.
 */
#ifndef TESTS_UNIT_CTL_LIB_H
#define TESTS_UNIT_CTL_LIB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <ev.h>

#include "rpl/rpl_view.h"
#include "rpld/ctl.h"

extern struct ev_loop *loop;
extern struct ctl *ctl;
extern struct ctl_source source;
extern rpl_tstamp now;
extern char path[80];    /* of the socket */
extern char logged[512]; /* the last line for the log */
extern int kernel_error; /* what the kernel answers to the next routes */
extern int reload_error; /* what a reload comes to */
extern char *reply;      /* what was read last, terminated; NULL: nothing */
extern size_t reply_len;

/* A root of one instance, non-storing unless it is setup_storing. The tests' own uid may change
 * things, but in setup_reader. setup_hasty: 3 clients, 50 ms for a request, 120 ms without
 * progress. */
int setup(void **state);
int setup_storing(void **state);
/* With two prefixes more, fd01::/64 and fd02::/64. */
int setup_prefixes(void **state);
int setup_reader(void **state);
int setup_hasty(void **state);
int teardown(void **state);
int start_ctl(const struct ctl_settings *settings);

/* Address of node |n|, 1 is the root. */
struct rpl_addr global(unsigned n);
void link_up(void);
/* A DAO of node |n|. Non-storing: it names |parent|. Storing: |parent| sends it. */
int dao_from(enum rpl_mop mop, unsigned n, unsigned parent, uint8_t lifetime);
/* A non-storing one that is taken. */
void dao(unsigned n, unsigned parent);

/* Let the time pass, with all that the engine has to do in it. */
void pass_time(rpl_duration time);

int dial(void);
void say(int fd, const char *text);
void turn(void);
/* Take what there is into |reply|; true at the end of file. */
bool take(int fd);
void forget_reply(void);
/* All of a reply, until the daemon closes. Returns the turns of the loop it took. */
unsigned hear(int fd);
const char *ask(const char *request);
cJSON *ask_json(const char *request);

/* Fields that must be there. */
cJSON *get(cJSON *json, const char *key);
cJSON *element(cJSON *json, const char *key, int index, int size);
const char *string(cJSON *json, const char *key);
int number(cJSON *json, const char *key);
int counter(const char *name);

#endif /* TESTS_UNIT_CTL_LIB_H */
