/* SPDX-License-Identifier: ISC */
/* What MQTT 5 says beside topic and payload, both ways. */
#ifndef BRIDGE_MQTT_PROPS_H
#define BRIDGE_MQTT_PROPS_H

#include <mosquitto.h>

#include "bridge/core.h"

/* Seconds for which a message is still of use; 0: none, or that was not said. */
uint32_t brg_mqtt_remaining_s(const struct brg_message *message);

/* The properties to publish a message with: |expiry_s| unless it is 0, content type, and its own.
 * MOSQ_ERR_x; the caller frees the list in any case. */
int brg_mqtt_properties(const struct brg_message *message, uint32_t expiry_s,
                        mosquitto_property **ret_list);

/* A demand out of a message; it points into that and into memory of its own. */
struct brg_mqtt_wish {
    struct brg_demand demand;
    char *response_topic;
    void *correlation;
};

/* |properties| may be NULL. */
void brg_mqtt_wish_read(struct brg_mqtt_wish *wish, const struct mosquitto_message *message,
                        const mosquitto_property *properties);
void brg_mqtt_wish_free(struct brg_mqtt_wish *wish);

#endif
