/* SPDX-License-Identifier: ISC */
/* What the files of the exchange layer share; nobody else includes it. */
#ifndef BRIDGE_COAP_INTERNAL_H
#define BRIDGE_COAP_INTERNAL_H

#include "bridge/coap.h"
#include "bridge/coap_rtt.h"

#define TOKEN_LEN COAP_TOKEN
#define DEDUP_SLOTS 16
/* RFC 7252 section 4.8.2 with the default parameters. */
#define EXCHANGE_LIFETIME (247 * BRG_SEC)
#define NON_LIFETIME (145 * BRG_SEC)
#define DEFAULT_MAX_AGE_S 60
/* RFC 7641 section 3.4: after so many seconds everything is newer. */
#define SEQ_AGE_S 128

/* What we did with a message of a peer, so that its copy gets the same (RFC 7252 4.2, 4.5). */
enum dedup_state {
    DEDUP_FREE,
    DEDUP_NON,     /* nothing to answer */
    DEDUP_PENDING, /* delivered, waiting for coap_confirm() */
    DEDUP_ACKED,
    DEDUP_REJECTED,
};

struct dedup {
    uint32_t expires_s; /* 32 bits of seconds are a hundred years, and there are many of these */
    uint32_t digest;    /* of the octets: a node that restarted may use a message ID again */
    uint16_t mid;
    uint8_t state;
    uint8_t code; /* the answer, if the message was a request; 0: none */
};

enum op_state {
    OP_QUEUED,    /* waits for its turn at the peer */
    OP_SENT,      /* confirmable request out, neither acknowledged nor answered */
    OP_WAIT,      /* acknowledged; the separate response is due */
    OP_OBSERVING, /* registered and idle */
};

/* What a timer of the endpoint's belongs to. */
enum timer_kind { TIMER_OP, TIMER_UPLOAD, TIMER_OBSERVER, TIMER_DELAYED };

/* What the message in the air (or queued) is for. */
enum op_step {
    STEP_FIRST,   /* the request itself */
    STEP_REFRESH, /* the same registration again (RFC 7641 3.3.1) */
    STEP_BLOCK,   /* the next block of a representation (RFC 7959 2.4) */
    STEP_UPLOAD,  /* the next block of our payload (RFC 7959 2.5) */
};

/* A representation being fetched by blocks, with what its first block said. */
struct body {
    uint8_t *data;
    size_t len;
    size_t room;
    uint8_t szx;
    uint8_t etag_len;
    uint8_t etag[COAP_ETAG_MAX];
    uint8_t code;
    int format;
    uint32_t max_age_s;
    uint32_t seq;
    bool observing;
};

struct op {
    RB_ENTRY(op) by_id;
    TAILQ_ENTRY(op) of_peer; /* all of a peer */
    TAILQ_ENTRY(op) queued;  /* those that wait, or have failed */
    struct peer *peer;
    struct brg_timer timer;
    uint32_t id;
    uint64_t cookie;
    enum op_state state;
    enum op_step step;
    bool in_flight; /* holds the peer's turn */
    bool placed;    /* and a place in the mesh, until it has to be sent again */
    uint8_t method;
    bool observe;
    bool if_match; /* |etag|, which then is no observation's */
    bool if_none_match;
    int accept;
    int format;
    char *uri;
    uint8_t *payload;
    uint32_t payload_len;
    uint32_t uploaded;              /* of it, in blocks that the node has */
    uint8_t upload_szx;             /* of the next one */
    bool in_blocks;                 /* the payload goes in blocks */
    bool restarted;                 /* and once more from its beginning */
    uint8_t token[TOKEN_LEN];       /* of the request and of its notifications */
    uint8_t block_token[TOKEN_LEN]; /* of the block request in the air */
    uint16_t mid;
    uint32_t tries;
    uint32_t first_timeout, timeout; /* of the first copy, and in force; microseconds */
    brg_tstamp sent_at;
    /* observation */
    bool has_seq;
    uint32_t seq;
    uint16_t note_mid; /* of the message that brought |seq| */
    brg_tstamp seq_at;
    bool seq_is_old; /* older than |seq_at| can say: whatever comes is newer */
    uint32_t misses;
    uint8_t etag_len;
    uint8_t etag[COAP_ETAG_MAX];
    struct body *body;
    enum coap_failure failure; /* in the list of failed ones */
};

TAILQ_HEAD(op_list, op);
RB_HEAD(op_tree, op);

enum peer_state {
    PEER_BUSY,  /* has operations, nothing to start */
    PEER_READY, /* could start one */
    PEER_IDLE,  /* has none */
};

struct peer {
    RB_ENTRY(peer) by_addr;
    TAILQ_ENTRY(peer) listed; /* in ready or idle */
    struct coap_addr addr;
    struct op_list ops;
    struct op_list queue;
    struct op *current; /* NSTART: the one that is out */
    uint32_t n_ops;
    enum peer_state state;
    struct coap_rtt rtt;
    struct coap_counts counts;
    struct brg_bucket rate;
    bool answered; /* something that only who hears us can answer */
    struct upload *upload;
    uint16_t next_mid;
    uint8_t dedup_next;
    struct dedup dedup[DEDUP_SLOTS];
};

/* A payload that comes to us in blocks. */
struct upload {
    struct brg_timer timer;
    TAILQ_ENTRY(upload) entry;
    struct peer *peer;
    uint32_t digest; /* of the URI */
    uint8_t *data;
    size_t len;
    size_t room;
};

/* Who observes us, and the newest representation for it. */
struct observer {
    struct brg_timer timer;
    TAILQ_ENTRY(observer) entry;
    struct coap_addr peer;
    uint8_t token[COAP_TOKEN_MAX];
    uint8_t token_len;
    uint64_t key;
    uint32_t seq;
    uint16_t mid;
    unsigned tries;
    bool in_flight;
    bool changed;       /* while in flight */
    bool verified;      /* has acknowledged, or shown before that it hears us */
    uint16_t len_asked; /* octets of its request */
    int format;
    uint8_t *data;
    size_t len;
};

/* A request to a group during its leisure. */
struct delayed {
    struct brg_timer timer;
    TAILQ_ENTRY(delayed) entry;
    struct coap_incoming request;
};

TAILQ_HEAD(upload_list, upload);
TAILQ_HEAD(observer_list, observer);
TAILQ_HEAD(delayed_list, delayed);

#define ECHOED_SLOTS 128

/* Who has echoed lately. */
struct echoed {
    struct coap_addr peer;
    brg_tstamp expires;
};

TAILQ_HEAD(peer_list, peer);
RB_HEAD(peer_tree, peer);

struct effect {
    TAILQ_ENTRY(effect) entry;
    struct coap_effect public;
    uint8_t data[];
};

TAILQ_HEAD(effect_list, effect);

struct coap_endpoint {
    struct coap_config config;
    const struct brg_alloc *alloc;
    uint64_t random;
    uint32_t next_id;
    struct op_tree ops;
    uint32_t n_ops;
    struct peer_tree peers;
    uint32_t n_peers;
    struct peer_list ready; /* have something queued and nothing out */
    struct peer_list idle;  /* have nothing; the oldest is given up when room is needed */
    uint32_t outstanding;
    uint32_t overdue; /* in flight without a place */
    size_t bodies;
    uint32_t digest; /* of the datagram being read */
    struct brg_timers timers;
    struct effect_list effects;
    struct effect *taken;         /* the one the caller is looking at */
    struct op_list failed;        /* over; each still has to be told, which needs no memory */
    coap_may_write_fn *may_write; /* NULL: no server */
    void *server_ctx;
    uint8_t secret[16];
    uint16_t next_mid; /* for those that are no peers */
    uint8_t scan_token[TOKEN_LEN];
    brg_tstamp scan_ends;
    uint32_t n_observers;
    uint32_t n_delayed;
    struct upload_list uploads;
    struct observer_list observers;
    struct delayed_list delayed;
    struct echoed *echoed; /* ECHOED_SLOTS of them, once somebody has */
    uint8_t echoed_next;
    struct brg_bucket strangers;
    struct coap_stats stats;
};

/* --- coap_exchange.c ------------------------------------------------------------------------ */

/* Ends an operation; its memory is gone. */
void coap_op_free(struct coap_endpoint *ep, struct op *op);

/* The message in the air is settled: frees the peer's turn and stops the timer. */
void coap_op_settle(struct coap_endpoint *ep, struct op *op);

/* Queues the next message of |op|; a further block goes in front of what else waits. */
void coap_op_enqueue(struct coap_endpoint *ep, struct op *op, enum op_step step);

/* Tells the caller that |op| is over without an answer, and ends it. */
void coap_op_fail(struct coap_endpoint *ep, struct op *op, enum coap_failure failure);

/* Back to waiting for notifications, until the value is |max_age_s| old. */
void coap_op_idle(struct coap_endpoint *ep, struct op *op, uint32_t max_age_s, brg_tstamp now);

/* Nobody answered what is in the air: ends the operation, unless it is a registration that has
 * worked before: then says so and tries later. */
void coap_op_give_up(struct coap_endpoint *ep, struct op *op, enum coap_failure failure,
                     brg_tstamp now);

/* Appends an effect with a copy of |data|. -BRG_ERR_NOMEM. */
int coap_effect_add(struct coap_endpoint *ep, const struct coap_effect *effect, const uint8_t *data,
                    size_t len);

/* Sends |msg|; a datagram that finds no memory is lost, as the air loses them. */
void coap_send(struct coap_endpoint *ep, const struct coap_addr *to, const struct coap_msg *msg);

/* Sends an empty acknowledgement or reset. */
void coap_send_empty(struct coap_endpoint *ep, const struct coap_addr *to, enum coap_type type,
                     uint16_t mid);

void coap_dedup_set(struct coap_endpoint *ep, struct peer *peer, uint16_t mid,
                    enum dedup_state state, brg_tstamp now);
struct dedup *coap_dedup_find(struct peer *peer, uint16_t mid, brg_tstamp now);

/* Starts what may start. To be called at the end of every entry point. */
void coap_pump(struct coap_endpoint *ep, brg_tstamp now);

struct peer *coap_peer_find(struct coap_endpoint *ep, const struct coap_addr *addr);

/* Finds or makes the peer. -BRG_ERR_x. */
int coap_peer_get(struct coap_endpoint *ep, const struct coap_addr *addr, struct peer **ret_peer);

/* Into the list it belongs to now. */
void coap_peer_update(struct coap_endpoint *ep, struct peer *peer);

/* Makes an effect with room for |len| octets behind it; NULL without memory. */
struct effect *coap_effect_new(struct coap_endpoint *ep, const struct coap_effect *effect,
                               size_t len);

uint16_t coap_mid_next(struct coap_endpoint *ep, const struct coap_addr *addr);

/* --- coap_serve.c --------------------------------------------------------------------------- */

/* A request came, |len| octets long. */
void coap_serve_request(struct coap_endpoint *ep, const struct coap_addr *from,
                        struct coap_msg *msg, size_t len, bool group, brg_tstamp now);

/* The copy of a request that was answered gets the same answer. */
void coap_serve_again(struct coap_endpoint *ep, const struct coap_addr *from,
                      const struct coap_msg *msg, uint8_t code);
void coap_upload_free(struct coap_endpoint *ep, struct upload *upload);
void coap_delayed_due(struct coap_endpoint *ep, struct delayed *delayed, brg_tstamp now);
void coap_serve_free(struct coap_endpoint *ep);

/* Cuts the representation of |answer| as |origin| wants it and may have it, and writes it into
 * |msg|, whose values live in |rooms|. */
#define ANSWER_ROOMS 6
void coap_answer_write(struct coap_endpoint *ep, const struct coap_origin *origin,
                       const struct coap_answer *answer, struct coap_msg *msg,
                       uint8_t rooms[ANSWER_ROOMS][8], brg_tstamp now);

/* --- coap_notify.c -------------------------------------------------------------------------- */

/* Takes the client in; false: no room. */
bool coap_observer_add(struct coap_endpoint *ep, const struct coap_origin *origin,
                       const struct coap_answer *answer);

/* Its current sequence number. */
bool coap_observer_seq(struct coap_endpoint *ep, const struct coap_origin *origin,
                       uint32_t *ret_seq);
void coap_observer_forget(struct coap_endpoint *ep, const struct coap_addr *peer,
                          const uint8_t *token, size_t token_len);
void coap_observer_free(struct coap_endpoint *ep, struct observer *observer);
void coap_observer_due(struct coap_endpoint *ep, struct observer *observer, brg_tstamp now);

/* An acknowledgement or reset that belongs to a notification: true. */
bool coap_observer_input(struct coap_endpoint *ep, const struct coap_addr *from,
                         const struct coap_msg *msg, brg_tstamp now);

/* --- coap_request.c ------------------------------------------------------------------------- */

/* Is this URI one that coap_request_send() can turn into options? */
int coap_uri_check(const char *uri);

/* Adds the options of a URI that was checked; |room| has COAP_URI_ROOM octets. */
#define COAP_URI_ROOM 512
void coap_uri_add(struct coap_msg *msg, const char *uri, uint8_t *room);

/* Writes and sends what |op->step| asks for, with |op->mid|; the same octets every time. */
void coap_request_send(struct coap_endpoint *ep, struct op *op);

/* --- coap_receive.c ------------------------------------------------------------------------- */

/* A well-formed response came for |op|. */
void coap_op_response(struct coap_endpoint *ep, struct op *op, struct coap_msg *msg,
                      brg_tstamp now);

/* --- coap_block.c --------------------------------------------------------------------------- */

/* The first block of more: keeps it and asks for the second. -BRG_ERR_x: cannot be fetched. */
int coap_body_start(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg,
                    const struct coap_block *block);

/* What a node says to a block of ours. 1: it is the answer to the whole, 0: the next block is
 * queued, -BRG_ERR_x. */
int coap_upload_answer(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg);

/* A further block. 1: whole now, 0: more asked for, -BRG_ERR_x. */
int coap_body_add(struct coap_endpoint *ep, struct op *op, const struct coap_msg *msg);

void coap_body_free(struct coap_endpoint *ep, struct op *op);

#endif
