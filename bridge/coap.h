/* SPDX-License-Identifier: ISC */
/*
 * The CoAP exchange layer: a client for many nodes on one socket, without the socket.
 *
 * RFC 7252 section 4 (message layer: confirmable and not, acknowledgement, reset, retransmission
 * with jitter, NSTART, deduplication) and 5 (requests and responses, piggybacked and separate),
 * RFC 7641 (observe: order of notifications, Max-Age, registering again; as a server notifying,
 * confirmably and never more than one at a time) and RFC 7959 (Block1 and Block2 both ways). The
 * timeouts follow each node's measured round trips (coap_rtt.h). Once coap_serve() was called it is
 * a server too, else a request from a node is answered with Reset. Not here: DTLS (an address says
 * whether it is used), proxies.
 *
 * Use: feed datagrams and the time, then take effects until there are none, then ask for the
 * deadline. Input octets are borrowed for the call; what an effect points to is good until the
 * next call of coap_poll() on the same endpoint. All state belongs to the endpoint and every table
 * has a bound, which is refused and counted, never grown. A run is a function of its inputs.
 *
 * The promise to a sensor: a confirmable response with a value is not acknowledged by this layer
 * but by coap_confirm(), after the caller has put the value where it is safe. Until then a
 * retransmission of the same message is neither answered nor delivered; afterwards it is
 * acknowledged again (so one lost acknowledgement costs nothing) and not delivered again.
 */
#ifndef BRIDGE_COAP_H
#define BRIDGE_COAP_H

#include "bridge/brg.h"
#include "bridge/coap_msg.h"

struct coap_endpoint;

/* Octets of a token of ours. */
#define COAP_TOKEN 4

/* A node's transport address. |scope| is the interface index of a link-local address, else 0. */
struct coap_addr {
    uint8_t ip[16];
    uint32_t scope;
    uint16_t port;
    bool secure;       /* spoken to through DTLS only: another address than the same one without */
    uint8_t local[16]; /* which address of ours it speaks to; zeros: any. Not compared */
};

struct coap_config {
    uint64_t seed;                /* jitter, tokens and first message IDs */
    uint32_t ack_timeout_ms;      /* RFC 7252 4.8: 2000 */
    uint32_t max_retransmit;      /* RFC 7252 4.8: 4 */
    uint32_t response_timeout_ms; /* from the empty acknowledgement to the separate response */
    uint32_t max_outstanding;     /* requests in the air at once, over all nodes, but those that had
                                     no answer to their first copy */
    uint32_t max_peers;
    uint32_t max_requests;          /* exchanges and observations, over all nodes */
    uint32_t max_requests_per_peer; /* the same for one node */
    uint32_t max_body;              /* octets of one representation moved by blocks */
    uint32_t max_bodies;            /* octets of all that are on their way to us */
    uint32_t max_observers;         /* clients that observe us */
    uint32_t peer_rate;             /* messages a second of one node, twice that at once; 0: any */
};

/* RFC values and bounds for some thousand nodes. */
void coap_config_defaults(struct coap_config *config);

/* What became of a request that got no response. */
enum coap_failure {
    COAP_FAIL_TIMEOUT, /* nobody answered */
    COAP_FAIL_RESET,   /* the node rejected the request */
    COAP_FAIL_BAD,     /* an answer that cannot be used: options, blocks, size */
};

enum coap_effect_kind {
    COAP_SEND,     /* put data/len on the air to peer */
    COAP_RESPONSE, /* an answer or a notification for request |id| */
    COAP_FAILED,   /* request |id| is over without an answer */
    COAP_STALE,    /* observation |id|: |misses| attempts to register again were not answered */
    COAP_FOUND,    /* a node answered a question to its group */
    COAP_REQUEST,  /* |request| is to be answered with coap_answer() */
};

#define COAP_URI_MAX 256

/* What a request is answered by: a plain value, to be kept for as long as the answer takes. */
struct coap_origin {
    struct coap_addr peer;
    uint8_t token[COAP_TOKEN_MAX];
    uint8_t token_len;
    uint16_t mid;
    uint16_t len; /* octets of the request */
    bool confirmable;
    bool group;    /* it went to a multicast address */
    bool verified; /* the source hears what we send to it */
    bool write;    /* PUT or POST: remembered, so that its copy gets the same answer */
    bool has_block1, has_block2;
    uint32_t block1;
    struct coap_block block2;
    uint8_t etag_len;
    uint8_t etag[COAP_ETAG_MAX];
};

/* A request to us. Its payload is the effect's data. */
struct coap_incoming {
    struct coap_origin origin;
    uint8_t method; /* COAP_GET, COAP_PUT or COAP_POST */
    bool observe;   /* wants to be told of changes */
    int accept;
    char uri[COAP_URI_MAX]; /* as of struct coap_request */
};

struct coap_effect {
    enum coap_effect_kind kind;
    struct coap_addr peer;
    uint32_t id;     /* all but SEND: what coap_request() gave */
    uint64_t cookie; /* and what was given to it */
    /* SEND: the datagram; RESPONSE: the whole representation */
    const uint8_t *data;
    size_t len;
    /* RESPONSE */
    uint8_t code;
    int format; /* enum coap_format, COAP_FORMAT_NONE without the option */
    uint8_t etag_len;
    uint8_t etag[COAP_ETAG_MAX];
    uint32_t max_age_s; /* 60 when the message does not say */
    uint32_t seq;       /* the Observe value, when |observing| */
    bool observing;     /* more will come by themselves */
    bool last;          /* |id| is over with this effect; true in every FAILED */
    bool confirm;       /* to be answered with coap_confirm(peer, mid) */
    uint16_t mid;
    uint32_t digest;           /* of the message; for struct coap_registration */
    uint8_t token[COAP_TOKEN]; /* likewise */
    /* FAILED, STALE */
    enum coap_failure failure;
    uint32_t misses;
    /* REQUEST; |format| is the payload's */
    const struct coap_incoming *request;
};

struct coap_request {
    struct coap_addr peer;
    uint8_t method;         /* COAP_GET, COAP_PUT, ... */
    const char *uri;        /* "s/temp?unit=c": path and query, percent-encoded, no leading slash */
    bool observe;           /* with COAP_GET */
    int accept;             /* enum coap_format; COAP_FORMAT_NONE leaves the option out */
    int format;             /* of the payload */
    const uint8_t *payload; /* copied; at most max_body, above COAP_PAYLOAD_MAX in blocks */
    size_t payload_len;
    /* RFC 7252 section 5.10.8: only while the resource has this ETag, or, if that is empty, while
     * there is one at all; or while there is none. */
    bool if_match;
    bool if_none_match;
    uint8_t etag_len;
    uint8_t etag[COAP_ETAG_MAX];
    uint64_t cookie; /* comes back in the effects */
};

/*
 * An observation as it was when an earlier process ended: with it a notification that the node
 * sends meanwhile is recognised, and the copy of the last one too. From the last effect of the
 * observation, but |max_age_s|.
 */
struct coap_registration {
    uint8_t token[COAP_TOKEN];
    uint32_t seq;
    uint32_t digest;
    uint32_t max_age_s;
    uint32_t age_s; /* how long ago the last notification came; for coap_restore() alone */
    uint16_t mid;
};

/* What fits one datagram beside the longest header a request of ours has. */
#define COAP_PAYLOAD_MAX 1024

struct coap_stats {
    uint64_t received;
    uint64_t sent;
    uint64_t retransmitted; /* requests sent again */
    uint64_t malformed;     /* format errors and unusable options */
    uint64_t ignored;       /* not CoAP, or an empty message that matches nothing */
    uint64_t unknown;       /* responses to nothing we asked: rejected */
    uint64_t requests;      /* requests made to us */
    uint64_t duplicates;    /* seen before; acknowledged again where that is due */
    uint64_t out_of_order;  /* older than a notification we have (RFC 7641 3.4) */
    uint64_t refused;       /* no room: not delivered, not acknowledged */
    uint64_t limited;       /* more than a node's share: as if they had been lost */
};

/* |alloc| must outlive the endpoint. NULL without memory. */
struct coap_endpoint *coap_endpoint_new(const struct coap_config *config,
                                        const struct brg_alloc *alloc);
void coap_endpoint_free(struct coap_endpoint *ep);

/*
 * Queues a request; it leaves when the node has none outstanding (NSTART 1) and the mesh has room
 * (max_outstanding). -BRG_ERR_FULL, -BRG_ERR_NOMEM, -BRG_ERR_SIZE, -BRG_ERR_INVAL (the URI).
 * Its end is told by exactly one effect with |last|, unless it is cancelled.
 */
int coap_request(struct coap_endpoint *ep, const struct coap_request *request, brg_tstamp now,
                 uint32_t *ret_id);

/* Takes up an observation of an earlier process, without a word to the node, until its Max-Age is
 * over again. Errors as of coap_request(), and -BRG_ERR_INVAL when the token is in use. */
int coap_restore(struct coap_endpoint *ep, const struct coap_request *request,
                 const struct coap_registration *registration, brg_tstamp now, uint32_t *ret_id);

/* Forgets a request or observation: no more effects for it. A notification that still comes is
 * rejected, which ends it at the node (RFC 7641 3.6). Unknown ids are ignored. */
void coap_cancel(struct coap_endpoint *ep, uint32_t id, brg_tstamp now);

/* Asks a group, once and unconfirmably; each node that answers within some minutes is told with
 * COAP_FOUND. Errors as of coap_request(). */
int coap_scan(struct coap_endpoint *ep, const struct coap_addr *group, const char *uri,
              brg_tstamp now);

/* Registers an observation again now, with its own token; without effect unless it is idle. */
void coap_refresh(struct coap_endpoint *ep, uint32_t id, brg_tstamp now);

/*
 * A datagram came in. 0: a message of a node that we talk to. -BRG_ERR_NOENT: well formed, but of
 * nobody we know; else it was not usable. The result is for the caller's knowledge only:
 * whatever has to be answered has been. -BRG_ERR_FULL: the node has had its share of this second,
 * and this message counts as lost.
 */
int coap_input(struct coap_endpoint *ep, const struct coap_addr *peer, const uint8_t *data,
               size_t len, brg_tstamp now);

/* Settles a RESPONSE with |confirm|: acknowledges it, or (accept false) forgets that it came, so
 * that the node's retransmission is delivered again. */
void coap_confirm(struct coap_endpoint *ep, const struct coap_addr *peer, uint16_t mid, bool accept,
                  brg_tstamp now);

/* The representation that the last RESPONSE of observation |id| had was not kept: the node is not
 * told that we have it. Unknown ids are ignored. */
void coap_not_kept(struct coap_endpoint *ep, uint32_t id);

/* Work that is due at |now|. */
void coap_timeout(struct coap_endpoint *ep, brg_tstamp now);

/* --- the server ----------------------------------------------------------------------------- */

/* May this address write? Others that try are told 4.03 and leave no trace. */
typedef bool coap_may_write_fn(void *ctx, const struct coap_addr *peer);

/*
 * From now on requests become COAP_REQUEST. A PUT or POST is delivered once, whole, and until it
 * is answered or dropped its copies are not. A source that has not shown that it hears us
 * (RFC 9175: it echoed, or answered a request of ours) gets at most three times what it sent, in
 * blocks of that size, and no more than a bounded number of answers a second. A request to a
 * group is delivered after a random leisure (RFC 7252 section 8.2), and only a GET.
 */
void coap_serve(struct coap_endpoint *ep, coap_may_write_fn *may_write, void *ctx);

struct coap_answer {
    uint8_t code;
    int format; /* of the data; COAP_FORMAT_NONE leaves the option out */
    const uint8_t *data;
    size_t len; /* the whole representation: blocks are cut here, and the ETag is made of it */
    bool observe;
    uint64_t key; /* with |observe|: what coap_notify() calls it; nobody observes more than bounds
                     allow, then it is an answer and no more */
};

/* Answers; to a group only good news. Whatever does not leave is asked for again. */
void coap_answer(struct coap_endpoint *ep, const struct coap_origin *origin,
                 const struct coap_answer *answer, brg_tstamp now);

/* Forgets that the PUT or POST came: its copy is delivered again. */
void coap_drop(struct coap_endpoint *ep, const struct coap_origin *origin, brg_tstamp now);

/* Does anybody observe anything here? */
bool coap_has_observers(const struct coap_endpoint *ep);

/* There is a new representation of what was observed as |key|. */
void coap_notify(struct coap_endpoint *ep, uint64_t key, const struct coap_answer *answer,
                 brg_tstamp now);

/* The same as coap_input() for what came to a multicast address. */
int coap_input_group(struct coap_endpoint *ep, const struct coap_addr *peer, const uint8_t *data,
                     size_t len, brg_tstamp now);

/* When coap_timeout() wants to be called; BRG_NEVER without anything to wait for. */
brg_tstamp coap_deadline(const struct coap_endpoint *ep);

/* The next effect, or false. */
bool coap_poll(struct coap_endpoint *ep, struct coap_effect *ret_effect);

/* What went to a node, or came from it, more than once. */
struct coap_counts {
    uint32_t retransmitted; /* by us */
    uint32_t duplicates;    /* by it */
};

/* Since it is known; nothing of one that is not. */
struct coap_counts coap_counts_of(struct coap_endpoint *ep, const struct coap_addr *addr);

const struct coap_stats *coap_endpoint_stats(const struct coap_endpoint *ep);

int coap_addr_cmp(const struct coap_addr *a, const struct coap_addr *b);

#endif
