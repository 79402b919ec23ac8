/* SPDX-License-Identifier: ISC */
/*
 * One node: discovery of its resources, and the life of each: asked, observed or polled, waiting.
 *
 * Waits grow from half a minute to an hour while a node is silent and end as soon as it speaks; a
 * node that answers, but with an error, is asked again after ten minutes to six hours.
 */
#include "bridge/core_internal.h"

#include <string.h>

#define SILENCE_WAIT (30 * BRG_SEC)
#define SILENCE_DOUBLINGS 7 /* 64 minutes */
#define ERROR_WAIT (600 * BRG_SEC)
#define ERROR_DOUBLINGS 5 /* 5.3 hours */
#define REDISCOVER (24 * 3600 * BRG_SEC)
#define WORDS_MAX 128 /* octets of a link's rt= or if=; a longer one is none */
#define POLL_MAX_S 86400U
#define VALUE_LAG_S 0.5 /* from a value to the transaction that keeps its observation */
#define TOPIC_ROOM 128  /* for BASE, NODE and what the bridge puts behind a resource */

static brg_tstamp backoff(struct brg_core *core, uint32_t *failures, bool silence)
{
    uint32_t most = silence ? SILENCE_DOUBLINGS : ERROR_DOUBLINGS;
    uint32_t doublings = *failures < most ? *failures : most;

    (*failures)++;
    return brg_jitter(core, (silence ? SILENCE_WAIT : ERROR_WAIT) << doublings);
}

/* --- one resource --------------------------------------------------------------------------- */

static void resource_wait(struct brg_core *core, struct resource *res, bool silence,
                          const struct brg_now *now)
{
    brg_tstamp wait = backoff(core, &res->failures, silence);

    brg_alarm_set(core, &res->alarm, now->mono + wait, silence);
}

static void observing(struct brg_core *core, struct resource *res, bool is)
{
    if (is != res->observing) {
        core->stats.observed += is ? 1 : (uint64_t)-1;
        res->observing = is;
        if (!core->closing) {
            brg_tell(core, res->node, TELL_INFO);
        }
        if (is) {
            brg_trace(core, BRG_TRACE_OBSERVING, res->node, res->path, 0);
        } else {
            brg_keep_no_observation(core, res);
        }
    }
}

void brg_resource_start(struct brg_core *core, struct resource *res, const struct brg_now *now)
{
    struct coap_request request = {
        .method = COAP_GET,
        .uri = res->path,
        .observe = res->obs,
        .accept = COAP_FORMAT_NONE,
    };

    if (res->value.id != 0 || res->quiet || res->pushed || !res->node->online ||
        (res->rule != NULL && res->rule->ignore)) {
        return;
    }
    brg_timer_clear(&core->timers, &res->alarm.timer);
    if (brg_ask(core, &res->value, &request, now) < 0) {
        core->stats.full++;
        resource_wait(core, res, false, now);
    }
}

void brg_resource_quiet(struct brg_core *core, struct resource *res, bool quiet,
                        const struct brg_now *now)
{
    res->quiet = quiet;
    if (quiet) {
        observing(core, res, false);
        brg_ask_cancel(core, &res->value, now);
        brg_timer_clear(&core->timers, &res->alarm.timer);
    } else {
        brg_resource_start(core, res, now);
    }
}

static void resource_poll_later(struct brg_core *core, struct resource *res, uint32_t max_age_s,
                                const struct brg_now *now)
{
    uint32_t interval = brg_resource_poll_s(core, res);

    if (max_age_s > interval) {
        interval = max_age_s < POLL_MAX_S ? max_age_s : POLL_MAX_S;
    }
    brg_alarm_set(core, &res->alarm, now->mono + brg_jitter(core, interval * BRG_SEC), false);
}

bool brg_resource_answer(struct brg_core *core, struct resource *res,
                         const struct coap_effect *effect, const struct brg_now *now)
{
    if (effect->kind == COAP_STALE) {
        res->misses = effect->misses;
        return true;
    }
    observing(core, res, effect->kind == COAP_RESPONSE && effect->observing);
    if (effect->kind == COAP_FAILED) {
        bool silence = effect->failure == COAP_FAIL_TIMEOUT;

        brg_trace(core, BRG_TRACE_RESOURCE, res->node, res->path, 0);
        resource_wait(core, res, silence, now);
        return true;
    }
    res->misses = 0;
    if (COAP_CLASS(effect->code) != 2) {
        brg_trace(core, BRG_TRACE_RESOURCE, res->node, res->path, effect->code);
        resource_wait(core, res, false, now);
        return true;
    }
    res->failures = 0;
    if (effect->last) {
        if (res->obs) {
            /* It said it can be observed and does not do it, or no longer: poll. A fresh
             * discovery tries again. */
            res->obs = false;
            brg_trace(core, BRG_TRACE_POLLING, res->node, res->path, 0);
        }
        resource_poll_later(core, res, effect->max_age_s, now);
    }
    if (brg_publish_value(core, res, effect, now) < 0) {
        return false;
    }
    if (effect->observing) {
        brg_keep_observation(core, res, effect);
    }
    return true;
}

int brg_resource_format(const struct resource *res)
{
    if (res->format >= 0) {
        return res->format;
    }
    return brg_command_writes(res->seen) ? res->seen : COAP_FORMAT_TEXT;
}

void brg_resource_seen(struct brg_core *core, struct resource *res,
                       const struct coap_effect *effect)
{
    bool senml =
        effect->format == COAP_FORMAT_SENML_JSON || effect->format == COAP_FORMAT_SENML_CBOR;
    char room[BRG_SHAPE_MAX];
    struct brg_text shape;

    res->seen = effect->format;
    brg_text_init(&shape, room, sizeof(room));
    if (!res->writable || !senml ||
        !brg_senml_shape(&core->decoder, effect->format, effect->data, effect->len, &shape) ||
        (res->shape != NULL && strcmp(res->shape, room) == 0)) {
        return;
    }
    brg_put(core->alloc, res->shape);
    res->shape = brg_dup(core->alloc, room, shape.len);
    brg_keep_changed(core, res);
}

static void resource_free(struct brg_core *core, struct resource *res, const struct brg_now *now)
{
    observing(core, res, false);
    brg_commands_unbind(core, res->node, res, true, now);
    brg_keep_forget(core, res);
    brg_ask_cancel(core, &res->value, now);
    brg_timer_clear(&core->timers, &res->alarm.timer);
    TAILQ_REMOVE(&res->node->resources, res, entry);
    res->node->n_resources--;
    core->stats.resources--;
    brg_series_free(core, res);
    brg_put(core->alloc, res->rt);
    brg_put(core->alloc, res->ifs);
    brg_put(core->alloc, res->shape);
    if (res->topic != res->path) {
        brg_put(core->alloc, res->topic);
    }
    brg_put(core->alloc, res->path);
    brg_put(core->alloc, res);
}

static bool may_be_written(const struct brg_core *core, const struct node *node, const char *path,
                           const struct brg_link *link)
{
    /* The interfaces whose resources are there to be written (actuator and parameter). */
    bool allowed = brg_span_has(&link->ifs, "core.a") || brg_span_has(&link->ifs, "core.p");

    for (size_t i = 0; i < core->config.n_commands && !allowed; i++) {
        allowed = brg_glob_resource(core->config.commands[i], node->eui64, path);
    }
    return allowed;
}

static bool has_word(const char *words, const char *word)
{
    const struct brg_span span = {.text = words, .len = words == NULL ? 0 : strlen(words)};

    return brg_span_has(&span, word);
}

static bool rule_fits(const struct brg_rule *rule, const struct resource *res)
{
    return (rule->path == NULL || brg_glob_resource(rule->path, res->node->eui64, res->path)) &&
           (rule->rt == NULL || has_word(res->rt, rule->rt)) &&
           (rule->ifs == NULL || has_word(res->ifs, rule->ifs)) &&
           (rule->obs == BRG_OBS_EITHER || (rule->obs == BRG_OBS_YES) == res->obs);
}

static const struct brg_rule *rule_for(const struct brg_core *core, const struct resource *res)
{
    for (size_t i = 0; i < core->config.n_rules; i++) {
        if (rule_fits(&core->config.rules[i], res)) {
            return &core->config.rules[i];
        }
    }
    return NULL;
}

/* |*words| becomes a copy of the span; without memory it stays what it was. */
static void words_take(struct brg_core *core, char **words, const struct brg_span *span)
{
    char *copy = NULL;

    if (span->text != NULL) {
        if (*words != NULL && strlen(*words) == span->len &&
            memcmp(*words, span->text, span->len) == 0) {
            return;
        }
        copy = span->len <= WORDS_MAX && brg_utf8_valid(span->text, span->len)
                   ? brg_dup(core->alloc, span->text, span->len)
                   : NULL;
    }
    brg_put(core->alloc, *words);
    *words = copy;
}

static struct resource *resource_find(struct node *node, const struct brg_link *link)
{
    struct resource *res;

    TAILQ_FOREACH (res, &node->resources, entry) {
        if (strlen(res->path) == link->path.len &&
            memcmp(res->path, link->path.text, link->path.len) == 0) {
            return res;
        }
    }
    return NULL;
}

static struct resource *resource_new(struct brg_core *core, struct node *node,
                                     const struct brg_span *path, const char *topic)
{
    struct resource *res = brg_get(core->alloc, sizeof(*res));

    if (res == NULL) {
        return NULL;
    }
    res->path = brg_dup(core->alloc, path->text, path->len);
    if (res->path != NULL) {
        res->topic =
            strcmp(topic, res->path) == 0 ? res->path : brg_dup(core->alloc, topic, strlen(topic));
    }
    if (res->topic == NULL) {
        brg_put(core->alloc, res->path);
        brg_put(core->alloc, res);
        return NULL;
    }
    res->node = node;
    res->seen = COAP_FORMAT_NONE;
    res->value = (struct ask){.kind = ASK_VALUE, .node = node, .resource = res};
    res->alarm.kind = ALARM_VALUE;
    res->alarm.node = node;
    res->alarm.resource = res;
    TAILQ_INIT(&res->series);
    TAILQ_INSERT_TAIL(&node->resources, res, entry);
    node->n_resources++;
    core->stats.resources++;
    return res;
}

void brg_resource_rule(struct brg_core *core, struct resource *res)
{
    res->rule = rule_for(core, res);
}

struct resource *brg_resource_push(struct brg_core *core, struct node *node, const char *path)
{
    const struct brg_link link = {.path = {.text = path, .len = strlen(path)}};
    struct resource *res = resource_find(node, &link);
    char topic[BRG_TOPIC_MAX];

    if (res != NULL) {
        return res;
    }
    if (node->n_resources >= core->config.max_resources ||
        brg_topic_path(topic, BRG_TOPIC_MAX - TOPIC_ROOM, path) < 0) {
        core->stats.full++;
        brg_trace(core, BRG_TRACE_FULL, node, "resource", 0);
        return NULL;
    }
    res = resource_new(core, node, &link.path, topic);
    if (res != NULL) {
        res->pushed = true;
        res->format = COAP_FORMAT_NONE;
        res->rule = rule_for(core, res);
        brg_tell(core, node, TELL_INFO | TELL_DEVICES);
    }
    return res;
}

/* The state of the resource, or of a record of it, that comes behind |topic|; "" for the first. */
static const struct brg_message *state_after(struct brg_core *core, const struct resource *res,
                                             const char *topic)
{
    const struct brg_message *message;
    char own[BRG_TOPIC_MAX];
    size_t len;

    if (brg_resource_topic(core, res, NULL, own) < 0) {
        return NULL;
    }
    len = strlen(own);
    message = topic[0] == '\0' ? brg_outbox_state(core->outbox, own) : NULL;
    topic = topic[0] == '\0' ? own : topic;
    while (message == NULL || (message->topic[len] != '\0' && message->topic[len] != '/')) {
        message = brg_outbox_state_after(core->outbox, message == NULL ? topic : message->topic);
        if (message == NULL || strncmp(message->topic, own, len) != 0) {
            return NULL;
        }
    }
    return message;
}

/*
 * An observation is kept with each value, the values themselves only now and then, but then all. A
 * process that was killed in between has left older values than the broker has: those are not
 * published again, and the node is asked, unless the newest is still on its way to the broker.
 */
static void resource_doubt(struct brg_core *core, struct resource *res,
                           const struct brg_observation *observation)
{
    const struct brg_message *message;
    char topic[BRG_TOPIC_MAX] = "";
    double newest_s = 0.;

    while ((message = state_after(core, res, topic)) != NULL) {
        newest_s = message->at_s > newest_s ? message->at_s : newest_s;
        memcpy(topic, message->topic, strlen(message->topic) + 1);
    }
    if (newest_s <= 0. || observation->seen_s - newest_s <= VALUE_LAG_S) {
        return;
    }
    res->doubtful = !observation->waits;
    topic[0] = '\0';
    while ((message = state_after(core, res, topic)) != NULL) {
        memcpy(topic, message->topic, strlen(message->topic) + 1);
        brg_outbox_forget(core->outbox, topic);
    }
}

struct resource *brg_resource_restore(struct brg_core *core, struct node *node,
                                      const struct brg_observation *observation)
{
    const struct brg_span path = {.text = observation->path, .len = strlen(observation->path)};
    struct resource *res = NULL;

    if (path.len < BRG_TOPIC_MAX && strlen(observation->topic) < BRG_TOPIC_MAX - TOPIC_ROOM &&
        node->n_resources < core->config.max_resources) {
        res = resource_new(core, node, &path, observation->topic);
    }
    if (res != NULL) {
        res->obs = true;
        res->event = observation->event;
        res->writable = observation->writable;
        res->format = observation->format;
        res->rt = observation->rt == NULL
                      ? NULL
                      : brg_dup(core->alloc, observation->rt, strlen(observation->rt));
        res->ifs = observation->ifs == NULL
                       ? NULL
                       : brg_dup(core->alloc, observation->ifs, strlen(observation->ifs));
        res->shape = observation->shape == NULL
                         ? NULL
                         : brg_dup(core->alloc, observation->shape, strlen(observation->shape));
        res->rule = rule_for(core, res);
        res->registration = observation->registration;
        res->saved = observation->registration;
        res->is_saved = true;
        observing(core, res, true);
        resource_doubt(core, res, observation);
    }
    return res;
}

/* Takes a link into the table, or what changed of it. */
static void resource_listed(struct brg_core *core, struct node *node, const struct brg_link *link)
{
    struct resource *res = resource_find(node, link);
    char topic[BRG_TOPIC_MAX];
    char path[BRG_TOPIC_MAX];

    if (link->path.len >= sizeof(path)) {
        brg_trace(core, BRG_TRACE_FULL, node, "path", 0);
        return;
    }
    memcpy(path, link->path.text, link->path.len);
    path[link->path.len] = '\0';
    if (strcmp(path, ".well-known/core") == 0) {
        return;
    }
    if (res == NULL && node->n_resources < core->config.max_resources &&
        memchr(path, '\0', link->path.len) == NULL &&
        brg_topic_path(topic, BRG_TOPIC_MAX - TOPIC_ROOM, path) == 0) {
        res = resource_new(core, node, &link->path, topic);
    }
    if (res == NULL) {
        core->stats.full++;
        brg_trace(core, BRG_TRACE_FULL, node, "resource", 0);
        return;
    }
    res->listed = true;
    res->pushed = false;
    res->remembered = false;
    res->obs = link->obs;
    res->event = brg_span_has(&link->rt, "event");
    res->format = brg_span_number(&link->ct, 0);
    res->writable = may_be_written(core, node, path, link);
    words_take(core, &res->rt, &link->rt);
    words_take(core, &res->ifs, &link->ifs);
    res->rule = rule_for(core, res);
}

/* --- discovery ------------------------------------------------------------------------------ */

void brg_node_discover_in(struct brg_core *core, struct node *node, brg_tstamp wait,
                          const struct brg_now *now)
{
    brg_alarm_set(core, &node->alarm, now->mono + wait, false);
}

static void discover(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    struct coap_request request = {
        .method = COAP_GET,
        .uri = ".well-known/core",
        .accept = COAP_FORMAT_NONE,
    };

    if (node->discovery.id != 0 || !node->online) {
        return;
    }
    if (brg_ask(core, &node->discovery, &request, now) < 0) {
        core->stats.full++;
        brg_node_discover_in(core, node, backoff(core, &node->failures, false), now);
    }
}

static int read_links(struct brg_core *core, struct node *node, const struct coap_effect *effect)
{
    struct resource *res;
    struct brg_links links;
    struct brg_link link;
    int more;

    /* Whole or not at all: a first pass only looks. */
    brg_links_init(&links, (const char *)effect->data, effect->len);
    do {
        more = brg_links_next(&links, &link);
    } while (more > 0);
    if (more < 0) {
        return more;
    }
    TAILQ_FOREACH (res, &node->resources, entry) {
        res->listed = false;
    }
    brg_links_init(&links, (const char *)effect->data, effect->len);
    while (brg_links_next(&links, &link) > 0) {
        resource_listed(core, node, &link);
    }
    return 0;
}

void brg_node_discovered(struct brg_core *core, struct node *node, const struct coap_effect *effect,
                         const struct brg_now *now)
{
    /* It was the bridge that was away, not the node: what was agreed stands. */
    bool restored = node->restored;
    struct resource *res;
    struct resource *next;

    if (effect->kind == COAP_FAILED && effect->failure == COAP_FAIL_TIMEOUT) {
        brg_tstamp wait = backoff(core, &node->failures, true);

        brg_trace(core, BRG_TRACE_SILENT, node, NULL, (unsigned)(wait / BRG_SEC));
        brg_alarm_set(core, &node->alarm, now->mono + wait, true);
        return;
    }
    if (effect->kind != COAP_RESPONSE || effect->code != COAP_CONTENT ||
        read_links(core, node, effect) < 0) {
        brg_trace(core, BRG_TRACE_UNUSABLE, node, NULL, effect->code);
        brg_node_discover_in(core, node, backoff(core, &node->failures, false), now);
        return;
    }
    node->failures = 0;
    node->restored = false;
    node->discovered = true;
    brg_node_discover_in(core, node, brg_jitter(core, REDISCOVER), now);
    TAILQ_FOREACH_SAFE (res, &node->resources, entry, next) {
        if (!res->listed && !res->pushed) {
            brg_hass_gone(core, res);
            resource_free(core, res, now);
        }
    }
    brg_trace(core, BRG_TRACE_DISCOVERED, node, NULL, node->n_resources);
    TAILQ_FOREACH (res, &node->resources, entry) {
        brg_remember_changed(core, res); /* it is not forgotten while it is there */
        if (res->observing) {
            if (!restored || res->doubtful) {
                res->doubtful = false;
                coap_refresh(core->ep, res->value.id, now->mono);
            }
        } else {
            brg_resource_start(core, res, now);
        }
    }
    brg_tell(core, node, TELL_INFO | TELL_HASS | TELL_DEVICES);
    brg_commands_resolve(core, node, now);
}

/* --- the node as a whole -------------------------------------------------------------------- */

void brg_node_clear(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    brg_ask_cancel(core, &node->discovery, now);
    brg_timer_clear(&core->timers, &node->alarm.timer);
    node->restored = false;
    node->discovered = false;
    brg_commands_unbind(core, node, NULL, false, now);
    while (!TAILQ_EMPTY(&node->resources)) {
        resource_free(core, TAILQ_FIRST(&node->resources), now);
    }
}

void brg_node_pause(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    struct resource *res;

    brg_ask_cancel(core, &node->discovery, now);
    brg_timer_clear(&core->timers, &node->alarm.timer);
    TAILQ_FOREACH (res, &node->resources, entry) {
        brg_timer_clear(&core->timers, &res->alarm.timer);
        if (!res->observing) {
            brg_ask_cancel(core, &res->value, now);
        }
    }
}

void brg_alarm_due(struct brg_core *core, struct alarm *alarm, const struct brg_now *now)
{
    /* Who sleeps is not asked before it speaks: the question would only stand in the way of what
     * else there is to say then. */
    if ((alarm->kind == ALARM_DISCOVERY || alarm->kind == ALARM_VALUE) && alarm->node->sleepy &&
        now->mono >= alarm->node->awake_until) {
        brg_alarm_set(core, alarm, now->mono + REDISCOVER, true);
        return;
    }
    switch (alarm->kind) {
    case ALARM_DISCOVERY:
        discover(core, alarm->node, now);
        break;
    case ALARM_VALUE:
        brg_resource_start(core, alarm->resource, now);
        break;
    case ALARM_TELL:
        break; /* the outbox asks for what there is to tell at the end of the turn */
    case ALARM_BIRTH:
        brg_hass_birth_due(core);
        break;
    case ALARM_CHECKIN:
        brg_checkin_due(core, now);
        break;
    case ALARM_PACE:
        brg_commands_paced(core, alarm->node, now);
        break;
    case ALARM_COMMAND:
        brg_command_due(core, BRG_CONTAINER(alarm, struct command, alarm), now);
        break;
    }
}
