/* SPDX-License-Identifier: ISC */
/* From the outbox to the MQTT library, and what the broker answers. */
#include "bridge/mqtt_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <mqtt_protocol.h>

#include "bridge/clock.h"
#include "bridge/log.h"
#include "bridge/mqtt_props.h"

/* What the bridge says of itself is told again and is no loss, nor may it crowd out what is. */
static bool is_own(const struct brg_mqtt *mqtt, const char *topic)
{
    size_t len = strlen(mqtt->conf->base);

    return strncmp(topic, mqtt->conf->base, len) == 0 && strncmp(topic + len, "/bridge/", 8) == 0;
}

/* The broker has answered: MQTT 5 says whether it takes the message. */
static void answered(struct brg_mqtt *mqtt, int mid, int code)
{
    const struct brg_message *message =
        code < MQTT_RC_UNSPECIFIED ? NULL : brg_outbox_in_flight(mqtt->outbox, mid);
    char reason[96];

    if (message == NULL) {
        brg_outbox_acked(mqtt->outbox, mid);
        return;
    }
    (void)snprintf(reason, sizeof(reason), "refused by the broker: %s",
                   mosquitto_reason_string(code));
    if (!mqtt->said_refused) {
        brg_log_warning("broker: a message was refused, more of them are not told topic=%s "
                        "reason=\"%s\"",
                        brg_log_word(message->topic), mosquitto_reason_string(code));
        mqtt->said_refused = true;
    }
    brg_outbox_undeliverable(mqtt->outbox, mid, is_own(mqtt, message->topic) ? NULL : reason);
}

void brg_mqtt_on_publish(struct mosquitto *handle, void *ctx, int mid, int code,
                         const mosquitto_property *properties)
{
    struct brg_mqtt *mqtt = ctx;

    (void)handle;
    (void)properties;
    code = mqtt->v5 ? code : 0;
    if (!mqtt->publishing) {
        answered(mqtt, mid, code);
    } else if (mqtt->n_acked < MQTT_WINDOW) { /* the message is still being read */
        mqtt->acked[mqtt->n_acked].mid = mid;
        mqtt->acked[mqtt->n_acked++].code = code;
    }
}

static bool cannot_be_sent(int result)
{
    return result == MOSQ_ERR_INVAL || result == MOSQ_ERR_PAYLOAD_SIZE ||
           result == MOSQ_ERR_MALFORMED_UTF8 || result == MOSQ_ERR_OVERSIZE_PACKET ||
           result == MOSQ_ERR_PLUGIN_DEFER;
}

/* Most messages are worth the same time and of the same type as the one before: they share one
 * list of properties, which the library copies. */
static int properties_make(struct brg_mqtt *mqtt, const struct brg_message *message,
                           uint32_t expiry_s)
{
    int result;

    if (mqtt->properties != NULL && message->props_len == 0 &&
        mqtt->properties_expiry_s == expiry_s && mqtt->properties_content == message->content) {
        return MOSQ_ERR_SUCCESS;
    }
    mosquitto_property_free_all(&mqtt->properties);
    result = brg_mqtt_properties(message, expiry_s, &mqtt->properties);
    mqtt->properties_expiry_s = expiry_s;
    mqtt->properties_content = message->content;
    return result;
}

/* The same with a topic alias, |*ret_alias|, if the topic has one; then |*topic| is NULL once the
 * broker knows it. Not for QoS 0: what the library holds back of the others, because the broker
 * takes no more at a time, would tell it too late. */
static int alias_make(struct brg_mqtt *mqtt, const struct brg_message *message, int qos,
                      uint32_t expiry_s, const char **topic, uint16_t *ret_alias)
{
    bool known = false;
    int result;

    *ret_alias = qos == 0 ? 0 : brg_alias_take(&mqtt->aliases, message->topic, &known);
    if (*ret_alias == 0) {
        return properties_make(mqtt, message, expiry_s);
    }
    *topic = known ? NULL : message->topic;
    mosquitto_property_free_all(&mqtt->properties);
    result = brg_mqtt_properties(message, expiry_s, &mqtt->properties);
    if (result == MOSQ_ERR_SUCCESS) {
        result = mosquitto_property_add_int16(&mqtt->properties, MQTT_PROP_TOPIC_ALIAS, *ret_alias);
    }
    return result;
}

static int publish(struct brg_mqtt *mqtt, struct brg_message *message)
{
    uint32_t expiry_s = brg_mqtt_remaining_s(message);
    const char *topic = message->topic;
    const void *payload = message->payload;
    size_t len = message->len;
    int qos = message->qos < mqtt->max_qos ? message->qos : mqtt->max_qos;
    struct brg_text aged;
    uint16_t alias = 0;
    int result = MOSQ_ERR_SUCCESS;

    if (brg_mqtt_is_condemned(mqtt, message)) {
        return MOSQ_ERR_PLUGIN_DEFER; /* the library itself never says that */
    }
    if (message->expiry_s > 0 && expiry_s == 0) {
        return MOSQ_ERR_NOT_FOUND; /* nobody wants to have it now */
    }
    if (message->content == BRG_CONTENT_READING) {
        brg_text_init(&aged, mqtt->aged, sizeof(mqtt->aged));
        if (brg_age_write(&aged, payload, len, brg_clock_read().wall_s)) {
            payload = aged.buf;
            len = aged.len;
        }
    }
    if (mqtt->v5) {
        result = alias_make(mqtt, message, qos, expiry_s, &topic, &alias);
    }
    if (result == MOSQ_ERR_SUCCESS) {
        mqtt->publishing = true;
        result = mosquitto_publish_v5(mqtt->handle, &message->mid, topic, (int)len, payload, qos,
                                      message->retain && !mqtt->no_retain,
                                      mqtt->v5 ? mqtt->properties : NULL);
        mqtt->publishing = false;
    }
    if (result != MOSQ_ERR_SUCCESS) {
        brg_alias_forget(&mqtt->aliases, alias);
    }
    if (message->props_len > 0 || alias > 0 || result != MOSQ_ERR_SUCCESS) {
        mosquitto_property_free_all(&mqtt->properties);
    }
    return result;
}

/* The library does not take this message, and never will. */
static void unsendable(struct brg_mqtt *mqtt, struct brg_message *message, int result)
{
    const char *reason = result == MOSQ_ERR_NOT_FOUND      ? "older than its Max-Age"
                         : result == MOSQ_ERR_PLUGIN_DEFER ? "the broker hangs up on it"
                                                           : mosquitto_strerror(result);

    if (result == MOSQ_ERR_NOT_FOUND) {
        brg_log_debug("broker: older than its Max-Age topic=%s", brg_log_word(message->topic));
    } else {
        brg_log_warning("broker: a message cannot be sent topic=%s reason=\"%s\"",
                        brg_log_word(message->topic), reason);
    }
    if (result == MOSQ_ERR_PAYLOAD_SIZE || result == MOSQ_ERR_OVERSIZE_PACKET) {
        reason = "larger than the broker takes";
    }
    message->mid = -1;
    brg_outbox_undeliverable(mqtt->outbox, -1, is_own(mqtt, message->topic) ? NULL : reason);
}

void brg_mqtt_pump(struct brg_mqtt *mqtt)
{
    struct brg_message *message;
    int result = MOSQ_ERR_SUCCESS;

    if (mqtt->state != MQTT_READY) {
        return;
    }
    while (result == MOSQ_ERR_SUCCESS && brg_mqtt_may_publish(mqtt) &&
           (message = brg_outbox_take(mqtt->outbox)) != NULL) {
        result = publish(mqtt, message);
        if (result == MOSQ_ERR_NOT_FOUND || cannot_be_sent(result)) {
            unsendable(mqtt, message, result);
            result = MOSQ_ERR_SUCCESS;
        }
        while (mqtt->n_acked > 0) {
            mqtt->n_acked--;
            answered(mqtt, mqtt->acked[mqtt->n_acked].mid, mqtt->acked[mqtt->n_acked].code);
        }
    }
    brg_mqtt_after(mqtt, result);
}

void brg_mqtt_cork(struct brg_mqtt *mqtt, bool on)
{
    const int value = on;

    if (mqtt->state == MQTT_READY && mqtt->corked != on) {
        mqtt->corked = on;
        (void)setsockopt(mosquitto_socket(mqtt->handle), IPPROTO_TCP, TCP_CORK, &value,
                         sizeof(value));
    }
}
