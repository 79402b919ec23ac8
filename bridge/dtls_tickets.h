/* SPDX-License-Identifier: ISC */
/*
 * Sessions that are taken up again (RFC 5246 section 7.3, RFC 5077): two flights less and no
 * elliptic curves, of which a mote has for seconds. As a client we keep what the last session with
 * each node left behind, as a server the node keeps it, in a ticket that only we can read. In
 * memory alone: keys of sessions are not for a disk, and a bridge that begins anew shakes hands
 * anew.
 */
#ifndef BRIDGE_DTLS_TICKETS_H
#define BRIDGE_DTLS_TICKETS_H

#include <gnutls/gnutls.h>

#include "bridge/dtls_keys.h"

struct brg_ticket {
    gnutls_datum_t data;
    brg_tstamp ends;
    bool refused; /* the node cannot do that */
};

struct brg_tickets {
    const struct brg_keys *keys;
    struct brg_ticket *list; /* one for each key */
    gnutls_datum_t server_key;
};

/* False without memory. |keys| must outlive it. */
bool brg_tickets_init(struct brg_tickets *tickets, const struct brg_keys *keys);
void brg_tickets_free(struct brg_tickets *tickets);

/* Before the handshake: |tls| is a session with the node of |key|. True: as a client we ask to go
 * on with the last one. */
bool brg_tickets_use(struct brg_tickets *tickets, const struct brg_key *key, gnutls_session_t tls,
                     bool server, brg_tstamp now);

/* After it: what the next one may begin with. */
void brg_tickets_keep(struct brg_tickets *tickets, const struct brg_key *key, gnutls_session_t tls,
                      brg_tstamp now);

/* The node breaks off when it is asked to go on with a session: it never is again. */
void brg_tickets_refuse(struct brg_tickets *tickets, const struct brg_key *key);

#endif
