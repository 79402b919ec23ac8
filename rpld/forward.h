/* SPDX-License-Identifier: ISC */
/*
 * The data plane: carries the packets that Linux alone would drop or corrupt. RFC 6550
 * section 11, RFC 6553 (RPI), RFC 6554 (source routes), with the tunnels of RFC 9008.
 *
 * Down, at a non-storing root: the kernel routes each target into the TUN; the packet gets the
 * engine's source route of that moment and leaves through a raw socket to the link-local
 * address of its first hop. Up, and at every router: a packet socket shows us packets with a
 * Hop-by-Hop header that holds the RPI 0x63 (Linux drops these) and those with a source
 * routing header addressed to us (Linux' own handling stays off). The next hop is found from
 * the source route, or from the engine; at the last hop, and at the root, the headers are
 * taken off and the kernel gets the plain packet through the TUN. A packet with the RPI 0x23
 * alone is the kernel's to carry: we judge its copy only.
 *
 * A packet that its source route makes too large for the link goes through a tunnel to the last
 * hop, and the tunnel's packet in fragments (RFC 2473 section 7.2): each has the source route.
 * The kernel of the last hop puts them together, and we take off the tunnel.
 *
 * Only packets from RPL interfaces are looked at: no routing header comes in from elsewhere, and
 * no tunnel that hides one or that speaks for a node of the mesh (RFC 9008 section 12).
 *
 * What a leaf that does not speak RPL sends up goes through a tunnel to the root, whose header has
 * the RPI (RFC 9010 section 9.2.2).
 * Sockets are opened once, while privileged; none is bound to an interface.
 *
 * Not done here: header surgery (rpl_data.h), reassembly, multicast.
 */
#ifndef RPLD_FORWARD_H
#define RPLD_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpl/rpl.h"

#define FWD_MTU 1280 /* of the TUN */

/* Each with its name for people, JSON and metrics. */
#define FWD_COUNTERS(X)                                                                            \
    X(DOWN, "forward-down")                                                                        \
    X(DOWN_TUNNEL, "forward-down-encapsulated")                                                    \
    X(DOWN_FRAGMENTED, "forward-down-fragmented")                                                  \
    X(STEP, "forward-source-route-step")                                                           \
    X(LAST_HOP, "forward-last-hop")                                                                \
    X(UP, "forward-up")                                                                            \
    X(TURN, "forward-turned-down")                                                                 \
    X(RETURNED, "forward-returned")                                                                \
    X(INJECTED, "forward-to-kernel")                                                               \
    X(DECAPSULATED, "forward-decapsulated")                                                        \
    X(REASSEMBLED, "forward-reassembled")                                                          \
    X(TRANSLATED, "forward-error-translated")                                                      \
    X(RELAYED, "forward-error-relayed")                                                            \
    X(TO_ENGINE, "forward-rpl-message")                                                            \
    X(MARKED, "forward-rank-marked")                                                               \
    X(COPY, "forward-judged-copy")                                                                 \
    X(ERROR_SENT, "forward-icmp-error-sent")                                                       \
    X(ERROR_LIMITED, "forward-icmp-error-limited")                                                 \
    X(DROP_NOT_IPV6, "forward-drop-not-ipv6")                                                      \
    X(DROP_SCOPE, "forward-drop-scope")                                                            \
    X(DROP_NO_PATH, "forward-drop-no-path")                                                        \
    X(DROP_TOO_BIG, "forward-drop-too-big")                                                        \
    X(DROP_PATH, "forward-drop-path-invalid")                                                      \
    X(DROP_TUNNEL, "forward-drop-tunnel-from-outside")                                             \
    X(DROP_SOURCE, "forward-drop-source-spoofed")                                                  \
    X(DROP_INLINE_RPI, "forward-drop-inline-rpi")                                                  \
    X(UP_TUNNEL, "forward-up-encapsulated")                                                        \
    X(DROP_LIVE_SRH, "forward-drop-live-source-route")                                             \
    X(DROP_TRUNCATED, "forward-drop-truncated")                                                    \
    X(DROP_RPI, "forward-drop-rpi-invalid")                                                        \
    X(DROP_SRH, "forward-drop-source-route-invalid")                                               \
    X(DROP_SRH_LOOP, "forward-drop-source-route-loop")                                             \
    X(DROP_HOP_LIMIT, "forward-drop-hop-limit")                                                    \
    X(DROP_CONGESTED, "forward-drop-congested")                                                    \
    X(DROP_RANK, "forward-drop-rank-error")                                                        \
    X(DROP_INSTANCE, "forward-drop-instance-unknown")                                              \
    X(DROP_NOT_NAMED, "forward-drop-not-named")                                                    \
    X(DROP_LEAF, "forward-drop-leaf")                                                              \
    X(DROP_NESTED, "forward-drop-nested")                                                          \
    X(NOT_OURS, "forward-other-interface")                                                         \
    X(DROP_DOWN, "forward-drop-interface-down")                                                    \
    X(DROP_SEND, "forward-drop-send-failed")                                                       \
    X(DROP_TUN, "forward-drop-tun-full")                                                           \
    X(HOP_FAILED, "forward-next-hop-failed")

enum fwd_counter {
#define FWD_COUNTER_ENUM(id, name) FWD_##id,
    FWD_COUNTERS(FWD_COUNTER_ENUM)
#undef FWD_COUNTER_ENUM
        FWD_COUNT
};
const char *fwd_counter_name(enum fwd_counter counter);

struct fwd;

/* A packet as it passed. */
struct fwd_seen {
    uint32_t ifindex; /* 0: wherever the kernel's routes lead */
    bool out;
    const uint8_t *packet; /* borrowed for the call */
    size_t len;
    const struct rpl_addr *hop; /* the neighbour it went to, or NULL */
};

/* What the forwarder asks of the daemon. */
struct fwd_host {
    void *ctx;
    /* The MTU of an RPL interface that is up; 0: it is none. */
    uint32_t (*mtu)(void *ctx, uint32_t ifindex);
    /* Of those: whether it is one of RPL all the same, not up yet, or gone by now. May be NULL. */
    bool (*down)(void *ctx, uint32_t ifindex);
    /* Hand an event to the engine. */
    void (*event)(void *ctx, const struct rpl_event *event);
    /* Hear of each packet that comes and goes; may be NULL. */
    void (*seen)(void *ctx, const struct fwd_seen *seen);
};

/* Descriptors of an earlier run that the service manager kept, with what waits in them; -1: none.
 * They are the forwarder's from fwd_open() on, whatever it returns. */
struct fwd_kept {
    int tun, packet;
};

/*
 * Open the TUN |name| (made persistent, taken over if it stands from an earlier run) and the
 * sockets; |kept| may be NULL. The TUN is still down: the caller sets it up before packets flow. 0
 * or -errno; *ret_fwd is untouched on failure, and *ret_what says in words what could not be done.
 */
int fwd_open(const char *name, const struct fwd_kept *kept, struct fwd **ret_fwd,
             const char **ret_what);

/* Which of them were taken; one that does not fit (another TUN's name) is closed instead. */
bool fwd_kept_tun(const struct fwd *fwd);
bool fwd_kept_packet(const struct fwd *fwd);

/* |keep|: leave the TUN and the routes through it behind. Accepts NULL. */
void fwd_close(struct fwd *fwd, bool keep);

/* Both must be called before the functions below. |engine| may change at a reload. */
void fwd_attach(struct fwd *fwd, const struct rpl_engine *engine, const struct fwd_host *host);

uint32_t fwd_ifindex(const struct fwd *fwd); /* of the TUN */
bool fwd_found(const struct fwd *fwd);       /* the TUN stood there already, from an earlier run */
int fwd_tun_fd(const struct fwd *fwd);
int fwd_packet_fd(const struct fwd *fwd);
int fwd_tunnel_fd(const struct fwd *fwd);

/* Carry what waits, a bounded number of packets. Call when the descriptor is readable. */
void fwd_tun_ready(struct fwd *fwd, rpl_tstamp now);
void fwd_packet_ready(struct fwd *fwd, rpl_tstamp now);
void fwd_tunnel_ready(struct fwd *fwd, rpl_tstamp now);

/* A whole packet that came in on the RPL interface |ifindex| and that the kernel never saw
 * (rpld/lowpan.h). */
void fwd_rescued(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t ifindex,
                 rpl_tstamp now);

/* Neighbour discovery gave up on |hop|: tells the root (as a router) or the engine (as the
 * root) about packets that went that way just now. */
void fwd_neighbour_failed(struct fwd *fwd, uint32_t ifindex, const struct rpl_addr *hop,
                          rpl_tstamp now);

/* An ICMPv6 type 1 code 7 message from |reporter|, with |invoking| in it: fill in what the
 * engine has to hear. False if it is not about a source route that can be read. */
bool fwd_source_route_error(const struct fwd *fwd, const uint8_t *invoking, size_t len,
                            const struct rpl_addr *reporter, rpl_tstamp now,
                            struct rpl_event_forward_error *ret_error);

/* An ICMPv6 error from the mesh to one of our addresses, from its type on: if it is about a packet
 * that we put into a tunnel or gave a source route, that packet's sender is told. */
void fwd_told(struct fwd *fwd, const struct rpl_addr *reporter, const uint8_t *icmp, size_t len,
              rpl_tstamp now);

uint64_t fwd_counter(const struct fwd *fwd, enum fwd_counter counter);

#endif /* RPLD_FORWARD_H */
