/* SPDX-License-Identifier: ISC */
/*
 * The daemon: wires the engine to the ICMPv6 socket, the forwarder, the kernel's tables, the
 * state file and the control socket, on one libev loop.
 *
 * One turn of the loop: time is read once (CLOCK_BOOTTIME, so that lifetimes pass while the
 * machine sleeps); descriptors that are ready become events; then the engine's effects are
 * carried out, route changes are flushed in one go, and one timer is set to the earliest
 * deadline. Every descriptor is served in bounded portions.
 *
 * At start the kernel is asked first for its links and then for the routes an earlier run left;
 * the engine's effects are carried out after that.
 */
#ifndef RPLD_DAEMON_H
#define RPLD_DAEMON_H

#include <ev.h>
#include <limits.h>
#include <stdio.h>

#include "conf/conf.h"
#include "netlink/krt.h"
#include "rpl/rpl.h"
#include "rpld/advert.h"
#include "rpld/bridge_child.h"
#include "rpld/ctl.h"
#include "rpld/forward.h"
#include "rpld/guard.h"
#include "rpld/icmp6.h"
#include "rpld/iface.h"
#include "rpld/lowpan.h"
#include "rpld/ping.h"
#include "rpld/privs.h"
#include "rpld/radio.h"
#include "rpld/record.h"
#include "rpld/snapshot.h"
#include "rpld/state.h"
#include "rpld/uplink.h"
#include "rpld/status.h"

/* Each with its name for people, JSON and metrics. */
#define DAEMON_COUNTERS(X)                                                                         \
    X(RECEIVED, "icmp6-received")                                                                  \
    X(SENT, "icmp6-sent")                                                                          \
    X(SEND_FAILED, "icmp6-send-failed")                                                            \
    X(DROP_INTERFACE, "icmp6-drop-interface")                                                      \
    X(DROP_SIZE, "icmp6-drop-size")                                                                \
    X(DROP_ERROR, "icmp6-drop-error-unreadable")                                                   \
    X(SOURCE_ROUTE_ERROR, "icmp6-source-route-error")                                              \
    X(ADDRESS_FAILED, "address-refused")                                                           \
    X(NEIGHBOUR_FAILED, "neighbour-unreachable")

enum daemon_counter {
#define DAEMON_COUNTER_ENUM(id, name) DAEMON_##id,
    DAEMON_COUNTERS(DAEMON_COUNTER_ENUM)
#undef DAEMON_COUNTER_ENUM
        DAEMON_COUNT
};

#define DAEMON_ADDRESSES_MAX 64

struct daemon_options {
    const char *config; /* path, as given */
    bool foreground;    /* -f: stay, log to stderr, start the bridge */
    const char *record; /* --record: a file for the recording of the engine, or NULL */
    bool debug;         /* -d: the log level, whatever the file says */
};

struct daemon {
    struct daemon_options options;
    char config_path[PATH_MAX]; /* absolute: we leave the folder when we detach */
    struct conf conf;
    struct rpl_engine *engine;
    struct state *state;
    struct snapshot *snapshot;
    struct icmp6 icmp6;
    struct advert_table adverts;
    struct ping ping;
    int routes_fd; /* /proc/net/ipv6_route, for doctor; or -1 */
    struct fwd *fwd;
    struct lowpan *lowpan;
    struct krt *krt;
    struct ctl *ctl;
    struct ctl_source source;
    struct iface_table ifaces;
    struct radio_table radios;
    struct guard guard;
    struct uplink uplink;
    struct bridge_child bridge;
    struct privs_user user;
    struct ev_loop *loop;
    rpl_tstamp now; /* of this turn */
    rpl_tstamp started;
    bool links_known; /* the first dump of links is over */
    bool reconciled;  /* the engine has seen the kernel's routes: effects may flow */
    bool carrying;    /* the data plane is being read */
    bool tun_down;    /* somebody took its interface down */
    bool detached;    /* there is no stderr */
    bool more;        /* effects are left: come back at once, after the descriptors */
    bool handover;    /* we end for a restart: what stands in the kernel stays */
    bool failed;      /* the loop ended because something broke */
    /* Addresses of our making, to be removed at a clean stop. */
    unsigned address_count;
    struct rpl_effect_address address[DAEMON_ADDRESSES_MAX];
    /* The recording (daemon_record.c). */
    struct record record;
    int record_fd;                 /* of --record, or -1 */
    bool record_wanted;            /* a client waits for the next engine */
    uint64_t record_limit;         /* octets it wants at most */
    struct rpl_engine *old_engine; /* another takes its place: what it knew is still wanted */
    unsigned told_count;           /* addresses the engine knows, of whoever's making */
    struct rpl_event_address told[DAEMON_ADDRESSES_MAX];
    uint64_t counters[DAEMON_COUNT];
    ev_io krt_io[KRT_FDS_MAX];
    size_t krt_io_count;
    ev_io icmp6_io, tun_io, packet_io, tunnel_io, lowpan_io, advert_io, ping_io;
    ev_timer deadline, housekeeping, watchdog, status;
    char status_sent[sizeof("STATUS=") + STATUS_MAX];
    ev_check turn_begin;
    ev_prepare turn_end;
    ev_signal term, intr, hup, usr1;
};

/*
 * Open everything, become unprivileged, and run until told to stop. Errors are logged with
 * what to do about them. Returns the exit status.
 */
int daemon_run(const struct daemon_options *options, const struct conf *conf);

/* ---- between the files of the daemon ----------------------------------------------------- */

rpl_tstamp daemon_clock(void);

/* Hand an event to the engine, at the time of this turn. */
int daemon_event(struct daemon *daemon, const struct rpl_event *event);

/* The socket of RPL messages is readable (daemon_icmp6.c). */
void daemon_on_icmp6(EV_P_ ev_io *io, int revents);

/* Carry out what the engine wants (daemon_effect.c). */
void daemon_drain(struct daemon *daemon);

/* For `rplctl capture` (daemon_capture.c): an RPL message, or an error about one of our packets,
 * that came; one that left; and what the forwarder saw. */
void daemon_saw_message(struct daemon *daemon, const struct icmp6_message *message);
void daemon_saw_send(struct daemon *daemon, const struct rpl_effect_send *send);
void daemon_saw_packet(void *daemon, const struct fwd_seen *seen);

/* Opening (daemon_open.c). Log why we cannot start and what mends it; returns |r|. */
int daemon_complain(const char *what, int r, const char *mend);
/* Sockets and files, all that needs privileges, the engine among them; then the control socket,
 * which needs the loop; then become the user of the configuration. 0 or -errno, which was logged.
 */
int daemon_open(struct daemon *daemon);
int daemon_control_open(struct daemon *daemon);
int daemon_privs(struct daemon *daemon);
/* Names of what the service manager keeps for us. */
#define DAEMON_STORE_TUN "rpld-tun"
#define DAEMON_STORE_PACKET "rpld-packet"

/* Make the engine, as the configuration and the state have it; and give it to the forwarder. */
int daemon_engine_open(struct daemon *daemon);
void daemon_forward_attach(struct daemon *daemon);

/* Recording (daemon_record.c). Open the file of --record; 0 or -errno. */
int daemon_record_open(struct daemon *daemon);
/* An engine was made of |config|, and has heard nothing yet. */
void daemon_record_new_engine(struct daemon *daemon, const struct rpl_config *config);
void daemon_record_close(struct daemon *daemon);
/* At the end of a turn. */
void daemon_record_turn(struct daemon *daemon);
/* The engine was told of an address. */
void daemon_record_told(struct daemon *daemon, const struct rpl_event_address *address);
/* The kernel's routes are known: give the new engine what the old one knew. False: there was
 * none. */
bool daemon_record_restore(struct daemon *daemon);
/* For the control socket. -EBUSY: a recording runs; -EAGAIN: we have only just begun. */
int daemon_record_ask(void *daemon, uint64_t limit);
void daemon_record_stop(void *daemon);

/* Open the kernel's tables; the callbacks live in daemon_kernel.c. 0 or -errno. */
int daemon_kernel_open(struct daemon *daemon);
/* Name the TUN and set it up. 0 or -errno. */
int daemon_kernel_tun(struct daemon *daemon);
/* Have source routes of others kept out of the mesh, as the configuration wants it, at the
 * start and after a reload. Only when all is open: a start that fails because another rpld runs
 * must not take its table. */
void daemon_kernel_guard(struct daemon *daemon);
/* Remove what we put into the kernel. */
void daemon_kernel_clean(struct daemon *daemon);
/* Nothing works without it: log |what| and end the loop. */
void daemon_fail(struct daemon *daemon, const char *what, int error);

/* Fill |daemon->source| for the control socket (daemon_source.c). */
void daemon_source_init(struct daemon *daemon);
/* Read the configuration anew; |report| gets what went wrong, line by line. 0 or -errno. */
int daemon_reload(struct daemon *daemon, FILE *report);

#endif /* RPLD_DAEMON_H */
