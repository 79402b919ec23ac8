/* SPDX-License-Identifier: ISC */
/* Decoded values under the names that the vectors give them. */
#include "tests/vectors/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct field *add(struct fields *fields, const char *prefix, const char *name)
{
    struct field *field;
    int len;

    assert_true(fields->count < FIELDS_MAX);
    field = &fields->field[fields->count++];
    memset(field, 0, sizeof(*field));
    len = snprintf(field->name, sizeof(field->name), "%s.%s", prefix, name);
    assert_true(len > 0 && (size_t)len < sizeof(field->name));
    return field;
}

static void number(struct fields *fields, const char *prefix, const char *name, uint64_t value)
{
    add(fields, prefix, name)->number = value;
}

static void octets(struct fields *fields, const char *prefix, const char *name,
                   const uint8_t *value, size_t len)
{
    struct field *field = add(fields, prefix, name);

    assert_true(len > 0 && len <= sizeof(field->octets));
    memcpy(field->octets, value, len);
    field->len = len;
}

static void address(struct fields *fields, const char *prefix, const char *name,
                    const struct rpl_addr *value)
{
    octets(fields, prefix, name, value->b, sizeof(value->b));
}

static void dis_fields(struct fields *fields, const struct rpl_wire_dis *dis)
{
    if (!dis->has_solicited)
        return;
    number(fields, "solinfo", "V", dis->solicited.match_version);
    number(fields, "solinfo", "I", dis->solicited.match_instance);
    number(fields, "solinfo", "D", dis->solicited.match_dodag);
    number(fields, "solinfo", "instance", dis->solicited.instance);
    number(fields, "solinfo", "version", dis->solicited.version);
    address(fields, "solinfo", "dodagid", &dis->solicited.dodag_id);
}

static void config_fields(struct fields *fields, const struct rpl_wire_config *config)
{
    number(fields, "conf", "A", config->authenticated);
    number(fields, "conf", "P", config->flags >> 6 & 1);
    number(fields, "conf", "T", config->flags >> 5 & 1);
    number(fields, "conf", "rpi23", config->flags >> 4 & 1);
    number(fields, "conf", "pcs", config->pcs);
    number(fields, "conf", "dio_int_doubl", config->interval_doublings);
    number(fields, "conf", "dio_int_min", config->interval_min);
    number(fields, "conf", "dio_redun", config->redundancy);
    number(fields, "conf", "max_rank_inc", config->max_rank_increase);
    number(fields, "conf", "min_hop_rank_inc", config->min_hop_rank_increase);
    number(fields, "conf", "ocp", config->ocp);
    number(fields, "conf", "def_lifetime", config->default_lifetime);
    number(fields, "conf", "lifetime_unit", config->lifetime_unit_s);
}

static void dio_fields(struct fields *fields, const struct rpl_wire_dio *dio)
{
    number(fields, "dio", "instance", dio->instance);
    number(fields, "dio", "version", dio->version);
    number(fields, "dio", "rank", dio->rank);
    number(fields, "dio", "G", dio->grounded);
    number(fields, "dio", "mop", dio->mop);
    number(fields, "dio", "prf", dio->preference);
    number(fields, "dio", "dtsn", dio->dtsn);
    address(fields, "dio", "dodagid", &dio->dodag_id);
    if (dio->has_config)
        config_fields(fields, &dio->config);
    if (dio->pio_count == 1) {
        number(fields, "pio", "prefix_len", dio->pio[0].len);
        number(fields, "pio", "L", dio->pio[0].on_link);
        number(fields, "pio", "A", dio->pio[0].autonomous);
        number(fields, "pio", "R", dio->pio[0].router_address);
        number(fields, "pio", "valid", dio->pio[0].valid_s);
        number(fields, "pio", "preferred", dio->pio[0].preferred_s);
        address(fields, "pio", "prefix", &dio->pio[0].prefix);
    }
    if (dio->rio_count == 1) {
        number(fields, "rio", "prefix_len", dio->rio[0].len);
        number(fields, "rio", "prf", (uint64_t)(dio->rio[0].preference & 3));
        number(fields, "rio", "lifetime", dio->rio[0].lifetime_s);
        address(fields, "rio", "prefix", &dio->rio[0].prefix);
    }
}

static void target_fields(struct fields *fields, const struct rpl_wire_target *target,
                          const char *prefix)
{
    size_t rovr = (target->flags & 0xfu) * 8u;

    number(fields, prefix, "F", target->flags >> 7 & 1);
    number(fields, prefix, "X", target->flags >> 6 & 1);
    number(fields, prefix, "rovrsz", target->flags & 0xf);
    number(fields, prefix, "prefix_len", target->len);
    address(fields, prefix, "prefix", &target->prefix);
    if (rovr > 0)
        octets(fields, prefix, "rovr", target->rovr, rovr);
    if (target->has_descriptor)
        number(fields, "tdesc", "descriptor", target->descriptor);
}

static void transit_fields(struct fields *fields, const struct rpl_wire_transit *transit,
                           const char *prefix)
{
    number(fields, prefix, "E", transit->external);
    number(fields, prefix, "I", transit->invalidate);
    number(fields, prefix, "path_control", transit->path_control);
    number(fields, prefix, "path_seq", transit->path_sequence);
    number(fields, prefix, "path_lifetime", transit->path_lifetime);
    if (transit->has_parent)
        address(fields, prefix, "parent", &transit->parent);
}

/* One option is "target", several are "target1", "target2". */
static const char *numbered(const char *name, size_t index, size_t count)
{
    static char text[32];

    if (count == 1)
        return name;
    snprintf(text, sizeof(text), "%s%zu", name, index + 1);
    return text;
}

static void dao_fields(struct fields *fields, const struct rpl_wire_dao *dao, const char *prefix)
{
    number(fields, prefix, "instance", dao->instance);
    number(fields, prefix, "K", dao->ack_wanted);
    number(fields, prefix, "D", dao->has_dodag_id);
    number(fields, prefix, "seq", dao->sequence);
    number(fields, prefix, "status", dao->status);
    if (dao->has_dodag_id)
        address(fields, prefix, "dodagid", &dao->dodag_id);
    for (size_t i = 0; i < dao->target_count; i++)
        target_fields(fields, &dao->target[i], numbered("target", i, dao->target_count));
    for (size_t i = 0; i < dao->transit_count; i++)
        transit_fields(fields, &dao->transit[i], numbered("transit", i, dao->transit_count));
}

static void ack_fields(struct fields *fields, const struct rpl_wire_ack *ack, const char *prefix)
{
    number(fields, prefix, "instance", ack->instance);
    number(fields, prefix, "D", ack->has_dodag_id);
    number(fields, prefix, "seq", ack->sequence);
    number(fields, prefix, "status", ack->status);
    if (ack->has_dodag_id)
        address(fields, prefix, "dodagid", &ack->dodag_id);
}

void fields_of_message(struct fields *fields, const struct rpl_wire_message *msg)
{
    number(fields, "icmp", "code", msg->code);
    switch (msg->code) {
    case RPL_CODE_DIS:
        dis_fields(fields, &msg->u.dis);
        break;
    case RPL_CODE_DIO:
        dio_fields(fields, &msg->u.dio);
        break;
    case RPL_CODE_DAO:
        dao_fields(fields, &msg->u.dao, "dao");
        break;
    case RPL_CODE_DCO:
        dao_fields(fields, &msg->u.dao, "dco");
        break;
    case RPL_CODE_DAO_ACK:
        ack_fields(fields, &msg->u.ack, "daoack");
        break;
    case RPL_CODE_DCO_ACK:
        ack_fields(fields, &msg->u.ack, "dcoack");
        break;
    default:
        fail_msg("code %u was read", msg->code);
    }
}

/* The octets of segment |index| that stand in the header: what is elided has no field. */
static void segment_field(struct fields *fields, const struct vector *vector,
                          const struct rpl_packet_info *info, unsigned index)
{
    unsigned elided = index == info->segments ? info->cmpr_e : info->cmpr_i;
    struct rpl_addr segment;
    char name[16];

    assert_true(rpl_srh_segment(vector->packet, info, index, &segment));
    snprintf(name, sizeof(name), "addr%u", index);
    octets(fields, "srh", name, segment.b + elided, 16 - elided);
}

static void inner_fields(struct fields *fields, const struct vector *vector)
{
    struct rpl_packet_info info;
    uint8_t copy[VECTOR_MAX];
    size_t len = vector->len;

    /* What the end of the tunnel would see. */
    memcpy(copy, vector->packet, len);
    assert_int_equal(rpl_packet_parse(copy, len, &info), RPL_DATA_OK);
    copy[info.srh + 3] = 0;
    assert_int_equal(rpl_decapsulate(copy, &len), RPL_DATA_OK);
    assert_int_equal(rpl_packet_parse(copy, len, &info), RPL_DATA_OK);
    number(fields, "inner", "plen", len - 40);
    number(fields, "inner", "nh", info.next);
    number(fields, "inner", "hlim", info.hop_limit);
    address(fields, "inner", "src", &info.src);
    address(fields, "inner", "dst", &info.dst);
}

void fields_of_packet(struct fields *fields, const struct vector *vector)
{
    struct rpl_packet_info info;

    assert_int_equal(rpl_packet_parse(vector->packet, vector->len, &info), RPL_DATA_OK);
    number(fields, "ip", "hlim", info.hop_limit);
    address(fields, "ip", "src", &info.src);
    address(fields, "ip", "dst", &info.dst);
    if (info.rpi_option != 0) {
        number(fields, "hbh", "len", info.hbh_len / 8u - 1);
        number(fields, "rpi", "type", info.rpi.type);
        number(fields, "rpi", "O", (info.rpi.flags & RPL_RPI_O) != 0);
        number(fields, "rpi", "R", (info.rpi.flags & RPL_RPI_R) != 0);
        number(fields, "rpi", "F", (info.rpi.flags & RPL_RPI_F) != 0);
        number(fields, "rpi", "instance", info.rpi.instance);
        number(fields, "rpi", "sender_rank", info.rpi.sender_rank);
    }
    if (info.srh != 0) {
        number(fields, "srh", "nh", info.next);
        number(fields, "srh", "hdrlen", info.srh_len / 8u - 1);
        number(fields, "srh", "segleft", info.segments_left);
        number(fields, "srh", "cmpri", info.cmpr_i);
        number(fields, "srh", "cmpre", info.cmpr_e);
        number(fields, "srh", "pad", info.pad);
        for (unsigned i = 1; i <= info.segments; i++)
            segment_field(fields, vector, &info, i);
    }
    if (info.next == 41)
        inner_fields(fields, vector);
}

const struct field *fields_find(const struct fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->field[i].name, name) == 0)
            return &fields->field[i];
    }
    return NULL;
}
