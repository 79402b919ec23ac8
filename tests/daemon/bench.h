/* SPDX-License-Identifier: ISC */
/*
 * The forwarder between a real kernel and a wire: a network namespace with the TUN, a veth
 * pair `mesh` (ours) and `air` (where the other nodes are), an `uplink`, and an engine on the
 * rig of tests/lib that is told what nodes would say. Packets are written to and read from
 * `air` octet by octet.
 */
#ifndef TESTS_DAEMON_BENCH_H
#define TESTS_DAEMON_BENCH_H

#include <sys/types.h>

#include "rpl/rpl_data.h"
#include "rpld/forward_priv.h"
#include "tests/lib/rig.h"

#define BENCH_PACKET 2048
#define BENCH_PORT 5683

struct bench {
    struct rig rig;
    struct fwd *fwd;
    int air;    /* packet socket on the far end of the mesh */
    int uplink; /* packet socket on the far end of the uplink */
    int udp;    /* what the kernel delivers to us, port BENCH_PORT */
    bool down;  /* the mesh's interface is */
    unsigned told;
    struct rpl_event_forward_error last; /* what the engine was told */
    bool got_packet;                     /* an RPL message was handed to the engine */
};

/* A packet as it is built or was heard. */
struct bench_packet {
    size_t len;
    uint8_t octets[BENCH_PACKET];
};

/* Make the namespace, once per process. 0, or 77 and why it cannot be made on stderr. */
int bench_house(void);

/* A root with the nodes 2-3-4 in a line below it (2 is the neighbour), or node 5 below the
 * root 9: our own number is 1. Addresses are those of rig_global() and rig_ll(). */
void bench_root(struct bench *bench, enum rpl_mop mop, bool encapsulate, bool rpi);
void bench_router(struct bench *bench, enum rpl_role role, enum rpl_mop mop);
/* Doing it twice is fine. */
void bench_close(struct bench *bench);

/* UDP from |src| to |dst| with |size| octets of payload. */
struct bench_packet bench_udp(const struct rpl_addr *src, const struct rpl_addr *dst,
                              uint8_t hop_limit, size_t size);

/* The same with an RPI (NULL: none) and a source route over |hop|, of which |steps| are done. */
struct bench_packet bench_routed(const struct rpl_addr *src, const struct rpl_addr *hop,
                                 size_t hops, unsigned steps, const struct rpl_rpi *rpi);
struct rpl_packet_info bench_parse(const struct bench_packet *packet);

/* From a node into the air, to us; the forwarder has handled it on return. */
void bench_from_air(struct bench *bench, const struct bench_packet *packet);
/* The next data packet in the air, with the link-local number it was sent to; false: none. */
bool bench_in_air(struct bench *bench, struct bench_packet *ret_packet, unsigned *ret_hop);
/* The same on the uplink. */
bool bench_on_uplink(struct bench *bench, struct bench_packet *ret_packet);
/* Octets of a datagram that the kernel delivered to us; -1: none. */
ssize_t bench_delivered(struct bench *bench);
/* Let our own UDP socket send to |dst|; the forwarder has handled it on return. 0 or -errno. */
int bench_send_own(struct bench *bench, const struct rpl_addr *dst, size_t size);
/* The uplink sends a packet through us. */
void bench_from_uplink(struct bench *bench, const struct bench_packet *packet);

/* An outside host, on the uplink. */
struct rpl_addr bench_host(void);
uint64_t bench_counter(const struct bench *bench, enum fwd_counter counter);
/* A macro, so that cmocka names the line that asked. */
#define bench_assert_addr(got, want) assert_memory_equal((got)->b, (want)->b, 16)

/* Type and code of an ICMPv6 error in |packet|, 0 if it is none. */
unsigned bench_icmp(const struct bench_packet *packet);

#endif /* TESTS_DAEMON_BENCH_H */
