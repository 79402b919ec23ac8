/* SPDX-License-Identifier: ISC */
/*
 * The bridge without its sockets: nodes that come and go, what they offer, what is published of
 * them and what is commanded.
 *
 * Told by the routing daemon which nodes there are, the core asks each for /.well-known/core
 * (RFC 6690), observes what can be observed (RFC 7641), polls what cannot, and puts values into
 * the outbox. A command becomes a PUT, its outcome a message. It uses a CoAP endpoint and an
 * outbox, which the caller drives: every effect of the endpoint but COAP_SEND goes to
 * brg_core_effect().
 */
#ifndef BRIDGE_CORE_H
#define BRIDGE_CORE_H

#include "bridge/brg.h"
#include "bridge/coap.h"
#include "bridge/outbox.h"
#include "bridge/payload.h"
#include "bridge/readings.h"
#include "bridge/topic.h"

#define BRG_QOS_UNSET -1
#define BRG_RETAIN_UNSET -1
#define BRG_OUTPUT_UNSET -1

enum brg_obs { BRG_OBS_EITHER, BRG_OBS_NO, BRG_OBS_YES };

/* A name of a node that people gave it. */
struct brg_name {
    const char *eui64;
    const char *name; /* becomes part of topics; brg_name_ok() */
};

enum brg_method { BRG_METHOD_PUT, BRG_METHOD_POST };

/* Who may read the last values from the bridge over CoAP. Pushing is for nodes alone. */
enum brg_serve { BRG_SERVE_OFF, BRG_SERVE_NODES, BRG_SERVE_ALL };

/* The first rule whose pattern fits a resource counts (brg_glob_resource()). */
struct brg_rule {
    const char *path;    /* NULL: any */
    const char *rt;      /* a resource type that it has; NULL: any */
    const char *ifs;     /* an interface that it has; NULL: any */
    int obs;             /* enum brg_obs */
    int qos;             /* 0..2, or BRG_QOS_UNSET */
    int retain;          /* 0, 1, or BRG_RETAIN_UNSET */
    int output;          /* enum brg_output, or BRG_OUTPUT_UNSET */
    int poll_interval_s; /* 0: as for all */
    int method;          /* enum brg_method: how it is written */
    bool ignore;         /* neither asked nor published */
};

struct brg_core_config {
    uint64_t seed;
    brg_tstamp since; /* when the process began */
    const char *base;
    int qos;
    enum brg_output output;
    const struct brg_rule *rules;
    size_t n_rules;
    const char *const *commands; /* patterns of resources that may be written */
    size_t n_commands;
    const char *const *requests; /* patterns of what may be requested of the bridge */
    size_t n_requests;
    const char *const *sleepy; /* patterns of nodes that listen only after they spoke */
    size_t n_sleepy;
    uint32_t command_ttl_s; /* for how long a command may wait that does not say it */
    uint32_t sleepy_ttl_s;  /* the same, for a node that sleeps */
    uint32_t max_commands;  /* that wait for one node */
    uint32_t command_rate;  /* that one node is sent in a second, twice as many at once; 0: any */
    uint32_t max_command_octets; /* of one, at most BRG_COMMAND_MAX */
    uint32_t settle_s;           /* from a node's appearance to the first question */
    uint32_t poll_interval_s;
    uint16_t node_port;   /* where nodes listen: 5683 */
    uint16_t secure_port; /* and those that are spoken to through DTLS */
    /* Is this node spoken to through DTLS, and never without? NULL: none is. */
    bool (*is_secure)(void *ctx, const char *eui64);
    void *secure_ctx;
    enum brg_serve serve;
    uint32_t max_nodes;
    uint32_t max_resources; /* of one node */
    const struct brg_name *names;
    size_t n_names;
    const char *about;       /* JSON for BASE/bridge/info; NULL: none */
    const char *hass_prefix; /* of Home Assistant's discovery; NULL: none */
    const char *version;     /* of the program; NULL: not said */
    bool events;             /* tell on BASE/bridge/event what happens */
    bool user_properties;    /* MQTT 5: values say which node and number they are of */
    bool message_expiry;     /* values are of use as long as their Max-Age says */
    bool summary;            /* BASE/NODE has the last values of all its resources */
    bool senml_array;        /* BASE/NODE/RES has a SenML pack as a whole, resolved */
    bool memory_will_do;     /* with a store that fails values are acknowledged all the same */
};

enum brg_trace_kind {
    BRG_TRACE_ONLINE,
    BRG_TRACE_OFFLINE,
    BRG_TRACE_DISCOVERED,  /* number: resources */
    BRG_TRACE_SILENT,      /* no answer to discovery; number: seconds to the next try */
    BRG_TRACE_UNUSABLE,    /* an answer to discovery that cannot be used */
    BRG_TRACE_OBSERVING,   /* detail: path */
    BRG_TRACE_POLLING,     /* detail: path */
    BRG_TRACE_RESOURCE,    /* a resource gave an error; detail: path, number: code or 0 */
    BRG_TRACE_BAD_PAYLOAD, /* detail: the reason */
    BRG_TRACE_COMMAND,     /* detail: status */
    BRG_TRACE_FORGOTTEN,   /* the node */
    BRG_TRACE_RENAMED,     /* detail: what stands for it in topics now */
    BRG_TRACE_DIRECTORY,   /* the directory was asked; detail: "" or why not, number: nodes */
    BRG_TRACE_FULL,        /* a node or resource found no room */
    BRG_TRACE_NOT_KEPT,    /* the store fails; detail: how */
    BRG_TRACE_KEPT,        /* and works again */
};

struct brg_trace {
    enum brg_trace_kind kind;
    const char *node; /* EUI-64 */
    const char *detail;
    unsigned number;
};

struct brg_core_stats {
    uint64_t nodes;
    uint64_t online;
    uint64_t resources;
    uint64_t observed;
    uint64_t values;       /* readings put into the outbox */
    uint64_t bad_payloads; /* representations that were not understood */
    uint64_t pushes;       /* values that nodes sent unasked */
    uint64_t reads;        /* values that were asked for over CoAP */
    uint64_t commands;
    uint64_t commands_retained; /* of them ignored, because they were retained */
    uint64_t commands_waiting;  /* now */
    uint64_t full;
};

/* Where time is needed twice: for timers, and to tell people. */
struct brg_now {
    brg_tstamp mono;
    double wall_s; /* since 1970 */
};

typedef void brg_trace_fn(void *ctx, const struct brg_trace *trace);

struct brg_core;

/* |config| and what it points to, |ep|, |outbox| and |alloc| must outlive the core. NULL without
 * memory. |trace| may be NULL. */
struct brg_core *brg_core_new(const struct brg_core_config *config, struct coap_endpoint *ep,
                              struct brg_outbox *outbox, const struct brg_alloc *alloc,
                              brg_trace_fn *trace, void *trace_ctx);
void brg_core_free(struct brg_core *core);

/*
 * With a store, which must be the outbox's too, a confirmable value is acknowledged when a
 * transaction has written it: some 40 ms after the first one of it came. Before anything else;
 * |store| must outlive the core.
 */
void brg_core_attach(struct brg_core *core, const struct brg_store *store);

/* From now on readings are noted there, too; |readings| must outlive the core. */
void brg_core_note_in(struct brg_core *core, struct brg_readings *readings);

/* Goes on with an observation that the store has: the node is known from then on, and online when
 * the routing daemon says so. -BRG_ERR_x: it is of no use. */
int brg_core_restore(struct brg_core *core, const struct brg_observation *observation,
                     const struct brg_now *now);

/* What a resource's values were like in an earlier run; after all observations. -BRG_ERR_x: it is
 * of no use. */
int brg_core_remember(struct brg_core *core, const struct brg_remembered *remembered,
                      const struct brg_now *now);

/* What was said of a node in an earlier run; before any node. -BRG_ERR_x: it is of no use. */
int brg_core_customize(struct brg_core *core, const struct brg_custom *custom);

/* Writes what is to be written, now. 0 or what the store said. */
int brg_core_commit(struct brg_core *core, const struct brg_now *now);

/* The same before the process ends, with the newest value of every state: a later process is not to
 * publish older ones again. */
int brg_core_commit_all(struct brg_core *core, const struct brg_now *now);

/* Did the last transaction go wrong? */
bool brg_core_store_fails(const struct brg_core *core);

/* Sets the time of the next transaction; at the end of a turn of the loop, before the deadline is
 * asked for. */
void brg_core_tend(struct brg_core *core, const struct brg_now *now);

/* The routing daemon's events. |eui64| as brg_eui64_parse() gives it. A node may be in several
 * instances; it is online while it is in one. */
void brg_core_node_up(struct brg_core *core, const char *eui64, int instance, const uint8_t ip[16],
                      const struct brg_now *now);
void brg_core_node_down(struct brg_core *core, const char *eui64, int instance,
                        const struct brg_now *now);

/* The routing daemon's view of its link with a node. */
struct brg_link_state {
    int32_t rank; /* that the node announces, up to 65534; -1: not known */
    int32_t etx;  /* transmissions a packet takes, in hundredths, up to 65534; -1: not known */
};

/* |link| is with that node, a neighbour of the routing daemon's. */
void brg_core_node_link(struct brg_core *core, const char *eui64, int instance,
                        const struct brg_link_state *link, const struct brg_now *now);

/* That node is |hops| away, 1 to 255; -1: nobody knows. */
void brg_core_node_hops(struct brg_core *core, const char *eui64, int instance, int hops,
                        const struct brg_now *now);

/* Now and then: what has changed of nodes without anybody having told. */
void brg_core_survey(struct brg_core *core, const struct brg_now *now);

/* Whom that node sends its packets up to. */
void brg_core_node_parent(struct brg_core *core, const char *eui64, int instance,
                          const uint8_t parent[16], const struct brg_now *now);

/* A snapshot starts: all nodes are to be named again. At its end those that were not are down. */
void brg_core_snapshot_begin(struct brg_core *core);
void brg_core_snapshot_end(struct brg_core *core, const struct brg_now *now);

/* The node at this address said something: what waits for its silence to end is done now. */
void brg_core_heard(struct brg_core *core, const struct coap_addr *from, const struct brg_now *now);

/* An effect of the endpoint, COAP_SEND excepted. Confirms what is to be confirmed. */
void brg_core_effect(struct brg_core *core, const struct coap_effect *effect,
                     const struct brg_now *now);

/*
 * The broker keeps this node as online (BASE/NODE/availability, from an earlier run). If the
 * routing daemon does not know it once its snapshot is complete, the broker is told.
 */
void brg_core_remembered(struct brg_core *core, const char *topic, const struct brg_now *now);

/*
 * A message on BASE/NODE/RES/set, /get or /observe. It is carried out now, or when the node is
 * known or awake; what becomes of it is published on the topic with /result behind it, and the
 * outcome on the response topic too.
 */
struct brg_demand {
    const char *topic;
    const char *payload;
    size_t len;
    bool retained;
    uint32_t expiry_s;          /* MQTT 5: of no use after so many seconds; 0: not said */
    const char *response_topic; /* MQTT 5; NULL: none */
    const uint8_t *correlation; /* to be given back with the response */
    size_t correlation_len;
};

void brg_core_command(struct brg_core *core, const struct brg_demand *demand,
                      const struct brg_now *now);

/* A message on BASE/bridge/request/X; the response is on BASE/bridge/response/X. */
void brg_core_request(struct brg_core *core, const struct brg_demand *demand,
                      const struct brg_now *now);

/* Was it asked to start anew? */
bool brg_core_wants_restart(const struct brg_core *core);

/*
 * The tables, made when there is room to send them: BASE/NODE/info, BASE/bridge/info and devices.
 * brg_core_make() is the maker of the outbox, |ctx| the core.
 */
bool brg_core_make(void *ctx, struct brg_message *ret_message);

/* A broker is there that may know nothing of them. */
void brg_core_tell_all(struct brg_core *core);

/* --- nodes from elsewhere (sources.c) ------------------------------------------------------- */

struct brg_source {
    char eui64[BRG_EUI64_TEXT];
    uint8_t ip[16];
};

/* Nodes of the configuration; they stay. */
void brg_core_list(struct brg_core *core, const struct brg_source *list, size_t n,
                   const struct brg_now *now);

/* Asks a resource directory (RFC 9176) for its endpoints: those it names are online, those it
 * names no longer are not, as far as nobody else knows them. Errors as of coap_request(). */
int brg_core_directory(struct brg_core *core, const struct coap_addr *directory, const char *uri,
                       const struct brg_now *now);

/* Asks all CoAP nodes of these groups to show themselves. Who has not answered three rounds is
 * gone, as far as nobody else knows it. */
void brg_core_scan(struct brg_core *core, const struct coap_addr *groups, size_t n,
                   const struct brg_now *now);

/* Reads an IPv6 address, without a zone. */
bool brg_ip6_parse(const char *text, size_t len, uint8_t ret_ip[16]);

/* The EUI-64 of the node that is talked to at this address, or NULL. */
const char *brg_core_node_at(struct brg_core *core, const uint8_t ip[16]);

/* Home Assistant has (re)started: it is told of all nodes, some seconds later. */
void brg_core_hass_birth(struct brg_core *core, const struct brg_now *now);

void brg_core_timeout(struct brg_core *core, const struct brg_now *now);
brg_tstamp brg_core_deadline(const struct brg_core *core);

const struct brg_core_stats *brg_core_stats(const struct brg_core *core);

#endif
