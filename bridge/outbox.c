/* SPDX-License-Identifier: ISC */
#include "bridge/outbox.h"

#include <string.h>

enum where { NOWHERE, QUEUED, IN_FLIGHT };

/* One message. A state whose value changes while it is in flight leaves that message to itself
 * and is a new one. */
struct entry {
    struct brg_message message; /* first: the caller's pointer is ours */
    TAILQ_ENTRY(entry) listed;  /* in the queue or in flight */
    RB_ENTRY(entry) by_topic;   /* states only, and only the newest of a topic */
    enum where where;
    bool newest;
    size_t bytes;
    char room[];
};

TAILQ_HEAD(entry_list, entry);
RB_HEAD(state_tree, entry);

struct brg_outbox {
    struct brg_outbox_config config;
    const struct brg_alloc *alloc;
    struct state_tree states;
    struct entry_list queue;
    struct entry_list flight;
    struct brg_outbox_stats stats;
};

static int entry_cmp(const struct entry *a, const struct entry *b)
{
    return strcmp(a->message.topic, b->message.topic);
}

BRG_TREE_FUNCTIONS(state_tree, entry, by_topic, entry_cmp)

void brg_outbox_config_defaults(struct brg_outbox_config *config)
{
    *config = (struct brg_outbox_config){
        .max_states = 100000,
        .max_events = 10000,
        .max_bytes = 32 << 20,
        .window = 100,
    };
}

struct brg_outbox *brg_outbox_new(const struct brg_outbox_config *config,
                                  const struct brg_alloc *alloc)
{
    struct brg_outbox *outbox = brg_get(alloc, sizeof(*outbox));

    if (outbox != NULL) {
        outbox->config = *config;
        outbox->alloc = alloc;
        RB_INIT(&outbox->states);
        TAILQ_INIT(&outbox->queue);
        TAILQ_INIT(&outbox->flight);
    }
    return outbox;
}

static void entry_unlist(struct brg_outbox *outbox, struct entry *entry)
{
    if (entry->where == QUEUED) {
        TAILQ_REMOVE(&outbox->queue, entry, listed);
    } else if (entry->where == IN_FLIGHT) {
        TAILQ_REMOVE(&outbox->flight, entry, listed);
        outbox->stats.in_flight--;
    }
    entry->where = NOWHERE;
}

static void entry_free(struct brg_outbox *outbox, struct entry *entry)
{
    entry_unlist(outbox, entry);
    if (entry->newest) {
        RB_REMOVE(state_tree, &outbox->states, entry);
        outbox->stats.states--;
    } else if (!entry->message.retain) {
        outbox->stats.events--;
    }
    outbox->stats.bytes -= entry->bytes;
    brg_put(outbox->alloc, entry);
}

void brg_outbox_free(struct brg_outbox *outbox)
{
    struct entry *entry;

    if (outbox == NULL) {
        return;
    }
    while ((entry = TAILQ_FIRST(&outbox->flight)) != NULL ||
           (entry = TAILQ_FIRST(&outbox->queue)) != NULL ||
           (entry = RB_ROOT(&outbox->states)) != NULL) {
        entry_free(outbox, entry);
    }
    brg_put(outbox->alloc, outbox);
}

/* Gives up the oldest event that is still queued; false when there is none. */
static bool drop_event(struct brg_outbox *outbox)
{
    struct entry *entry;

    TAILQ_FOREACH (entry, &outbox->queue, listed) {
        if (!entry->message.retain) {
            entry_free(outbox, entry);
            outbox->stats.dropped++;
            return true;
        }
    }
    return false;
}

static int make_room(struct brg_outbox *outbox, size_t bytes, bool new_state, bool new_event)
{
    if (new_state && outbox->stats.states >= outbox->config.max_states) {
        return -BRG_ERR_FULL;
    }
    while ((new_event && outbox->stats.events >= outbox->config.max_events) ||
           outbox->stats.bytes + bytes > outbox->config.max_bytes) {
        if (!drop_event(outbox)) {
            return -BRG_ERR_FULL;
        }
    }
    return 0;
}

static struct entry *state_find(struct brg_outbox *outbox, const char *topic)
{
    struct entry key = {.message.topic = topic};

    return RB_FIND(state_tree, &outbox->states, &key);
}

static struct entry *entry_new(struct brg_outbox *outbox, const char *topic, const void *payload,
                               size_t len)
{
    size_t topic_size = strlen(topic) + 1;
    struct entry *entry = brg_get(outbox->alloc, sizeof(*entry) + topic_size + len);

    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->room, topic, topic_size);
    if (len > 0) {
        memcpy(entry->room + topic_size, payload, len);
    }
    entry->message.topic = entry->room;
    entry->message.payload = entry->room + topic_size;
    entry->message.len = len;
    entry->bytes = sizeof(*entry) + topic_size + len;
    return entry;
}

/* Puts |entry| in the place of the older value: in the table, and in the queue if that was still
 * waiting. */
static void state_replace(struct brg_outbox *outbox, struct entry *old, struct entry *entry)
{
    if (old == NULL) {
        TAILQ_INSERT_TAIL(&outbox->queue, entry, listed);
    } else {
        RB_REMOVE(state_tree, &outbox->states, old);
        old->newest = false;
        outbox->stats.states--;
        if (old->where == QUEUED) {
            TAILQ_INSERT_BEFORE(old, entry, listed);
            outbox->stats.superseded++;
        } else {
            TAILQ_INSERT_TAIL(&outbox->queue, entry, listed);
        }
        if (old->where != IN_FLIGHT) {
            entry_free(outbox, old);
        }
    }
    RB_INSERT(state_tree, &outbox->states, entry);
    entry->newest = true;
    outbox->stats.states++;
}

int brg_outbox_put(struct brg_outbox *outbox, const char *topic, const void *payload, size_t len,
                   int qos, bool retain)
{
    struct entry *old = retain ? state_find(outbox, topic) : NULL;
    size_t bytes = sizeof(struct entry) + strlen(topic) + 1 + len;
    struct entry *entry = NULL;
    int err = make_room(outbox, bytes, retain && old == NULL, !retain);

    if (err == 0) {
        entry = entry_new(outbox, topic, payload, len);
        err = entry == NULL ? -BRG_ERR_NOMEM : 0;
    }
    if (err < 0) {
        outbox->stats.refused++;
        return err;
    }
    entry->message.qos = qos;
    entry->message.retain = retain;
    entry->where = QUEUED;
    outbox->stats.bytes += bytes;
    if (retain) {
        state_replace(outbox, old, entry);
    } else {
        TAILQ_INSERT_TAIL(&outbox->queue, entry, listed);
        outbox->stats.events++;
    }
    return 0;
}

struct brg_message *brg_outbox_take(struct brg_outbox *outbox)
{
    struct entry *entry = TAILQ_FIRST(&outbox->queue);

    if (entry == NULL || outbox->stats.in_flight >= outbox->config.window) {
        return NULL;
    }
    TAILQ_REMOVE(&outbox->queue, entry, listed);
    TAILQ_INSERT_TAIL(&outbox->flight, entry, listed);
    entry->where = IN_FLIGHT;
    entry->message.mid = 0;
    outbox->stats.in_flight++;
    return &entry->message;
}

void brg_outbox_acked(struct brg_outbox *outbox, int mid)
{
    struct entry *entry;

    TAILQ_FOREACH (entry, &outbox->flight, listed) {
        if (entry->message.mid == mid) {
            break;
        }
    }
    if (entry == NULL) {
        return;
    }
    outbox->stats.published++;
    if (entry->newest) {
        entry_unlist(outbox, entry);
    } else {
        entry_free(outbox, entry);
    }
}

void brg_outbox_lost(struct brg_outbox *outbox)
{
    struct entry *entry;

    while ((entry = TAILQ_LAST(&outbox->flight, entry_list)) != NULL) {
        entry_unlist(outbox, entry);
        if (entry->message.retain && !entry->newest) {
            entry_free(outbox, entry); /* its newer value is queued */
        } else {
            entry->where = QUEUED;
            TAILQ_INSERT_HEAD(&outbox->queue, entry, listed);
        }
    }
}

void brg_outbox_republish(struct brg_outbox *outbox)
{
    struct entry *entry;

    RB_FOREACH (entry, state_tree, &outbox->states) {
        if (entry->where == NOWHERE) {
            entry->where = QUEUED;
            TAILQ_INSERT_TAIL(&outbox->queue, entry, listed);
        }
    }
}

const struct brg_outbox_stats *brg_outbox_stats(const struct brg_outbox *outbox)
{
    return &outbox->stats;
}
