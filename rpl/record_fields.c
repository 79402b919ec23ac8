/* SPDX-License-Identifier: ISC */
/*
 * What of the engine's structs stands in a recording, in which order, and what may be there. A
 * member that is added to one of them is added here; unit/record looks for gaps.
 */
#include <string.h>

#include "rpl/record.h"

#define PLACE(T, m) .offset = offsetof(T, m), .size = sizeof(((T *)NULL)->m)
#define UPTO(T, m, most)                                                                           \
    {                                                                                              \
        PLACE(T, m), .kind = RPL_RECORD_UINT, .max = (most)                                        \
    }
#define UINT(T, m) UPTO(T, m, UINT64_MAX)
#define BOOL(T, m)                                                                                 \
    {                                                                                              \
        PLACE(T, m), .kind = RPL_RECORD_BOOL                                                       \
    }
#define OCTETS(T, m)                                                                               \
    {                                                                                              \
        PLACE(T, m), .kind = RPL_RECORD_OCTETS                                                     \
    }
#define TABLE(name, T, fields)                                                                     \
    const struct rpl_record_table name = {fields, sizeof(fields) / sizeof((fields)[0]), sizeof(T)}

static const struct rpl_record_field limits_fields[] = {
    UINT(struct rpl_limits, neighbours),   UINT(struct rpl_limits, targets),
    UINT(struct rpl_limits, peers),        UINT(struct rpl_limits, effects),
    UINT(struct rpl_limits, quarantine_s),
};
TABLE(rpl_record_limits, struct rpl_limits, limits_fields);

#define I struct rpl_instance_config
#define CONSTRAINT(n)                                                                              \
    UINT(I, constraint[n].type), BOOL(I, constraint[n].optional), UINT(I, constraint[n].value)
#define PREFIX(list, n) OCTETS(I, list.prefix[n].addr), UPTO(I, list.prefix[n].len, 128)
#define PREFIXES(list)                                                                             \
    UPTO(I, list.count, RPL_PREFIXES_MAX), PREFIX(list, 0), PREFIX(list, 1), PREFIX(list, 2),      \
        PREFIX(list, 3), PREFIX(list, 4), PREFIX(list, 5), PREFIX(list, 6), PREFIX(list, 7)
static const struct rpl_record_field instance_fields[] = {
    UINT(I, id),
    UPTO(I, role, RPL_ROLE_LEAF),
    UPTO(I, mop, RPL_MOP_STORING_MULTICAST),
    UINT(I, ocp),
    BOOL(I, has_dodag_id),
    OCTETS(I, dodag_id),
    OCTETS(I, prefix),
    UPTO(I, prefix_len, 128),
    PREFIXES(more),
    BOOL(I, on_link),
    BOOL(I, autonomous),
    BOOL(I, renumbers),
    UINT(I, prefix_valid_s),
    UINT(I, prefix_preferred_s),
    UINT(I, preference),
    BOOL(I, grounded),
    UINT(I, dodag.dio_interval_min),
    UINT(I, dodag.dio_interval_doublings),
    UINT(I, dodag.dio_redundancy_constant),
    UINT(I, dodag.max_rank_increase),
    UINT(I, dodag.min_hop_rank_increase),
    UINT(I, dodag.default_lifetime),
    UPTO(I, dodag.path_control_size, 7),
    UINT(I, dodag.lifetime_unit_s),
    UINT(I, version_interval_s),
    PREFIXES(route_info),
    PREFIXES(accept),
    PREFIXES(attached),
    OCTETS(I, route_info_preference),
    UINT(I, route_info_lifetime_s),
    UPTO(I, metric, RPL_METRIC_LATENCY),
    UPTO(I, constraint_count, RPL_CONSTRAINTS_MAX),
    CONSTRAINT(0),
    CONSTRAINT(1),
    CONSTRAINT(2),
    UINT(I, energy),
    UINT(I, throughput),
    UINT(I, path_lifetime),
    UINT(I, solicitations),
    BOOL(I, default_route),
    BOOL(I, outside_routes),
    UINT(I, route_metric),
    BOOL(I, dao_ack),
    UINT(I, dao_delay_ms),
    UINT(I, dao_tries),
    UINT(I, dao_rate),
    UINT(I, dao_targets),
    UINT(I, no_path_tries),
    BOOL(I, dtsn_on_loss),
    BOOL(I, dtsn_on_change),
    UINT(I, dtsn_interval_s),
    BOOL(I, solicit),
    UPTO(I, dao_parents, RPL_PARENTS_MAX),
    BOOL(I, serve_leaves),
    BOOL(I, ignore_unknown),
    BOOL(I, floating),
    PREFIXES(floating_prefix),
    UINT(I, floating_s),
    BOOL(I, poison),
    BOOL(I, compat.srh_encapsulate),
    BOOL(I, compat.downward_rpi),
    BOOL(I, compat.upward_rpi),
    UINT(I, compat.rpi_type),
    BOOL(I, compat.short_transit),
    BOOL(I, compat.parent_by_prefix),
    BOOL(I, compat.local_instance_without_d),
    BOOL(I, compat.inline_rpi_drop),
    BOOL(I, compat.dao_source_own),
    BOOL(I, compat.max_rank_increase_0_unlimited),
    UINT(I, parent_switch_threshold),
    UINT(I, max_link_metric),
    UINT(I, max_path_cost),
    UINT(I, parent_set_size),
    UINT(I, probe_parent_s),
    UINT(I, probe_candidate_s),
};
_Static_assert(RPL_PREFIXES_MAX == 8 && RPL_CONSTRAINTS_MAX == 3, "the lists above");
TABLE(rpl_record_instance, I, instance_fields);

static const struct rpl_record_field stored_fields[] = {
    BOOL(struct rpl_stored, valid),         UINT(struct rpl_stored, instance),
    OCTETS(struct rpl_stored, dodag_id),    UINT(struct rpl_stored, version),
    UINT(struct rpl_stored, dtsn),          UINT(struct rpl_stored, dao_sequence),
    UINT(struct rpl_stored, path_sequence),
};
TABLE(rpl_record_stored, struct rpl_stored, stored_fields);

/* ---- events ----------------------------------------------------------------------------- */

static const struct rpl_record_field packet_fields[] = {
    UINT(struct rpl_event_packet, ifindex),
    OCTETS(struct rpl_event_packet, src),
    OCTETS(struct rpl_event_packet, dst),
    UINT(struct rpl_event_packet, hop_limit),
};
static TABLE(packet_table, struct rpl_event_packet, packet_fields);

static const struct rpl_record_field link_fields[] = {
    UINT(struct rpl_event_link, ifindex),   UPTO(struct rpl_event_link, state, RPL_LINK_GONE),
    OCTETS(struct rpl_event_link, address), UINT(struct rpl_event_link, instances),
    OCTETS(struct rpl_event_link, name),
};
static TABLE(link_table, struct rpl_event_link, link_fields);

static const struct rpl_record_field address_fields[] = {
    UINT(struct rpl_event_address, ifindex),
    OCTETS(struct rpl_event_address, address),
    BOOL(struct rpl_event_address, usable),
};
static TABLE(address_table, struct rpl_event_address, address_fields);

static const struct rpl_record_field neighbour_fields[] = {
    UINT(struct rpl_event_neighbour, ifindex), OCTETS(struct rpl_event_neighbour, address),
    BOOL(struct rpl_event_neighbour, failed),  BOOL(struct rpl_event_neighbour, reachable),
    UINT(struct rpl_event_neighbour, etx),
};
static TABLE(neighbour_table, struct rpl_event_neighbour, neighbour_fields);

static const struct rpl_record_field result_fields[] = {
    UINT(struct rpl_event_route_result, token),
    UPTO(struct rpl_event_route_result, error, INT32_MAX),
};
static TABLE(result_table, struct rpl_event_route_result, result_fields);

#define R struct rpl_event_route
static const struct rpl_record_field route_fields[] = {
    UPTO(R, route.kind, RPL_ROUTE_UNREACHABLE),
    OCTETS(R, route.dst),
    UPTO(R, route.dst_len, 128),
    UINT(R, route.ifindex),
    OCTETS(R, route.via),
    UINT(R, route.metric),
    BOOL(R, all),
};
static TABLE(route_table, R, route_fields);

#define T struct rpl_event_target
#define PARENT(n)                                                                                  \
    OCTETS(T, parent[n].address), BOOL(T, parent[n].self), UINT(T, parent[n].path_control)
static const struct rpl_record_field target_fields[] = {
    UINT(T, instance), OCTETS(T, address),
    UPTO(T, len, 128), UINT(T, path_sequence),
    BOOL(T, moved),    BOOL(T, external),
    UINT(T, lifetime), OCTETS(T, via),
    UINT(T, ifindex),  UINT(T, parent_count),
    PARENT(0),         PARENT(1),
    PARENT(2),         PARENT(3),
};
_Static_assert(RPL_PARENTS_MAX == 4, "the list above");
static TABLE(target_table, T, target_fields);

static const struct rpl_record_field error_fields[] = {
    UPTO(struct rpl_event_forward_error, kind, RPL_FORWARD_NEXT_HOP),
    UINT(struct rpl_event_forward_error, instance),
    OCTETS(struct rpl_event_forward_error, reporter),
    OCTETS(struct rpl_event_forward_error, target),
};
static TABLE(error_table, struct rpl_event_forward_error, error_fields);

static const struct rpl_record_field prefix_fields[] = {
    UINT(struct rpl_event_prefix, instance),
    OCTETS(struct rpl_event_prefix, prefix),
    UINT(struct rpl_event_prefix, left),
};
static TABLE(prefix_table, struct rpl_event_prefix, prefix_fields);

static const struct rpl_record_field command_fields[] = {
    UPTO(struct rpl_event_command, command, RPL_COMMAND_RPI_TYPE),
    UINT(struct rpl_event_command, instance),
    UINT(struct rpl_event_command, rpi_type),
    OCTETS(struct rpl_event_command, address),
};
static TABLE(command_table, struct rpl_event_command, command_fields);

#define L struct rpl_event_leaf
static const struct rpl_record_field leaf_fields[] = {
    UINT(L, instance),  OCTETS(L, address),    OCTETS(L, local),
    UINT(L, ifindex),   UINT(L, tid),          UPTO(L, rovr_size, RPL_ROVR_MAX / 8),
    OCTETS(L, rovr),    UINT(L, lifetime_min), BOOL(L, route),
    BOOL(L, announced), UINT(L, lifetime),
};
static TABLE(leaf_table, L, leaf_fields);

const struct rpl_record_table *rpl_record_event_table(enum rpl_event_type type)
{
    switch (type) {
    case RPL_EVENT_PACKET:
        return &packet_table;
    case RPL_EVENT_LINK:
        return &link_table;
    case RPL_EVENT_ADDRESS:
        return &address_table;
    case RPL_EVENT_NEIGHBOUR:
        return &neighbour_table;
    case RPL_EVENT_ROUTE_RESULT:
        return &result_table;
    case RPL_EVENT_ROUTE_FOUND:
    case RPL_EVENT_ROUTE_LOST:
        return &route_table;
    case RPL_EVENT_TARGET_RESTORED:
        return &target_table;
    case RPL_EVENT_FORWARD_ERROR:
        return &error_table;
    case RPL_EVENT_PREFIX:
        return &prefix_table;
    case RPL_EVENT_COMMAND:
        return &command_table;
    case RPL_EVENT_LEAF_RESTORED:
        return &leaf_table;
    }
    return NULL;
}

/* ---- to and from octets ------------------------------------------------------------------ */

size_t rpl_record_size(const struct rpl_record_table *table)
{
    size_t size = 0;

    for (size_t i = 0; i < table->count; i++)
        size += table->field[i].size;
    return size;
}

/* A number of the machine's, whatever its width; enums are as wide as unsigned int. */
static uint64_t number_load(const uint8_t *p, size_t size)
{
    uint16_t n16;
    uint32_t n32;
    uint64_t n64;

    switch (size) {
    case 1:
        return *p;
    case 2:
        memcpy(&n16, p, sizeof(n16));
        return n16;
    case 4:
        memcpy(&n32, p, sizeof(n32));
        return n32;
    default:
        memcpy(&n64, p, sizeof(n64));
        return n64;
    }
}

static void number_store(uint8_t *p, size_t size, uint64_t n)
{
    const uint16_t n16 = (uint16_t)n;
    const uint32_t n32 = (uint32_t)n;

    switch (size) {
    case 1:
        *p = (uint8_t)n;
        break;
    case 2:
        memcpy(p, &n16, sizeof(n16));
        break;
    case 4:
        memcpy(p, &n32, sizeof(n32));
        break;
    default:
        memcpy(p, &n, sizeof(n));
        break;
    }
}

void rpl_record_put(const struct rpl_record_table *table, const void *base, uint8_t *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct rpl_record_field *field = &table->field[i];
        const uint8_t *from = (const uint8_t *)base + field->offset;

        if (field->kind == RPL_RECORD_OCTETS) {
            memcpy(out, from, field->size);
        } else {
            uint64_t n = number_load(from, field->size);
            for (size_t k = 0; k < field->size; k++)
                out[k] = (uint8_t)(n >> (8 * (field->size - 1 - k)));
        }
        out += field->size;
    }
}

bool rpl_record_get(const struct rpl_record_table *table, void *base, const uint8_t *in)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct rpl_record_field *field = &table->field[i];
        uint8_t *to = (uint8_t *)base + field->offset;
        uint64_t n = 0;

        if (field->kind == RPL_RECORD_OCTETS) {
            memcpy(to, in, field->size);
        } else {
            for (size_t k = 0; k < field->size; k++)
                n = n << 8 | in[k];
            if (n > (field->kind == RPL_RECORD_BOOL ? 1 : field->max))
                return false;
            number_store(to, field->size, n);
        }
        in += field->size;
    }
    return true;
}
