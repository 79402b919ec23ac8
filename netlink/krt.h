/* SPDX-License-Identifier: ISC */
/*
 * The daemon's hands in the kernel: routes, links, addresses and neighbours over rtnetlink.
 *
 * Routes are written by libmnl in packed sends; links, addresses and neighbours are understood
 * by libnl-route. Only IPv6, only the main routing table, only routes of protocol KRT_PROTOCOL:
 * nothing else of the host's routing is changed.
 *
 * There is no loop in here and no clock. The caller watches the descriptors of krt_fds() for
 * reading, calls krt_ready() for each that is readable, and krt_flush() at the end of each turn
 * of its loop. What the kernel says comes through the callbacks, which run inside krt_ready()
 * only, never inside another call. A callback may call anything here except krt_ready(),
 * krt_route_flush() and krt_free().
 *
 * Every socket is opened by krt_new(); afterwards CAP_NET_ADMIN is enough for all of it.
 * Functions return 0 or -errno. Interfaces are named by ifindex throughout.
 *
 * Radios are dumped and set through nl802154; the kernel tells nothing there by itself, so that
 * a radio that comes or goes shows as a link of type KRT_LINK_RADIO.
 *
 * Not covered: sysctls, link-layer security, IPv4, multicast routes, policy rules.
 */
#ifndef NETLINK_KRT_H
#define NETLINK_KRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpl/rpl.h"

#define KRT_PROTOCOL 155         /* rtm_protocol of our routes, "rpl" in rt_protos.d */
#define KRT_METRIC_DEFAULT 1024u /* what the kernel makes of metric 0 */
#define KRT_FDS_MAX 5
#define KRT_HWADDR_MAX 32
#define KRT_LINK_RADIO 804  /* ARPHRD_IEEE802154: a radio's own interface, wpan0 */
#define KRT_LINK_LOWPAN 825 /* ARPHRD_6LOWPAN: the IPv6 interface on it, lowpan0 */
#define KRT_GROUP 155       /* of interfaces of our making, so that a later run knows them */

struct krt;

/* A link as it is now. */
struct krt_link {
    uint32_t ifindex;
    char name[RPL_IFNAME_MAX];
    bool enabled;        /* administratively up */
    bool up;             /* and with a carrier */
    bool own;            /* is in KRT_GROUP */
    bool has_link_local; /* a link-local address that is usable (not tentative) */
    uint16_t type;       /* ARPHRD_x */
    uint32_t parent;     /* ifindex of what it stands on; 0 = nothing, or not known */
    uint32_t mtu;        /* octets */
    uint8_t hwaddr_len;  /* 0, 6, 8 ... */
    uint8_t hwaddr[KRT_HWADDR_MAX];
    struct rpl_addr link_local; /* if has_link_local */
};

enum krt_neighbour_state { KRT_NEIGHBOUR_REACHABLE, KRT_NEIGHBOUR_FAILED };

/* What was lost when the kernel ran out of room for what it had to tell us. */
enum krt_overrun {
    KRT_OVERRUN_ROUTES, /* route_lost() calls are missing: call krt_dump_routes() */
    KRT_OVERRUN_NOTICES /* links and addresses are being dumped again already; only
                         * neighbour() calls are lost for good */
};

/* Any member may be NULL. Pointers are borrowed for the call. */
struct krt_callbacks {
    /* The answer to krt_route_set() or krt_route_del(), once per call: 0 or the kernel's
     * positive errno. Deleting what is not there is a success. */
    void (*result)(void *ctx, uint64_t token, int error);

    /* krt_dump_routes(): each route of ours in the kernel. A TUN route has the ifindex it
     * really points to. A route may be told twice if the table changed meanwhile. */
    void (*route_found)(void *ctx, const struct rpl_route *route);
    /* The dump is over: 0, or a positive errno and not all were told (EINTR: the table
     * changed each time we looked). */
    void (*route_dump_done)(void *ctx, int error);

    /* Somebody else deleted a route of ours, or replaced it: match by dst, dst_len and metric;
     * if it was replaced the rest tells what stands there now. Told of any default route that
     * goes, too: it may be what ours was refused for. The kernel says so too for each
     * route that goes with a link; link() then came before. */
    void (*route_lost)(void *ctx, const struct rpl_route *route);

    /* A link is new, changed in one of the fields above, or is gone (|gone|: the last state). */
    void (*link)(void *ctx, const struct krt_link *link, bool gone);
    /* An address is new, changed or gone (|present| false). Usable: neither tentative nor
     * duplicate. */
    void (*address)(void *ctx, uint32_t ifindex, const struct rpl_addr *addr, uint8_t plen,
                    bool usable, bool present);
    /* A route that may be a delegated prefix came or went: krt_delegations() tells. */
    void (*delegation)(void *ctx);
    /* The first krt_dump() is told in full; also after each later one. */
    void (*dump_done)(void *ctx);

    /* Neighbour discovery found |addr|, or gave up on it. */
    void (*neighbour)(void *ctx, uint32_t ifindex, const struct rpl_addr *addr,
                      enum krt_neighbour_state state);

    /* Somebody, perhaps we, has changed the rules of nftables, anything of them. */
    void (*ruleset)(void *ctx);

    void (*overrun)(void *ctx, enum krt_overrun what);

    /* The queue was full (-ENOBUFS) and has room again, at least half of it. */
    void (*room)(void *ctx);
};

/* Sizes; 0 takes the default. */
struct krt_options {
    uint32_t queue;         /* route changes held at most, default 16384 */
    uint32_t change_buffer; /* receive buffer of the answers, octets, default 4 MiB */
    uint32_t notice_buffer; /* receive buffer of the notices, octets, default 4 MiB */
};

struct krt_stats {
    uint64_t changes;  /* route changes sent to the kernel, repeats included */
    uint64_t refused;  /* of them answered with an error */
    uint64_t sends;    /* packed sends they took */
    uint64_t repeated; /* changes sent again after lost answers */
    uint64_t overruns; /* ENOBUFS on any socket */
    uint64_t skipped;  /* messages that made no sense and were passed over */
    uint32_t queued;   /* changes held now: unsent and unanswered */
};

/*
 * Opens all sockets and starts to listen for notices. |callbacks| is copied. |options| may be
 * NULL. *ret is untouched on failure. Errors: -ENOMEM, or what socket(2), bind(2) and
 * setsockopt(2) say.
 */
int krt_new(const struct krt_callbacks *callbacks, void *ctx, const struct krt_options *options,
            struct krt **ret);

/* Closes; leaves the kernel's routes as they are. Accepts NULL. No callback is called. */
void krt_free(struct krt *krt);

/* Fills fds[], returns how many. They stay the same until krt_free(). */
size_t krt_fds(const struct krt *krt, int fds[KRT_FDS_MAX]);

/*
 * Reads what waits on |fd|, a bounded part of it: watch for readability by level. Never blocks.
 * Also sends changes for which answers have made room. Reads other descriptors too where the
 * order of what is told depends on it: answers before losses. Errors: -EBADF (not ours), or what
 * the socket says when it is broken for good.
 */
int krt_ready(struct krt *krt, int fd);

/* ---- routes ------------------------------------------------------------------------ */

/* The interface of RPL_ROUTE_TUN routes, 0 = none yet (such a set is then refused). */
void krt_set_tun(struct krt *krt, uint32_t ifindex);

/*
 * Queues adding |route|, in place of a route with the same destination and metric. The answer
 * comes through result() with |token|. Changes reach the kernel in the order of the calls.
 * NOTE: a route of somebody else with the same destination and metric is replaced as well,
 * except a default route, which is refused with EEXIST.
 * Errors: -ENOBUFS (queue full: wait for room()), -EINVAL (no such kind, dst_len over 128, a
 * VIA without ifindex or whose gateway is not link-local), -ENODEV (TUN without krt_set_tun()).
 */
int krt_route_set(struct krt *krt, uint64_t token, const struct rpl_route *route);

/* Queues removing our route to that destination with that metric, wherever it points. Errors:
 * -ENOBUFS, -EINVAL. */
int krt_route_del(struct krt *krt, uint64_t token, const struct rpl_route *route);

/* How many changes can be queued before -ENOBUFS. */
uint32_t krt_room(const struct krt *krt);

/*
 * Sends what is queued, as far as the answers fit into the receive buffer; the rest goes when
 * answers have been read. Sends nothing while a route dump runs, so that the dump is whole.
 * Errors: what sendto(2) says; what could not be sent stays queued, so call it again later.
 */
int krt_flush(struct krt *krt);

/* Asks for all routes of ours: route_found() for each, then route_dump_done(). Asked again
 * while it runs, it starts anew after the end. Errors: what sendto(2) says. */
int krt_dump_routes(struct krt *krt);

/*
 * The clean end: forgets what is queued (no answers come) and removes every route of
 * KRT_PROTOCOL from the main table, ours or of an earlier run. Blocks up to |timeout_ms|.
 * *ret_removed (may be NULL) is how many went. Errors: -ETIME, or what the kernel says.
 */
int krt_route_flush(struct krt *krt, uint32_t timeout_ms, uint32_t *ret_removed);

/* ---- links and addresses ----------------------------------------------------------- */

/* Asks for all links, then all addresses: link() and address() for each that differs from what
 * was told before, then dump_done(). Call it once after krt_new(). */
int krt_dump(struct krt *krt);

/*
 * The changes below are carried out before they return; each waits for the kernel's answer,
 * which is there at once (never longer than a second: -ETIME). Errors: what the kernel says, such
 * as -ENODEV, -EPERM, -EINVAL.
 */

/* Adds addr/plen without duplicate address detection and without a route to the prefix: usable
 * at once, and told by address() a moment later, also if it was there already. */
int krt_addr_set(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr, uint8_t plen);

/* Removing what is not there is a success. */
int krt_addr_del(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr, uint8_t plen);

int krt_link_up(struct krt *krt, uint32_t ifindex);
int krt_link_down(struct krt *krt, uint32_t ifindex);
int krt_link_del(struct krt *krt, uint32_t ifindex);
int krt_link_mtu(struct krt *krt, uint32_t ifindex, uint32_t mtu);

/* No link-local address of the kernel's making; has an effect only before the link is up. */
int krt_link_addrgen_none(struct krt *krt, uint32_t ifindex);

/* An EUI-64, first octet first; refused by the kernel while the link is up (EBUSY). */
int krt_link_eui64(struct krt *krt, uint32_t ifindex, const uint8_t eui64[8]);

/* Makes the 6LoWPAN interface |name| on a radio's interface, in KRT_GROUP from its first moment on.
 * It starts down, with an MTU of 1280. Errors: -EBUSY the radio has one, -EEXIST the name is taken,
 * -EOPNOTSUPP the kernel has no module ieee802154_6lowpan. */
int krt_lowpan_add(struct krt *krt, uint32_t radio, const char *name);

/* ---- the LAN side ------------------------------------------------------------------------- */

/* An address of this host. */
struct krt_addr {
    uint32_t ifindex;
    struct rpl_addr addr;
    uint8_t plen;
    bool usable;
    bool deprecated; /* its preferred lifetime is over */
    bool temporary;  /* RFC 8981 */
};
/* The |n|-th address that was told; false behind the last one. */
bool krt_addr_nth(const struct krt *krt, uint32_t n, struct krt_addr *ret_addr);

/*
 * The prefixes of 16 to 63 bits that are unreachable as a whole (or a blackhole) by a route of
 * protocol dhcp in the main table, or of OpenWrt's netifd: so DHCPv6 clients leave what was
 * delegated to them. At most
 * |max|; asks the kernel and waits as above.
 */
int krt_delegations(struct krt *krt, struct rpl_prefix *ret_prefix, uint32_t max,
                    uint32_t *ret_count);

/* Neighbour discovery on that link is answered for |addr|; needs the sysctl proxy_ndp. The kernel
 * forgets it when the link goes down. Doing either twice is fine. */
int krt_proxy_set(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr);
int krt_proxy_del(struct krt *krt, uint32_t ifindex, const struct rpl_addr *addr);
/* All of ours, also those of an earlier run; those of others stay. */
int krt_proxy_flush(struct krt *krt);

/* ---- radios (nl802154) --------------------------------------------------------------- */

#define KRT_RADIOS_MAX 32
#define KRT_RADIO_PAGES 32
#define KRT_RADIO_POWERS_MAX 64

/* An 802.15.4 interface of type node, and what its hardware can do. */
struct krt_radio {
    uint32_t ifindex;
    uint32_t phy;
    uint8_t eui64[8]; /* first octet first */
    uint16_t pan_id;
    uint16_t short_address; /* 0xffff = none */
    uint8_t page, channel;
    uint32_t channels[KRT_RADIO_PAGES]; /* of each page: bit n is channel n */
    bool ack_request;
    int8_t retries, retries_min, retries_max;
    bool has_tx_power; /* it can be set */
    int32_t tx_power;  /* 1/100 dBm, as power[] */
    uint32_t power_count;
    int32_t power[KRT_RADIO_POWERS_MAX];
};

/*
 * All radios of this network namespace, at most |max|. Errors: -EOPNOTSUPP the kernel knows no
 * 802.15.4 (its module is not loaded), -ETIME, or what the kernel says.
 */
int krt_radio_list(struct krt *krt, struct krt_radio *ret_radios, uint32_t max,
                   uint32_t *ret_count);

/*
 * Changes, carried out before they return, as above. Those that take an ifindex are refused with
 * -EBUSY while the interface, or the 6LoWPAN interface on it, is up; the others take a phy and
 * always work. -EINVAL: the hardware cannot do that. They hold on after krt_radio_list() only.
 */
int krt_radio_set_pan_id(struct krt *krt, uint32_t ifindex, uint16_t pan_id);
int krt_radio_set_ack_request(struct krt *krt, uint32_t ifindex, bool on);
int krt_radio_set_retries(struct krt *krt, uint32_t ifindex, int8_t retries);
int krt_radio_set_channel(struct krt *krt, uint32_t phy, uint8_t page, uint8_t channel);
int krt_radio_set_tx_power(struct krt *krt, uint32_t phy, int32_t power);

/* ---- a filter on the way in ----------------------------------------------------------- */

#define KRT_FILTER_PREFERENCE 155 /* of tc, by which ours is known among others */
#define KRT_FILTER_MAX 256        /* instructions */

struct sock_filter; /* linux/filter.h */

/*
 * Puts the classic BPF program on the way into a link (tc, clsact, cls_bpf), in place of an
 * earlier one of ours. It sees the packet from the network header on by SKF_NET_OFF and returns
 * TC_ACT_UNSPEC or TC_ACT_SHOT. Errors: -EOPNOTSUPP or -ENOENT the kernel lacks a module
 * (sch_ingress, cls_bpf), -EINVAL, -ENODEV.
 */
int krt_filter_set(struct krt *krt, uint32_t ifindex, const struct sock_filter *code,
                   uint16_t count);
/* Takes it off, also one of an earlier run. That there is none is a success. */
int krt_filter_del(struct krt *krt, uint32_t ifindex);

/* ---- the firewall --------------------------------------------------------------------- */

/*
 * Whether a chain of nftables drops what is forwarded, without a rule that names one of the |count|
 * interfaces in |names|: 1, and the chain as "ip6 filter FORWARD" in ret_chain; 0: none does.
 * Errors: -EOPNOTSUPP, -EPROTONOSUPPORT the kernel has no nftables, -EPERM, or what it says. Takes
 * milliseconds.
 */
int krt_forward_drops(struct krt *krt, const char *const *names, unsigned count, char *ret_chain,
                      size_t size);

#define KRT_GUARD_TABLE "rpld" /* of family ip6 */

/* Packets that the guard has dropped since it was set. */
struct krt_guard {
    uint64_t entering, leaving;
};

/*
 * The guard at the border of the mesh (RFC 6554 section 5): a table of our own in the kernel's
 * firewall. Of what the kernel forwards it drops and counts packets that enter the mesh with a
 * routing header of any type, and those that leave it with a source route (type 3) that has not
 * ended. The mesh are the |count| interfaces in |names|, whether they are there or not.
 *
 * It takes the place of an earlier one in one step, so that no packet finds neither. It outlives
 * us until it is removed. No table of anybody else is touched: one of that name without our mark is
 * -EEXIST. Errors: -EOPNOTSUPP, -EPROTONOSUPPORT or -ENOENT the kernel lacks nftables or a part of
 * it, -EPERM, -E2BIG, or what it says. Takes milliseconds. Not to be called from callbacks.
 */
int krt_guard_set(struct krt *krt, const char *const *names, unsigned count);
/* Removes it, also that of an earlier run. That there is none is a success. */
int krt_guard_del(struct krt *krt);
/* -ENOENT: it is not there, or not whole. */
int krt_guard_get(struct krt *krt, struct krt_guard *ret_guard);

/* ---- views ------------------------------------------------------------------------- */

/* The last known state of a link, false if there is none. */
bool krt_link_get(const struct krt *krt, uint32_t ifindex, struct krt_link *ret_link);

/* The link called |name|; the link of type KRT_LINK_LOWPAN that stands on the radio |ifindex|. */
bool krt_link_named(const struct krt *krt, const char *name, struct krt_link *ret_link);
bool krt_link_above(const struct krt *krt, uint32_t ifindex, struct krt_link *ret_link);
/* The |n|-th link, in no special order; false behind the last one. */
bool krt_link_nth(const struct krt *krt, uint32_t n, struct krt_link *ret_link);

void krt_stats_get(const struct krt *krt, struct krt_stats *ret_stats);

#endif /* NETLINK_KRT_H */
