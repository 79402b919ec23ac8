/* SPDX-License-Identifier: ISC */
/*
 * Membership of an instance in its DODAG (RFC 6550 sections 8.1 to 8.3): a root starting up, a
 * router soliciting, joining, detaching and poisoning, Trickle and its resets, DTSN steps and
 * global repair.
 */
#include "rpl/engine.h"
#include "rpl/rpl_data.h"
#include "rpl/rpl_view.h"

_Static_assert(RPL_PREFIXES_MAX <= RPL_WIRE_RIOS_MAX, "all of route_info fit into a DIO");

#define RESET_BURST 20 /* RFC 6553 section 5.1 speaks of about 20 an hour */
#define RESET_PERIOD RPL_S(180)
#define DIS_JITTER 4 /* the wait is shortened by up to 1/4 */

static void fill_root_config(struct rpl_instance *inst)
{
    const struct rpl_dodag_settings *s = &inst->cfg.dodag;

    inst->config = (struct rpl_wire_config){
        .interval_doublings = s->dio_interval_doublings,
        .interval_min = s->dio_interval_min,
        .redundancy = s->dio_redundancy_constant,
        .max_rank_increase = s->max_rank_increase,
        .min_hop_rank_increase = s->min_hop_rank_increase,
        .ocp = inst->cfg.ocp,
        .default_lifetime = s->default_lifetime,
        .lifetime_unit_s = s->lifetime_unit_s,
        .pcs = s->path_control_size,
        .flags = (uint8_t)(s->path_control_size | (inst->cfg.serve_leaves ? RPL_CONFIG_PROXY : 0) |
                           (inst->cfg.compat.rpi_type == 0x23 ? RPL_CONFIG_RPI_23 : 0)),
    };
    rpl_wire_config_pack(&inst->config);
    inst->has_config = true;
    rpl_prefix_fill(inst);
    for (uint32_t i = 0; i < inst->cfg.route_info.count; i++)
        inst->rio[i] = (struct rpl_wire_rio){.len = inst->cfg.route_info.prefix[i].len,
                                             .preference = inst->cfg.route_info_preference,
                                             .lifetime_s = inst->cfg.route_info_lifetime_s,
                                             .prefix = inst->cfg.route_info.prefix[i].addr};
    inst->rio_count = (uint8_t)inst->cfg.route_info.count;
    rpl_metric_root(inst);
}

static void fill_of(struct rpl_instance *inst)
{
    of_params_default(&inst->of);
    inst->of.min_hop_rank_increase = inst->config.min_hop_rank_increase;
    inst->of.max_rank_increase = inst->config.max_rank_increase;
    inst->of.parent_set_size = inst->cfg.parent_set_size ? inst->cfg.parent_set_size : 1;
    if (inst->cfg.parent_switch_threshold)
        inst->of.parent_switch_threshold = inst->cfg.parent_switch_threshold;
    if (inst->cfg.max_link_metric)
        inst->of.max_link_metric = inst->cfg.max_link_metric;
    if (inst->cfg.max_path_cost)
        inst->of.max_path_cost = inst->cfg.max_path_cost;
}

static bool register_timers(struct rpl_engine *e, struct rpl_instance *inst)
{
    return rpl_timer_register(e, &inst->t_trickle, TIMER_TRICKLE) &&
           rpl_timer_register(e, &inst->t_dis, TIMER_DIS) &&
           rpl_timer_register(e, &inst->t_dao, TIMER_DAO) &&
           rpl_timer_register(e, &inst->t_refresh, TIMER_REFRESH) &&
           rpl_timer_register(e, &inst->t_poison, TIMER_POISON) &&
           rpl_timer_register(e, &inst->t_dtsn, TIMER_DTSN) &&
           rpl_timer_register(e, &inst->t_float, TIMER_FLOAT) &&
           rpl_timer_register(e, &inst->t_no_path, TIMER_NO_PATH) &&
           rpl_timer_register(e, &inst->t_version, TIMER_VERSION) &&
           rpl_timer_register(e, &inst->t_prefix, TIMER_PREFIX);
}

int rpl_instance_init(struct rpl_engine *e, uint32_t index, const struct rpl_config *config)
{
    struct rpl_instance *inst = &e->instance[index];
    const struct rpl_stored *stored = &config->stored[index];

    inst->engine = e;
    inst->index = index;
    inst->cfg = config->instance[index];
    inst->born = e->now;
    inst->rank = inst->lowest = RPL_INFINITE_RANK;
    inst->mop = (uint8_t)inst->cfg.mop;
    inst->leaf = inst->cfg.role == RPL_ROLE_LEAF;
    RB_INIT(&inst->nbrs);
    RB_INIT(&inst->targets);
    TAILQ_INIT(&inst->work);
    TAILQ_INIT(&inst->failed);
    TAILQ_INIT(&inst->news);
    LIST_INIT(&inst->dao_outs);
    LIST_INIT(&inst->leaves);
    RB_INIT(&inst->registrations);
    RB_INIT(&inst->externals);
    RB_INIT(&inst->extensions);
    LIST_INIT(&inst->dcos);
    RB_INIT(&inst->groups);
    TAILQ_INIT(&inst->group_news);
    inst->dco_seq = RPL_SEQUENCE_INIT - 1;
    of_params_default(&inst->of);
    inst->resets.at = inst->alarms.at = inst->forward_errors.at = e->now;
    if (stored->valid && stored->instance == inst->cfg.id)
        inst->stored = *stored;
    /* Counters begin at 240 (SEQ-01), so the last one used was 239; a stored one goes on. */
    /* A router's children hear from the step that their DAOs are wanted again. */
    inst->dtsn = inst->stored.valid ? rpl_lollipop_increment(inst->stored.dtsn) : RPL_SEQUENCE_INIT;
    inst->dao_seq = inst->stored.valid ? inst->stored.dao_sequence : RPL_SEQUENCE_INIT - 1;
    inst->float_version = RPL_SEQUENCE_INIT - 1;
    inst->path_seq = inst->stored.valid ? inst->stored.path_sequence : RPL_SEQUENCE_INIT - 1;
    return register_timers(e, inst) ? 0 : -RPL_ERR_NOMEM;
}

void rpl_instance_free(struct rpl_instance *inst)
{
    rpl_dao_outs_free(inst, true);
    rpl_leaves_free(inst);
    rpl_registrar_free(inst);
    rpl_externals_free(inst);
    rpl_dcos_free(inst);
    rpl_multicast_free(inst);
    rpl_targets_free(inst);
    for (struct rpl_nbr *n, *next = RB_MIN(rpl_nbr_tree, &inst->nbrs); (n = next) != NULL;) {
        next = RB_NEXT(rpl_nbr_tree, &inst->nbrs, n);
        rpl_nbr_free(n);
    }
}

uint8_t rpl_instance_id(uint8_t id)
{
    return (uint8_t)(id & RPL_INSTANCE_LOCAL ? id & ~RPL_INSTANCE_TO_DODAG : id);
}

struct rpl_instance *rpl_instance_find(struct rpl_engine *e, uint8_t id,
                                       const struct rpl_iface *iface)
{
    for (uint32_t i = 0; i < e->instance_count; i++)
        if (e->instance[i].cfg.id == id && (!iface || rpl_iface_serves(iface, &e->instance[i])))
            return &e->instance[i];
    return NULL;
}

uint16_t rpl_instance_default_lifetime(const struct rpl_instance *inst)
{
    if (inst->cfg.path_lifetime)
        return inst->cfg.path_lifetime;
    /* 0 would announce a No-Path (SEQ-12). */
    return inst->config.default_lifetime ? inst->config.default_lifetime : 30;
}

rpl_tstamp rpl_instance_expiry(const struct rpl_instance *inst, uint8_t lifetime)
{
    if (lifetime == UINT8_MAX)
        return RPL_NEVER;
    return inst->engine->now + RPL_S((uint64_t)lifetime * inst->config.lifetime_unit_s);
}

static void arm_trickle(struct rpl_instance *inst)
{
    rpl_timer_set(inst->engine, &inst->t_trickle, trickle_deadline(&inst->trickle));
}

void rpl_instance_start_trickle(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;

    if (inst->leaf) /* a leaf announces nothing (RFC 6550 section 8.5) */
        return;
    if (trickle_init(&inst->trickle, inst->config.interval_min, inst->config.interval_doublings,
                     inst->config.redundancy) < 0)
        return;
    trickle_start(&inst->trickle, e->now, rpl_random(e));
    arm_trickle(inst);
}

static void stop_trickle(struct rpl_instance *inst)
{
    trickle_stop(&inst->trickle);
    rpl_timer_stop(inst->engine, &inst->t_trickle);
}

void rpl_instance_reset_trickle(struct rpl_instance *inst, bool peer_caused)
{
    struct rpl_engine *e = inst->engine;

    if (!trickle_running(&inst->trickle) || inst->trickle.interval <= inst->trickle.imin)
        return;
    if (peer_caused && !rpl_bucket_take(&inst->resets, e->now, RESET_BURST, RESET_PERIOD)) {
        rpl_count(e, RPL_COUNT_TRICKLE_RESET_LIMITED);
        return;
    }
    if (trickle_reset(&inst->trickle, e->now, rpl_random(e)))
        rpl_count(e, RPL_COUNT_TRICKLE_RESET);
    arm_trickle(inst);
}

/* A leaf has no Trickle timer to reset: what it forwarded went wrong, so it speaks at once (RFC
 * 6550 section 8.5). */
void rpl_instance_inconsistent(struct rpl_instance *inst)
{
    if (!inst->leaf)
        rpl_instance_reset_trickle(inst, true);
    else if (inst->joined &&
             rpl_bucket_take(&inst->resets, inst->engine->now, RESET_BURST, RESET_PERIOD))
        rpl_dio_send(inst, 0, NULL);
}

void rpl_instance_trickle_timeout(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;

    switch (trickle_timeout(&inst->trickle, e->now, rpl_random(e))) {
    case TRICKLE_TRANSMIT:
        rpl_dio_send(inst, 0, NULL);
        break;
    case TRICKLE_SUPPRESSED:
        rpl_count(e, RPL_COUNT_DIO_SUPPRESSED);
        break;
    case TRICKLE_NOTHING:
        break;
    }
    arm_trickle(inst);
}

/* ---- root -------------------------------------------------------------------------- */

static void arm_version(struct rpl_instance *inst)
{
    if (inst->cfg.version_interval_s)
        rpl_timer_set(inst->engine, &inst->t_version,
                      inst->engine->now + RPL_S(inst->cfg.version_interval_s));
}

static void arm_dtsn(struct rpl_instance *inst)
{
    if (inst->cfg.role == RPL_ROLE_ROOT && inst->cfg.dtsn_interval_s)
        rpl_instance_dtsn_step(inst, RPL_S(inst->cfg.dtsn_interval_s));
}

/* RFC 6550 section 17: DIOs of a new version at an interval, if the administrator wants it. */
void rpl_instance_version_timeout(struct rpl_instance *inst)
{
    rpl_instance_global_repair(inst, RPL_CAUSE_SCHEDULED);
}

static void root_start(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;

    inst->joined = inst->has_dodag = true;
    inst->grounded = inst->cfg.grounded && !inst->goal_lost;
    inst->preference = inst->cfg.preference;
    inst->version = RPL_SEQUENCE_INIT;
    inst->restored = inst->stored.valid && rpl_addr_equal(&inst->stored.dodag_id, &inst->dodag_id);
    /* A restarted root keeps its version and moves its DTSN on, so that the network refreshes
     * its DAOs without being rebuilt (SEQ-13, REP-10). */
    if (inst->restored)
        inst->version = inst->stored.version;
    fill_root_config(inst);
    fill_of(inst);
    /* RFC 6550 section 17: ROOT_RANK is MinHopRankIncrease. */
    inst->rank = inst->lowest = inst->config.min_hop_rank_increase;
    rpl_trace(e, RPL_TRACE_JOINED, RPL_CAUSE_NONE, inst, &inst->dodag_id, NULL, inst->version);
    rpl_store(inst);
    rpl_instance_start_trickle(inst);
    arm_version(inst);
    arm_dtsn(inst);
    /* Without state we may still have been here before. A router that had us as its parent tells
     * us again what is below, and others in our DODAG may answer before we have announced
     * anything. */
    if (!inst->restored)
        rpl_dis_multicast(inst);
}

/* INS-09: nobody answered from the start. A DODAG of our own needs a Configuration and a prefix,
 * which are ours then; it begins when we have an address in it (router_update()). */
static void start_floating(struct rpl_instance *inst)
{
    const struct rpl_prefixes *own = &inst->cfg.floating_prefix;

    fill_root_config(inst);
    fill_of(inst);
    inst->pio_count = (uint8_t)own->count;
    for (uint32_t i = 0; i < own->count; i++)
        inst->pio[i] = (struct rpl_wire_pio){.len = own->prefix[i].len,
                                             .autonomous = true,
                                             .valid_s = UINT32_MAX,
                                             .preferred_s = UINT32_MAX,
                                             .prefix = own->prefix[i].addr};
    inst->starts_floating = true;
    rpl_own_update(inst);
}

int rpl_instance_ground(struct rpl_instance *inst, bool met)
{
    if (inst->cfg.role != RPL_ROLE_ROOT)
        return -RPL_ERR_PARAM;
    inst->goal_lost = !met;
    if (!inst->joined || inst->grounded == (inst->cfg.grounded && met))
        return 0;
    inst->grounded = inst->cfg.grounded && met;
    rpl_instance_reset_trickle(inst, false); /* nodes choose their DODAG by it */
    return 0;
}

static void root_update(struct rpl_instance *inst)
{
    rpl_own_update(inst);
    if (!rpl_iface_first(inst)) {
        stop_trickle(inst);
        return;
    }
    rpl_prefix_routes(inst);
    if (inst->joined) {
        if (!trickle_running(&inst->trickle))
            rpl_instance_start_trickle(inst);
        return;
    }
    /* The DODAGID is an address that we own (INS-04): the configured one or our first. */
    for (uint32_t k = 0; k < inst->own_count; k++) {
        const struct rpl_own *own = &inst->own[k];
        if (inst->cfg.has_dodag_id && !rpl_addr_equal(&own->addr, &inst->cfg.dodag_id))
            continue;
        if (!own->usable)
            continue;
        inst->dodag_id = own->addr;
        root_start(inst);
        return;
    }
}

int rpl_instance_global_repair(struct rpl_instance *inst, enum rpl_cause cause)
{
    struct rpl_engine *e = inst->engine;

    if (inst->cfg.role != RPL_ROLE_ROOT || !inst->joined)
        return -RPL_ERR_PARAM;
    inst->version = rpl_lollipop_increment(inst->version);
    inst->lowest = inst->rank;
    rpl_count(e, RPL_COUNT_GLOBAL_REPAIR);
    rpl_trace(e, RPL_TRACE_REPAIR, cause, inst, &inst->dodag_id, NULL, inst->version);
    rpl_store(inst);
    rpl_instance_reset_trickle(inst, false);
    arm_version(inst);
    return 0;
}

int rpl_instance_rpi_type(struct rpl_instance *inst, uint8_t type)
{
    if (inst->cfg.role != RPL_ROLE_ROOT || (type != RPL_RPI_63 && type != RPL_RPI_23))
        return -RPL_ERR_PARAM;
    if (inst->cfg.compat.rpi_type == type)
        return 0;
    inst->cfg.compat.rpi_type = type;
    inst->config.flags ^= RPL_CONFIG_RPI_23;
    rpl_wire_config_pack(&inst->config);
    return inst->joined ? rpl_instance_global_repair(inst, RPL_CAUSE_OPERATOR) : 0;
}

/* ---- DTSN -------------------------------------------------------------------------- */

void rpl_instance_dtsn_step(struct rpl_instance *inst, rpl_duration delay)
{
    rpl_tstamp when = inst->engine->now + delay;

    if (inst->leaf)
        return;
    if (inst->dtsn_at && when < inst->dtsn_at + RPL_DTSN_GAP)
        when = inst->dtsn_at + RPL_DTSN_GAP;
    if (!rpl_timer_armed(&inst->t_dtsn) || when < inst->t_dtsn.due)
        rpl_timer_set(inst->engine, &inst->t_dtsn, when);
}

void rpl_instance_dtsn(struct rpl_instance *inst, rpl_duration delay)
{
    if (inst->cfg.dtsn_on_loss)
        rpl_instance_dtsn_step(inst, delay);
}

void rpl_instance_dtsn_timeout(struct rpl_instance *inst)
{
    if (!inst->joined)
        return;
    inst->dtsn = rpl_lollipop_increment(inst->dtsn);
    inst->dtsn_at = inst->engine->now;
    rpl_store(inst);
    rpl_instance_reset_trickle(inst, false);
    arm_dtsn(inst);
}

/* ---- router and leaf --------------------------------------------------------------- */

void rpl_instance_dis_start(struct rpl_instance *inst, rpl_duration first)
{
    inst->dis_wait = RPL_DIS_FIRST;
    inst->dis_left = inst->cfg.solicitations;
    rpl_timer_set(inst->engine, &inst->t_dis, inst->engine->now + first);
}

void rpl_instance_dis_timeout(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;
    rpl_duration wait = inst->dis_wait;

    if (inst->joined && !inst->floating)
        return;
    /* INS-08: what we advertised before binds for a hold time, not for ever; or a root whose
     * state is older than our memory would never have us back. */
    if (!inst->floating && inst->detached_at && e->now >= inst->detached_at + RPL_FORGET) {
        inst->lowest = RPL_INFINITE_RANK;
        inst->has_dodag = false;
    }
    /* INS-09: with none left we wait for somebody to speak, or speak up. */
    if (inst->dis_left == 0 && inst->cfg.solicitations > 0 && inst->cfg.floating && !inst->leaf &&
        inst->cfg.floating_prefix.count > 0 && !inst->has_config)
        start_floating(inst);
    if (inst->dis_left)
        rpl_dis_multicast(inst);
    if (inst->dis_left && inst->dis_left != RPL_ALWAYS)
        inst->dis_left--;
    inst->dis_wait = wait * 2 > RPL_DIS_LAST ? RPL_DIS_LAST : wait * 2;
    rpl_timer_set(e, &inst->t_dis, e->now + wait - rpl_random_range(e, 0, wait / DIS_JITTER));
}

static bool same_trickle(const struct rpl_wire_config *a, const struct rpl_wire_config *b)
{
    return a->interval_min == b->interval_min && a->interval_doublings == b->interval_doublings &&
           a->redundancy == b->redundancy;
}

uint64_t rpl_instance_parentless_s(const struct rpl_instance *inst)
{
    rpl_tstamp since = inst->parentless_since;

    return since ? (inst->engine->now - since) / RPL_S(1) : 0;
}

/* It looks for a parent from now on, or it has found one (RFC 6550 section 18.9). */
static void parentless(struct rpl_instance *inst, bool on)
{
    struct rpl_engine *e = inst->engine;

    if (on && inst->parentless_since)
        return;
    e->counter[RPL_COUNT_PARENTLESS_S] += rpl_instance_parentless_s(inst);
    inst->parentless_since = !on ? 0 : e->now ? e->now : 1;
}

void rpl_instance_remember(struct rpl_instance *inst)
{
    struct rpl_visited *v = &inst->visited[inst->visited_next];

    *v = (struct rpl_visited){.dodag_id = inst->dodag_id,
                              .version = inst->version,
                              .lowest = inst->lowest,
                              .until = inst->engine->now + RPL_FORGET};
    inst->visited_next = (uint8_t)((inst->visited_next + 1) % RPL_VISITED);
}

uint16_t rpl_instance_lowest(const struct rpl_instance *inst, const struct rpl_wire_dio *dio)
{
    uint16_t lowest = RPL_INFINITE_RANK;

    if (inst->has_dodag && inst->version == dio->version &&
        rpl_addr_equal(&inst->dodag_id, &dio->dodag_id))
        return inst->lowest;
    for (size_t i = 0; i < RPL_VISITED; i++) {
        const struct rpl_visited *v = &inst->visited[i];
        if (inst->engine->now < v->until && v->version == dio->version && v->lowest < lowest &&
            rpl_addr_equal(&v->dodag_id, &dio->dodag_id))
            lowest = v->lowest;
    }
    return lowest;
}

/* Lifetimes that run on are no news, but that they run out is. */
static bool same_prefixes(const struct rpl_instance *inst, const struct rpl_wire_dio *d)
{
    if (inst->pio_count != d->pio_count)
        return false;
    for (uint8_t i = 0; i < d->pio_count; i++) {
        const struct rpl_wire_pio *a = &inst->pio[i], *b = &d->pio[i];
        if (a->len != b->len || !rpl_addr_match(&a->prefix, &b->prefix, a->len) ||
            !a->preferred_s != !b->preferred_s || !a->valid_s != !b->valid_s)
            return false;
    }
    return true;
}

/* The lifetime that our own targets are announced with, in seconds. */
static uint32_t lifetime_s(const struct rpl_instance *inst)
{
    return (uint32_t)rpl_instance_default_lifetime(inst) * inst->config.lifetime_unit_s;
}

/*
 * A storing router without its state may have children from its last life, who see nothing new: it
 * is back before they have missed it, and its DTSN is 240 as it was then, when nobody had asked for
 * anything yet. Its multicast DIS would tell them; if it had not to send one, it asks once for
 * whatever is behind it, late enough for those who know another DTSN to see it anew.
 */
static void ask_those_of_before(struct rpl_instance *inst)
{
    if (rpl_storing(inst) && !inst->stored.valid && !inst->solicited && !inst->dtsn_at)
        rpl_instance_dtsn_step(inst, RPL_ASK_OF_BEFORE);
}

/* Take over what the preferred parent advertises: everything but Rank and DTSN (DIO-02). */
void rpl_instance_adopt(struct rpl_instance *inst, const struct rpl_nbr *parent)
{
    struct rpl_engine *e = inst->engine;
    const struct rpl_wire_dio *d = &parent->dio;
    bool new_dodag = !inst->has_dodag || !rpl_addr_equal(&inst->dodag_id, &d->dodag_id);
    bool new_version = new_dodag || inst->version != d->version;
    bool rejoined = !inst->joined, renumbered;
    enum rpl_metric_choice choice;
    enum of_metric metric;
    bool restart = rejoined || !inst->has_config || !same_trickle(&inst->config, &d->config);
    uint16_t lowest = rpl_instance_lowest(inst, d);
    uint32_t lived_s = lifetime_s(inst);

    if (new_dodag && inst->has_dodag)
        rpl_instance_remember(inst);
    inst->has_dodag = inst->joined = inst->has_config = true;
    inst->dodag_id = d->dodag_id;
    inst->version = d->version;
    inst->mop = d->mop;
    inst->preference = d->preference;
    inst->grounded = d->grounded;
    inst->config = d->config;
    renumbered = !same_prefixes(inst, d);
    inst->pio_count = d->pio_count;
    memcpy(inst->pio, d->pio, sizeof(inst->pio));
    inst->rio_count = d->rio_count;
    memcpy(inst->rio, d->rio, sizeof(inst->rio));
    choice = rpl_metric_choose(d, &metric);
    inst->leaf = inst->cfg.role == RPL_ROLE_LEAF || !of_supported(d->config.ocp) ||
                 choice == RPL_METRIC_UNKNOWN;
    fill_of(inst);
    inst->of.metric = metric;
    rpl_metric_relay(inst, parent);
    if (new_version)
        inst->lowest = lowest; /* PAR-09, REP-09 */
    parentless(inst, false);
    if (rejoined && inst->leaf)
        rpl_count(e, RPL_COUNT_JOINED_AS_LEAF);
    if (new_version || rejoined) {
        rpl_trace(e, RPL_TRACE_JOINED,
                  new_dodag     ? RPL_CAUSE_FIRST
                  : new_version ? RPL_CAUSE_VERSION
                                : RPL_CAUSE_NONE,
                  inst, &inst->dodag_id, NULL, inst->version);
        inst->dao_all = inst->refresh_seq = true;
        rpl_store(inst);
        ask_those_of_before(inst);
    }
    /* Another lifetime than before: a refresh at its old time may come too late. */
    if (lived_s != lifetime_s(inst)) {
        rpl_timer_stop(e, &inst->t_refresh);
        inst->dao_all = inst->refresh_seq = true;
    }
    if (inst->leaf) /* it may have been a router under the former Configuration */
        stop_trickle(inst);
    else if (restart)
        rpl_instance_start_trickle(inst);
    else if (new_version || renumbered)
        rpl_instance_reset_trickle(inst, !new_version);
    rpl_timer_stop(e, &inst->t_dis);
    rpl_timer_stop(e, &inst->t_poison);
    rpl_floating_stop(inst);
    rpl_own_update(inst);
}

/*
 * No parent is left (RFC 6550 section 8.2.2.5): say so with INFINITE_RANK, so that the
 * sub-DODAG looks elsewhere, and only then look for a parent ourselves. Neighbours that were
 * not closer to the root than we may hang below us: they have to prove themselves anew.
 */
void rpl_instance_detach(struct rpl_instance *inst, enum rpl_cause cause)
{
    struct rpl_engine *e = inst->engine;
    uint16_t old = inst->rank;
    bool drifted = inst->floating;

    if (!inst->joined)
        return;
    rpl_floating_stop(inst);
    inst->joined = false;
    inst->parent = NULL;
    inst->dao_parent_count = 0;
    inst->rank = RPL_INFINITE_RANK;
    inst->detached_at = e->now;
    parentless(inst, true);
    stop_trickle(inst);
    rpl_timer_stop(e, &inst->t_dao);
    rpl_timer_stop(e, &inst->t_refresh);
    rpl_timer_stop(e, &inst->t_dtsn);
    rpl_dao_outs_free(inst, false);
    rpl_parent_routes(inst);
    rpl_count(e, RPL_COUNT_DETACHED);
    rpl_trace(e, RPL_TRACE_DETACHED, cause, inst, &inst->dodag_id, NULL, old);
    rpl_nbr_alone(inst, old);
    if (!drifted && rpl_floating_start(inst))
        return;
    if (inst->cfg.poison && !inst->leaf && rpl_iface_first(inst)) {
        inst->poison_left = RPL_POISON_COUNT;
        rpl_instance_poison_timeout(inst);
    } else if (rpl_iface_first(inst)) {
        rpl_instance_dis_start(inst, rpl_random_range(e, 0, RPL_DIS_FIRST));
    }
}

void rpl_instance_poison_timeout(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;

    if (inst->joined)
        return;
    rpl_dio_send(inst, 0, NULL);
    if (--inst->poison_left > 0)
        rpl_timer_set(e, &inst->t_poison, e->now + RPL_POISON_GAP);
    else if (!rpl_timer_armed(&inst->t_dis))
        rpl_instance_dis_start(inst, rpl_random_range(e, RPL_POISON_GAP, RPL_DIS_FIRST));
}

void rpl_instance_poison_again(struct rpl_instance *inst)
{
    if (!inst->cfg.poison || inst->leaf || !inst->has_dodag || rpl_timer_armed(&inst->t_poison))
        return;
    inst->poison_left = 1;
    rpl_timer_set(inst->engine, &inst->t_poison,
                  inst->engine->now + rpl_random_range(inst->engine, 0, RPL_POISON_GAP));
}

static void router_update(struct rpl_instance *inst)
{
    struct rpl_engine *e = inst->engine;

    if (!rpl_iface_first(inst)) {
        rpl_instance_detach(inst, RPL_CAUSE_LINK_DOWN);
        rpl_timer_stop(e, &inst->t_dis);
        rpl_timer_stop(e, &inst->t_poison);
        rpl_own_update(inst);
        return;
    }
    rpl_own_update(inst);
    if (!inst->joined) {
        if (inst->starts_floating && rpl_floating_start(inst))
            return;
        parentless(inst, true);
        if (!rpl_timer_armed(&inst->t_dis) && !rpl_timer_armed(&inst->t_poison))
            rpl_instance_dis_start(inst, rpl_random_range(e, 0, RPL_DIS_FIRST));
    } else if (rpl_own_address(inst, 0) && !rpl_timer_armed(&inst->t_refresh)) {
        inst->dao_own = inst->refresh_seq = true;
        rpl_dao_schedule(inst, rpl_dao_delay(inst));
    }
}

void rpl_instance_update(struct rpl_instance *inst)
{
    if (inst->cfg.role == RPL_ROLE_ROOT)
        root_update(inst);
    else
        router_update(inst);
}
