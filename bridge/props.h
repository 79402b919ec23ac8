/* SPDX-License-Identifier: ISC */
/*
 * MQTT 5 properties of a message, as the octets that MQTT itself uses (section 2.2.2): user
 * properties and correlation data, one behind the other. So they can be kept beside the payload
 * without being understood.
 */
#ifndef BRIDGE_PROPS_H
#define BRIDGE_PROPS_H

#include "bridge/brg.h"

#define BRG_PROPS_MAX 512
#define BRG_CORRELATION_MAX 256 /* octets of it that we give back */

enum brg_prop_id { BRG_PROP_CORRELATION = 9, BRG_PROP_USER = 38 };

struct brg_props {
    uint8_t data[BRG_PROPS_MAX];
    size_t len;
    bool full; /* something did not fit and was left out */
};

struct brg_prop {
    enum brg_prop_id id;
    const char *key; /* BRG_PROP_USER; neither is terminated */
    size_t key_len;
    const uint8_t *value;
    size_t value_len;
};

void brg_props_init(struct brg_props *props);
void brg_props_user(struct brg_props *props, const char *key, const char *value);
void brg_props_correlation(struct brg_props *props, const void *data, size_t len);

/* Takes the next property off |*at|; false at the end, or at what is none. */
bool brg_props_next(const uint8_t **at, const uint8_t *end, struct brg_prop *ret_prop);

#endif
