/* SPDX-License-Identifier: ISC */
/*
 * What the live tests of netlink/ share: a fresh krt on a pair of veth links, a record of all
 * that it told, and a loop that waits for something to be told.
 */
#ifndef TESTS_NETLINK_LIVE_H
#define TESTS_NETLINK_LIVE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "netlink/krt.h"

#define TOKENS_MAX 20000u
#define FOUND_MAX 32u

struct heard_link {
    struct krt_link link;
    bool gone;
};

struct heard_addr {
    uint32_t ifindex;
    struct rpl_addr addr;
    uint8_t plen;
    bool usable, present;
};

struct live {
    struct krt *krt;
    uint32_t va, vb; /* the two ends of the pair */

    uint32_t answers;             /* result() calls */
    uint32_t failures;            /* of them with an error */
    uint8_t answered[TOKENS_MAX]; /* per token, how often */
    int error[TOKENS_MAX];        /* per token */

    uint32_t found_count;
    struct rpl_route found[FOUND_MAX];
    uint32_t route_dumps;
    int route_dump_error;

    uint32_t lost_count;
    struct rpl_route lost; /* the latest */
    uint32_t answers_before_loss;

    uint32_t link_count;
    struct heard_link link[2]; /* the latest of va and vb */
    uint32_t addr_count;
    struct heard_addr addr; /* the latest */
    uint32_t dumps;
    bool dump_again; /* from within link() or address(), once */

    uint32_t neighbour_failed, neighbour_reachable;
    struct rpl_addr neighbour;

    uint32_t overruns[2];
    uint32_t rooms;
    uint32_t delegations;
    uint32_t rulesets;
};

/* cmocka's set-up and tear-down: va and vb up, the first dump told. */
int live_setup(void **state);
int live_teardown_routes(void **state); /* leaves the links: coming up takes them a second */
int live_teardown_links(void **state);

/* A krt in |live| with these sizes instead of the one it has. */
void live_restart(struct live *live, const struct krt_options *options);

/* Turns the loop until |done| says so; fails the test after ten seconds. */
void live_until(struct live *live, bool (*done)(const struct live *live));
/* Until |count| results are there. */
void live_answers(struct live *live, uint32_t count);
/* Turns it until nothing more is waiting. */
void live_settle(struct live *live);

/* Runs a command of iproute2, which has to succeed. */
void live_ip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How many lines |format| prints that hold |needle|. */
uint32_t live_lines(const char *needle, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes net.ipv6.|name|, with slashes. */
void live_sysctl(const char *name, const char *value);

struct rpl_addr live_addr(const char *text);
struct rpl_route live_via(const struct live *live, uint32_t n); /* 2001:db8::n/128 */
uint32_t live_ifindex(const char *name);

extern const struct CMUnitTest live_route_tests[];
extern const size_t live_route_test_count;
extern const struct CMUnitTest live_link_tests[];
extern const size_t live_link_test_count;
extern const struct CMUnitTest live_lan_tests[];
extern const size_t live_lan_test_count;

#endif /* TESTS_NETLINK_LIVE_H */
