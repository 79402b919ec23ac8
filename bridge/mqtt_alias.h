/* SPDX-License-Identifier: ISC */
/*
 * Topic aliases (MQTT 5, section 3.3.2.3.4): numbers that stand for the topics which are published
 * most, as many as the broker takes. A topic that has none takes the place of one that is used
 * less, after a while; so that a round of many topics does not use up more than it saves.
 */
#ifndef BRIDGE_MQTT_ALIAS_H
#define BRIDGE_MQTT_ALIAS_H

#include "bridge/brg.h"

#define BRG_ALIASES_MAX 256

struct brg_aliases {
    unsigned max; /* 0: none */
    unsigned n;
    unsigned next; /* whose use is looked at next */
    struct brg_alias {
        char *topic;
        uint32_t hash;
        uint8_t uses;
    } alias[BRG_ALIASES_MAX];
};

/* A new connection, which takes |max| of them; all are forgotten. Zeroed before the first time. */
void brg_aliases_reset(struct brg_aliases *aliases, unsigned max);

/* The number for the topic, 1 and up; 0: it goes without. With |*ret_known| the broker has been
 * told what it stands for. */
uint16_t brg_alias_take(struct brg_aliases *aliases, const char *topic, bool *ret_known);

/* What was to tell the broker did not go out. */
void brg_alias_forget(struct brg_aliases *aliases, uint16_t alias);

#endif
