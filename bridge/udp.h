/* SPDX-License-Identifier: ISC */
/*
 * The one UDP socket for all nodes. It says of each datagram who sent it and whether it went to a
 * group; what the kernel cannot take is lost as on the air.
 */
#ifndef BRIDGE_UDP_H
#define BRIDGE_UDP_H

#include "bridge/coap.h"

/* Opens it on |port|, 0 for any that is free; a descriptor that does not block, or -errno. */
int brg_udp_open(int port);

/* Listens to the groups of all CoAP nodes (RFC 7252 section 12.8) on this interface. -errno. */
int brg_udp_join(int fd, const char *interface);

/* The groups of all CoAP nodes of a realm and of a site (RFC 7252 section 12.8) on each of the
 * interfaces that are there; their number, at most twice |n|. */
size_t brg_udp_groups(const char *const interfaces[], size_t n, uint16_t port,
                      struct coap_addr ret_groups[]);

typedef void brg_udp_datagram_fn(void *ctx, const struct coap_addr *peer, const uint8_t *data,
                                 size_t len, bool group);

/* Takes what is there, 256 datagrams at most. The number of those that were too large. */
unsigned brg_udp_receive(int fd, brg_udp_datagram_fn *take, void *ctx);

/* Datagrams that go out together: zeroed at first. */
#define BRG_UDP_QUEUE 32
#define BRG_UDP_ROOM 8192
struct brg_udp_queue {
    size_t n;
    size_t len;
    struct coap_addr peers[BRG_UDP_QUEUE];
    size_t ends[BRG_UDP_QUEUE];
    uint8_t data[BRG_UDP_ROOM];
};

/* Adds a copy of a datagram; what has no room beside it goes out first. */
void brg_udp_send(struct brg_udp_queue *queue, int fd, const struct coap_addr *peer,
                  const uint8_t *data, size_t len);

/* Sends what is queued. How many could not be. */
unsigned brg_udp_flush(struct brg_udp_queue *queue, int fd);

#endif
