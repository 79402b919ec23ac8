/* SPDX-License-Identifier: ISC */
/* The table of nodes, and who an event is for. */
#include "bridge/core_internal.h"

#include <string.h>

#define POKE_INTERVAL (10 * BRG_SEC)

static int node_cmp(const struct node *a, const struct node *b)
{
    return memcmp(a->eui64, b->eui64, sizeof(a->eui64));
}

static int node_ip_cmp(const struct node *a, const struct node *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip));
}

static int ask_cmp(const struct ask *a, const struct ask *b)
{
    return (a->id > b->id) - (a->id < b->id);
}

BRG_TREE_FUNCTIONS(node_tree, node, by_eui64, node_cmp)
BRG_TREE_FUNCTIONS(node_ip_tree, node, by_ip, node_ip_cmp)
BRG_TREE_FUNCTIONS(ask_tree, ask, entry, ask_cmp)

struct brg_core *brg_core_new(const struct brg_core_config *config, struct coap_endpoint *ep,
                              struct brg_outbox *outbox, const struct brg_alloc *alloc,
                              brg_trace_fn *trace, void *trace_ctx)
{
    struct brg_core *core = brg_get(alloc, sizeof(*core));

    if (core == NULL) {
        return NULL;
    }
    core->config = *config;
    core->ep = ep;
    core->outbox = outbox;
    core->alloc = alloc;
    core->trace = trace;
    core->trace_ctx = trace_ctx;
    core->random = config->seed;
    RB_INIT(&core->nodes);
    RB_INIT(&core->ips);
    RB_INIT(&core->asks);
    brg_timers_init(&core->timers);
    TAILQ_INIT(&core->unsaved);
    TAILQ_INIT(&core->customs);
    TAILQ_INIT(&core->strays);
    TAILQ_INIT(&core->telling);
    core->tell_alarm.kind = ALARM_TELL;
    core->node_alarm.kind = ALARM_TELL;
    core->checkin_alarm.kind = ALARM_CHECKIN;
    core->commit_at = BRG_NEVER;
    brg_serve_start(core);
    return core;
}

void brg_trace(struct brg_core *core, enum brg_trace_kind kind, const struct node *node,
               const char *detail, unsigned number)
{
    const struct brg_trace trace = {
        .kind = kind,
        .node = node == NULL ? "" : node->eui64,
        .detail = detail == NULL ? "" : detail,
        .number = number,
    };

    if (core->trace != NULL) {
        core->trace(core->trace_ctx, &trace);
    }
    if (core->config.events && !core->closing) {
        brg_event(core, &trace);
    }
}

brg_tstamp brg_jitter(struct brg_core *core, brg_tstamp wait)
{
    return wait + brg_random_below(&core->random, wait / 5 + 1);
}

/* --- requests ------------------------------------------------------------------------------- */

struct coap_addr brg_node_addr(const struct brg_core *core, const struct node *node)
{
    struct coap_addr addr = {
        .port = node->secure ? core->config.secure_port : core->config.node_port,
        .secure = node->secure,
    };

    memcpy(addr.ip, node->ip, sizeof(addr.ip));
    return addr;
}

int brg_ask(struct brg_core *core, struct ask *ask, struct coap_request *request,
            const struct brg_now *now)
{
    int err;

    request->peer = brg_node_addr(core, ask->node);
    err = coap_request(core->ep, request, now->mono, &ask->id);
    if (err < 0) {
        ask->id = 0;
        return err;
    }
    ask->since = now->mono;
    RB_INSERT(ask_tree, &core->asks, ask);
    return 0;
}

struct ask *brg_ask_find(struct brg_core *core, uint32_t id)
{
    struct ask key = {.id = id};

    return RB_FIND(ask_tree, &core->asks, &key);
}

static void ask_end(struct brg_core *core, struct ask *ask)
{
    RB_REMOVE(ask_tree, &core->asks, ask);
    ask->id = 0;
}

void brg_ask_cancel(struct brg_core *core, struct ask *ask, const struct brg_now *now)
{
    if (ask->id != 0) {
        coap_cancel(core->ep, ask->id, now->mono);
        ask_end(core, ask);
    }
}

void brg_alarm_set(struct brg_core *core, struct alarm *alarm, brg_tstamp at, bool silence)
{
    alarm->silence = silence;
    brg_timer_set(&core->timers, &alarm->timer, at);
}

void brg_core_effect(struct brg_core *core, const struct coap_effect *effect,
                     const struct brg_now *now)
{
    struct ask *ask;
    uint64_t first = brg_outbox_next_id(core->outbox);
    bool kept = true;

    core->now = *now;
    if (effect->kind == COAP_REQUEST) {
        brg_serve_request(core, effect, now);
        return;
    }
    if (effect->kind == COAP_FOUND) {
        brg_scan_answer(core, &effect->peer, now);
        return;
    }
    if (effect->id == core->directory && core->directory != 0) {
        bool confirm = effect->kind == COAP_RESPONSE && effect->confirm;

        brg_directory_answer(core, effect, now);
        if (confirm) {
            coap_confirm(core->ep, &effect->peer, effect->mid, true, now->mono);
        }
        return;
    }
    ask = brg_ask_find(core, effect->id);

    /* Cancelled after the endpoint had queued the effect: nobody waits for it. */
    if (ask != NULL) {
        struct resource *res = ask->resource;
        enum ask_kind kind = ask->kind;
        struct node *node = ask->node;

        if (effect->last) {
            ask_end(core, ask);
        }
        if (kind == ASK_DISCOVERY) {
            brg_node_discovered(core, node, effect, now);
        } else if (kind == ASK_VALUE) {
            kept = brg_resource_answer(core, res, effect, now);
        } else {
            brg_command_done(core, BRG_CONTAINER(ask, struct command, ask), effect, now);
        }
    }
    if (!kept) {
        coap_not_kept(core->ep, effect->id);
    }
    if (effect->kind != COAP_RESPONSE || !effect->confirm) {
        return;
    }
    if (kept && core->store != NULL) {
        brg_keep_then_confirm(core, effect, first, now);
    } else {
        coap_confirm(core->ep, &effect->peer, effect->mid, kept, now->mono);
    }
}

/* --- nodes ---------------------------------------------------------------------------------- */

struct node *brg_node_find(struct brg_core *core, const char *eui64)
{
    struct node key;

    memset(&key, 0, sizeof(key));
    memcpy(key.eui64, eui64, sizeof(key.eui64));
    return RB_FIND(node_tree, &core->nodes, &key);
}

struct node *brg_node_at(struct brg_core *core, const uint8_t ip[16])
{
    struct node key;

    memcpy(key.ip, ip, sizeof(key.ip)); /* nothing else is compared */
    return RB_FIND(node_ip_tree, &core->ips, &key);
}

struct node *brg_node_from(struct brg_core *core, const char *eui64)
{
    struct node key;

    if (eui64 == NULL) {
        return RB_MIN(node_tree, &core->nodes);
    }
    memset(&key, 0, sizeof(key));
    memcpy(key.eui64, eui64, sizeof(key.eui64));
    return RB_NFIND(node_tree, &core->nodes, &key);
}

struct node *brg_node_next(struct node *node)
{
    return RB_NEXT(node_tree, NULL, node);
}

const char *brg_core_node_at(struct brg_core *core, const uint8_t ip[16])
{
    const struct node *node = brg_node_at(core, ip);

    return node == NULL ? NULL : node->eui64;
}

static void ip_release(struct brg_core *core, struct node *node)
{
    if (RB_FIND(node_ip_tree, &core->ips, node) == node) {
        RB_REMOVE(node_ip_tree, &core->ips, node);
    }
}

static void node_free(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    brg_node_clear(core, node, now);
    brg_commands_drop(core, node, now);
    brg_tell_forget(core, node);
    RB_REMOVE(node_tree, &core->nodes, node);
    ip_release(core, node);
    core->stats.nodes--;
    brg_put(core->alloc, node->others);
    brg_put(core->alloc, node->pace);
    brg_put(core->alloc, node);
}

void brg_node_remove(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    if (node->online) {
        core->stats.online--;
        node->online = false;
    }
    node_free(core, node, now);
}

/* A node that is offline makes room for one that is not. */
static bool node_evict(struct brg_core *core, const struct brg_now *now)
{
    struct node *node;

    RB_FOREACH (node, node_tree, &core->nodes) {
        if (!node->online) {
            brg_node_forget(core, node);
            node_free(core, node, now);
            return true;
        }
    }
    return false;
}

const char *brg_node_label(const struct node *node)
{
    return node->name == NULL ? node->eui64 : node->name;
}

size_t brg_node_labelled(struct brg_core *core, const char *text, char ret_eui64[BRG_EUI64_TEXT])
{
    size_t len = strcspn(text, "/");

    if (len == BRG_EUI64_TEXT - 1 && text[len] == '/') {
        memcpy(ret_eui64, text, len);
        ret_eui64[len] = '\0';
        if (brg_eui64_parse(ret_eui64, ret_eui64) == 0) {
            return len;
        }
    }
    return brg_name_at(core, text, ret_eui64);
}

static struct node *node_get(struct brg_core *core, const char *eui64, const struct brg_now *now)
{
    struct node *node = brg_node_find(core, eui64);

    if (node != NULL) {
        return node;
    }
    if (core->stats.nodes < core->config.max_nodes || node_evict(core, now)) {
        node = brg_get(core->alloc, sizeof(*node));
    }
    if (node == NULL) {
        core->stats.full++;
        brg_trace(core, BRG_TRACE_FULL, NULL, "node", 0);
        return NULL;
    }
    memcpy(node->eui64, eui64, sizeof(node->eui64));
    node->discovery = (struct ask){.kind = ASK_DISCOVERY, .node = node};
    node->alarm.node = node;
    node->announced = true;
    node->secure =
        core->config.is_secure != NULL && core->config.is_secure(core->config.secure_ctx, eui64);
    TAILQ_INIT(&node->resources);
    TAILQ_INIT(&node->commands);
    TAILQ_INIT(&node->gone);
    brg_custom_apply(core, node);
    RB_INSERT(node_tree, &core->nodes, node);
    core->stats.nodes++;
    return node;
}

/* From now on the node is talked to at |ip|. What was agreed with it elsewhere is void; an
 * address that another node had is ours now. */
static void node_move(struct brg_core *core, struct node *node, const uint8_t ip[16],
                      const struct brg_now *now)
{
    struct node *other;

    if (memcmp(node->ip, ip, sizeof(node->ip)) != 0) {
        brg_node_clear(core, node, now);
        ip_release(core, node);
        memcpy(node->ip, ip, sizeof(node->ip));
    }
    other = RB_FIND(node_ip_tree, &core->ips, node);
    if (other != node) {
        if (other != NULL) {
            RB_REMOVE(node_ip_tree, &core->ips, other);
        }
        RB_INSERT(node_ip_tree, &core->ips, node);
    }
}

static struct path *path_find(struct node *node, int instance)
{
    for (size_t i = 0; i < PATHS_MAX; i++) {
        struct path *path = brg_path_at(node, i);

        if (path != NULL && path->instance == instance) {
            return path;
        }
    }
    return NULL;
}

/* NULL: there is no room for one more. */
static struct path *path_new(struct brg_core *core, struct node *node, int instance)
{
    struct path *unused = node->path.used ? NULL : &node->path;

    if (unused == NULL && node->others == NULL) {
        node->others = brg_get(core->alloc, (PATHS_MAX - 1) * sizeof(*node->others));
    }
    for (size_t i = 0; unused == NULL && node->others != NULL && i < PATHS_MAX - 1; i++) {
        unused = node->others[i].used ? NULL : &node->others[i];
    }
    if (unused != NULL) {
        *unused = (struct path){.used = true, .instance = instance};
    }
    return unused;
}

static void announce(struct brg_core *core, struct node *node)
{
    node->announced = brg_publish_availability(core, node) == 0;
}

static void node_online(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    core->stats.online++;
    node->online = true;
    node->overdue = false;
    node->failures = 0;
    announce(core, node);
    brg_tell(core, node, TELL_INFO | TELL_DEVICES);
    brg_trace(core, BRG_TRACE_ONLINE, node, NULL, 0);
    brg_node_discover_in(core, node, brg_jitter(core, core->config.settle_s * BRG_SEC), now);
    brg_commands_resolve(core, node, now);
    brg_commands_run(core, node, true, now);
}

static void node_offline(struct brg_core *core, struct node *node, const struct brg_now *now)
{
    core->stats.online--;
    node->online = false;
    announce(core, node);
    brg_tell(core, node, TELL_INFO | TELL_DEVICES);
    brg_trace(core, BRG_TRACE_OFFLINE, node, NULL, 0);
    brg_node_pause(core, node, now);
}

void brg_core_node_up(struct brg_core *core, const char *eui64, int instance, const uint8_t ip[16],
                      const struct brg_now *now)
{
    struct node *node = node_get(core, eui64, now);
    struct path *path = node == NULL ? NULL : path_find(node, instance);
    bool was_here;

    core->now = *now;
    if (path == NULL && node != NULL) {
        path = path_new(core, node, instance);
    }
    if (path == NULL) {
        return;
    }
    was_here = node->online && memcmp(node->ip, ip, sizeof(node->ip)) == 0;
    path->listed = true;
    memcpy(path->ip, ip, sizeof(path->ip));
    if (was_here) {
        const struct coap_addr addr = brg_node_addr(core, node);

        if (!node->announced) {
            announce(core, node);
        }
        brg_core_heard(core, &addr, now); /* its DAO came in: it is awake */
        return;
    }
    node_move(core, node, ip, now);
    if (node->online) {
        brg_node_discover_in(core, node, brg_jitter(core, core->config.settle_s * BRG_SEC), now);
    } else {
        node_online(core, node, now);
    }
}

void brg_core_node_parent(struct brg_core *core, const char *eui64, int instance,
                          const uint8_t parent[16], const struct brg_now *now)
{
    struct node *node = brg_node_find(core, eui64);
    struct path *path = node == NULL ? NULL : path_find(node, instance);

    core->now = *now;
    if (path == NULL || (node->has_parent && node->parent_instance == instance &&
                         memcmp(node->parent, parent, sizeof(node->parent)) == 0)) {
        return;
    }
    node->has_parent = true;
    node->parent_instance = instance;
    memcpy(node->parent, parent, sizeof(node->parent));
    brg_tell(core, node, TELL_INFO);
}

/* What a packet costs moves a little all the time, and is told when it has moved by a fifth. */
static bool is_news(const struct path *path, const struct brg_link_state *link)
{
    int32_t old = path->etx - 1;
    int32_t moved = old > link->etx ? old - link->etx : link->etx - old;

    return path->rank != link->rank + 1 || (old < 0) != (link->etx < 0) ||
           moved > (old < 100 ? 100 : old) / 5;
}

void brg_core_node_link(struct brg_core *core, const char *eui64, int instance,
                        const struct brg_link_state *link, const struct brg_now *now)
{
    struct node *node = brg_node_find(core, eui64);
    struct path *path = node == NULL ? NULL : path_find(node, instance);

    core->now = *now;
    if (path != NULL && is_news(path, link)) {
        path->rank = (uint16_t)(link->rank + 1);
        path->etx = (uint16_t)(link->etx + 1);
        brg_tell(core, node, TELL_INFO);
    }
}

void brg_core_node_hops(struct brg_core *core, const char *eui64, int instance, int hops,
                        const struct brg_now *now)
{
    struct node *node = brg_node_find(core, eui64);
    struct path *path = node == NULL ? NULL : path_find(node, instance);
    uint8_t value = hops < 1 || hops > UINT8_MAX ? 0 : (uint8_t)hops;

    core->now = *now;
    if (path != NULL && path->hops != value) {
        path->hops = value;
        brg_tell(core, node, TELL_INFO);
    }
}

/* Counters are told when they have grown by a fifth. */
void brg_core_survey(struct brg_core *core, const struct brg_now *now)
{
    struct node *node;

    core->now = *now;
    RB_FOREACH (node, node_tree, &core->nodes) {
        const struct coap_addr addr = brg_node_addr(core, node);
        struct coap_counts counts = coap_counts_of(core->ep, &addr);

        if (counts.retransmitted > node->told.retransmitted + node->told.retransmitted / 5 ||
            counts.duplicates > node->told.duplicates + node->told.duplicates / 5) {
            brg_tell(core, node, TELL_INFO);
        }
    }
}

void brg_path_drop(struct brg_core *core, struct node *node, struct path *path,
                   const struct brg_now *now)
{
    const struct path *left = NULL;

    path->used = false;
    node->has_parent = node->has_parent && node->parent_instance != path->instance;
    for (size_t i = 0; i < PATHS_MAX; i++) {
        const struct path *path_i = brg_path_at(node, i);

        left = path_i == NULL ? left : path_i;
    }
    if (left == NULL) {
        if (node->online) {
            node_offline(core, node, now);
        }
    } else if (memcmp(node->ip, left->ip, sizeof(node->ip)) != 0) {
        node_move(core, node, left->ip, now);
        brg_node_discover_in(core, node, brg_jitter(core, core->config.settle_s * BRG_SEC), now);
    }
}

void brg_core_node_down(struct brg_core *core, const char *eui64, int instance,
                        const struct brg_now *now)
{
    struct node *node = brg_node_find(core, eui64);
    struct path *path = node == NULL ? NULL : path_find(node, instance);

    core->now = *now;
    if (path != NULL) {
        brg_path_drop(core, node, path, now);
    }
}

void brg_core_snapshot_begin(struct brg_core *core)
{
    struct node *node;

    RB_FOREACH (node, node_tree, &core->nodes) {
        for (size_t i = 0; i < PATHS_MAX; i++) {
            struct path *path = brg_path_at(node, i);

            if (path != NULL) {
                path->listed &= path->instance < 0; /* those are no instances */
            }
        }
    }
}

void brg_core_snapshot_end(struct brg_core *core, const struct brg_now *now)
{
    struct node *node;

    core->now = *now;
    core->complete = true;
    brg_commands_no_strays(core, now);
    RB_FOREACH (node, node_tree, &core->nodes) {
        if (!node->online && !node->announced) {
            announce(core, node);
        }
        for (size_t i = 0; i < PATHS_MAX; i++) {
            struct path *path = brg_path_at(node, i);

            if (path != NULL && !path->listed && path->instance >= 0) {
                brg_path_drop(core, node, path, now);
            }
        }
    }
}

void brg_core_remembered(struct brg_core *core, const char *topic, const struct brg_now *now)
{
    size_t base_len = strlen(core->config.base);
    char eui64[BRG_EUI64_TEXT];
    struct node *node;
    size_t len;

    core->now = *now;
    if (strncmp(topic, core->config.base, base_len) != 0 || topic[base_len] != '/') {
        return;
    }
    len = brg_node_labelled(core, topic + base_len + 1, eui64);
    if (len == 0 || strcmp(topic + base_len + 1 + len, "/availability") != 0 ||
        brg_node_find(core, eui64) != NULL) {
        return; /* known ones are told anyway */
    }
    node = node_get(core, eui64, now);
    if (node == NULL) {
        return;
    }
    node->announced = false;
    if (core->complete) {
        announce(core, node);
    }
}

struct node *brg_node_restore(struct brg_core *core, const char *eui64, const uint8_t ip[16],
                              const struct brg_now *now)
{
    struct node *node = node_get(core, eui64, now);

    if (node != NULL) {
        node_move(core, node, ip, now);
        node->announced = node->online;
    }
    return node;
}

int brg_core_restore(struct brg_core *core, const struct brg_observation *observation,
                     const struct brg_now *now)
{
    struct coap_request request = {
        .method = COAP_GET,
        .uri = observation->path,
        .observe = true,
        .accept = COAP_FORMAT_NONE,
    };
    struct coap_registration registration = observation->registration;
    double age_s = now->wall_s - observation->seen_s;
    char eui64[BRG_EUI64_TEXT];
    struct resource *res;
    struct node *node;
    int err = brg_eui64_parse(observation->eui64, eui64);

    core->now = *now;
    node = err < 0 ? NULL : brg_node_restore(core, eui64, observation->ip, now);
    if (node == NULL) {
        return err < 0 ? err : -BRG_ERR_FULL;
    }
    node->restored = true;
    res = brg_resource_restore(core, node, observation);
    if (res == NULL) {
        return -BRG_ERR_FULL;
    }
    request.peer = brg_node_addr(core, node);
    registration.age_s = age_s > 0. && age_s < UINT32_MAX ? (uint32_t)age_s : 0;
    err = coap_restore(core->ep, &request, &registration, now->mono, &res->value.id);
    if (err < 0) {
        res->value.id = 0;
        return err;
    }
    res->value.since = now->mono;
    RB_INSERT(ask_tree, &core->asks, &res->value);
    return 0;
}

/* A word from a node ends every wait that its silence began, but not more often than its
 * answers could take. */
void brg_core_heard(struct brg_core *core, const struct coap_addr *from, const struct brg_now *now)
{
    struct resource *res;
    struct node *node = brg_node_at(core, from->ip);

    core->now = *now;
    if (node == NULL) {
        return;
    }
    node->heard_s = now->wall_s;
    brg_checkin_heard(core, node, now);
    if (!node->online) {
        return;
    }
    brg_commands_run(core, node, true, now);
    if ((node->poked != 0 && now->mono < node->poked + POKE_INTERVAL)) {
        return;
    }
    if (node->alarm.timer.armed && node->alarm.silence) {
        node->poked = now->mono;
        brg_alarm_set(core, &node->alarm, now->mono, false);
    }
    TAILQ_FOREACH (res, &node->resources, entry) {
        if (res->alarm.timer.armed && res->alarm.silence) {
            node->poked = now->mono;
            brg_alarm_set(core, &res->alarm, now->mono, false);
        }
        if (res->observing && res->misses > 0 && res->value.id != 0) {
            node->poked = now->mono;
            res->misses = 0;
            coap_refresh(core->ep, res->value.id, now->mono);
        }
    }
}

void brg_core_timeout(struct brg_core *core, const struct brg_now *now)
{
    struct brg_timer *timer;

    core->now = *now;
    while ((timer = brg_timers_due(&core->timers, now->mono)) != NULL) {
        brg_alarm_due(core, BRG_CONTAINER(timer, struct alarm, timer), now);
    }
    if (core->commit_at <= now->mono) {
        (void)brg_core_commit(core, now);
    }
}

brg_tstamp brg_core_deadline(const struct brg_core *core)
{
    brg_tstamp deadline = brg_timers_deadline(&core->timers);

    return core->commit_at < deadline ? core->commit_at : deadline;
}

const struct brg_core_stats *brg_core_stats(const struct brg_core *core)
{
    return &core->stats;
}

void brg_core_free(struct brg_core *core)
{
    const struct brg_now never = {.mono = 0};
    struct node *node;

    if (core == NULL) {
        return;
    }
    core->closing = true;
    brg_commands_drop(core, NULL, &never);
    while ((node = RB_ROOT(&core->nodes)) != NULL) {
        node_free(core, node, &never);
    }
    brg_customs_free(core);
    brg_put(core->alloc, core->once);
    brg_put(core->alloc, core->table);
    brg_put(core->alloc, core);
}
