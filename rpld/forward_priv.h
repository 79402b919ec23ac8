/* SPDX-License-Identifier: ISC */
/* What the files of the forwarder share; for forward*.c and their tests only. */
#ifndef RPLD_FORWARD_PRIV_H
#define RPLD_FORWARD_PRIV_H

#include "rpl/rpl_data.h"
#include "rpl/rpl_view.h"
#include "rpld/forward.h"

#define FWD_READ_MAX 2048                /* of one packet; longer ones are dropped */
#define FWD_BUFFER (FWD_READ_MAX + 1280) /* with room for tunnel, RPI and 64 hops */
#define FWD_WAITING_OCTETS (1 << 20)     /* in the packet socket: about 500 packets (x 2) */
#define FWD_PER_TURN 64                  /* packets carried per call */
#define FWD_RECENT 16                    /* packets remembered for errors about next hops */
#define FWD_RECENT_AGE RPL_S(10)         /* neighbour discovery gives up after 3 s, or 8 s */
#define FWD_NEST_MAX 1                   /* tunnels inside tunnels */
#define FWD_RPI_INSTANCE 3               /* RPLInstanceID, from the RPI's type octet on */
#define FWD_HOP_LIMIT 64                 /* of outer headers */
#define FWD_ERRORS_BURST 20              /* ICMPv6 errors at once, RFC 4443 section 2.4 (f) */
#define FWD_ERROR_INTERVAL RPL_MS(100)   /* then one each */

/* Why a packet went to its next hop. */
enum fwd_way {
    FWD_WAY_ORIGIN, /* the source route, or the tunnel, was ours: we are the root */
    FWD_WAY_ROUTE,  /* a source route of the root's named it */
    FWD_WAY_TREE    /* it is our parent, or our child in storing mode */
};

/* A packet that went to |hop|. */
struct fwd_recent {
    bool used;
    enum fwd_way way;
    rpl_tstamp when;
    uint32_t ifindex;
    struct rpl_addr hop; /* link-local */
    uint8_t instance;
    bool has_instance;
    uint16_t len;
    uint8_t packet[FWD_MTU];
};

struct fwd_limit {
    uint32_t tokens;
    rpl_tstamp refilled;
};

struct fwd {
    int tun, raw, packet, tunnel;
    uint32_t tun_ifindex;
    bool tun_found, tun_kept, packet_kept;
    const struct rpl_engine *engine;
    struct fwd_host host;
    uint32_t fragment_id; /* of the next packet in fragments */
    struct fwd_limit errors;
    unsigned recent_next;
    struct fwd_recent recent[FWD_RECENT];
    uint64_t counters[FWD_COUNT];
};

/* ---- pure helpers ------------------------------------------------------------------- */

/* True if a token was left at |now|. */
bool fwd_limit_pass(struct fwd_limit *limit, rpl_tstamp now);

/* Whether |path| has |packet| carry an RPI. */
bool fwd_has_rpi(const struct rpl_view_path *path, const uint8_t *packet, bool encapsulate);

/* Octets that |path| adds to a packet. */
size_t fwd_overhead(const struct rpl_view_path *path, bool encapsulate);

/* The counter of a packet that rpl_data.h refused. */
enum fwd_counter fwd_data_counter(enum rpl_data_error error);

/* The hop that an ICMPv6 type 1 code 7 message is about: |invoking| is the packet inside it,
 * possibly cut short. |reporter| sent the error. False if that cannot be read. */
bool fwd_failed_hop(const uint8_t *invoking, size_t len, const struct rpl_addr *reporter,
                    struct rpl_addr *ret_hop, uint8_t *ret_instance, bool *ret_has_instance);

/* For those who want to watch. |hop| may be NULL. */
void fwd_see(const struct fwd *fwd, bool out, uint32_t ifindex, const uint8_t *packet, size_t len,
             const struct rpl_addr *hop);

/* ---- sending (forward_out.c) --------------------------------------------------------- */

/* To |hop| (link-local) on |ifindex|, whatever the packet's destination says. */
bool fwd_send(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t ifindex,
              const struct rpl_addr *hop);
void fwd_to_tun(struct fwd *fwd, const uint8_t *packet, size_t len);
/* The plain packet for the kernel; an error that quotes a source route is put right. */
void fwd_inject(struct fwd *fwd, uint8_t *packet, size_t len, rpl_tstamp now);
void fwd_remember(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t ifindex,
                  const struct rpl_addr *hop, const uint8_t *instance, enum fwd_way way,
                  rpl_tstamp now);
/* Tell the engine about a packet. |reporter| may be NULL. */
void fwd_tell(struct fwd *fwd, enum rpl_forward_error kind, uint8_t instance,
              const struct rpl_addr *reporter, const struct rpl_addr *target);

/* ---- our errors (forward_error.c) --------------------------------------------------------- */

/* An ICMPv6 error about |packet|, as its source sent it, to its source; rate-limited. */
void fwd_error(struct fwd *fwd, const uint8_t *packet, size_t len, uint8_t type, uint8_t code,
               uint32_t parameter, rpl_tstamp now);
/* The same about a packet that may be cut short and is as its source sent it. */
void fwd_error_quoting(struct fwd *fwd, const uint8_t *packet, size_t len, uint8_t type,
                       uint8_t code, uint32_t parameter, rpl_tstamp now);
/* A router's word to the root that the next hop of |recent| is gone. */
void fwd_error_to_root(struct fwd *fwd, const struct fwd_recent *recent, rpl_tstamp now);

/* ---- errors of others (forward_relay.c) ---------------------------------------------------- */

/* |packet| is on its way to a sender: if it is an error about a packet with a source route that the
 * sender did not write, it becomes one about the packet that it sent. True if it was changed. */
bool fwd_translate(struct fwd *fwd, uint8_t *packet, size_t *len, rpl_tstamp now);
/* The same for the copy of a packet that the kernel carries as it is: the sender gets both, and
 * knows its own packet in one of them. */
void fwd_copy_error(struct fwd *fwd, uint8_t *packet, size_t len, rpl_tstamp now);
/* The next hop of |recent| does not answer: its sender is told. */
void fwd_hop_gone(struct fwd *fwd, const struct fwd_recent *recent, rpl_tstamp now);

/* ---- looking things up (forward_out.c) ----------------------------------------------- */

bool fwd_instance(const struct fwd *fwd, uint8_t id, rpl_tstamp now,
                  struct rpl_view_instance *ret_instance);
/* The joined instance whose prefix |addr| is in. */
bool fwd_instance_of(const struct fwd *fwd, const struct rpl_addr *addr, rpl_tstamp now,
                     struct rpl_view_instance *ret_instance);

/* ---- down (forward.c) -------------------------------------------------------------------- */

/* A packet that the kernel routed into the TUN; |packet| has FWD_BUFFER octets of room. */
void fwd_down(struct fwd *fwd, uint8_t *packet, size_t len, rpl_tstamp now);

/* ---- too large for the link (forward_large.c) ------------------------------------------ */

/* Send |packet|, which |path| makes larger than |mtu|, in some other way. False: it cannot be. */
bool fwd_large(struct fwd *fwd, uint8_t *packet, size_t len, uint32_t mtu,
               const struct rpl_view_path *path, rpl_tstamp now);

/* ---- receiving (forward_up.c) --------------------------------------------------------- */

/* A packet from the RPL interface |ifindex| with the headers that are ours to handle;
 * |packet| has FWD_BUFFER octets of room. */
void fwd_receive(struct fwd *fwd, uint8_t *packet, size_t len, uint32_t ifindex, unsigned nest,
                 rpl_tstamp now);

/* The packet that came out of a tunnel from |outer_src|; room as above. */
void fwd_from_tunnel(struct fwd *fwd, uint8_t *packet, size_t len, const struct rpl_addr *outer_src,
                     rpl_tstamp now);

/* ---- the TUN and the sockets (forward_open.c) ----------------------------------------- */

int fwd_tun_open(struct fwd *fwd, const char *name);
/* Go on with the TUN |fd| of an earlier run. False, and it is closed, if it is none of |name|. */
bool fwd_tun_take(struct fwd *fwd, int fd, const char *name);
bool fwd_packet_take(struct fwd *fwd, int fd);
int fwd_raw_open(int *ret_fd);
int fwd_packet_open(int *ret_fd);
int fwd_tunnel_open(uint32_t tun_ifindex, int *ret_fd);

#endif /* RPLD_FORWARD_PRIV_H */
