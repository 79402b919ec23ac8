/* SPDX-License-Identifier: ISC */
/*
 * What one would write in an afternoon: libcoap observes a list of nodes, libmosquitto publishes
 * what they say. It is here to be measured beside rpld-bridge, and keeps nothing.
 *
 * naive_bridge PORT NODES: node n is fd00:b::n, its resource /v.
 */
#include <coap3/coap.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <mosquitto.h>

static struct mosquitto *mqtt;

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent,
                                   const coap_pdu_t *received, const coap_mid_t mid)
{
    const uint8_t *data;
    size_t len;
    char topic[64];

    (void)sent;
    (void)mid;
    if (coap_get_data(received, &len, &data)) {
        snprintf(topic, sizeof(topic), "mesh/%08x/v",
                 (unsigned)(uintptr_t)coap_session_get_app_data(session));
        mosquitto_publish(mqtt, NULL, topic, (int)len, data, 1, true);
    }
    return COAP_RESPONSE_OK;
}

static void observe(coap_context_t *context, unsigned n)
{
    coap_address_t to;
    coap_session_t *session;
    coap_pdu_t *pdu;
    uint8_t token[8];
    size_t len;
    char text[64];

    coap_address_init(&to);
    to.addr.sin6.sin6_family = AF_INET6;
    to.addr.sin6.sin6_port = htons(5683);
    snprintf(text, sizeof(text), "fd00:b::%x:%x", n >> 16, n & 0xffff);
    inet_pton(AF_INET6, text, &to.addr.sin6.sin6_addr);
    to.size = sizeof(to.addr.sin6);
    session = coap_new_client_session(context, NULL, &to, COAP_PROTO_UDP);
    if (session == NULL)
        exit(1);
    coap_session_set_app_data(session, (void *)(uintptr_t)n);
    pdu = coap_new_pdu(COAP_MESSAGE_CON, COAP_REQUEST_CODE_GET, session);
    coap_session_new_token(session, &len, token);
    coap_add_token(pdu, len, token);
    coap_add_option(pdu, COAP_OPTION_OBSERVE, 0, NULL);
    coap_add_option(pdu, COAP_OPTION_URI_PATH, 1, (const uint8_t *)"v");
    coap_send(session, pdu);
}

int main(int argc, char **argv)
{
    unsigned nodes = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
    struct rlimit files = {nodes + 64, nodes + 64};
    coap_context_t *context;
    time_t retry = 0;

    if (nodes == 0)
        return 2;
    setrlimit(RLIMIT_NOFILE, &files);
    mosquitto_lib_init();
    mqtt = mosquitto_new(NULL, true, NULL);
    mosquitto_int_option(mqtt, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect(mqtt, "127.0.0.1", atoi(argv[1]), 60);
    coap_startup();
    context = coap_new_context(NULL);
    coap_register_response_handler(context, on_response);
    for (unsigned n = 1; n <= nodes; n++)
        observe(context, n);
    for (;;) {
        struct pollfd fds[2] = {{.fd = coap_context_get_coap_fd(context), .events = POLLIN},
                                {.fd = mosquitto_socket(mqtt), .events = POLLIN}};

        if (fds[1].fd < 0 && time(NULL) > retry) {
            retry = time(NULL);
            mosquitto_reconnect(mqtt);
        }
        if (mosquitto_want_write(mqtt))
            fds[1].events |= POLLOUT;
        poll(fds, 2, 1000);
        if (fds[0].revents)
            coap_io_process(context, COAP_IO_NO_WAIT);
        if (fds[1].revents & (POLLIN | POLLHUP | POLLERR))
            mosquitto_loop_read(mqtt, 100);
        if (mosquitto_want_write(mqtt))
            mosquitto_loop_write(mqtt, 1);
        mosquitto_loop_misc(mqtt);
    }
}
