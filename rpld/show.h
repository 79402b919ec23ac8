/* SPDX-License-Identifier: ISC */
/*
 * What the control socket can show and do: one table of commands, each rendered through the
 * writer in steps, so that a large answer never holds up the loop. ctl.c owns the clients and
 * calls in here; this room never sees a descriptor.
 */
#ifndef RPLD_SHOW_H
#define RPLD_SHOW_H

#include <time.h>

#include "rpl/rpl_view.h"
#include "rpld/ctl.h"
#include "rpld/ctl_request.h"
#include "rpld/history.h"
#include "rpld/writer.h"

/* CODE of an error reply; rplctl exits with it. */
enum show_code {
    SHOW_OK,
    SHOW_NOENT,   /* no such thing */
    SHOW_USAGE,   /* the request is wrong */
    SHOW_FAILED,  /* the daemon cannot answer now */
    SHOW_REFUSED, /* not allowed, or the engine said no */
};

/* The control socket's own counters. */
struct show_counters {
    uint64_t requests, refused, errors, clients_refused, clients_cut, events_lost,
        events_suppressed, packets_lost;
    unsigned clients;
};

struct show_context {
    const struct ctl_source *source;
    const struct history *history;
    const struct show_counters *counters;
    int socket; /* any of ours, to ask the kernel about interfaces; none can be made any more */
};

struct show;

enum show_flags {
    SHOW_ADMIN = 1,            /* changes something */
    SHOW_METRICS = 2,          /* may be asked for in the metrics form */
    SHOW_STREAM = 4,           /* no end: lines, not one document */
    SHOW_OPENMETRICS_TEXT = 8, /* its text form is OpenMetrics */
    SHOW_BINARY = 16,          /* octets of its own: no form to choose */
    SHOW_CAPTURE = 32,         /* a stream of packets, not of events */
    SHOW_RECORD = 64           /* a stream of what goes into the engine */
};

struct show_command {
    const char *name;
    const char *usage; /* its arguments, for people */
    const char *help;
    unsigned args_min, args_max;
    unsigned flags;
    /* Look at the arguments, do what is to be done. SHOW_OK, or a code and show->error. May
     * be NULL. */
    enum show_code (*start)(struct show *show);
    /* Render up to about |budget| items; true if there is more. */
    bool (*step)(struct show *show, unsigned budget);
};

/* An answer in the making. */
struct show {
    const struct show_command *command;
    const struct show_context *context;
    const struct ctl_request *request; /* borrowed */
    uid_t uid;                         /* who asks */
    pid_t pid;
    struct writer writer;
    rpl_tstamp now; /* of this step */
    /* where the view is; zeroed at the start */
    struct rpl_cursor cursor;
    unsigned stage, index;
    uint64_t number;
    bool ended;
    bool waiting; /* for something else than the client: there is nothing to render until wake() */
    void (*wake)(struct show *show);
    struct rpl_addr addr;
    struct writer_column columns[WRITER_COLUMNS_MAX]; /* see show_columns() */
    void *data;                                       /* the view's own */
    void (*data_free)(void *data);
    char error[200];
    char *error_body; /* more lines behind the error, or NULL; freed by show_free() */
};

/*
 * Find the command of |request| and start it: SHOW_OK, or the code of the error whose text is
 * in show->error. |admin| says whether the client may change things. The writer's output goes
 * to |buf|. show_free() is needed in any case.
 */
enum show_code show_start(struct show *show, const struct show_context *context,
                          const struct ctl_request *request, bool admin, struct writer_buf *buf);

/* Render a part of the answer; false when it is complete (or show->ended, for a stream). */
bool show_step(struct show *show, unsigned budget);

void show_free(struct show *show);

/* A line of the monitor stream for |trace|; |seq| is its number on this connection. */
void show_event(struct writer *w, const struct show_context *context,
                const struct rpl_effect_trace *trace, rpl_tstamp now, uint64_t seq);
/* The line that says that |lost| events were dropped. */
void show_event_gap(struct writer *w, uint64_t lost, uint64_t seq);

/* ---- shared by the views (show_util.c) ------------------------------------------------- */

#define SHOW_ADDR 46

/* All strings of these hold in any form of |buf|; they return |buf|. */
const char *show_addr(const struct rpl_addr *addr, char buf[static SHOW_ADDR]);
/* The address, or "address/len" if |len| is not 128. */
const char *show_prefix(const struct rpl_addr *addr, unsigned len, char buf[static SHOW_ADDR + 4]);
/* From the interface identifier: the universal/local bit flipped, 16 hexadecimal digits. */
const char *show_eui64(const struct rpl_addr *addr, char buf[static 17]);
/* "3 h 12 min", from microseconds. */
const char *show_duration(uint64_t us, char buf[static 32]);
/* ISO 8601, UTC, microseconds. */
const char *show_time(const struct timespec *t, char buf[static 40]);
/* The wall clock's time when the engine's clock, now |now|, showed |then|. */
struct timespec show_wall(rpl_tstamp then, rpl_tstamp now);
/* Name of an interface of the configuration, or its number. */
const char *show_interface(const struct ctl_source *source, uint32_t ifindex, char buf[static 32]);
const char *show_role(enum rpl_role role);
const char *show_mode(unsigned mop);
bool show_addr_parse(const char *text, struct rpl_addr *ret_addr);
bool show_addr_is_zero(const struct rpl_addr *addr);

/* Fields; an all-zero address is null. */
void show_field_addr(struct writer *w, const char *key, const struct rpl_addr *addr);
void show_field_eui64(struct writer *w, const char *key, const struct rpl_addr *addr);
/* Seconds with three digits; RPL_NEVER is null. */
void show_field_seconds(struct writer *w, const char *key, uint64_t us);
/* Whole seconds; RPL_NEVER is null. */
void show_field_whole_seconds(struct writer *w, const char *key, uint64_t us);
/* x128 as a decimal with two digits; 0 is null. */
void show_field_etx(struct writer *w, const char *key, unsigned etx);
/* INFINITE_RANK is null. */
void show_field_rank(struct writer *w, const char *key, unsigned rank);
void show_field_time(struct writer *w, const struct timespec *t);
void show_field_parents(struct writer *w, const struct rpl_view_node *node);

/* A column that is as wide as an address under one of our prefixes. */
#define SHOW_ADDR_WIDTH UINT32_MAX

/* Copy |columns| into the show, with the width of addresses filled in. */
const struct writer_column *show_columns(struct show *show, const struct writer_column *columns,
                                         unsigned count);

enum show_code show_fail(struct show *show, enum show_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the views -------------------------------------------------------------------------- */

bool show_status(struct show *show, unsigned budget);
bool show_dodag(struct show *show, unsigned budget);
bool show_interfaces(struct show *show, unsigned budget);
bool show_counters(struct show *show, unsigned budget);
enum show_code show_config_start(struct show *show);
bool show_config(struct show *show, unsigned budget);
bool show_nodes(struct show *show, unsigned budget);
enum show_code show_node_start(struct show *show);
bool show_node(struct show *show, unsigned budget);
/* What stands for a node: a name of the configuration, an IPv6 address, or an EUI-64 for the
 * link-local one made of it. */
bool show_node_parse(const struct show *show, const char *text, struct rpl_addr *ret_addr);
/* The target that |addr| means: itself, or a link-local one under the prefix of an instance. */
bool show_node_find(const struct show *show, const struct rpl_addr *addr,
                    struct rpl_view_node *out);
enum show_code show_ping_start(struct show *show);
bool show_ping(struct show *show, unsigned budget);
bool show_hosts(struct show *show, unsigned budget);
bool show_routes(struct show *show, unsigned budget);
bool show_neighbors(struct show *show, unsigned budget);
enum show_code show_tree_start(struct show *show);
bool show_tree(struct show *show, unsigned budget);
enum show_code show_graph_start(struct show *show);
bool show_graph(struct show *show, unsigned budget);
bool show_metrics(struct show *show, unsigned budget);
bool show_doctor(struct show *show, unsigned budget);
bool show_monitor(struct show *show, unsigned budget);
enum show_code show_capture_start(struct show *show);
bool show_capture(struct show *show, unsigned budget);
/* Tell a capture of |packet|, before which |lost| were left out. False: its filter keeps it out. */
bool show_packet(struct show *show, const struct ctl_packet *packet, uint64_t lost);
bool show_help(struct show *show, unsigned budget);
enum show_code ctl_admin_repair(struct show *show);
enum show_code ctl_admin_dtsn(struct show *show);
enum show_code ctl_admin_dis(struct show *show);
enum show_code ctl_admin_forget(struct show *show);
enum show_code ctl_admin_log(struct show *show);
enum show_code ctl_admin_reload(struct show *show);
enum show_code ctl_admin_record(struct show *show);
bool ctl_admin_recording(struct show *show, unsigned budget);
/* The client has enough; the recording is over. */
void ctl_admin_record_stop(struct show *show);
void ctl_admin_record_over(struct show *show);
bool ctl_admin_done(struct show *show, unsigned budget);

/* Number |index| of all counters: the engine's, the daemon's, the control socket's. */
bool show_counter(const struct show_context *context, unsigned index, const char **ret_name,
                  uint64_t *ret_value);

#endif /* RPLD_SHOW_H */
