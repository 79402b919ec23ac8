/* SPDX-License-Identifier: ISC */
/*
 * Commands that are carried out once, however often they come: who gives one a key of his own and
 * sends it again, because the first had no answer or MQTT delivered it twice (QoS 1), is told that
 * it is the same. The newest ONCE_MAX of the last hour are known, in memory.
 */
#include "bridge/core_internal.h"

#include <string.h>

#define ONCE_MAX 512
#define ONCE_TIME (3600 * BRG_SEC)

struct once {
    uint64_t id; /* 0: none */
    brg_tstamp ends;
    const char *status; /* a literal */
};

uint64_t brg_once_of(struct brg_core *core, const char *topic, const char *key)
{
    uint8_t secret[16] = {0};
    uint64_t parts[2];
    uint64_t id;

    memcpy(secret, &core->config.seed, sizeof(core->config.seed));
    parts[0] = brg_siphash(secret, (const uint8_t *)topic, strlen(topic));
    parts[1] = brg_siphash(secret, (const uint8_t *)key, strlen(key));
    id = brg_siphash(secret, (const uint8_t *)parts, sizeof(parts));
    return id == 0 ? 1 : id;
}

static struct once *once_find(struct brg_core *core, uint64_t id)
{
    for (size_t i = 0; core->once != NULL && i < ONCE_MAX; i++) {
        if (core->once[i].id == id) {
            return &core->once[i];
        }
    }
    return NULL;
}

const char *brg_once_taken(struct brg_core *core, uint64_t once, const struct brg_now *now)
{
    struct once *known = once_find(core, once);

    if (known != NULL && known->ends > now->mono) {
        return known->status;
    }
    if (core->once == NULL) {
        core->once = brg_get(core->alloc, ONCE_MAX * sizeof(*core->once));
        if (core->once == NULL) {
            return "out of memory"; /* nobody could tell it from the next one */
        }
    }
    if (known == NULL) {
        known = &core->once[core->once_next];
        core->once_next = (core->once_next + 1) % ONCE_MAX;
    }
    *known = (struct once){.id = once, .ends = now->mono + ONCE_TIME, .status = "not yet done"};
    return NULL;
}

void brg_once_done(struct brg_core *core, uint64_t once, const char *status)
{
    struct once *known = once == 0 ? NULL : once_find(core, once);

    if (known != NULL && status != NULL) {
        known->status = status;
    } else if (known != NULL) {
        known->id = 0;
    }
}
