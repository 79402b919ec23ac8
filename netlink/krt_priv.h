/* SPDX-License-Identifier: ISC */
/*
 * What the files of this room share. Nobody outside netlink/ and its tests includes it.
 *
 * Five rtnetlink sockets, each with one purpose, so that the loss of one stream never spoils
 * another: |change| sends routes and reads the answers; |watch| hears of routes that others
 * took from us; |notice| hears of links, addresses and neighbours; |query| carries one dump at a
 * time; |ask| carries requests that are answered before the call returns. |radio| does the same in
 * generic netlink, and |firewall| in nfnetlink, where |ruleset| hears of changes.
 */
#ifndef NETLINK_KRT_PRIV_H
#define NETLINK_KRT_PRIV_H

#include <libmnl/libmnl.h>
#include <netlink/object.h>
#include <netlink/socket.h>

#include "netlink/krt.h"

#define KRT_RECEIVE_SIZE 65536u /* a dump's datagram has at most 32 KiB */
#define KRT_SEND_SIZE 32768u    /* of packed changes per send */
#define KRT_MESSAGE_MAX 256u    /* a route change with all its attributes is far below */
#define KRT_LINKS_MAX 1024u
#define KRT_ADDRS_MAX 4096u
#define KRT_DEFAULTS_MAX 32u /* metrics at which we hold a default route */
#define KRT_DUMP_TRIES 3u

/* A route change, held from its queuing until its answer. */
struct krt_change {
    uint64_t token;
    struct rpl_route route;
    bool del;
    bool last; /* of its send: its answer settles all before it */
    int error; /* positive errno, known before |last| is answered */
};

struct krt_link_entry {
    struct krt_link link;
    bool seen; /* by the dump that runs */
};

struct krt_addr_entry {
    uint32_t ifindex;
    struct rpl_addr addr;
    uint8_t plen;
    bool usable, deprecated, temporary;
    bool seen;
    bool retell; /* somebody asked for it and waits to be told, even if nothing changes */
};

enum krt_dump_kind {
    KRT_DUMP_NONE,
    KRT_DUMP_LINKS,
    KRT_DUMP_ADDRS,
    KRT_DUMP_SWEEP, /* what did not come is being told; a new dump waits */
    KRT_DUMP_ROUTES
};

struct krt {
    struct krt_callbacks cb;
    void *ctx;
    struct krt_stats stats;
    uint32_t tun;

    struct mnl_socket *change, *watch, *notice, *query, *ask;
    struct nl_sock *radio;
    int radio_family;            /* of nl802154, 0 = not known yet */
    struct mnl_socket *firewall; /* NULL: this kernel has no netfilter */
    struct mnl_socket *ruleset;  /* hears of changes of the rules; or NULL */
    uint32_t firewall_seq;

    /* The ring of changes: [head, sent) wait for answers, [sent, tail) wait to be sent. The
     * counters run freely, a counter is the netlink sequence number too. */
    struct krt_change *ring;
    uint32_t ring_size; /* a power of two */
    uint32_t head, sent, tail;
    uint32_t window; /* changes whose answers fit into the receive buffer */
    bool full;       /* the caller was told -ENOBUFS */
    bool flushing;   /* krt_flush() could not send all */

    /* Metrics of the default routes known to be ours. */
    uint32_t defaults[KRT_DEFAULTS_MAX];
    uint32_t default_count;

    struct krt_link_entry *links;
    uint32_t link_count, link_room;
    struct krt_addr_entry *addrs;
    uint32_t addr_count, addr_room;

    enum krt_dump_kind dump; /* what |query| carries now */
    uint32_t dump_seq;
    uint32_t dump_tries;
    bool dump_stale;  /* what runs has to be repeated */
    bool want_links;  /* links and addresses, when |query| is free */
    bool want_routes; /* routes, when |query| is free */

    uint32_t ask_seq;

    uint32_t receive[KRT_RECEIVE_SIZE / 4]; /* of krt_ready(); uint32_t for alignment */
    uint32_t answer[KRT_RECEIVE_SIZE / 4];  /* of |ask|, which callbacks may use */
    uint32_t packed[(KRT_SEND_SIZE + KRT_MESSAGE_MAX) / 4];
};

/* A message from the kernel, valid as far as its header says. Returns 0, or -errno to stop. */
typedef int krt_handler(struct krt *krt, struct nlmsghdr *nlh);

/* ---- krt_sock.c: sockets */

/* Opens, binds to |groups| (RTMGRP_x), gives it |buffer| octets to receive. */
int krt_sock_open(struct mnl_socket **ret, uint32_t groups, uint32_t buffer);
/* What the receive buffer is in truth. */
uint32_t krt_sock_buffer(const struct mnl_socket *nl);
/* Lets only those notices in that somebody reads; failing to is harmless. */
void krt_sock_filter_watch(const struct mnl_socket *nl, uint32_t own1, uint32_t own2);
void krt_sock_filter_notice(const struct mnl_socket *nl);
void krt_sock_filter_ruleset(const struct mnl_socket *nl);
/* One datagram of the kernel: its length, 0 if it came from somebody else; -EAGAIN, -ENOBUFS
 * (messages were lost), -errno. */
int krt_sock_read(const struct mnl_socket *nl, void *buf, size_t size);
/* Reads up to |datagrams| and hands each message to |handler|. 0, or as krt_sock_read() without
 * -EAGAIN, or what |handler| says. */
int krt_sock_pump(struct krt *krt, const struct mnl_socket *nl, uint32_t datagrams,
                  krt_handler *handler);
/* Throws away what waits, so that the kernel fills the buffer again. */
void krt_sock_drain(struct krt *krt, const struct mnl_socket *nl);
/* Sends a request and waits for its answer: 0 or -errno. Fills in sequence number and flags. */
int krt_sock_ask(struct krt *krt, struct nlmsghdr *nlh);
/* Waits until |nl| is readable: 0, -ETIME, -errno. */
int krt_sock_wait(const struct mnl_socket *nl, int timeout_ms);

/* ---- krt_radio.c: nl802154 */
int krt_radio_open(struct krt *krt);
void krt_radio_close(struct krt *krt);

/* ---- krt_batch.c: changes on their way */
int krt_batch_send(struct krt *krt);
int krt_batch_answer(struct krt *krt, struct nlmsghdr *nlh);
/* Answers were lost: sends all unanswered changes again, fewer at once. */
void krt_batch_repeat(struct krt *krt);
void krt_batch_forget(struct krt *krt);

/* ---- krt_route.c: routes as messages */

enum krt_route_flags { KRT_ROUTE_DEL = 1, KRT_ROUTE_EXCLUSIVE = 2 };
/* Writes the change at |buf|, which has KRT_MESSAGE_MAX octets. */
void krt_route_encode(const struct krt *krt, void *buf, const struct rpl_route *route,
                      uint32_t flags, uint32_t seq);
/* A RTM_NEWROUTE or RTM_DELROUTE of the main IPv6 table; false for all else. */
bool krt_route_parse(const struct nlmsghdr *nlh, struct rpl_route *ret_route,
                     uint8_t *ret_protocol);
int krt_route_watch(struct krt *krt, struct nlmsghdr *nlh);
int krt_route_dumped(struct krt *krt, struct nlmsghdr *nlh);
bool krt_route_default_own(const struct krt *krt, uint32_t metric);
void krt_route_default_keep(struct krt *krt, uint32_t metric, bool own);
uint32_t krt_route_metric(const struct rpl_route *route);

/* ---- krt_firewall.c: opened at the start; one that cannot be is no error */
int krt_firewall_open(struct krt *krt);
void krt_firewall_close(struct krt *krt);
/* Begins a message of nftables at |buf|, which has KRT_MESSAGE_MAX octets or more. */
struct nlmsghdr *krt_firewall_request(struct krt *krt, void *buf, uint16_t type, uint8_t family);
/* Sends it as a dump; all answers go to |cb|. 0 or -errno: EINTR, the rules changed meanwhile. */
int krt_firewall_dump(struct krt *krt, struct nlmsghdr *nlh, mnl_cb_t cb, void *data);
/* Throws away what waits. */
void krt_firewall_drain(struct krt *krt);

/* ---- krt_lan.c: what a LAN needs */
/* A route that krt_delegations() would tell of came or went. */
bool krt_delegation_notice(const struct nlmsghdr *nlh);

/* ---- krt_dump.c: dumps, one at a time */
/* Starts what is wanted, if none runs. What cannot be asked now stays wanted. */
int krt_dump_start(struct krt *krt);
int krt_dump_message(struct krt *krt, struct nlmsghdr *nlh);
/* The dump that runs lost messages. */
void krt_dump_lost(struct krt *krt);
/* What a dump's last message (NLMSG_DONE or NLMSG_ERROR) says: 0 or -errno. */
int krt_dump_error(const struct nlmsghdr *nlh);
/* Something went. A dump of such things that runs may still tell of it, or miss what stood next
 * to it, for the kernel counts its way through the table. */
void krt_dump_disturb(struct krt *krt, bool route);
/* Sends the request for routes; used on |ask| too. */
int krt_dump_routes_request(const struct mnl_socket *nl, uint32_t seq);

/* ---- krt_link.c, krt_addr.c: notices */

/* The libnl object of a message, NULL if there is none in it; to be put. */
struct nl_object *krt_notice_object(struct krt *krt, struct nlmsghdr *nlh);
int krt_notice(struct krt *krt, struct nlmsghdr *nlh);
void krt_link_message(struct krt *krt, struct nlmsghdr *nlh);
/* A link-local address came or went. */
void krt_link_address_changed(struct krt *krt, uint32_t ifindex);
void krt_link_unsee(struct krt *krt);
void krt_link_sweep(struct krt *krt);
void krt_addr_message(struct krt *krt, struct nlmsghdr *nlh);
void krt_addr_unsee(struct krt *krt);
void krt_addr_sweep(struct krt *krt);
void krt_addr_link_gone(struct krt *krt, uint32_t ifindex);
/* The first usable link-local address, NULL if there is none. */
const struct rpl_addr *krt_addr_link_local(const struct krt *krt, uint32_t ifindex);
void krt_neighbour_message(struct krt *krt, struct nlmsghdr *nlh);

#endif /* NETLINK_KRT_PRIV_H */
