/* SPDX-License-Identifier: ISC */
/* What the files of the core share; nobody else includes it. */
#ifndef BRIDGE_CORE_INTERNAL_H
#define BRIDGE_CORE_INTERNAL_H

#include "bridge/core.h"
#include "bridge/link_format.h"
#include "bridge/props.h"
#include "bridge/topic.h"

#define PATHS_MAX 4                   /* instances a node can be in */
#define SETTLE_MAX 512                /* acknowledgements that wait for a transaction */
#define ERROR_INTERVAL (10 * BRG_SEC) /* between two messages on a resource's error topic */

#define FORGOTTEN_MAX 64

enum ask_kind { ASK_DISCOVERY, ASK_VALUE, ASK_COMMAND };

/* A request of ours that is under way; found again by the endpoint's id. */
struct ask {
    RB_ENTRY(ask) entry;
    uint32_t id; /* 0: none */
    enum ask_kind kind;
    struct node *node;
    struct resource *resource; /* NULL in ASK_DISCOVERY */
    brg_tstamp since;
};

enum alarm_kind {
    ALARM_DISCOVERY,
    ALARM_VALUE,
    ALARM_COMMAND,
    ALARM_TELL,
    ALARM_BIRTH,
    ALARM_CHECKIN,
    ALARM_PACE
};

/* A timer with what it is for, and why it waits. */
struct alarm {
    struct brg_timer timer; /* first */
    enum alarm_kind kind;
    bool silence; /* set because of no answer: a word from the node ends the wait */
    struct node *node;
    struct resource *resource; /* of ALARM_VALUE */
};

#define SERIES_MAX 32 /* of a resource; what a SenML pack has beyond is published only */
#define SERIES_VALUE_MAX 48
#define SERIES_NAME_MAX 128

/* What one topic's values are like, and the last of them. */
struct series {
    TAILQ_ENTRY(series) entry;
    enum brg_value_kind kind;
    double t;
    char unit[16];
    char value[SERIES_VALUE_MAX]; /* the beginning of it */
    bool known;                   /* there was a value of it, in this process or before */
    char name[];                  /* "": the resource's own */
};

TAILQ_HEAD(series_list, series);

struct resource {
    TAILQ_ENTRY(resource) entry;
    struct node *node;
    char *path;                  /* as the node wrote it, without the leading slash */
    char *topic;                 /* escaped; what stands behind BASE/NODE/; |path| if that is it */
    const struct brg_rule *rule; /* NULL: none fits */
    char *rt;                    /* as in the link; NULL: none */
    char *ifs;
    struct series_list series;
    uint32_t n_series;
    bool obs;
    bool event;
    bool writable;
    bool pushed;     /* the node sends it unasked, and does not list it */
    bool quiet;      /* was told to be: neither observed nor polled */
    bool remembered; /* of an earlier run, as it is not observed: the node has not listed it yet */
    bool series_unsaved; /* what its values are like is to be written */
    bool doubtful; /* of an earlier run, whose last value is not known here: it is asked for */
    bool listed;   /* seen in the discovery that is being read */
    int format;    /* to write with: the first ct, or COAP_FORMAT_NONE */
    int seen;      /* the format of its last value, likewise */
    char *shape;   /* if it is written in SenML: of its last value; NULL: none */
    struct ask value;
    struct alarm alarm;
    bool observing;
    uint32_t failures;
    uint32_t misses; /* registrations that were not answered */
    brg_tstamp next_error;
    struct coap_registration registration; /* while observing */
    struct coap_registration saved;        /* what the store has of it, if is_saved */
    bool is_saved;
    bool is_unsaved; /* in the list of those that the next transaction writes */
    TAILQ_ENTRY(resource) unsaved;
};

TAILQ_HEAD(resource_list, resource);
TAILQ_HEAD(command_list, command);

struct path {
    bool used;
    bool listed; /* named in the snapshot that is being read */
    uint8_t missed;
    int instance;
    uint8_t ip[16];
    uint16_t rank, etx; /* of struct brg_link_state, and one more; 0: not known */
    uint8_t hops;       /* 0: not known */
};

/* What people said of a node; it stays when the node goes. */
struct custom {
    TAILQ_ENTRY(custom) entry;
    char eui64[BRG_EUI64_TEXT];
    char name[BRG_NAME_MAX]; /* "": as configured */
    struct brg_options options;
    bool unsaved;
};

/* What there is to tell of a node, and of all. */
enum tell { TELL_INFO = 1, TELL_HASS = 2, TELL_ABOUT = 4, TELL_DEVICES = 8, TELL_SUMMARY = 16 };

/* How often a node is commanded. */
struct pace {
    struct brg_bucket sent;
    struct alarm alarm; /* when the next one may leave */
};

struct node {
    RB_ENTRY(node) by_eui64;
    RB_ENTRY(node) by_ip;
    char eui64[BRG_EUI64_TEXT];
    const char *name;        /* in topics; NULL: the EUI-64; of |custom| or the configuration */
    struct custom *custom;   /* NULL: none */
    double heard_s;          /* since 1970; 0: never */
    unsigned tell;           /* of enum tell */
    TAILQ_HEAD(, gone) gone; /* components that Home Assistant is to forget */
    uint32_t n_gone;
    struct coap_counts told; /* as its info said last */
    bool has_summary;        /* the broker was told one */
    bool is_telling;
    TAILQ_ENTRY(node) telling;
    brg_tstamp tell_at; /* not before */
    bool has_parent;    /* in one instance, which is all that there usually is */
    int parent_instance;
    uint8_t parent[16];
    uint8_t ip[16];      /* where it is talked to */
    struct path path;    /* see brg_path_at() */
    struct path *others; /* PATHS_MAX - 1 of them; NULL: it never had a second one */
    bool online;
    bool secure;    /* spoken to through DTLS only */
    bool restored;  /* known from an earlier run, and not yet asked in this one */
    bool announced; /* the outbox has its availability, or nobody was ever told that it is online */
    struct ask discovery;
    struct alarm alarm;
    uint32_t failures;
    brg_tstamp poked; /* when a word of its last ended a wait */
    struct resource_list resources;
    uint32_t n_resources;
    bool sleepy;         /* as configured */
    bool discovered;     /* by this process: the resources are all there are */
    bool overdue;        /* it sleeps, and should have spoken long ago */
    uint8_t n_pauses;    /* between words of one that sleeps, as far as that matters, */
    uint32_t pause_s;    /* and the longest of late */
    brg_tstamp heard_at; /* its last word; 0: none */
    brg_tstamp awake_until;
    struct command_list commands; /* in the order in which they came */
    uint32_t n_commands;
    struct command *under_way; /* NULL: none */
    struct pace *pace;         /* NULL: was never sent one */
};

/* A message that is acknowledged when the messages it became are kept. */
struct settle {
    struct coap_addr peer;
    uint16_t mid;
    uint32_t id;         /* of the request it belongs to */
    uint64_t first, end; /* ids in the outbox */
    bool pushed;         /* a request of the node's, which is answered, as |origin| says */
    struct coap_origin origin;
};

RB_HEAD(node_tree, node);
RB_HEAD(node_ip_tree, node);
RB_HEAD(ask_tree, ask);

struct brg_core {
    struct brg_core_config config;
    struct coap_endpoint *ep;
    struct brg_outbox *outbox;
    const struct brg_alloc *alloc;
    brg_trace_fn *trace;
    void *trace_ctx;
    uint64_t random;
    struct node_tree nodes;
    struct node_ip_tree ips;
    struct ask_tree asks;
    struct brg_timers timers;
    uint32_t directory;            /* the request to it; 0: none */
    bool complete;                 /* a snapshot was */
    const struct brg_store *store; /* NULL: none */
    bool store_fails;
    struct brg_readings *readings; /* NULL: none */
    brg_tstamp commit_at;
    brg_tstamp states_at;
    struct resource_list unsaved;
    TAILQ_HEAD(, custom) customs;
    uint32_t n_customs;
    bool customs_unsaved;
    size_t n_forgotten; /* nodes that the next transaction takes out of the store */
    char forgotten[FORGOTTEN_MAX][BRG_EUI64_TEXT];
    bool wants_restart;
    struct command_list strays; /* commands for nodes that may still be named */
    struct once *once;          /* ONCE_MAX of them, when there was a command with a key */
    size_t once_next;
    size_t command_bytes; /* of all that wait */
    bool closing;
    struct brg_bucket looks; /* at values, for lists of them */
    struct brg_now now;      /* of the last call */
    unsigned tell;           /* of enum tell */
    struct alarm tell_alarm; /* of the tables of all */
    struct alarm node_alarm; /* of the first of |telling| */
    struct alarm birth_alarm;
    struct alarm checkin_alarm; /* the first node that sleeps too long */
    TAILQ_HEAD(, node) telling;
    char table_topic[BRG_TOPIC_MAX];
    char *table; /* the one that is being taken; NULL: none */
    size_t n_settle;
    struct settle settle[SETTLE_MAX];
    struct brg_core_stats stats;
    struct brg_props props; /* of the value that is being published */
    struct brg_decoder decoder;
    struct brg_text out;
    char out_room[BRG_OUTPUT_MAX];
};

/* --- core.c --------------------------------------------------------------------------------- */

void brg_trace(struct brg_core *core, enum brg_trace_kind kind, const struct node *node,
               const char *detail, unsigned number);

struct coap_addr brg_node_addr(const struct brg_core *core, const struct node *node);

/* Sends a request for |ask|; on 0 it is under way. |ask| must not be. */
int brg_ask(struct brg_core *core, struct ask *ask, struct coap_request *request,
            const struct brg_now *now);

/* The request that the endpoint knows by |id|, or NULL. */
struct ask *brg_ask_find(struct brg_core *core, uint32_t id);

/* Forgets a request; harmless when there is none. */
void brg_ask_cancel(struct brg_core *core, struct ask *ask, const struct brg_now *now);

void brg_alarm_set(struct brg_core *core, struct alarm *alarm, brg_tstamp at, bool silence);

/* |wait| and up to a fifth more. */
brg_tstamp brg_jitter(struct brg_core *core, brg_tstamp wait);

struct node *brg_node_find(struct brg_core *core, const char *eui64);

/* The node that is talked to at this address, or NULL. */
struct node *brg_node_at(struct brg_core *core, const uint8_t ip[16]);

/* The octets of the node's label at the head of |text|, which goes on with a slash; 0: there is no
 * node of that name, nor an EUI-64. */
size_t brg_node_labelled(struct brg_core *core, const char *text, char ret_eui64[BRG_EUI64_TEXT]);

/* A node that was there before the process began, at this address; NULL without room. */
struct node *brg_node_restore(struct brg_core *core, const char *eui64, const uint8_t ip[16],
                              const struct brg_now *now);

/* All of them, by EUI-64: the first that is not before |eui64| (NULL: of all), and the next. */
struct node *brg_node_from(struct brg_core *core, const char *eui64);
struct node *brg_node_next(struct node *node);

/* This path to the node is gone. */
/* The |i|th of PATHS_MAX. NULL: there is none. */
static inline struct path *brg_path_at(struct node *node, size_t i)
{
    struct path *path = i == 0 ? &node->path : node->others == NULL ? NULL : &node->others[i - 1];

    return path == NULL || !path->used ? NULL : path;
}

void brg_path_drop(struct brg_core *core, struct node *node, struct path *path,
                   const struct brg_now *now);

/* --- sources.c ------------------------------------------------------------------------------ */

void brg_directory_answer(struct brg_core *core, const struct coap_effect *effect,
                          const struct brg_now *now);
void brg_scan_answer(struct brg_core *core, const struct coap_addr *peer,
                     const struct brg_now *now);

/* --- node.c --------------------------------------------------------------------------------- */

/* Ask this node for its resources, |wait| from now. */
void brg_node_discover_in(struct brg_core *core, struct node *node, brg_tstamp wait,
                          const struct brg_now *now);

/* Stops all that is under way and forgets the resources. */
void brg_node_clear(struct brg_core *core, struct node *node, const struct brg_now *now);

/* Stops what is under way, keeps the resources and their observations. */
void brg_node_pause(struct brg_core *core, struct node *node, const struct brg_now *now);

void brg_alarm_due(struct brg_core *core, struct alarm *alarm, const struct brg_now *now);
void brg_node_discovered(struct brg_core *core, struct node *node, const struct coap_effect *effect,
                         const struct brg_now *now);

/* False: the value found no room and must not be confirmed. */
bool brg_resource_answer(struct brg_core *core, struct resource *res,
                         const struct coap_effect *effect, const struct brg_now *now);

/* Ask for this resource's value now, unless that is under way. */
void brg_resource_start(struct brg_core *core, struct resource *res, const struct brg_now *now);

/* Stop asking for its value and observing it, or begin again. */
void brg_resource_quiet(struct brg_core *core, struct resource *res, bool quiet,
                        const struct brg_now *now);

/* Keeps what commands for it have to look like; of a value that was understood. */
void brg_resource_seen(struct brg_core *core, struct resource *res,
                       const struct coap_effect *effect);

/* Makes a resource that was known before the process began; NULL without room. */
struct resource *brg_resource_restore(struct brg_core *core, struct node *node,
                                      const struct brg_observation *observation);

/* The rule that counts for it, as it is now. */
void brg_resource_rule(struct brg_core *core, struct resource *res);

/* The resource that a node pushes a value of; NULL without room. */
struct resource *brg_resource_push(struct brg_core *core, struct node *node, const char *path);

/* --- remember.c ----------------------------------------------------------------------------- */

/* What its values are like is written with the next transaction. */
void brg_remember_changed(struct brg_core *core, struct resource *res);
int brg_remember_write(struct brg_core *core, const struct resource *res);

/* This node is nobody's business any more. */
void brg_remember_forget(struct brg_core *core, const char *eui64);
int brg_remember_write_forgotten(struct brg_core *core);

/* --- keep.c --------------------------------------------------------------------------------- */

/* It has something for the next transaction. */
void brg_keep_unsaved(struct brg_core *core, struct resource *res);

/* Something else than its registration has changed that is kept with it. */
void brg_keep_changed(struct brg_core *core, struct resource *res);

/* The notification of |effect| is in the outbox: from now on it is the observation's last. */
void brg_keep_observation(struct brg_core *core, struct resource *res,
                          const struct coap_effect *effect);

/* It is observed no longer. */
void brg_keep_no_observation(struct brg_core *core, struct resource *res);

/* The resource is going to be freed. */
void brg_keep_forget(struct brg_core *core, struct resource *res);

/* Acknowledges the message of |effect| when what the outbox took since |first| is kept. */
void brg_keep_then_confirm(struct brg_core *core, const struct coap_effect *effect, uint64_t first,
                           const struct brg_now *now);

/* The same for a request of a node's, which then gets its 2.04. */
void brg_keep_then_answer(struct brg_core *core, const struct coap_origin *origin, uint64_t first,
                          const struct brg_now *now);

/* --- serve.c -------------------------------------------------------------------------------- */

void brg_serve_start(struct brg_core *core);

/* Somebody asks us. */
void brg_serve_request(struct brg_core *core, const struct coap_effect *effect,
                       const struct brg_now *now);

/* Is it a value of a resource, and not something that the bridge says of a node? What stands behind
 * BASE/ is |topic|. */
bool brg_is_value(struct brg_core *core, const char *topic);

/* What was pushed is kept, or not. */
void brg_serve_kept(struct brg_core *core, const struct coap_origin *origin, bool kept,
                    const struct brg_now *now);

/* A message went into the outbox: those who observe its topic are told. */
void brg_serve_news(struct brg_core *core, const struct brg_message *message,
                    const struct brg_now *now);

/* --- publish.c ------------------------------------------------------------------------------ */

/* Puts what a representation says into the outbox; 0 when all of it is there. */
int brg_publish_value(struct brg_core *core, struct resource *res, const struct coap_effect *effect,
                      const struct brg_now *now);
/* checkin.c: a node that sleeps said something, or none did for long. */
void brg_checkin_heard(struct brg_core *core, struct node *node, const struct brg_now *now);
void brg_checkin_due(struct brg_core *core, const struct brg_now *now);

/* It has a route, and if it sleeps it has not been silent for too long. */
bool brg_node_available(const struct node *node);

int brg_publish_availability(struct brg_core *core, const struct node *node);

/* BASE/NODE/RES, or with |suffix| that behind it. -BRG_ERR_SIZE. */
int brg_resource_topic(const struct brg_core *core, const struct resource *res, const char *suffix,
                       char topic[BRG_TOPIC_MAX]);

/* What stands for the node in topics. */
const char *brg_node_label(const struct node *node);

/* Ends and frees it. */
void brg_node_remove(struct brg_core *core, struct node *node, const struct brg_now *now);

/* --- custom.c ------------------------------------------------------------------------------- */

/* The node is new: what was said of it counts. */
void brg_custom_apply(struct brg_core *core, struct node *node);

/* The node is removed for good, and what was said of it with it. */
void brg_custom_forget(struct brg_core *core, struct node *node);

/* The octets of a node's name at the head of |text|, which goes on with a slash, and whose it is;
 * 0: of none. */
size_t brg_name_at(const struct brg_core *core, const char *text, char ret_eui64[BRG_EUI64_TEXT]);

/* The retained topics that the outbox has of the node, one behind the other, |*ret_len| octets; the
 * caller frees them. NULL: none, or no memory. */
char *brg_node_topics(struct brg_core *core, const struct node *node, size_t *ret_len);

/* From now on it is called |name|, or with "" as configured; what the broker keeps of it moves to
 * the new topics. NULL, or why not. */
const char *brg_node_rename(struct brg_core *core, struct node *node, const char *name);

/* From now on these options count. NULL, or why not. */
const char *brg_node_options(struct brg_core *core, struct node *node,
                             const struct brg_options *options, const struct brg_now *now);

/* What was said of the node. */
struct brg_options brg_options_of(const struct node *node);

/* Writes what is unsaved, in a transaction. 0, or what the store said. */
int brg_customs_write(struct brg_core *core);
void brg_customs_written(struct brg_core *core);
void brg_customs_free(struct brg_core *core);

/* What counts for the resource: its rule, the options of its node, or the configuration. */
int brg_resource_qos(const struct brg_core *core, const struct resource *res);
bool brg_resource_retain(const struct resource *res);
enum brg_output brg_resource_output(const struct brg_core *core, const struct resource *res);
uint32_t brg_resource_poll_s(const struct brg_core *core, const struct resource *res);

/* --- request.c ------------------------------------------------------------------------------ */

/* The broker is to forget the node, which is going to be freed for good. */
void brg_node_forget(struct brg_core *core, struct node *node);

/* Empties a retained topic of |n| parts. */
void brg_untell(struct brg_core *core, const char *const parts[], size_t n);

/* Ask for all its values again, or for those of one topic; 0: there are none. */
unsigned brg_node_refresh(struct brg_core *core, struct node *node, const char *topic,
                          const struct brg_now *now);

/* --- tell.c --------------------------------------------------------------------------------- */

/* Soon, with what else changes until then. |node| NULL: of all. */
void brg_tell(struct brg_core *core, struct node *node, unsigned what);

/* A word for how a resource is doing. */
const char *brg_resource_state(const struct resource *res);

/* The node is going to be freed. */
void brg_tell_forget(struct brg_core *core, struct node *node);

/* --- summary.c ------------------------------------------------------------------------------ */

/* Writes the node's summary into core->out, or nothing if the one that was told is to go. False:
 * there is none. */
bool brg_summary_write(struct brg_core *core, struct node *node, char topic[BRG_TOPIC_MAX]);

/* --- hass.c --------------------------------------------------------------------------------- */

/* Writes the node's discovery into core->out. False: there is none to tell. */
bool brg_hass_write(struct brg_core *core, struct node *node, char topic[BRG_TOPIC_MAX]);

/* The node offers it no more. */
void brg_hass_gone(struct brg_core *core, const struct resource *res);

/* It is going to become something else. */
void brg_hass_changed(struct brg_core *core, const struct resource *res,
                      const struct series *series);

/* The node is going to be freed, and if it is forgotten for good, Home Assistant is told before. */
void brg_hass_free(struct brg_core *core, struct node *node);
void brg_hass_forget(struct brg_core *core, const struct node *node);
void brg_hass_birth_due(struct brg_core *core);

/* --- event.c -------------------------------------------------------------------------------- */

/* Tells people what happened, if that is wanted. */
void brg_event(struct brg_core *core, const struct brg_trace *trace);

/* --- series.c ------------------------------------------------------------------------------- */

/* A reading of this resource was put into the outbox; NULL: octets as they are. */
void brg_series_note(struct brg_core *core, struct resource *res, const struct brg_reading *reading,
                     const struct brg_now *now);
/* It was like that before. -BRG_ERR_x: there is no room. */
int brg_series_restore(struct brg_core *core, struct resource *res,
                       const struct brg_remembered *remembered);
void brg_series_free(struct brg_core *core, struct resource *res);

/* --- command.c ------------------------------------------------------------------------------ */

enum verb { VERB_SET, VERB_GET, VERB_OBSERVE };

/* The format that commands for it are written in. */
int brg_resource_format(const struct resource *res);

/* Who wants something, and where he listens. The strings of a command are its own. */
struct order {
    enum verb verb;
    const char *topic; /* BASE/NODE/RES/set */
    char eui64[BRG_EUI64_TEXT];
    const char *name; /* of the resource: in the topic */
    size_t name_len;
    uint64_t once; /* what its key makes of it; 0: it has none */
    bool if_match; /* see struct coap_request */
    bool if_none_match;
    uint8_t etag_len;
    uint8_t etag[8];
    const char *transaction; /* JSON; NULL: none */
    const char *response;    /* NULL: none */
    const uint8_t *correlation;
    size_t correlation_len;
};

struct command {
    TAILQ_ENTRY(command) entry; /* of its node, or among the strays */
    struct order order;
    struct node *node;         /* NULL: a stray */
    struct resource *resource; /* NULL: not known yet */
    struct ask ask;
    struct alarm alarm; /* its time is over */
    bool asleep;        /* was sent, and the node did not answer: waits for a word from it */
    bool sent;
    brg_tstamp sent_at;
    const char *payload;
    size_t len;
    size_t bytes; /* that it takes */
    char room[];
};

struct result {
    const char *status;
    const char *reason; /* NULL: none */
    uint8_t code;       /* 0: none */
    const uint8_t *etag;
    size_t etag_len; /* 0: none */
    bool timed;
    bool last; /* no other comes: for the response topic too */
    brg_tstamp took;
    const struct coap_effect *value; /* to be told with it; NULL: none */
};

/* May responses go there? Not to where they would be taken for something of ours. */
bool brg_response_is_fine(const struct brg_core *core, const char *topic);

/* The answer to the request of |command|. */
void brg_command_done(struct brg_core *core, struct command *command,
                      const struct coap_effect *effect, const struct brg_now *now);

/* Its time is over. */
void brg_command_due(struct brg_core *core, struct command *command, const struct brg_now *now);

/* The node is awake, or online again: what waits goes out. */
void brg_commands_run(struct brg_core *core, struct node *node, bool awake,
                      const struct brg_now *now);

/* This node is known, or its resources are: commands find theirs. */
void brg_commands_resolve(struct brg_core *core, struct node *node, const struct brg_now *now);

/* A snapshot is complete: who is not known now is not there. */
void brg_commands_no_strays(struct brg_core *core, const struct brg_now *now);

/* The resource, or if it is NULL each of the node, is going to be freed. |gone|: for good. */
void brg_commands_unbind(struct brg_core *core, struct node *node, const struct resource *res,
                         bool gone, const struct brg_now *now);

/* The node, or with NULL every stray, is going to be forgotten. */
void brg_commands_drop(struct brg_core *core, struct node *node, const struct brg_now *now);

/* The node's pause between two commands is over. */
void brg_commands_paced(struct brg_core *core, struct node *node, const struct brg_now *now);

/* --- command_once.c ------------------------------------------------------------------------- */

/* What a command for |topic| with this key is known by; never 0. */
uint64_t brg_once_of(struct brg_core *core, const char *topic, const char *key);

/* NULL: it is a new one, and known from now on. Else what became of it: a word. */
const char *brg_once_taken(struct brg_core *core, uint64_t once, const struct brg_now *now);

/* It has ended like this, a word; NULL: without having been carried out, so that it may come
 * again. */
void brg_once_done(struct brg_core *core, uint64_t once, const char *status);

/* --- command_result.c ----------------------------------------------------------------------- */

/* Tells it on the order's topic and, if it is the last, on its response topic. */
void brg_order_result(struct brg_core *core, const struct node *node, const struct order *order,
                      const struct result *result, const struct brg_now *now);

#endif
