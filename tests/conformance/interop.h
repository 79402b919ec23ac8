/* SPDX-License-Identifier: ISC */
/*
 * Peers of other make against our root: what RIOT's gnrc_rpl, Contiki-NG's RPL Classic and its RPL
 * Lite were recorded to send (tests/vectors/fixtures.txt) goes in, and what comes out is compared
 * with what they were recorded to accept, octet for octet.
 */
#ifndef TESTS_CONFORMANCE_INTEROP_H
#define TESTS_CONFORMANCE_INTEROP_H

#include "tests/conformance/row.h"

#define PEER(name) cmocka_unit_test_teardown(name, row_stop)

/* 2001:db8::ff:fe00:N and fe80::ff:fe00:N; the root is 0x11. */
struct rpl_addr interop_global(unsigned n);
struct rpl_addr interop_local(unsigned n);

/* The first recorded packet of |stack| whose comment contains |words|. */
void interop_fixture(const char *stack, const char *words, struct vector *ret_vector);

/* A root at fe80::ff:fe00:11 with the prefix 2001:db8::/64, not started. Its DODAGID is 2001:db8::1
 * unless |own_id| is set: then it is the address that motes know it by. */
void interop_root(enum rpl_mop mop, uint16_t ocp, bool own_id);

/* Hand in a recorded RPL message as it came from the link, or through the data plane. */
int interop_give(const char *stack, const char *words);

/* The message |sent| is |vector|'s: from whom, to whom, every octet. */
void interop_same(const struct rig_sent *sent, const struct vector *vector);

/* The root reaches node |n| through the neighbour or first hop |via|. */
bool interop_reaches(unsigned n, unsigned via);

#endif /* TESTS_CONFORMANCE_INTEROP_H */
