/* SPDX-License-Identifier: ISC */
#include "bridge/outbox.h"

#include "bridge/topic.h"

#include <string.h>

#define STATES_PER_WRITE 256

enum where { NOWHERE, QUEUED, IN_FLIGHT };

/* One message. A state whose value changes while it is in flight leaves that message to itself
 * and is a new one. Without queue, stage and table it has no reason to be. */
struct entry {
    struct brg_message message; /* first: the caller's pointer is ours */
    TAILQ_ENTRY(entry) listed;  /* in the queue or in flight */
    TAILQ_ENTRY(entry) staged;
    TAILQ_ENTRY(entry) unsaved;
    RB_ENTRY(entry) by_topic; /* states only, and only the newest of a topic */
    uint64_t id;
    enum where where;
    bool newest;
    bool is_staged;
    bool is_unsaved; /* the store's table of states has an older value */
    bool made;       /* by the maker: gone when the connection is */
    bool again;      /* sent before: its id says nothing about what is still to be sent */
    uint32_t bytes;
    char room[];
};

TAILQ_HEAD(entry_list, entry);
RB_HEAD(state_tree, entry);

struct brg_outbox {
    struct brg_outbox_config config;
    const struct brg_alloc *alloc;
    const struct brg_store *store; /* NULL: none */
    struct state_tree states;
    struct entry_list queue;
    struct entry_list flight;
    struct entry_list stage;
    struct entry_list unsaved;
    size_t n_queue;
    brg_make_fn *make;
    void *make_ctx;
    size_t n_made;   /* of those in flight */
    size_t n_saving; /* of the unsaved ones, written by the transaction that is open */
    uint64_t next_id;
    uint64_t taken_id;  /* the highest that went out */
    uint64_t loaded_id; /* the highest that is, or was, in the queue */
    uint64_t done_id;   /* what the store was told last */
    bool load_failed;   /* in the load that is going on */
    bool far;           /* there are messages behind loaded_id that are not in the queue */
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
        .near = 1000,
    };
}

struct brg_outbox *brg_outbox_new(const struct brg_outbox_config *config,
                                  const struct brg_alloc *alloc)
{
    struct brg_outbox *outbox = brg_get(alloc, sizeof(*outbox));

    if (outbox != NULL) {
        outbox->config = *config;
        outbox->alloc = alloc;
        outbox->next_id = 1;
        RB_INIT(&outbox->states);
        TAILQ_INIT(&outbox->queue);
        TAILQ_INIT(&outbox->flight);
        TAILQ_INIT(&outbox->stage);
        TAILQ_INIT(&outbox->unsaved);
    }
    return outbox;
}

void brg_outbox_attach(struct brg_outbox *outbox, const struct brg_store *store, uint64_t first_id,
                       uint64_t next_id)
{
    outbox->store = store;
    outbox->next_id = next_id;
    outbox->taken_id = first_id - 1;
    outbox->loaded_id = first_id - 1;
    outbox->done_id = first_id;
    outbox->far = first_id < next_id;
}

/* --- the lists ------------------------------------------------------------------------------ */

static void entry_unlist(struct brg_outbox *outbox, struct entry *entry)
{
    if (entry->where == QUEUED) {
        TAILQ_REMOVE(&outbox->queue, entry, listed);
        outbox->n_queue--;
    } else if (entry->where == IN_FLIGHT) {
        TAILQ_REMOVE(&outbox->flight, entry, listed);
        outbox->stats.in_flight--;
        outbox->n_made -= entry->made;
    }
    entry->where = NOWHERE;
}

static void entry_queue(struct brg_outbox *outbox, struct entry *entry, bool front)
{
    if (front) {
        TAILQ_INSERT_HEAD(&outbox->queue, entry, listed);
    } else {
        TAILQ_INSERT_TAIL(&outbox->queue, entry, listed);
    }
    entry->where = QUEUED;
    outbox->n_queue++;
}

static void entry_unstage(struct brg_outbox *outbox, struct entry *entry)
{
    if (entry->is_staged) {
        TAILQ_REMOVE(&outbox->stage, entry, staged);
        entry->is_staged = false;
        outbox->stats.staged--;
    }
}

static void entry_save(struct brg_outbox *outbox, struct entry *entry, bool is)
{
    if (is == entry->is_unsaved) {
        return;
    }
    entry->is_unsaved = is;
    if (is && entry->message.sure) {
        TAILQ_INSERT_HEAD(&outbox->unsaved, entry, unsaved);
    } else if (is) {
        TAILQ_INSERT_TAIL(&outbox->unsaved, entry, unsaved);
    } else {
        TAILQ_REMOVE(&outbox->unsaved, entry, unsaved);
    }
}

/* No longer the newest value of its topic. */
static void entry_dethrone(struct brg_outbox *outbox, struct entry *entry)
{
    if (entry->newest) {
        RB_REMOVE(state_tree, &outbox->states, entry);
        entry->newest = false;
        entry_save(outbox, entry, false);
        outbox->stats.states--;
    }
}

static void entry_free(struct brg_outbox *outbox, struct entry *entry)
{
    entry_unlist(outbox, entry);
    entry_unstage(outbox, entry);
    entry_dethrone(outbox, entry);
    if (!entry->message.retain) {
        outbox->stats.events--;
    }
    outbox->stats.bytes -= entry->bytes;
    brg_put(outbox->alloc, entry);
}

/* A state that says that there is none any more goes too, once broker and store know. */
static void entry_empty(struct brg_outbox *outbox, struct entry *entry)
{
    if (entry->message.retain && entry->message.len == 0 && entry->where == NOWHERE &&
        !entry->is_unsaved && !entry->is_staged) {
        entry_dethrone(outbox, entry);
    }
}

/* Frees it unless somebody needs it. */
static void entry_release(struct brg_outbox *outbox, struct entry *entry)
{
    if (entry->where == NOWHERE && !entry->is_staged && !entry->newest) {
        entry_free(outbox, entry);
    }
}

void brg_outbox_free(struct brg_outbox *outbox)
{
    struct entry *entry;

    if (outbox == NULL) {
        return;
    }
    while ((entry = TAILQ_FIRST(&outbox->flight)) != NULL ||
           (entry = TAILQ_FIRST(&outbox->queue)) != NULL ||
           (entry = TAILQ_FIRST(&outbox->stage)) != NULL ||
           (entry = RB_ROOT(&outbox->states)) != NULL) {
        entry_free(outbox, entry);
    }
    brg_put(outbox->alloc, outbox);
}

/* --- putting -------------------------------------------------------------------------------- */

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

/* What goes when this state's next value comes. */
static size_t bytes_of_old(const struct brg_outbox *outbox, const struct entry *old)
{
    bool goes = old != NULL && !old->is_staged &&
                (old->where == NOWHERE || (outbox->store == NULL && old->where == QUEUED));

    return goes ? old->bytes : 0;
}

/*
 * With a store nothing gives way here: it is the store that does not keep up. But states stay for
 * as long as the program runs, so that new and larger ones leave a quarter for what is on its way:
 * who makes up states cannot keep the values of others from being renewed.
 */
static int make_room(struct brg_outbox *outbox, const struct brg_message *message, size_t bytes,
                     const struct entry *old)
{
    bool grows = message->retain && (old == NULL || bytes > old->bytes);
    size_t max = outbox->config.max_bytes;

    max -= grows && outbox->store != NULL ? max / 4 : 0;
    if (message->retain && old == NULL && outbox->stats.states >= outbox->config.max_states) {
        return -BRG_ERR_FULL;
    }
    while ((!message->retain && outbox->stats.events >= outbox->config.max_events) ||
           outbox->stats.bytes - bytes_of_old(outbox, old) + bytes > max) {
        if (outbox->store != NULL || !drop_event(outbox)) {
            return -BRG_ERR_FULL;
        }
    }
    return 0;
}

/* The tree is only looked at. */
static struct entry *state_find(const struct brg_outbox *outbox, const char *topic)
{
    struct state_tree states = outbox->states;
    struct entry key = {.message.topic = topic};

    return RB_FIND(state_tree, &states, &key);
}

/* The first whose topic is not before this one. */
static struct entry *state_from(const struct brg_outbox *outbox, const char *topic)
{
    struct state_tree states = outbox->states;
    struct entry key = {.message.topic = topic};

    return RB_NFIND(state_tree, &states, &key);
}

static struct entry *entry_new(struct brg_outbox *outbox, uint64_t id,
                               const struct brg_message *message)
{
    size_t topic_size = strlen(message->topic) + 1;
    size_t bytes = sizeof(struct entry) + topic_size + message->len + message->props_len;
    struct entry *entry = bytes > UINT32_MAX ? NULL : brg_get(outbox->alloc, bytes);

    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->room, message->topic, topic_size);
    if (message->len > 0) {
        memcpy(entry->room + topic_size, message->payload, message->len);
    }
    entry->message = *message;
    entry->message.topic = entry->room;
    entry->message.payload = entry->room + topic_size;
    if (message->props_len > 0) {
        uint8_t *props = (uint8_t *)entry->room + topic_size + message->len;

        memcpy(props, message->props, message->props_len);
        entry->message.props = props;
    }
    entry->id = id;
    entry->bytes = (uint32_t)bytes;
    outbox->stats.bytes += bytes;
    outbox->stats.events += !message->retain;
    return entry;
}

/* |entry| is the newest value of its topic from now on. Without a store it takes the place of an
 * older one that waits to be sent. */
static void enthrone(struct brg_outbox *outbox, struct entry *old, struct entry *entry)
{
    if (old != NULL) {
        entry_dethrone(outbox, old);
        if (outbox->store == NULL && old->where == QUEUED) {
            TAILQ_INSERT_BEFORE(old, entry, listed);
            entry->where = QUEUED;
            outbox->n_queue++;
            outbox->stats.superseded++;
            entry_unlist(outbox, old);
        }
        entry_release(outbox, old);
    }
    RB_INSERT(state_tree, &outbox->states, entry);
    entry->newest = true;
    outbox->stats.states++;
}

int brg_outbox_add(struct brg_outbox *outbox, const struct brg_message *message)
{
    struct entry *old = message->retain ? state_find(outbox, message->topic) : NULL;
    size_t bytes =
        sizeof(struct entry) + strlen(message->topic) + 1 + message->len + message->props_len;
    struct entry *entry = NULL;
    int err = make_room(outbox, message, bytes, old);

    if (err == 0) {
        entry = entry_new(outbox, outbox->next_id, message);
        err = entry == NULL ? -BRG_ERR_NOMEM : 0;
    }
    if (err < 0) {
        outbox->stats.refused++;
        return err;
    }
    outbox->next_id++;
    if (message->retain) {
        enthrone(outbox, old, entry);
        entry_save(outbox, entry, outbox->store != NULL);
    }
    if (outbox->store != NULL) {
        TAILQ_INSERT_TAIL(&outbox->stage, entry, staged);
        entry->is_staged = true;
        outbox->stats.staged++;
    }
    if (!outbox->far && entry->where == NOWHERE) {
        entry_queue(outbox, entry, false);
        outbox->loaded_id = entry->id;
    }
    return 0;
}

int brg_outbox_put(struct brg_outbox *outbox, const char *topic, const void *payload, size_t len,
                   int qos, bool retain)
{
    const struct brg_message message = {
        .topic = topic, .payload = payload, .len = len, .qos = qos, .retain = retain};

    return brg_outbox_add(outbox, &message);
}

int brg_outbox_restore(struct brg_outbox *outbox, uint64_t id, const struct brg_message *message)
{
    struct entry *entry;

    if (outbox->stats.states >= outbox->config.max_states ||
        state_find(outbox, message->topic) != NULL) {
        return -BRG_ERR_FULL;
    }
    entry = entry_new(outbox, id, message);
    if (entry == NULL) {
        return -BRG_ERR_NOMEM;
    }
    enthrone(outbox, NULL, entry);
    return 0;
}

uint64_t brg_outbox_next_id(const struct brg_outbox *outbox)
{
    return outbox->next_id;
}

/* --- the store ------------------------------------------------------------------------------ */

bool brg_outbox_is_kept(const struct brg_outbox *outbox, uint64_t first, uint64_t end)
{
    const struct entry *entry;

    TAILQ_FOREACH (entry, &outbox->stage, staged) {
        if (entry->id >= first) {
            return entry->id >= end;
        }
    }
    return true;
}

void brg_outbox_withdraw(struct brg_outbox *outbox, uint64_t first, uint64_t end)
{
    struct entry *entry = TAILQ_FIRST(&outbox->stage);

    while (entry != NULL) {
        struct entry *next = TAILQ_NEXT(entry, staged);

        if (entry->id >= first && entry->id < end && entry->where != IN_FLIGHT) {
            entry_free(outbox, entry);
        }
        entry = next;
    }
}

/* All messages below this one have arrived. */
static uint64_t done_before(const struct brg_outbox *outbox)
{
    uint64_t lowest = outbox->far ? outbox->loaded_id + 1 : outbox->next_id;
    const struct entry *entry;

    TAILQ_FOREACH (entry, &outbox->queue, listed) {
        if (!entry->again) {
            lowest = entry->id < lowest ? entry->id : lowest;
            break;
        }
    }
    TAILQ_FOREACH (entry, &outbox->flight, listed) {
        if (!entry->again && entry->id < lowest) {
            lowest = entry->id;
        }
    }
    return lowest;
}

/* Those that cannot wait are the first in the list. */
static bool has_sure(const struct brg_outbox *outbox)
{
    const struct entry *entry = TAILQ_FIRST(&outbox->unsaved);

    return entry != NULL && entry->message.sure;
}

bool brg_outbox_wants_write(const struct brg_outbox *outbox, bool states)
{
    return !TAILQ_EMPTY(&outbox->stage) || done_before(outbox) != outbox->done_id ||
           has_sure(outbox) || (states && !TAILQ_EMPTY(&outbox->unsaved));
}

int brg_outbox_write(struct brg_outbox *outbox, bool states)
{
    const struct brg_store *store = outbox->store;
    const struct entry *entry;
    int err = store->done(store->ctx, done_before(outbox));

    outbox->n_saving = 0;
    TAILQ_FOREACH (entry, &outbox->stage, staged) {
        if (err < 0) {
            return err;
        }
        err = store->put(store->ctx, entry->id, &entry->message);
    }
    TAILQ_FOREACH (entry, &outbox->unsaved, unsaved) {
        if (err < 0 ||
            (!entry->message.sure && (!states || outbox->n_saving >= STATES_PER_WRITE))) {
            break;
        }
        err = store->state(store->ctx, entry->id, &entry->message);
        outbox->n_saving++;
    }
    return err;
}

/* What is kept and far from its turn leaves the memory. */
static void leave_memory(struct brg_outbox *outbox)
{
    struct entry *entry = TAILQ_LAST(&outbox->queue, entry_list);

    while (entry != NULL && outbox->n_queue > outbox->config.near) {
        struct entry *before = TAILQ_PREV(entry, entry_list, listed);

        if (!entry->again) {
            outbox->far = true;
            outbox->loaded_id = entry->id - 1;
            entry_unlist(outbox, entry);
            entry_release(outbox, entry);
        }
        entry = before;
    }
}

void brg_outbox_written(struct brg_outbox *outbox)
{
    struct entry *entry;

    outbox->done_id = done_before(outbox);
    while ((entry = TAILQ_FIRST(&outbox->stage)) != NULL) {
        entry_unstage(outbox, entry);
        entry_release(outbox, entry);
    }
    for (; outbox->n_saving > 0; outbox->n_saving--) {
        entry = TAILQ_FIRST(&outbox->unsaved);
        entry_save(outbox, entry, false);
        entry_empty(outbox, entry);
        entry_release(outbox, entry);
    }
    leave_memory(outbox);
}

/* A message from the store comes into the queue. */
static void loaded(void *arg, uint64_t id, const struct brg_message *message)
{
    struct brg_outbox *outbox = arg;
    struct entry *old = message->retain ? state_find(outbox, message->topic) : NULL;
    struct entry *entry;

    /* Behind one that found no memory all have to wait. */
    entry = outbox->load_failed ? NULL : entry_new(outbox, id, message);
    if (entry == NULL) {
        outbox->load_failed = true;
        return;
    }
    if (message->retain && (old == NULL || old->id < id)) {
        enthrone(outbox, old, entry);
        entry_save(outbox, entry, true);
    }
    entry_queue(outbox, entry, false);
    outbox->loaded_id = id;
}

/* Fills the queue from the store; behind what that has come those that are only staged. */
static void load(struct brg_outbox *outbox)
{
    const struct brg_store *store = outbox->store;
    struct entry *entry;
    int n;

    outbox->load_failed = false;
    n = store->load(store->ctx, outbox->loaded_id, outbox->config.window, loaded, outbox);
    if (n < 0 || outbox->load_failed || (size_t)n == outbox->config.window) {
        return;
    }
    TAILQ_FOREACH (entry, &outbox->stage, staged) {
        if (entry->where == NOWHERE && entry->id > outbox->loaded_id) {
            entry_queue(outbox, entry, false);
            outbox->loaded_id = entry->id;
        }
    }
    outbox->far = false;
}

void brg_outbox_set_maker(struct brg_outbox *outbox, brg_make_fn *make, void *ctx)
{
    outbox->make = make;
    outbox->make_ctx = ctx;
}

/* --- sending -------------------------------------------------------------------------------- */

static void fly(struct brg_outbox *outbox, struct entry *entry)
{
    TAILQ_INSERT_TAIL(&outbox->flight, entry, listed);
    entry->where = IN_FLIGHT;
    entry->message.mid = 0;
    outbox->stats.in_flight++;
    outbox->n_made += entry->made;
}

static struct entry *take_made(struct brg_outbox *outbox)
{
    struct brg_message message;
    struct entry *entry;

    if (outbox->make == NULL || outbox->n_made * 10 >= outbox->config.window ||
        !outbox->make(outbox->make_ctx, &message)) {
        return NULL;
    }
    entry = entry_new(outbox, 0, &message);
    if (entry == NULL) {
        outbox->stats.refused++;
        return NULL;
    }
    entry->made = true;
    entry->again = true; /* no part of the order of ids */
    fly(outbox, entry);
    return entry;
}

bool brg_outbox_is_full(const struct brg_outbox *outbox)
{
    return outbox->stats.in_flight >= outbox->config.window;
}

struct brg_message *brg_outbox_take(struct brg_outbox *outbox)
{
    struct entry *entry;

    if (outbox->stats.in_flight >= outbox->config.window) {
        return NULL;
    }
    entry = take_made(outbox);
    if (entry != NULL) {
        return &entry->message;
    }
    if (TAILQ_EMPTY(&outbox->queue) && outbox->far) {
        load(outbox);
    }
    entry = TAILQ_FIRST(&outbox->queue);
    if (entry == NULL) {
        return NULL;
    }
    entry_unlist(outbox, entry);
    fly(outbox, entry);
    if (!entry->again && entry->id > outbox->taken_id) {
        outbox->taken_id = entry->id;
    }
    return &entry->message;
}

static struct entry *flight_find(const struct brg_outbox *outbox, int mid)
{
    struct entry *entry;

    TAILQ_FOREACH (entry, &outbox->flight, listed) {
        if (entry->message.mid == mid) {
            break;
        }
    }
    return entry;
}

const struct brg_message *brg_outbox_in_flight(const struct brg_outbox *outbox, int mid)
{
    const struct entry *entry = flight_find(outbox, mid);

    return entry == NULL ? NULL : &entry->message;
}

const struct brg_message *brg_outbox_oldest(const struct brg_outbox *outbox)
{
    const struct entry *entry = TAILQ_FIRST(&outbox->flight);

    return entry == NULL ? NULL : &entry->message;
}

static void entry_done(struct brg_outbox *outbox, struct entry *entry)
{
    entry_unlist(outbox, entry);
    entry_unstage(outbox, entry);
    entry_empty(outbox, entry);
    entry_release(outbox, entry);
}

void brg_outbox_acked(struct brg_outbox *outbox, int mid)
{
    struct entry *entry = flight_find(outbox, mid);

    if (entry != NULL) {
        outbox->stats.published++;
        entry_done(outbox, entry);
    }
}

void brg_outbox_undeliverable(struct brg_outbox *outbox, int mid, const char *reason)
{
    struct entry *entry = flight_find(outbox, mid);

    if (entry == NULL) {
        return;
    }
    if (reason != NULL && outbox->store != NULL && !entry->again) {
        outbox->store->bury(outbox->store->ctx, &entry->message, reason);
    }
    entry_done(outbox, entry);
}

uint64_t brg_outbox_drop(struct brg_outbox *outbox)
{
    uint64_t first = outbox->next_id;
    uint64_t before = outbox->stats.dropped;
    struct entry *entry;

    while ((entry = TAILQ_FIRST(&outbox->queue)) != NULL) {
        first = !entry->again && entry->id < first ? entry->id : first;
        entry_unlist(outbox, entry);
        entry_unstage(outbox, entry);
        outbox->stats.dropped += outbox->far ? 0 : 1;
        entry_release(outbox, entry);
    }
    while ((entry = TAILQ_FIRST(&outbox->stage)) != NULL && entry->where == NOWHERE) {
        entry_unstage(outbox, entry);
        entry_release(outbox, entry);
    }
    if (outbox->far) {
        /* Nobody has counted those on the disk: the ids tell how many there can be. */
        outbox->stats.dropped += outbox->next_id - first;
        outbox->far = false;
        outbox->loaded_id = outbox->next_id - 1;
    }
    return outbox->stats.dropped - before;
}

void brg_outbox_lost(struct brg_outbox *outbox)
{
    struct entry *entry;

    while ((entry = TAILQ_LAST(&outbox->flight, entry_list)) != NULL) {
        entry_unlist(outbox, entry);
        if (!entry->again && entry->id <= outbox->taken_id) {
            outbox->taken_id = entry->id - 1;
        }
        if (entry->made || (outbox->store == NULL && entry->message.retain && !entry->newest)) {
            entry_free(outbox, entry); /* its newer value is queued */
        } else {
            entry_queue(outbox, entry, true);
        }
    }
}

void brg_outbox_republish(struct brg_outbox *outbox)
{
    struct entry *entry;

    RB_FOREACH (entry, state_tree, &outbox->states) {
        /* With a store, one that has not been out yet will come by itself. */
        if (entry->where == NOWHERE &&
            (outbox->store == NULL || entry->again || entry->id <= outbox->taken_id)) {
            entry->again = true;
            entry_queue(outbox, entry, false);
        }
    }
}

void brg_outbox_forget(struct brg_outbox *outbox, const char *topic)
{
    struct entry *entry = state_find(outbox, topic);

    if (entry != NULL && entry->where == NOWHERE && !entry->is_staged && !entry->is_unsaved) {
        entry_free(outbox, entry);
    }
}

const struct brg_message *brg_outbox_state(const struct brg_outbox *outbox, const char *topic)
{
    const struct entry *entry = state_find(outbox, topic);

    return entry == NULL ? NULL : &entry->message;
}

uint64_t brg_outbox_newest(void *outbox, const char *topic)
{
    const struct entry *entry = state_find(outbox, topic);

    return entry == NULL ? 0 : entry->id;
}

const struct brg_message *brg_outbox_state_after(const struct brg_outbox *outbox, const char *topic)
{
    struct entry *entry = state_from(outbox, topic);

    if (entry != NULL && strcmp(entry->message.topic, topic) == 0) {
        entry = RB_NEXT(state_tree, &outbox->states, entry);
    }
    return entry == NULL ? NULL : &entry->message;
}

size_t brg_outbox_count(const struct brg_outbox *outbox, const char *topic, size_t len, size_t most)
{
    char prefix[BRG_TOPIC_MAX];
    struct entry *entry;
    size_t n = 0;

    if (len >= sizeof(prefix)) {
        return 0;
    }
    memcpy(prefix, topic, len);
    prefix[len] = '\0';
    for (entry = state_from(outbox, prefix);
         entry != NULL && n < most && strncmp(entry->message.topic, prefix, len) == 0;
         entry = RB_NEXT(state_tree, &outbox->states, entry)) {
        n++;
    }
    return n;
}

const struct brg_outbox_stats *brg_outbox_stats(const struct brg_outbox *outbox)
{
    return &outbox->stats;
}
