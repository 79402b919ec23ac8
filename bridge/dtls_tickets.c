/* SPDX-License-Identifier: ISC */
#include "bridge/dtls_tickets.h"

#include <stdlib.h>

#define KEPT_TIME (24 * 3600 * BRG_SEC) /* RFC 5246 appendix F.1.4: a day at most */
#define KEPT_MAX 4096                   /* octets; certificates are in it */
#define SERVER_S 86400

bool brg_tickets_init(struct brg_tickets *tickets, const struct brg_keys *keys)
{
    tickets->keys = keys;
    tickets->list = calloc(keys->n == 0 ? 1 : keys->n, sizeof(*tickets->list));
    return tickets->list != NULL && gnutls_session_ticket_key_generate(&tickets->server_key) >= 0;
}

static struct brg_ticket *ticket_of(struct brg_tickets *tickets, const struct brg_key *key)
{
    return &tickets->list[key - tickets->keys->list];
}

static void drop(struct brg_tickets *tickets, const struct brg_key *key)
{
    struct brg_ticket *ticket = ticket_of(tickets, key);

    if (ticket->data.data != NULL) {
        gnutls_memset(ticket->data.data, 0, ticket->data.size);
        gnutls_free(ticket->data.data);
        ticket->data = (gnutls_datum_t){NULL, 0};
    }
}

void brg_tickets_free(struct brg_tickets *tickets)
{
    for (size_t i = 0; tickets->list != NULL && i < tickets->keys->n; i++) {
        drop(tickets, &tickets->keys->list[i]);
    }
    free(tickets->list);
    if (tickets->server_key.data != NULL) {
        gnutls_memset(tickets->server_key.data, 0, tickets->server_key.size);
        gnutls_free(tickets->server_key.data);
    }
    *tickets = (struct brg_tickets){.keys = NULL};
}

bool brg_tickets_use(struct brg_tickets *tickets, const struct brg_key *key, gnutls_session_t tls,
                     bool server, brg_tstamp now)
{
    const struct brg_ticket *ticket = ticket_of(tickets, key);

    if (server) {
        gnutls_db_set_cache_expiration(tls, SERVER_S);
        (void)gnutls_session_ticket_enable_server(tls, &tickets->server_key);
        return false;
    }
    return ticket->data.data != NULL && now < ticket->ends &&
           gnutls_session_set_data(tls, ticket->data.data, ticket->data.size) >= 0;
}

void brg_tickets_refuse(struct brg_tickets *tickets, const struct brg_key *key)
{
    drop(tickets, key);
    ticket_of(tickets, key)->refused = true;
}

void brg_tickets_keep(struct brg_tickets *tickets, const struct brg_key *key, gnutls_session_t tls,
                      brg_tstamp now)
{
    struct brg_ticket *ticket = ticket_of(tickets, key);
    bool resumed = gnutls_session_is_resumed(tls) != 0;
    brg_tstamp ends = resumed ? ticket->ends : now + KEPT_TIME; /* of the whole handshake */
    gnutls_datum_t data;

    if (ticket->refused || gnutls_session_get_data2(tls, &data) < 0) {
        return;
    }
    drop(tickets, key);
    ticket->data = data;
    ticket->ends = ends;
    if (data.size > KEPT_MAX) {
        drop(tickets, key);
    }
}
