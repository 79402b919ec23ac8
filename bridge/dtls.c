/* SPDX-License-Identifier: ISC */
#include "bridge/dtls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "bridge/dtls_tickets.h"

#define MTU 1200
#define RETRANSMIT_MS 2000
#define HANDSHAKE_MS 31000
#define HANDSHAKES_MAX 32
#define HELD_MAX 1280
#define PLAIN_MAX 2048
#define UNHEARD_MAX 3 /* messages that nothing was heard after: the other side has lost it */
#define UNHEARD_TIME (8 * BRG_SEC)
#define RECORD_HEADER 13
#define RECORD_HANDSHAKE 22
#define CLIENT_HELLO 1

/* One way of proving who one is, never another beside it. */
#define CIPHERS                                                                                    \
    ":+AES-128-CCM-8:+AES-128-CCM:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+COMP-NULL"   \
    ":+SIGN-ALL:+GROUP-SECP256R1:+GROUP-X25519:+GROUP-SECP384R1"
#define PRIORITY_PSK "NONE:+VERS-DTLS1.2:+PSK:+ECDHE-PSK" CIPHERS
#define PRIORITY_X509 "NONE:+VERS-DTLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+CTYPE-X509" CIPHERS

struct session {
    RB_ENTRY(session) by_peer;
    TAILQ_ENTRY(session) used; /* the one used last is the last */
    struct brg_dtls *dtls;
    struct coap_addr peer;
    const struct brg_key *key;
    gnutls_session_t tls;
    bool server; /* the node began */
    bool open;
    bool asked;     /* the node to go on with an earlier one */
    brg_tstamp due; /* of the handshake's next message */
    brg_tstamp ends;
    brg_tstamp heard;
    unsigned unheard;
    uint8_t *held; /* waits for the handshake */
    size_t held_len;
};

RB_HEAD(session_tree, session);
TAILQ_HEAD(session_list, session);

struct brg_dtls {
    struct brg_dtls_config config;
    struct brg_dtls_handler handler;
    struct brg_dtls_stats stats;
    struct session_tree sessions;
    struct session_list order;
    unsigned handshakes; /* under way */
    gnutls_datum_t cookie_key;
    struct brg_tickets tickets;
    gnutls_priority_t psk_priority;
    gnutls_priority_t x509_priority;
    gnutls_psk_client_credentials_t psk_client;
    gnutls_psk_server_credentials_t psk_server;
    gnutls_certificate_credentials_t x509; /* NULL: none */
    /* the datagram that is being read, and whom a cookie goes to */
    const uint8_t *input;
    size_t input_len;
    const struct coap_addr *cookie_peer;
};

static int session_cmp(const struct session *a, const struct session *b)
{
    return coap_addr_cmp(&a->peer, &b->peer);
}

BRG_TREE_FUNCTIONS(session_tree, session, by_peer, session_cmp)

static struct session *session_find(struct brg_dtls *dtls, const struct coap_addr *peer)
{
    struct session key = {.peer = *peer};

    return RB_FIND(session_tree, &dtls->sessions, &key);
}

static void session_free(struct session *session)
{
    struct brg_dtls *dtls = session->dtls;

    dtls->handshakes -= !session->open;
    dtls->stats.sessions--;
    RB_REMOVE(session_tree, &dtls->sessions, session);
    TAILQ_REMOVE(&dtls->order, session, used);
    gnutls_deinit(session->tls);
    free(session->held);
    free(session);
}

static void session_used(struct session *session)
{
    TAILQ_REMOVE(&session->dtls->order, session, used);
    TAILQ_INSERT_TAIL(&session->dtls->order, session, used);
}

/* --- what GnuTLS calls ---------------------------------------------------------------------- */

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
    struct session *session = ptr;

    session->dtls->handler.send(session->dtls->handler.ctx, &session->peer, data, len);
    return (ssize_t)len;
}

static ssize_t cookie_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
    struct brg_dtls *dtls = ptr;

    dtls->handler.send(dtls->handler.ctx, dtls->cookie_peer, data, len);
    return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
    struct session *session = ptr;
    struct brg_dtls *dtls = session->dtls;
    size_t len = dtls->input_len;

    if (dtls->input == NULL) {
        gnutls_transport_set_errno(session->tls, EAGAIN);
        return -1;
    }
    len = len < size ? len : size;
    memcpy(data, dtls->input, len);
    dtls->input = NULL;
    return (ssize_t)len;
}

/* Nothing is ever waited for. */
static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
    const struct session *session = ptr;

    (void)ms;
    return session->dtls->input != NULL ? 1 : 0;
}

static bool datum_copy(gnutls_datum_t *out, const uint8_t *data, size_t len)
{
    out->data = gnutls_malloc(len);
    out->size = (unsigned)len;
    if (out->data != NULL) {
        memcpy(out->data, data, len);
    }
    return out->data != NULL;
}

static int psk_for_client(gnutls_session_t tls, char **username, gnutls_datum_t *key)
{
    const struct session *session = gnutls_session_get_ptr(tls);

    *username = gnutls_strdup(session->key->identity);
    return *username != NULL && datum_copy(key, session->key->psk, session->key->psk_len) ? 0 : -1;
}

/* The name must be that of the node at this address. */
static int psk_for_server(gnutls_session_t tls, const char *username, gnutls_datum_t *key)
{
    const struct session *session = gnutls_session_get_ptr(tls);

    if (strcmp(session->key->identity, username) != 0) {
        return -1;
    }
    return datum_copy(key, session->key->psk, session->key->psk_len) ? 0 : -1;
}

/* Is one of the names of the certificate this EUI-64? */
static bool certificate_names(gnutls_x509_crt_t crt, const char *eui64)
{
    char parsed[BRG_EUI64_TEXT];
    char name[256];
    size_t size = sizeof(name);
    int type = 0;

    if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) == 0 &&
        brg_eui64_parse(name, parsed) == 0 && strcmp(parsed, eui64) == 0) {
        return true;
    }
    for (unsigned i = 0; type >= 0; i++) {
        size = sizeof(name) - 1;
        type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);
        if (type == (int)GNUTLS_SAN_DNSNAME && size < sizeof(name)) {
            name[size] = '\0';
            if (brg_eui64_parse(name, parsed) == 0 && strcmp(parsed, eui64) == 0) {
                return true;
            }
        }
    }
    return false;
}

static int certificate_verify(gnutls_session_t tls)
{
    const struct session *session = gnutls_session_get_ptr(tls);
    const gnutls_datum_t *list;
    gnutls_x509_crt_t crt;
    unsigned status = 0;
    unsigned n = 0;
    bool named;

    list = gnutls_certificate_get_peers(tls, &n);
    if (list == NULL || n == 0 || gnutls_certificate_verify_peers2(tls, &status) < 0 ||
        status != 0 || gnutls_x509_crt_init(&crt) < 0) {
        return -1;
    }
    named = gnutls_x509_crt_import(crt, &list[0], GNUTLS_X509_FMT_DER) == 0 &&
            certificate_names(crt, session->key->eui64);
    gnutls_x509_crt_deinit(crt);
    return named ? 0 : -1;
}

/* --- sessions ------------------------------------------------------------------------------- */

static bool session_setup(struct session *session, bool server)
{
    struct brg_dtls *dtls = session->dtls;
    bool x509 = session->key->certificate;
    void *credentials = x509     ? (void *)dtls->x509
                        : server ? (void *)dtls->psk_server
                                 : (void *)dtls->psk_client;
    unsigned flags = (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK;

    if (credentials == NULL || gnutls_init(&session->tls, flags) < 0) {
        return false;
    }
    gnutls_session_set_ptr(session->tls, session);
    gnutls_transport_set_ptr(session->tls, session);
    gnutls_transport_set_push_function(session->tls, push);
    gnutls_transport_set_pull_function(session->tls, pull);
    gnutls_transport_set_pull_timeout_function(session->tls, pull_timeout);
    gnutls_dtls_set_mtu(session->tls, MTU);
    gnutls_dtls_set_timeouts(session->tls, RETRANSMIT_MS, HANDSHAKE_MS);
    if (server && x509) {
        gnutls_certificate_server_set_request(session->tls, GNUTLS_CERT_REQUIRE);
    }
    if (gnutls_priority_set(session->tls, x509 ? dtls->x509_priority : dtls->psk_priority) < 0 ||
        gnutls_credentials_set(session->tls, x509 ? GNUTLS_CRD_CERTIFICATE : GNUTLS_CRD_PSK,
                               credentials) < 0) {
        gnutls_deinit(session->tls);
        return false;
    }
    return true;
}

/* Room for one more: of those that are open the one that was idle longest gives way. */
static bool make_room(struct brg_dtls *dtls)
{
    struct session *session;

    if (dtls->handshakes >= HANDSHAKES_MAX) {
        return false;
    }
    if (dtls->stats.sessions < dtls->config.max_sessions) {
        return true;
    }
    TAILQ_FOREACH (session, &dtls->order, used) {
        if (session->open) {
            (void)gnutls_bye(session->tls, GNUTLS_SHUT_WR);
            session_free(session);
            return true;
        }
    }
    return false;
}

static struct session *session_new(struct brg_dtls *dtls, const struct coap_addr *peer, bool server,
                                   brg_tstamp now)
{
    const char *eui64 = dtls->handler.node_at(dtls->handler.ctx, peer);
    const struct brg_key *key = eui64 == NULL ? NULL : brg_keys_find(dtls->config.keys, eui64);
    struct session *session = key == NULL || !make_room(dtls) ? NULL : calloc(1, sizeof(*session));

    if (session == NULL) {
        dtls->stats.refused++;
        return NULL;
    }
    session->dtls = dtls;
    session->peer = *peer;
    session->peer.secure = true;
    session->key = key;
    session->server = server;
    session->heard = now;
    session->ends = now + HANDSHAKE_MS * BRG_MSEC;
    if (!session_setup(session, server)) {
        dtls->stats.refused++;
        free(session);
        return NULL;
    }
    session->asked = brg_tickets_use(&dtls->tickets, key, session->tls, server, now);
    RB_INSERT(session_tree, &dtls->sessions, session);
    TAILQ_INSERT_TAIL(&dtls->order, session, used);
    dtls->handshakes++;
    dtls->stats.sessions++;
    return session;
}

/* A session that is taken up again has proved who the other side was then: it must be the node that
 * is at this address now, which else the handshake looks at. */
static bool is_same_node(const struct session *session)
{
    const char *name;

    if (gnutls_session_is_resumed(session->tls) == 0 || !session->server) {
        return true; /* as a client we have chosen it by the node */
    }
    if (session->key->certificate) {
        return certificate_verify(session->tls) == 0;
    }
    name = gnutls_psk_server_get_username(session->tls);
    return name != NULL && strcmp(name, session->key->identity) == 0;
}

/* Goes on with the handshake. False: the session is gone. */
static bool handshake(struct session *session, brg_tstamp now)
{
    struct brg_dtls *dtls = session->dtls;
    int result;

    do {
        result = gnutls_handshake(session->tls);
    } while (result == GNUTLS_E_INTERRUPTED || result == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (result == GNUTLS_E_AGAIN && now < session->ends) {
        session->due = now + (gnutls_dtls_get_timeout(session->tls) + 1) * BRG_MSEC;
        session->due = session->due < session->ends ? session->due : session->ends;
        return true;
    }
    if (result == GNUTLS_E_SUCCESS && !is_same_node(session)) {
        result = GNUTLS_E_INSUFFICIENT_CREDENTIALS;
    }
    if (result != GNUTLS_E_SUCCESS && result != GNUTLS_E_AGAIN && session->asked) {
        /* Some nodes break off when they are asked to go on with an earlier session, in place of
         * beginning a new one (OpenSSL where certificates are asked for, without a context for its
         * sessions). CoAP says it again, then without. */
        brg_tickets_refuse(&dtls->tickets, session->key);
        session_free(session);
        return false;
    }
    if (result != GNUTLS_E_SUCCESS) {
        dtls->stats.failures++;
        dtls->handler.failed(dtls->handler.ctx, session->key->eui64,
                             result == GNUTLS_E_AGAIN ? "it does not answer"
                             : result == GNUTLS_E_FATAL_ALERT_RECEIVED
                                 ? gnutls_alert_get_name(gnutls_alert_get(session->tls))
                                 : gnutls_strerror(result));
        if (gnutls_error_is_fatal(result)) {
            (void)gnutls_alert_send_appropriate(session->tls, result);
        }
        session_free(session);
        return false;
    }
    dtls->stats.handshakes++;
    dtls->stats.resumed += gnutls_session_is_resumed(session->tls) != 0;
    if (dtls->handler.opened != NULL) {
        dtls->handler.opened(dtls->handler.ctx, session->key->eui64,
                             gnutls_session_is_resumed(session->tls) != 0);
    }
    if (!session->server) {
        brg_tickets_keep(&dtls->tickets, session->key, session->tls, now);
    }
    dtls->handshakes--;
    session->open = true;
    session->unheard = 0;
    if (session->held != NULL) {
        (void)gnutls_record_send(session->tls, session->held, session->held_len);
        free(session->held);
        session->held = NULL;
    }
    return true;
}

static void records(struct session *session, brg_tstamp now)
{
    struct brg_dtls *dtls = session->dtls;
    struct coap_addr peer = session->peer;

    /* What it gives is another's to read, and what he does may end the session. */
    while (session != NULL) {
        uint8_t data[PLAIN_MAX];
        ssize_t n = gnutls_record_recv(session->tls, data, sizeof(data));

        if (n > 0) {
            session->heard = now;
            session->unheard = 0;
            session_used(session);
            dtls->handler.receive(dtls->handler.ctx, &peer, data, (size_t)n);
            session = session_find(dtls, &peer);
        } else if (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_WARNING_ALERT_RECEIVED) {
            continue;
        } else {
            if (n == 0 || (n != GNUTLS_E_AGAIN && gnutls_error_is_fatal((int)n))) {
                session_free(session);
            }
            return;
        }
    }
}

/* --- datagrams ------------------------------------------------------------------------------ */

bool brg_dtls_is_record(const uint8_t *data, size_t len)
{
    return len > 0 && data[0] >= 20 && data[0] <= 63;
}

/* A ClientHello in the clear: the node has no session, or no longer. */
static bool is_hello(const uint8_t *data, size_t len)
{
    return len > RECORD_HEADER && data[0] == RECORD_HANDSHAKE && data[3] == 0 && data[4] == 0 &&
           data[RECORD_HEADER] == CLIENT_HELLO;
}

/* Who it is, in the same octets every time. */
static size_t peer_octets(const struct coap_addr *peer, uint8_t out[22])
{
    memcpy(out, peer->ip, 16);
    memcpy(out + 16, &peer->scope, 4);
    memcpy(out + 20, &peer->port, 2);
    return 22;
}

/* RFC 6347 section 4.2.1: no session before the node has shown that it hears us; the one it had
 * stays until then (section 4.2.8), and so does the handshake that is under way: anybody can send a
 * ClientHello in its name. */
static struct session *hello(struct brg_dtls *dtls, const struct coap_addr *peer,
                             const uint8_t *data, size_t len, brg_tstamp now)
{
    gnutls_dtls_prestate_st prestate = {0};
    struct session *session = session_find(dtls, peer);
    uint8_t who[22];
    size_t who_len = peer_octets(peer, who);

    if (dtls->handler.node_at(dtls->handler.ctx, peer) == NULL) {
        dtls->stats.refused++;
        return NULL;
    }
    if (gnutls_dtls_cookie_verify(&dtls->cookie_key, who, who_len, (void *)(uintptr_t)data, len,
                                  &prestate) < 0) {
        dtls->cookie_peer = peer;
        (void)gnutls_dtls_cookie_send(&dtls->cookie_key, who, who_len, &prestate, dtls,
                                      cookie_push);
        return NULL;
    }
    if (session != NULL && session->server && !session->open) {
        return session; /* once more what it has begun with */
    }
    if (session != NULL) {
        session_free(session);
    }
    session = session_new(dtls, peer, true, now);
    if (session != NULL) {
        gnutls_dtls_prestate_set(session->tls, &prestate);
    }
    return session;
}

void brg_dtls_input(struct brg_dtls *dtls, const struct coap_addr *from, const uint8_t *data,
                    size_t len, brg_tstamp now)
{
    struct coap_addr peer = *from;
    struct session *session;

    peer.secure = true;
    session = session_find(dtls, &peer);
    if (is_hello(data, len)) {
        session = hello(dtls, &peer, data, len, now);
    }
    if (session == NULL) {
        return;
    }
    dtls->input = data;
    dtls->input_len = len;
    if (session->open || handshake(session, now)) {
        session = session_find(dtls, &peer);
        if (session != NULL && session->open) {
            records(session, now);
        }
    }
    dtls->input = NULL;
}

static void hold(struct session *session, const uint8_t *data, size_t len)
{
    uint8_t *copy = len <= HELD_MAX ? malloc(len) : NULL;

    if (copy != NULL) {
        memcpy(copy, data, len);
        free(session->held);
        session->held = copy;
        session->held_len = len;
    }
}

void brg_dtls_send(struct brg_dtls *dtls, const struct coap_addr *peer, const uint8_t *data,
                   size_t len, brg_tstamp now)
{
    struct session *session = session_find(dtls, peer);

    if (session != NULL && session->open && session->unheard >= UNHEARD_MAX &&
        now > session->heard + UNHEARD_TIME) {
        session_free(session); /* the node may have started anew */
        session = NULL;
    }
    if (session == NULL) {
        session = session_new(dtls, peer, false, now);
        if (session != NULL) {
            hold(session, data, len);
            (void)handshake(session, now);
        }
    } else if (!session->open) {
        hold(session, data, len);
    } else {
        session->unheard++;
        session_used(session);
        (void)gnutls_record_send(session->tls, data, len);
    }
}

void brg_dtls_timeout(struct brg_dtls *dtls, brg_tstamp now)
{
    struct session *session;
    struct session *next;

    if (dtls->handshakes == 0) {
        return;
    }
    TAILQ_FOREACH_SAFE (session, &dtls->order, used, next) {
        if (!session->open && session->due <= now) {
            (void)handshake(session, now);
        }
    }
}

brg_tstamp brg_dtls_deadline(const struct brg_dtls *dtls)
{
    brg_tstamp deadline = BRG_NEVER;
    const struct session *session;

    if (dtls->handshakes == 0) {
        return BRG_NEVER;
    }
    TAILQ_FOREACH (session, &dtls->order, used) {
        if (!session->open && session->due < deadline) {
            deadline = session->due;
        }
    }
    return deadline;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int x509_setup(struct brg_dtls *dtls)
{
    const struct brg_dtls_config *config = &dtls->config;
    int err;

    if (config->ca[0] == '\0') {
        return 0;
    }
    err = gnutls_certificate_allocate_credentials(&dtls->x509);
    if (err >= 0) {
        err = gnutls_certificate_set_x509_trust_file(dtls->x509, config->ca, GNUTLS_X509_FMT_PEM);
    }
    if (err >= 0) {
        err = gnutls_certificate_set_x509_key_file(dtls->x509, config->certificate, config->key,
                                                   GNUTLS_X509_FMT_PEM);
    }
    if (err >= 0) {
        gnutls_certificate_set_verify_function(dtls->x509, certificate_verify);
    }
    return err;
}

static int setup(struct brg_dtls *dtls)
{
    int err = gnutls_key_generate(&dtls->cookie_key, GNUTLS_COOKIE_KEY_SIZE);

    err = err < 0 ? err : gnutls_priority_init(&dtls->psk_priority, PRIORITY_PSK, NULL);
    err = err < 0 ? err : gnutls_priority_init(&dtls->x509_priority, PRIORITY_X509, NULL);
    err = err < 0 ? err : gnutls_psk_allocate_client_credentials(&dtls->psk_client);
    err = err < 0 ? err : gnutls_psk_allocate_server_credentials(&dtls->psk_server);
    if (err < 0) {
        return err;
    }
    gnutls_psk_set_client_credentials_function(dtls->psk_client, psk_for_client);
    gnutls_psk_set_server_credentials_function(dtls->psk_server, psk_for_server);
    return x509_setup(dtls);
}

struct brg_dtls *brg_dtls_new(const struct brg_dtls_config *config,
                              const struct brg_dtls_handler *handler, char ret_error[128])
{
    struct brg_dtls *dtls = calloc(1, sizeof(*dtls));
    int err;

    (void)snprintf(ret_error, 128, "out of memory");
    if (dtls == NULL) {
        return NULL;
    }
    dtls->config = *config;
    dtls->handler = *handler;
    RB_INIT(&dtls->sessions);
    TAILQ_INIT(&dtls->order);
    err = brg_tickets_init(&dtls->tickets, config->keys) ? setup(dtls) : GNUTLS_E_MEMORY_ERROR;
    if (err < 0) {
        (void)snprintf(ret_error, 128, "%s", gnutls_strerror(err));
        brg_dtls_free(dtls);
        return NULL;
    }
    return dtls;
}

void brg_dtls_free(struct brg_dtls *dtls)
{
    struct session *session;

    if (dtls == NULL) {
        return;
    }
    while ((session = TAILQ_FIRST(&dtls->order)) != NULL) {
        if (session->open) {
            (void)gnutls_bye(session->tls, GNUTLS_SHUT_WR);
        }
        session_free(session);
    }
    if (dtls->x509 != NULL) {
        gnutls_certificate_free_credentials(dtls->x509);
    }
    if (dtls->psk_client != NULL) {
        gnutls_psk_free_client_credentials(dtls->psk_client);
    }
    if (dtls->psk_server != NULL) {
        gnutls_psk_free_server_credentials(dtls->psk_server);
    }
    gnutls_priority_deinit(dtls->psk_priority);
    gnutls_priority_deinit(dtls->x509_priority);
    gnutls_free(dtls->cookie_key.data);
    brg_tickets_free(&dtls->tickets);
    free(dtls);
}

const struct brg_dtls_stats *brg_dtls_stats(const struct brg_dtls *dtls)
{
    return &dtls->stats;
}
