/* SPDX-License-Identifier: ISC */
#include "bridge/mqtt_alias.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/hash.h"

#define USES_NEW 1
#define USES_MAX 64

static uint32_t hash_of(const char *topic)
{
    return brg_hash(BRG_HASH_START, topic, strlen(topic));
}

void brg_aliases_reset(struct brg_aliases *aliases, unsigned max)
{
    for (unsigned i = 0; i < aliases->n; i++) {
        free(aliases->alias[i].topic);
    }
    *aliases = (struct brg_aliases){.max = max < BRG_ALIASES_MAX ? max : BRG_ALIASES_MAX};
}

/* A place for a topic that has none; |max|: there is none yet. */
static unsigned place_for(struct brg_aliases *aliases)
{
    unsigned i = aliases->next;

    if (aliases->n < aliases->max) {
        return aliases->n++;
    }
    aliases->next = i + 1 < aliases->max ? i + 1 : 0;
    if (aliases->alias[i].uses > 0) {
        aliases->alias[i].uses--;
        return aliases->max;
    }
    free(aliases->alias[i].topic);
    aliases->alias[i].topic = NULL;
    return i;
}

uint16_t brg_alias_take(struct brg_aliases *aliases, const char *topic, bool *ret_known)
{
    uint32_t hash = aliases->max == 0 ? 0 : hash_of(topic);
    struct brg_alias *alias;
    unsigned i;

    *ret_known = false;
    for (i = 0; i < aliases->n; i++) {
        alias = &aliases->alias[i];
        if (alias->hash == hash && alias->topic != NULL && strcmp(alias->topic, topic) == 0) {
            alias->uses = (uint8_t)(alias->uses + (alias->uses < USES_MAX));
            *ret_known = true;
            return (uint16_t)(i + 1);
        }
    }
    i = aliases->max == 0 ? 0 : place_for(aliases);
    if (i == aliases->max) {
        return 0;
    }
    alias = &aliases->alias[i];
    *alias = (struct brg_alias){.topic = strdup(topic), .hash = hash, .uses = USES_NEW};
    return alias->topic == NULL ? 0 : (uint16_t)(i + 1);
}

void brg_alias_forget(struct brg_aliases *aliases, uint16_t alias)
{
    if (alias > 0 && alias <= aliases->n) {
        free(aliases->alias[alias - 1].topic);
        aliases->alias[alias - 1] = (struct brg_alias){.topic = NULL};
    }
}
