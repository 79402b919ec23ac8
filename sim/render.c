/* SPDX-License-Identifier: ISC */
/* Effects as lines of text. The words come from the enums, so a line means one thing only. */
#include "sim/sim_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct line {
    struct sim *sim;
    size_t len;
    char text[512];
};

static void line_add(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line_add(struct line *line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line->text + line->len, sizeof(line->text) - line->len, format, args);
    va_end(args);
    if (n > 0)
        line->len += (size_t)n;
    if (line->len >= sizeof(line->text))
        line->len = sizeof(line->text) - 1;
}

static void line_end(struct line *line)
{
    line->sim->log(line->sim->log_ctx, line->sim->now, line->text);
}

static void line_addr(struct line *line, const char *label, const struct rpl_addr *addr)
{
    unsigned node = sim_node_of(line->sim, addr);

    line_add(line, " %s", label);
    if (rpl_addr_is_unspecified(addr)) {
        line_add(line, "-");
    } else if (rpl_addr_is_multicast(addr)) {
        line_add(line, "all");
    } else if (node < sim_count(line->sim)) {
        line_add(line, "%s%s", rpl_addr_is_link_local(addr) ? "~" : "", sim_name(line->sim, node));
    } else {
        for (unsigned i = 0; i < 16; i += 2)
            line_add(line, "%s%x", i ? ":" : "", (unsigned)addr->b[i] << 8 | addr->b[i + 1]);
    }
}

const char *sim_fate_name(enum sim_fate fate)
{
    static const char *const names[SIM_FATE_COUNT] = {
        [SIM_DELIVERED] = "delivered",
        [SIM_LOST_TRIES] = "lost-tries",
        [SIM_LOST_UNRESOLVED] = "lost-unresolved",
        [SIM_LOST_NO_ADDRESS] = "lost-no-address",
        [SIM_LOST_NO_ROUTE] = "lost-no-route",
        [SIM_LOST_UNREACHABLE] = "lost-unreachable",
        [SIM_LOST_HOP_LIMIT] = "lost-hop-limit",
        [SIM_LOST_RANK] = "lost-rank-error",
        [SIM_LOST_HEADER] = "lost-header",
        [SIM_LOST_DOWN] = "lost-node-down",
    };

    return (unsigned)fate < SIM_FATE_COUNT ? names[fate] : "unknown";
}

void sim_render_fate(struct sim *sim, uint64_t id, enum sim_fate fate, unsigned hops)
{
    struct line line = {.sim = sim};

    if (!(sim->log_wanted & SIM_LOG_DATA))
        return;
    line_add(&line, "data %" PRIu64 " %s hops=%u", id, sim_fate_name(fate), hops);
    line_end(&line);
}

/* ---- messages -------------------------------------------------------------------------- */

static void dis(struct line *line, const struct rpl_wire_dis *m)
{
    if (m->has_solicited)
        line_add(line, " solicited");
}

static void dio(struct line *line, const struct rpl_wire_dio *m)
{
    if (m->rank == RPL_INFINITE_RANK)
        line_add(line, " rank=infinite");
    else
        line_add(line, " rank=%u", m->rank);
    line_add(line, " version=%u dtsn=%u mop=%u", m->version, m->dtsn, m->mop);
    if (m->grounded)
        line_add(line, " g");
    if (m->preference > 0)
        line_add(line, " prf=%u", m->preference);
    if (m->has_config)
        line_add(line, " config");
    if (m->pio_count > 0)
        line_add(line, " pio");
}

static void dao(struct line *line, const struct rpl_wire_dao *m)
{
    line_add(line, " seq=%u%s", m->sequence, m->ack_wanted ? " k" : "");
    for (unsigned group = 0; group < m->group_count; group++) {
        for (unsigned i = 0; i < m->target_count; i++) {
            if (m->target[i].group == group)
                line_addr(line, "target=", &m->target[i].prefix);
        }
        for (unsigned i = 0; i < m->transit_count; i++) {
            const struct rpl_wire_transit *t = &m->transit[i];
            if (t->group != group)
                continue;
            line_add(line, " ps=%u", t->path_sequence);
            if (t->path_lifetime == 0)
                line_add(line, " no-path");
            else
                line_add(line, " life=%u", t->path_lifetime);
            if (t->has_parent)
                line_addr(line, "parent=", &t->parent);
        }
    }
}

static const struct {
    unsigned log;
    const char *name;
} messages[] = {
    [RPL_CODE_DIS] = {SIM_LOG_DIS, "dis"}, [RPL_CODE_DIO] = {SIM_LOG_DIO, "dio"},
    [RPL_CODE_DAO] = {SIM_LOG_DAO, "dao"}, [RPL_CODE_DAO_ACK] = {SIM_LOG_DAO_ACK, "dao-ack"},
    [RPL_CODE_DCO] = {SIM_LOG_DCO, "dco"}, [RPL_CODE_DCO_ACK] = {SIM_LOG_DCO, "dco-ack"},
};

static void message(struct line *line, const struct rpl_effect_send *send)
{
    struct rpl_wire_message m;
    enum rpl_counter reason;
    uint8_t code = send->len > 1 ? send->data[1] : 0xff;

    if (code > RPL_CODE_DCO_ACK || !(line->sim->log_wanted & messages[code].log))
        return;
    line_add(line, " %s", messages[code].name);
    line_addr(line, "to=", &send->dst);
    if (rpl_wire_read(send->data, send->len, &send->src, &send->dst, &m, &reason) < 0) {
        line_add(line, " malformed: %s", rpl_counter_name(reason));
    } else if (code == RPL_CODE_DIS) {
        dis(line, &m.u.dis);
    } else if (code == RPL_CODE_DIO) {
        dio(line, &m.u.dio);
    } else if (code == RPL_CODE_DAO || code == RPL_CODE_DCO) {
        dao(line, &m.u.dao);
    } else {
        line_add(line, " seq=%u status=%u", m.u.ack.sequence, m.u.ack.status);
    }
    line_end(line);
}

/* ---- the other effects ---------------------------------------------------------------------- */

static void route(struct line *line, const struct rpl_route *r, bool set)
{
    if (!(line->sim->log_wanted & SIM_LOG_ROUTE))
        return;
    line_add(line, " route-%s", set ? "set" : "del");
    if (r->dst_len == 0)
        line_add(line, " default");
    else
        line_addr(line, "", &r->dst);
    if (r->dst_len != 0 && r->dst_len != 128)
        line_add(line, "/%u", r->dst_len);
    if (r->kind == RPL_ROUTE_VIA)
        line_addr(line, "via=", &r->via);
    else
        line_add(line, " %s", r->kind == RPL_ROUTE_TUN ? "tun" : "unreachable");
    line_end(line);
}

static void store(struct line *line, const struct rpl_stored *s)
{
    if (!(line->sim->log_wanted & SIM_LOG_STORE))
        return;
    line_add(line, " store version=%u dtsn=%u dao=%u path=%u", s->version, s->dtsn, s->dao_sequence,
             s->path_sequence);
    line_end(line);
}

static void trace(struct line *line, const struct rpl_effect_trace *t)
{
    if (!(line->sim->log_wanted & SIM_LOG_TRACE) || t->kind == RPL_TRACE_ROUTE)
        return;
    line_add(line, " %s", rpl_trace_name(t->kind));
    if (!rpl_addr_is_unspecified(&t->address))
        line_addr(line, "", &t->address);
    if (!rpl_addr_is_unspecified(&t->other))
        line_addr(line, "other=", &t->other);
    if (t->kind == RPL_TRACE_DROPPED)
        line_add(line, " reason=%s", rpl_counter_name((enum rpl_counter)t->value));
    else if (t->value != 0)
        line_add(line, " value=%" PRIu32, t->value);
    if (t->cause != RPL_CAUSE_NONE)
        line_add(line, " cause=%s", rpl_cause_name(t->cause));
    line_end(line);
}

void sim_render_effect(struct sim *sim, unsigned node, const struct rpl_effect *effect)
{
    struct line line = {.sim = sim};

    if (sim->log_wanted == 0)
        return;
    line_add(&line, "%s", sim_name(sim, node));
    switch (effect->type) {
    case RPL_EFFECT_SEND:
        message(&line, &effect->u.send);
        break;
    case RPL_EFFECT_ROUTE_SET:
    case RPL_EFFECT_ROUTE_DEL:
        route(&line, &effect->u.route.route, effect->type == RPL_EFFECT_ROUTE_SET);
        break;
    case RPL_EFFECT_STORE:
        store(&line, &effect->u.store);
        break;
    case RPL_EFFECT_TRACE:
        trace(&line, &effect->u.trace);
        break;
    case RPL_EFFECT_ADDRESS_SET:
    case RPL_EFFECT_ADDRESS_DEL:
    case RPL_EFFECT_LEAVES:
        break;
    }
}
