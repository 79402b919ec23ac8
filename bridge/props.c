/* SPDX-License-Identifier: ISC */
#include "bridge/props.h"

#include <string.h>

void brg_props_init(struct brg_props *props)
{
    props->len = 0;
    props->full = false;
}

static void put_string(struct brg_props *props, const void *data, size_t len)
{
    props->data[props->len++] = (uint8_t)(len >> 8);
    props->data[props->len++] = (uint8_t)len;
    if (len > 0) {
        memcpy(props->data + props->len, data, len);
    }
    props->len += len;
}

static bool has_room(struct brg_props *props, size_t len)
{
    if (len > sizeof(props->data) - props->len) {
        props->full = true;
        return false;
    }
    return true;
}

void brg_props_user(struct brg_props *props, const char *key, const char *value)
{
    if (has_room(props, 5 + strlen(key) + strlen(value))) {
        props->data[props->len++] = BRG_PROP_USER;
        put_string(props, key, strlen(key));
        put_string(props, value, strlen(value));
    }
}

void brg_props_correlation(struct brg_props *props, const void *data, size_t len)
{
    if (has_room(props, 3 + len)) {
        props->data[props->len++] = BRG_PROP_CORRELATION;
        put_string(props, data, len);
    }
}

static bool take_string(const uint8_t **at, const uint8_t *end, const uint8_t **ret_data,
                        size_t *ret_len)
{
    const uint8_t *data = *at + 2;
    size_t len;

    if (end - *at < 2) {
        return false;
    }
    len = (size_t)(*at)[0] << 8 | (*at)[1];
    if ((size_t)(end - data) < len) {
        return false;
    }
    *ret_data = data;
    *ret_len = len;
    *at = data + len;
    return true;
}

bool brg_props_next(const uint8_t **at, const uint8_t *end, struct brg_prop *ret_prop)
{
    const uint8_t *key = NULL;
    uint8_t id;

    if (*at == NULL || *at >= end) {
        return false;
    }
    id = *(*at)++;
    if ((id != BRG_PROP_USER && id != BRG_PROP_CORRELATION) ||
        (id == BRG_PROP_USER && !take_string(at, end, &key, &ret_prop->key_len)) ||
        !take_string(at, end, &ret_prop->value, &ret_prop->value_len)) {
        return false;
    }
    ret_prop->id = (enum brg_prop_id)id;
    ret_prop->key = (const char *)key;
    return true;
}
