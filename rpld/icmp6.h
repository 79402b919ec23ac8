/* SPDX-License-Identifier: ISC */
/*
 * The ICMPv6 socket: RPL messages (type 155, RFC 6550 section 6) of all interfaces, the errors
 * that routers send about our source routes and tunnels (RFC 4443), and where leaves are served
 * what they and the 6LBR send (rpl/rpl_nd.h).
 *
 * One raw socket, opened while privileged and kept for life. An interface that comes later
 * needs only its membership in ff02::1a. The kernel checks and fills in checksums. Which
 * interfaces are ours is judged by the caller.
 */
#ifndef RPLD_ICMP6_H
#define RPLD_ICMP6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpl/rpl.h"

#define ICMP6_BUFFER 65536

struct icmp6 {
    int fd;
    bool discovery;
    uint8_t buffer[ICMP6_BUFFER];
};

struct icmp6_message {
    uint32_t ifindex;
    struct rpl_addr src, dst;
    uint8_t hop_limit;
    const uint8_t *data; /* from the type octet on; valid until the next icmp6_receive() */
    size_t len;
};

/* Open the socket; |discovery|: for leaves' messages, too. 0 or -errno (-EPERM: not privileged). */
int icmp6_open(struct icmp6 *icmp6, bool discovery);
void icmp6_close(struct icmp6 *icmp6);

/* Hear ff02::1a (and ff02::2 for discovery) on |ifindex|; doing it twice is fine. 0 or -errno. */
int icmp6_join(struct icmp6 *icmp6, uint32_t ifindex);
/* Forget a membership; also of an interface that is gone, where it would stay for ever. */
void icmp6_leave(struct icmp6 *icmp6, uint32_t ifindex);

/* 1: *ret_message is filled; 0: nothing waits; -EMSGSIZE: one was too long and is gone;
 * -EBADMSG: the kernel did not say where it came from; another -errno: the socket failed. */
int icmp6_receive(struct icmp6 *icmp6, struct icmp6_message *ret_message);

/*
 * Send what the engine wants sent, with its source and hop limit, on its interface (0: where
 * the routes lead). 0 or -errno.
 */
int icmp6_send(struct icmp6 *icmp6, const struct rpl_effect_send *send);

#endif /* RPLD_ICMP6_H */
