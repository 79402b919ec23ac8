/* SPDX-License-Identifier: ISC */
/*
 * The control socket: answers rplctl and the bridge over AF_UNIX (rplctl(8) has the protocol).
 *
 * One request line per connection: `[text|json|metrics] COMMAND [ARG...]` and a line feed. The
 * reply is a line `ok` or `error CODE text`, then the body, then end of file; `monitor` streams
 * until one side closes. Whoever may open the socket may read; only |admin_uid| may change
 * anything, and each change is logged with the uid that asked.
 *
 * Everything is bounded: clients, request length, time for a request, octets that wait for a
 * slow client, rows rendered per turn of the loop. A dump is rendered in slices through the
 * engine's cursors, so that it never delays the protocol.
 *
 * What it does not do: it holds no state of the protocol, and never touches the engine but
 * through rpl_view.h and the callbacks below.
 */
#ifndef RPLD_CTL_H
#define RPLD_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "rpl/rpl.h"

struct ctl;
struct ev_loop;

#define CTL_DEFAULT_SOCKET "/run/rpld/rpld.sock"

struct ctl_settings {
    const char *path;  /* of the socket; its folder is made if only the last part is missing */
    const char *group; /* NULL: the group is left as it is */
    uid_t admin_uid;   /* may change things: 0, as this process sees uids */
    unsigned clients;  /* at most that many at once; 0 = 32 */
    /* How long a client may take to say what it wants, and how long it may take nothing of
     * what is there for it; 0 = 10 s and 30 s. Then it is cut. */
    double request_time_s, progress_time_s;
};

/* The 802.15.4 radio below an interface, if rpld sets it up. */
struct ctl_radio {
    const char *state; /* missing, waiting, up, down, failed, foreign; NULL: no radio of ours */
    char wanted[24];   /* the EUI-64 that the configuration names; empty: any */
    /* failed: what went wrong, and what to do */
    const char *because, *mend;
    bool known;                     /* the rest is: it is there */
    char interface[RPL_IFNAME_MAX]; /* the radio's own, wpan0 */
    uint8_t eui64[8];
    uint8_t page, channel;
    uint16_t pan_id;
};

/* An interface that the configuration names. */
struct ctl_interface {
    char name[RPL_IFNAME_MAX];
    uint32_t ifindex;   /* 0 = it is not there, rpld waits for it */
    uint32_t last;      /* the ifindex it has, or had before it went; 0 = never there */
    uint32_t instances; /* bit i: config.instance[i] runs on it */
    bool up;
    bool has_link_local;
    struct rpl_addr link_local;
    uint32_t mtu; /* 0 = not known */
    bool lowpan;  /* it is a 6LoWPAN interface, whose MTU is 1280 and nothing else */
    struct ctl_radio radio;
};

/* A router of somebody else that announces a prefix of ours. */
struct ctl_advert {
    uint32_t ifindex;
    struct rpl_addr router, prefix;
    uint8_t len;
};

/* A walk to a node, hop by hop: what is asked for, and what came of it. */
struct ctl_ping_hop {
    bool known; /* who it is; else nobody said a word there */
    struct rpl_addr address;
    uint32_t sent, received;         /* probes and answers */
    uint64_t min_us, max_us, sum_us; /* of those answered */
};
struct ctl_ping {
    struct rpl_addr target;
    unsigned rounds;
    bool reached;
    unsigned hop_count; /* asked: 0 = the way is to be found out */
    struct ctl_ping_hop hop[RPL_PATH_MAX];
};
typedef void ctl_ping_done(void *arg, const struct ctl_ping *ping);

/* Interfaces of a packet that are none of the configuration. */
#define CTL_PACKET_TUN 0u            /* the data plane's own */
#define CTL_PACKET_ROUTED UINT32_MAX /* wherever the kernel's routes lead */

/* A packet as it passed, in two pieces: |head| and what follows it. Borrowed for the call. */
struct ctl_packet {
    uint32_t ifindex;
    bool out;                   /* it leaves */
    const uint8_t *head, *data; /* from the IPv6 header on */
    size_t head_len, len;       /* |head_len| may be 0 */
    const struct rpl_addr *hop; /* the neighbour it goes to; NULL: its destination */
};

/* Packets that were dropped at the border of the mesh. */
struct ctl_guard {
    uint64_t entering, leaving;
};

/*
 * Where answers come from. The struct stays the daemon's, outlives the ctl, and its fields may
 * change between two turns of the loop (a reload may put another engine in). Every callback
 * gets |ctx| and must not block. Callbacks marked (optional) may be NULL.
 */
struct ctl_source {
    void *ctx;
    const struct rpl_engine *engine;
    const char *version;   /* of the program */
    const char *config;    /* path of the configuration file */
    const char *state_dir; /* NULL: no state is kept */
    const char *tun;       /* name of the data plane's interface ("rpl0"), NULL: none */
    rpl_tstamp started;    /* on the clock of now() */

    /* The engine's clock, us. */
    rpl_tstamp (*now)(void *ctx);

    /* Interface number |index| of the configuration; false behind the last one. */
    bool (*interface)(void *ctx, unsigned index, struct ctl_interface *out);

    /* Counter number |index| that is not the engine's (forwarder, netlink, log ...), with a
     * name of its own such as "forward-packets-down"; false behind the last one. (optional) */
    bool (*counter)(void *ctx, unsigned index, const char **ret_name, uint64_t *ret_value);

    /* Print the effective configuration. 0 or -errno. */
    int (*print_config)(void *ctx, FILE *out);

    /* Hand the command to the engine; returns what rpl_engine_input() returned. */
    int (*command)(void *ctx, const struct rpl_event_command *command);

    /* "err", "warn", "notice", "info", "debug": 0, or -EINVAL if it is none of these. */
    int (*set_log_level)(void *ctx, const char *level);

    /* Read the configuration file again and apply what can be applied. What went wrong, or
     * could not be changed, is printed to |report|, a line each. 0, or -errno if nothing was
     * changed. */
    int (*reload)(void *ctx, FILE *report);

    /* Begin a walk; |done| is called once, later. Its number, or -EBUSY. (optional) */
    int (*ping)(void *ctx, const struct ctl_ping *request, ctl_ping_done *done, void *arg);
    /* Nobody wants to know any more: |done| is not called. (with ping) */
    void (*ping_stop)(void *ctx, int number);

    /* Whether a firewall drops what we forward: 1, and the name of its chain; 0; or -errno. */
    int (*forward_drops)(void *ctx, char *ret_chain, size_t size); /* (optional) */
    /* The guard against source routes from outside: 1, and what it has dropped; 0: it is not
     * wanted; or -errno: why it does not stand. (optional) */
    int (*guard)(void *ctx, struct ctl_guard *out);
    /* Number |index|; false behind the last one. (optional) */
    bool (*advert)(void *ctx, unsigned index, struct ctl_advert *out);

    /* The name that the configuration has for the node |addr|; NULL: none. (optional) */
    const char *(*name)(void *ctx, const struct rpl_addr *addr);
    /* The node that is called |name|: its address, or the link-local one made of its EUI-64. False:
     * nobody is. (with name) */
    bool (*named)(void *ctx, const char *name, struct rpl_addr *ret_node);

    /* Octets of /proc/net/ipv6_route from |at| on: how many, 0 at the end, or -errno. (optional) */
    ssize_t (*routes)(void *ctx, char *out, size_t size, off_t at);

    /* Begin a recording of the engine of at most |limit| octets, which comes through ctl_record().
     * 0; -EBUSY: there is one already; -EAGAIN: not now. (optional) */
    int (*record)(void *ctx, uint64_t limit);
    /* Whoever asked for it has enough; ctl_record_end() follows. (with record) */
    void (*record_stop)(void *ctx);

    /* One line for the log, without line feed: "repair global uid=0 pid=4711 result=ok". */
    void (*log)(void *ctx, const char *line);
};

/*
 * Open the socket (mode 0660, |settings->group|) and serve it on |loop|. Call while still
 * privileged. A socket file that nobody listens on is replaced; one that is in use is
 * -EADDRINUSE. A group that does not exist or may not be given is logged, not an error.
 * Strings of |settings| are copied. 0 or -errno; *ret_ctl is untouched on failure.
 */
int ctl_new(struct ev_loop *loop, const struct ctl_settings *settings,
            const struct ctl_source *source, struct ctl **ret_ctl);

/* Cuts all clients and removes the socket file if that is still allowed. Accepts NULL. */
void ctl_free(struct ctl *ctl);

/* Call for every RPL_EFFECT_TRACE: feeds `monitor` and the history that `node` shows. */
void ctl_trace(struct ctl *ctl, const struct rpl_effect_trace *trace, rpl_tstamp now);

/* True if somebody captures: then ctl_packet() has something to do. */
bool ctl_captures(const struct ctl *ctl);
/* A packet came or went. */
void ctl_packet(struct ctl *ctl, const struct ctl_packet *packet);

/* For the client that records. False: it is gone, or does not keep up. */
bool ctl_record(struct ctl *ctl, const void *data, size_t len);
/* The recording has its end: what waits is sent, at the latest while the daemon stops. */
void ctl_record_end(struct ctl *ctl);

/* The listening descriptor (for a descriptor store or a seccomp filter's needs). */
int ctl_fd(const struct ctl *ctl);

#endif /* RPLD_CTL_H */
