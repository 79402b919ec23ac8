/* SPDX-License-Identifier: ISC */
/*
 * DAG metric containers (RFC 6551) and what MRHOF makes of them (RFC 6719 sections 3.1, 3.4):
 * which metric a DODAG uses, what the path through a neighbour costs in it, whether the DODAG's
 * constraints hold on that path, and what we relay ourselves.
 *
 * Per type the first metric object and the first constraint count (MET-04). A container never
 * changes a Rank that OF0 computes; constraints hold for every objective function.
 */
#include "rpl/engine.h"

#define AGGREGATE_ADD 0
#define AGGREGATE_MIN 2
#define ENERGY_E 0x01u /* the estimate that follows is valid */
#define LQL_MAX 7
#define LQL_COUNT_MAX 31

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static uint32_t add_u32(uint32_t a, uint32_t b, uint32_t max)
{
    return a > max || b > max - a ? max : a + b;
}

/* The value of an aggregated metric or a constraint; false for types without one number. */
static bool value_of(const struct rpl_wire_metric *m, uint32_t *ret_value)
{
    switch (m->type) {
    case RPL_METRIC_TYPE_ENERGY:
        if (m->len < 2 || !(m->body[0] & ENERGY_E))
            return false;
        *ret_value = m->body[1];
        return true;
    case RPL_METRIC_TYPE_HOPS:
        if (m->len < 2)
            return false;
        *ret_value = m->body[1];
        return true;
    case RPL_METRIC_TYPE_THROUGHPUT:
    case RPL_METRIC_TYPE_LATENCY:
        if (m->len < 4)
            return false;
        *ret_value = get_u32(m->body);
        return true;
    case RPL_METRIC_TYPE_ETX:
        if (m->len < 2)
            return false;
        *ret_value = (uint32_t)m->body[0] << 8 | m->body[1];
        return true;
    default:
        return false;
    }
}

static struct rpl_wire_metric make(uint8_t type, bool constraint, bool optional, uint32_t value)
{
    struct rpl_wire_metric m = {.type = type, .constraint = constraint, .optional = optional};

    switch (type) {
    case RPL_METRIC_TYPE_ENERGY:
        m.len = 2;
        m.body[0] = ENERGY_E;
        m.body[1] = (uint8_t)value;
        break;
    case RPL_METRIC_TYPE_HOPS:
        m.len = 2;
        m.body[1] = (uint8_t)value;
        break;
    case RPL_METRIC_TYPE_ETX:
        m.len = 2;
        m.body[0] = (uint8_t)(value >> 8);
        m.body[1] = (uint8_t)value;
        break;
    default:
        m.len = 4;
        put_u32(m.body, value);
        break;
    }
    if (!constraint && (type == RPL_METRIC_TYPE_ENERGY || type == RPL_METRIC_TYPE_THROUGHPUT))
        m.aggregation = AGGREGATE_MIN;
    return m;
}

static const struct rpl_wire_metric *find(const struct rpl_wire_dio *d, uint8_t type)
{
    for (uint8_t i = 0; i < d->metric_count; i++)
        if (d->metric[i].type == type && !d->metric[i].constraint && !d->metric[i].recorded)
            return &d->metric[i];
    return NULL;
}

/* MRH-01, MRH-02: an additive metric that Rank can be made of, the one of lowest precedence;
 * ETX stands in the Rank, so an ETX object is no choice. */
enum rpl_metric_choice rpl_metric_choose(const struct rpl_wire_dio *d, enum of_metric *ret_metric)
{
    enum rpl_metric_choice choice = RPL_METRIC_IN_RANK;
    unsigned best = UINT8_MAX;

    *ret_metric = OF_METRIC_ETX;
    if (d->config.ocp != OF_OCP_MRHOF)
        return choice;
    for (uint8_t i = 0; i < d->metric_count; i++) {
        const struct rpl_wire_metric *m = &d->metric[i];
        bool usable = m->type == RPL_METRIC_TYPE_HOPS || m->type == RPL_METRIC_TYPE_LATENCY;
        if (m->constraint || m->type == RPL_METRIC_TYPE_ETX)
            continue;
        if (m->recorded || m->aggregation != AGGREGATE_ADD || !usable) {
            /* Beside a constraint it is only what the constraint is measured by. */
            bool measured = false;
            for (uint8_t k = 0; k < d->metric_count; k++)
                measured = measured || (d->metric[k].constraint && d->metric[k].type == m->type);
            if (!measured && choice == RPL_METRIC_IN_RANK)
                choice = RPL_METRIC_UNKNOWN;
            continue;
        }
        if (m->precedence < best) {
            best = m->precedence;
            choice = RPL_METRIC_CONTAINED;
            *ret_metric = m->type == RPL_METRIC_TYPE_HOPS ? OF_METRIC_HOPS : OF_METRIC_LATENCY;
        }
    }
    return choice;
}

/* What the path through |n| has of |type|, our own link and node included. */
static bool path_value(const struct rpl_nbr *n, uint8_t type, uint32_t *ret_value)
{
    const struct rpl_instance_config *cfg = &n->inst->cfg;
    const struct rpl_wire_metric *m = find(&n->dio, type);
    uint32_t value = 0;

    if (m && !value_of(m, &value))
        return false;
    switch (type) {
    case RPL_METRIC_TYPE_HOPS:
        value = add_u32(value, 1, UINT8_MAX);
        break;
    case RPL_METRIC_TYPE_LATENCY:
        value = add_u32(value, n->latency, UINT32_MAX);
        break;
    case RPL_METRIC_TYPE_ETX:
        value = add_u32(value, n->etx, UINT16_MAX);
        break;
    case RPL_METRIC_TYPE_THROUGHPUT:
        if (cfg->throughput && (!m || cfg->throughput < value))
            value = cfg->throughput;
        else if (!m)
            return false;
        break;
    case RPL_METRIC_TYPE_ENERGY: /* of the nodes that forward: the neighbour and those above */
        if (!m)
            return false;
        break;
    default:
        return false;
    }
    *ret_value = value;
    return true;
}

/* MET-06: an unmet mandatory constraint bars the neighbour. What we cannot judge bars nobody. */
static bool barred(const struct rpl_nbr *n)
{
    for (uint8_t i = 0; i < n->dio.metric_count; i++) {
        const struct rpl_wire_metric *c = &n->dio.metric[i];
        uint32_t limit, value;
        bool least = c->type == RPL_METRIC_TYPE_ENERGY || c->type == RPL_METRIC_TYPE_THROUGHPUT;
        if (!c->constraint || c->optional || !value_of(c, &limit) ||
            !path_value(n, c->type, &value))
            continue;
        if (least ? value < limit : value > limit)
            return true;
    }
    return false;
}

void rpl_metric_candidate(const struct rpl_nbr *n, enum of_metric metric, struct of_candidate *cand)
{
    uint8_t type = metric == OF_METRIC_HOPS ? RPL_METRIC_TYPE_HOPS : RPL_METRIC_TYPE_LATENCY;
    const struct rpl_wire_metric *m = find(&n->dio, type);

    cand->latency = n->latency;
    cand->barred = n->etx != OF_ETX_UNKNOWN && barred(n);
    cand->no_cost = metric != OF_METRIC_ETX && !(m && value_of(m, &cand->cost));
    /* MET-05: of the two metrics that add up the one that is not in use breaks ties. */
    type = type == RPL_METRIC_TYPE_HOPS ? RPL_METRIC_TYPE_LATENCY : RPL_METRIC_TYPE_HOPS;
    if (metric != OF_METRIC_ETX && !(find(&n->dio, type) && path_value(n, type, &cand->tie)))
        cand->tie = UINT32_MAX;
}

/* ---- what we announce ---------------------------------------------------------------- */

static void add(struct rpl_instance *inst, struct rpl_wire_metric metric)
{
    if (inst->metric_count < RPL_WIRE_METRICS_MAX)
        inst->metric[inst->metric_count++] = metric;
}

static bool announces(const struct rpl_instance *inst, uint8_t type)
{
    for (uint8_t i = 0; i < inst->metric_count; i++)
        if (inst->metric[i].type == type && !inst->metric[i].constraint)
            return true;
    return false;
}

/* What a path that ends here begins with. */
static uint32_t origin(const struct rpl_instance *inst, uint8_t type)
{
    switch (type) {
    case RPL_METRIC_TYPE_ENERGY:
        return inst->cfg.energy;
    case RPL_METRIC_TYPE_HOPS:
        return 1; /* MET-07: the first inserter writes 1 */
    case RPL_METRIC_TYPE_THROUGHPUT:
        return UINT32_MAX;
    case RPL_METRIC_TYPE_LATENCY: /* MRH-10: what converts to MinHopRankIncrease */
        return (uint32_t)inst->config.min_hop_rank_increase << 16;
    default:
        return 0;
    }
}

void rpl_metric_root(struct rpl_instance *inst)
{
    const struct rpl_instance_config *cfg = &inst->cfg;

    inst->metric_count = 0;
    if (cfg->ocp == OF_OCP_MRHOF && cfg->metric != RPL_METRIC_ETX) {
        uint8_t type =
            cfg->metric == RPL_METRIC_HOPS ? RPL_METRIC_TYPE_HOPS : RPL_METRIC_TYPE_LATENCY;
        add(inst, make(type, false, false, origin(inst, type)));
    }
    for (uint8_t i = 0; i < cfg->constraint_count; i++) {
        const struct rpl_constraint *c = &cfg->constraint[i];
        /* MET-06: a metric of the same type goes with it. */
        if (!announces(inst, c->type)) {
            uint32_t value = c->type == RPL_METRIC_TYPE_LATENCY ? 0 : origin(inst, c->type);
            add(inst, make(c->type, false, false, value));
        }
        add(inst, make(c->type, true, c->optional, c->value));
    }
}

/* MET-08: a recorded link quality level counts our link under its level; full: say so by P. */
static void record(struct rpl_wire_metric *m, const struct rpl_nbr *parent)
{
    unsigned level = 1 + (parent->etx > OF_ETX_ONE ? (parent->etx - OF_ETX_ONE) / 64u : 0);

    if (level > LQL_MAX)
        level = LQL_MAX;
    if (m->type != RPL_METRIC_TYPE_LQL || m->len < 1) {
        m->partial = true;
        return;
    }
    for (uint8_t i = 1; i < m->len; i++)
        if (m->body[i] >> 5 == level && (m->body[i] & LQL_COUNT_MAX) < LQL_COUNT_MAX) {
            m->body[i]++;
            return;
        }
    if (m->len < sizeof(m->body))
        m->body[m->len++] = (uint8_t)(level << 5 | 1);
    else
        m->partial = true;
}

/* MET-05: each hop updates an aggregated metric; a constraint is relayed as it is. */
void rpl_metric_relay(struct rpl_instance *inst, const struct rpl_nbr *parent)
{
    inst->metric_count = parent->dio.metric_count;
    memcpy(inst->metric, parent->dio.metric, sizeof(inst->metric));
    for (uint8_t i = 0; i < inst->metric_count; i++) {
        struct rpl_wire_metric *m = &inst->metric[i];
        uint32_t value;
        if (m->constraint)
            continue;
        if (m->recorded) {
            record(m, parent);
            continue;
        }
        if (!path_value(parent, m->type, &value))
            continue;
        if (m->type == RPL_METRIC_TYPE_ENERGY && inst->cfg.energy < value)
            value = inst->cfg.energy;
        /* Only the number changes; unknown TLVs behind it travel on (MET-09). */
        struct rpl_wire_metric updated = make(m->type, false, false, value);
        updated.body[0] |= m->type == RPL_METRIC_TYPE_ENERGY ? m->body[0] : 0;
        memcpy(m->body, updated.body, updated.len);
    }
}
