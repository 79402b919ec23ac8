/* SPDX-License-Identifier: ISC */
#include "bridge/mqtt_props.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mqtt_protocol.h>

#include "bridge/props.h"

#define CLOCK_SET 1577836800. /* 2020: a time before that is of a clock that was not set */
#define USER_MAX 64           /* octets of the name or value of a user property */

uint32_t brg_mqtt_remaining_s(const struct brg_message *message)
{
    struct timespec now = {0};
    double age;

    if (message->expiry_s == 0) {
        return 0;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    age = message->at_s > CLOCK_SET ? (double)now.tv_sec - message->at_s : 0.;
    if (age <= 0.) {
        return message->expiry_s;
    }
    return age < (double)message->expiry_s ? message->expiry_s - (uint32_t)age : 0;
}

static const char *content_type(enum brg_content content)
{
    static const char *const names[BRG_CONTENTS] = {
        [BRG_CONTENT_TEXT] = "text/plain",
        [BRG_CONTENT_JSON] = "application/json",
        [BRG_CONTENT_OCTETS] = "application/octet-stream",
        [BRG_CONTENT_READING] = "application/json",
        [BRG_CONTENT_SENML] = "application/senml+json",
    };

    return names[content];
}

static int add_user(mosquitto_property **list, const struct brg_prop *prop)
{
    char key[USER_MAX] = "";
    char value[USER_MAX] = "";

    if (prop->key_len >= sizeof(key) || prop->value_len >= sizeof(value)) {
        return MOSQ_ERR_SUCCESS;
    }
    memcpy(key, prop->key, prop->key_len);
    memcpy(value, prop->value, prop->value_len);
    return mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY, key, value);
}

int brg_mqtt_properties(const struct brg_message *message, uint32_t expiry_s,
                        mosquitto_property **ret_list)
{
    const uint8_t *at = message->props;
    const uint8_t *end = at == NULL ? NULL : at + message->props_len;
    struct brg_prop prop;
    int result = MOSQ_ERR_SUCCESS;

    if (expiry_s > 0) {
        result =
            mosquitto_property_add_int32(ret_list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, expiry_s);
    }
    if (result == MOSQ_ERR_SUCCESS && message->content != BRG_CONTENT_UNSAID) {
        result = mosquitto_property_add_string(ret_list, MQTT_PROP_CONTENT_TYPE,
                                               content_type(message->content));
    }
    while (result == MOSQ_ERR_SUCCESS && brg_props_next(&at, end, &prop)) {
        result = prop.id == BRG_PROP_USER
                     ? add_user(ret_list, &prop)
                     : mosquitto_property_add_binary(ret_list, MQTT_PROP_CORRELATION_DATA,
                                                     prop.value, (uint16_t)prop.value_len);
    }
    return result;
}

void brg_mqtt_wish_read(struct brg_mqtt_wish *wish, const struct mosquitto_message *message,
                        const mosquitto_property *properties)
{
    uint16_t correlation_len = 0;
    uint32_t expiry_s = 0;

    *wish = (struct brg_mqtt_wish){.response_topic = NULL};
    (void)mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC,
                                         &wish->response_topic, false);
    (void)mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &wish->correlation,
                                         &correlation_len, false);
    (void)mosquitto_property_read_int32(properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &expiry_s,
                                        false);
    wish->demand = (struct brg_demand){
        .topic = message->topic,
        .payload = message->payloadlen == 0 ? "" : message->payload,
        .len = (size_t)message->payloadlen,
        .retained = message->retain,
        .expiry_s = expiry_s,
        .response_topic = wish->response_topic,
        .correlation = wish->correlation,
        .correlation_len = correlation_len,
    };
}

void brg_mqtt_wish_free(struct brg_mqtt_wish *wish)
{
    free(wish->response_topic);
    free(wish->correlation);
}
