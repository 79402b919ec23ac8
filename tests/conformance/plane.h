/* SPDX-License-Identifier: ISC */
/*
 * The forwarder of rpld without a kernel: its engine is on the bench, its TUN is one end of a pair
 * of sockets, and what it sends to a neighbour is caught where it calls sendto() (the linker puts
 * plane.c there).
 */
#ifndef TESTS_CONFORMANCE_PLANE_H
#define TESTS_CONFORMANCE_PLANE_H

#include "rpld/forward_priv.h"
#include "tests/conformance/row.h"

#define PLANE_PACKET 2048
#define PLANE_OUT 64

struct plane_packet {
    uint8_t octets[PLANE_PACKET];
    size_t len;
    uint32_t ifindex;    /* sent: of the link; 0: by the routes (an ICMPv6 error) */
    struct rpl_addr hop; /* sent: to whom */
};

/* What left by the raw socket, in order; and what the engine was told last. */
extern struct plane_packet plane_out[PLANE_OUT];
extern size_t plane_out_count;
extern struct rpl_event plane_told;
extern size_t plane_told_count;

/* Attach a forwarder to rig.engine; row_stop() and plane_stop() end it. */
void plane_start(void);
int plane_stop(void **state);

/* A row whose test needs the forwarder. */
#define PLANE_ROW(section, number, text)                                                           \
    {                                                                                              \
#section "-" #number ": " text, test_##section##_##number, NULL, plane_stop, NULL          \
    }

/* UDP with 8 octets from |src| to |dst|; the same with an RPI. */
struct plane_packet plane_udp(const struct rpl_addr *src, const struct rpl_addr *dst,
                              uint8_t hop_limit);
struct plane_packet plane_rpi(const struct rpl_addr *src, const struct rpl_addr *dst,
                              const struct rpl_rpi *rpi);
/* A packet as recorded. */
struct plane_packet plane_vector(const char *id);

/* From the air, and from the kernel by way of the TUN. */
void plane_air(const struct plane_packet *packet);
void plane_kernel(const struct plane_packet *packet);
/* What the kernel got since the last call: true and the packet, or false. */
bool plane_injected(struct plane_packet *ret_packet);

struct rpl_packet_info plane_parse(const struct plane_packet *packet);
/* The last packet to neighbour |n|, or by the routes (0); NULL if there is none. */
const struct plane_packet *plane_sent_to(unsigned n);
/* Type and code of the ICMPv6 error in |packet|: type * 256 + code. */
unsigned plane_icmp(const struct plane_packet *packet);
uint64_t plane_counter(enum fwd_counter counter);

/* Neighbour discovery gave up on |n|. */
void plane_hop_failed(unsigned n);
struct fwd *plane_forwarder(void);

#endif /* TESTS_CONFORMANCE_PLANE_H */
