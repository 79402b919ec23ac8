/* SPDX-License-Identifier: ISC */
/*
 * DTLS 1.2 on the shared socket (RFC 7252 section 9), by GnuTLS: a session per address, fed with
 * datagrams and giving datagrams.
 *
 * As a client a session is opened when there is something to send; as a server for a node that is
 * known at its address, and after it sent a cookie back. PSK or X.509 certificates, as the node's
 * line in the file of keys says, and nothing else: a node that has a line there is never spoken to
 * without. What a session leaves behind shortens the next one. A certificate must be signed by the
 * CA and name the node's EUI-64. Sessions and handshakes are bounded; of the sessions the one that
 * was idle longest gives way.
 */
#ifndef BRIDGE_DTLS_H
#define BRIDGE_DTLS_H

#include "bridge/coap.h"
#include "bridge/dtls_keys.h"

struct brg_dtls;

struct brg_dtls_config {
    const struct brg_keys *keys;
    const char *ca;          /* file; "": no certificates */
    const char *certificate; /* ours, and its key */
    const char *key;
    size_t max_sessions;
};

struct brg_dtls_handler {
    /* A datagram for the socket. */
    void (*send)(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len);
    /* What was in a record; the peer is |secure|. */
    void (*receive)(void *ctx, const struct coap_addr *peer, const uint8_t *data, size_t len);
    /* The EUI-64 of the node at this address; NULL: none is known there. */
    const char *(*node_at)(void *ctx, const struct coap_addr *peer);
    /* A handshake came to nothing. */
    void (*failed)(void *ctx, const char *eui64, const char *reason);
    void *ctx;
    /* There is a session; |resumed|: it goes on with an earlier one. NULL: nobody wants to know. */
    void (*opened)(void *ctx, const char *eui64, bool resumed);
};

struct brg_dtls_stats {
    uint64_t sessions; /* now */
    uint64_t handshakes;
    uint64_t resumed; /* of them, that went on with an earlier session */
    uint64_t failures;
    uint64_t refused; /* no room, or a node that has no key */
};

/* All of it must outlive it. NULL with |*ret_error| saying why. */
struct brg_dtls *brg_dtls_new(const struct brg_dtls_config *config,
                              const struct brg_dtls_handler *handler, char ret_error[128]);
void brg_dtls_free(struct brg_dtls *dtls);

/* Is this a DTLS record and not a CoAP message (RFC 9443: by its first octet)? */
bool brg_dtls_is_record(const uint8_t *data, size_t len);

/* A datagram with records came from there. */
void brg_dtls_input(struct brg_dtls *dtls, const struct coap_addr *peer, const uint8_t *data,
                    size_t len, brg_tstamp now);

/* Sends a message, which waits for the handshake if there has to be one; of several that wait the
 * last goes out. */
void brg_dtls_send(struct brg_dtls *dtls, const struct coap_addr *peer, const uint8_t *data,
                   size_t len, brg_tstamp now);

/* Handshakes that have to send again. */
void brg_dtls_timeout(struct brg_dtls *dtls, brg_tstamp now);
brg_tstamp brg_dtls_deadline(const struct brg_dtls *dtls);

const struct brg_dtls_stats *brg_dtls_stats(const struct brg_dtls *dtls);

#endif
