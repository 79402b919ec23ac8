/* SPDX-License-Identifier: ISC */
/* Options of RPL messages, one table: RFC 6550 section 6.7, RFC 9010 section 6.1. */
#include "rpl/wire_option.h"

#include "trickle/trickle.h"

/* In which messages an option means something; elsewhere it is skipped. */
#define IN_DIS (1u << RPL_CODE_DIS)
#define IN_DIO (1u << RPL_CODE_DIO)
#define IN_DAO (1u << RPL_CODE_DAO | 1u << RPL_CODE_DCO)

#define TARGET_F 0x80u
#define TARGET_X 0x40u
#define TARGET_ROVR 0x0fu
#define ROVR_SIZE_MAX 4u /* defined so far: 8, 16, 24, 32 octets */

static size_t rpl_prefix_octets(uint8_t len)
{
    return (len + 7u) / 8u;
}

/* ---- DAG Metric Container, 6.7.4 ---------------------------------------------------- */

#define METRIC_P 0x04u
#define METRIC_C 0x02u
#define METRIC_O 0x01u
#define METRIC_R 0x80u

/* RFC 6551 section 2.1: a list of objects, each a header of four octets and a body. */
static enum rpl_counter rpl_metrics_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    struct rpl_wire_dio *dio = &reader->msg->u.dio;

    while (in->left > 0) {
        struct rpl_wire_metric metric = {.type = rpl_in_u8(in)};
        uint8_t flags = rpl_in_u8(in), how = rpl_in_u8(in);
        const uint8_t *body;

        metric.partial = flags & METRIC_P;
        metric.constraint = flags & METRIC_C;
        metric.optional = flags & METRIC_O;
        metric.recorded = how & METRIC_R;
        metric.aggregation = how >> 4 & 7u;
        metric.precedence = how & 15u;
        metric.len = rpl_in_u8(in);
        body = rpl_in_take(in, metric.len);
        if (in->bad)
            return RPL_COUNT_DROP_OPTION_SHORT;
        if (metric.len > sizeof(metric.body) || dio->metric_count == RPL_WIRE_METRICS_MAX)
            continue;
        memcpy(metric.body, body, metric.len);
        dio->metric[dio->metric_count++] = metric;
    }
    return RPL_WIRE_FINE;
}

static bool rpl_metrics_write(struct rpl_out *out, const struct rpl_wire_message *msg, size_t index)
{
    (void)index; /* all objects go into one container */
    for (uint8_t i = 0; i < msg->u.dio.metric_count; i++) {
        const struct rpl_wire_metric *metric = &msg->u.dio.metric[i];

        if (metric->len > sizeof(metric->body))
            return false;
        rpl_out_u8(out, metric->type);
        rpl_out_u8(out, (uint8_t)((metric->partial ? METRIC_P : 0) |
                                  (metric->constraint ? METRIC_C : 0) |
                                  (metric->optional ? METRIC_O : 0)));
        rpl_out_u8(out, (uint8_t)((metric->recorded ? METRIC_R : 0) |
                                  (metric->aggregation & 7u) << 4 | (metric->precedence & 15u)));
        rpl_out_u8(out, metric->len);
        rpl_out_copy(out, metric->body, metric->len);
    }
    return true;
}

/* ---- Route Information, 6.7.5 ------------------------------------------------------- */

#define RIO_PRF_RESERVED 2u

static enum rpl_counter rpl_rio_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    static const int8_t preference[] = {0, 1, 0, -1};
    struct rpl_wire_dio *dio = &reader->msg->u.dio;
    struct rpl_wire_rio rio = {0};
    uint8_t prf;

    rio.len = rpl_in_u8(in);
    prf = rpl_in_u8(in) >> 3 & 3u;
    rio.preference = preference[prf];
    rio.lifetime_s = rpl_in_u32(in);
    if (rio.len > 128)
        return RPL_COUNT_DROP_PREFIX_LENGTH;
    if (rpl_prefix_octets(rio.len) > in->left)
        return RPL_COUNT_DROP_OPTION_SHORT;
    rpl_in_copy(in, rio.prefix.b, rpl_prefix_octets(rio.len));
    rpl_addr_mask(&rio.prefix, rio.len);
    /* The reserved preference voids the option, not the message (COD-11). */
    if (prf != RIO_PRF_RESERVED && dio->rio_count < RPL_WIRE_RIOS_MAX)
        dio->rio[dio->rio_count++] = rio;
    return RPL_WIRE_FINE;
}

static bool rpl_rio_write(struct rpl_out *out, const struct rpl_wire_message *msg, size_t index)
{
    const struct rpl_wire_rio *rio = &msg->u.dio.rio[index];
    struct rpl_addr prefix = rio->prefix;

    if (rio->len > 128 || rio->preference < -1 || rio->preference > 1)
        return false;
    rpl_addr_mask(&prefix, rio->len);
    rpl_out_u8(out, rio->len);
    rpl_out_u8(out, (uint8_t)((unsigned)(rio->preference & 3) << 3));
    rpl_out_u32(out, rio->lifetime_s);
    rpl_out_copy(out, prefix.b, rpl_prefix_octets(rio->len));
    return true;
}

/* ---- DODAG Configuration, 6.7.6 ----------------------------------------------------- */

#define CONFIG_A 0x08u
#define CONFIG_PCS 0x07u

/*
 * COD-13, DIO-06: a configuration that would divide by zero, give every route a lifetime of
 * nothing, overflow the Trickle clock, or ask for authentication in a message without any.
 * NOTE: Default Lifetime 0 passes, it concerns only who would use it (SEQ-12).
 */
static bool rpl_config_usable(const struct rpl_wire_config *config)
{
    return config->min_hop_rank_increase != 0 && config->lifetime_unit_s != 0 &&
           config->interval_min <= TRICKLE_MIN_EXPONENT_MAX &&
           config->interval_min + config->interval_doublings <= TRICKLE_EXPONENT_SUM_MAX &&
           !config->authenticated;
}

static enum rpl_counter rpl_config_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    struct rpl_wire_dio *dio = &reader->msg->u.dio;
    struct rpl_wire_config *config = &dio->config;
    struct rpl_in field;

    if (dio->has_config) /* the first one wins (COD-18) */
        return RPL_WIRE_FINE;
    field = *in;
    rpl_in_copy(in, config->raw, sizeof(config->raw));
    config->flags = rpl_in_u8(&field);
    config->authenticated = (config->flags & CONFIG_A) != 0;
    config->pcs = config->flags & CONFIG_PCS;
    config->interval_doublings = rpl_in_u8(&field);
    config->interval_min = rpl_in_u8(&field);
    config->redundancy = rpl_in_u8(&field);
    config->max_rank_increase = rpl_in_u16(&field);
    config->min_hop_rank_increase = rpl_in_u16(&field);
    config->ocp = rpl_in_u16(&field);
    (void)rpl_in_u8(&field);
    config->default_lifetime = rpl_in_u8(&field);
    config->lifetime_unit_s = rpl_in_u16(&field);
    dio->has_config = true;
    return rpl_config_usable(config) ? RPL_WIRE_FINE : RPL_COUNT_DROP_CONFIG_INVALID;
}

static bool rpl_config_write(struct rpl_out *out, const struct rpl_wire_message *msg, size_t index)
{
    (void)index;
    rpl_out_copy(out, msg->u.dio.config.raw, sizeof(msg->u.dio.config.raw));
    return true;
}

void rpl_wire_config_pack(struct rpl_wire_config *config)
{
    struct rpl_out out = {.data = config->raw, .size = sizeof(config->raw)};

    rpl_out_u8(&out, config->flags);
    rpl_out_u8(&out, config->interval_doublings);
    rpl_out_u8(&out, config->interval_min);
    rpl_out_u8(&out, config->redundancy);
    rpl_out_u16(&out, config->max_rank_increase);
    rpl_out_u16(&out, config->min_hop_rank_increase);
    rpl_out_u16(&out, config->ocp);
    rpl_out_u8(&out, 0);
    rpl_out_u8(&out, config->default_lifetime);
    rpl_out_u16(&out, config->lifetime_unit_s);
}

/* ---- RPL Target, 6.7.7 and RFC 9010 section 6.1; Target Descriptor, 6.7.11 ----------- */

static size_t rpl_rovr_octets(uint8_t flags)
{
    return (flags & TARGET_ROVR) * 8u;
}

static enum rpl_counter rpl_target_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    struct rpl_wire_dao *dao = &reader->msg->u.dao;
    struct rpl_wire_target *target;
    size_t prefix, rovr;

    if (dao->target_count >= RPL_WIRE_TARGETS_MAX)
        return RPL_COUNT_DROP_DAO_TOO_MANY;
    target = &dao->target[dao->target_count];
    /* A Target after a Transit opens the next group (DST-02). */
    if (reader->last != RPL_OPTION_TARGET && reader->last != RPL_OPTION_DESCRIPTOR)
        dao->group_count++;
    target->group = (uint8_t)(dao->group_count - 1);
    target->flags = rpl_in_u8(in) & (TARGET_F | TARGET_X | TARGET_ROVR);
    target->len = rpl_in_u8(in);
    if (target->len > 128)
        return RPL_COUNT_DROP_PREFIX_LENGTH;
    prefix = target->flags & TARGET_F ? 16 : rpl_prefix_octets(target->len);
    rovr = rpl_rovr_octets(target->flags);
    /* One larger than any defined has an unknown size: all that stands behind the prefix. */
    if ((target->flags & TARGET_ROVR) > ROVR_SIZE_MAX)
        rovr = in->left > prefix ? in->left - prefix : 0;
    if (rovr > sizeof(target->rovr)) {
        target->flags &= (uint8_t)~TARGET_ROVR;
        rovr = 0;
    }
    if (prefix + rovr > in->left)
        return RPL_COUNT_DROP_OPTION_SHORT;
    rpl_in_copy(in, target->prefix.b, prefix);
    if (!(target->flags & TARGET_F)) {
        rpl_addr_mask(&target->prefix, target->len);
        (void)rpl_in_take(in, in->left - rovr); /* a prefix field longer than the prefix */
    }
    rpl_in_copy(in, target->rovr, rovr);
    target->rovr_len = (uint8_t)rovr;
    dao->target_count++;
    return RPL_WIRE_FINE;
}

static bool rpl_target_write(struct rpl_out *out, const struct rpl_wire_message *msg, size_t index)
{
    const struct rpl_wire_target *target = &msg->u.dao.target[index];
    bool full = (target->flags & TARGET_F) != 0;
    struct rpl_addr prefix = target->prefix;
    size_t rovr = rpl_rovr_octets(target->flags);

    if ((target->flags & TARGET_ROVR) > ROVR_SIZE_MAX)
        rovr = target->rovr_len;
    if (target->len > 128 || (target->flags & ~(TARGET_F | TARGET_X | TARGET_ROVR)) != 0 ||
        rovr > sizeof(target->rovr))
        return false;
    if (!full)
        rpl_addr_mask(&prefix, target->len);
    rpl_out_u8(out, target->flags);
    rpl_out_u8(out, target->len);
    rpl_out_copy(out, prefix.b, full ? sizeof(prefix.b) : rpl_prefix_octets(target->len));
    rpl_out_copy(out, target->rovr, rovr);
    return true;
}

static enum rpl_counter rpl_descriptor_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    struct rpl_wire_dao *dao = &reader->msg->u.dao;
    struct rpl_wire_target *target;

    if (reader->last != RPL_OPTION_TARGET) /* one, directly after its Target (COD-16) */
        return RPL_COUNT_DROP_DAO_STRUCTURE;
    target = &dao->target[dao->target_count - 1];
    target->has_descriptor = true;
    target->descriptor = rpl_in_u32(in);
    return RPL_WIRE_FINE;
}

static bool rpl_descriptor_write(struct rpl_out *out, const struct rpl_wire_message *msg,
                                 size_t index)
{
    rpl_out_u32(out, msg->u.dao.target[index].descriptor);
    return true;
}

/* ---- Transit Information, 6.7.8 ----------------------------------------------------- */

static enum rpl_counter rpl_transit_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    struct rpl_wire_dao *dao = &reader->msg->u.dao;
    struct rpl_wire_transit *transit;
    uint8_t flags;

    if (dao->target_count == 0)
        return RPL_COUNT_DROP_DAO_STRUCTURE;
    if (dao->transit_count >= RPL_WIRE_TRANSITS_MAX)
        return RPL_COUNT_DROP_DAO_TOO_MANY;
    transit = &dao->transit[dao->transit_count++];
    flags = rpl_in_u8(in);
    transit->external = (flags & 0x80u) != 0;
    transit->invalidate = (flags & 0x40u) != 0;
    transit->path_control = rpl_in_u8(in);
    transit->path_sequence = rpl_in_u8(in);
    transit->path_lifetime = rpl_in_u8(in);
    /* Nothing but the length tells whether there is a parent (COD-15). */
    transit->has_parent = in->left >= sizeof(transit->parent.b);
    if (transit->has_parent)
        transit->parent = rpl_in_addr(in);
    transit->group = (uint8_t)(dao->group_count - 1);
    return RPL_WIRE_FINE;
}

static bool rpl_transit_write(struct rpl_out *out, const struct rpl_wire_message *msg, size_t index)
{
    const struct rpl_wire_transit *transit = &msg->u.dao.transit[index];

    rpl_out_u8(out, (uint8_t)((transit->external ? 0x80u : 0) | (transit->invalidate ? 0x40u : 0)));
    rpl_out_u8(out, transit->path_control);
    rpl_out_u8(out, transit->path_sequence);
    rpl_out_u8(out, transit->path_lifetime);
    if (transit->has_parent)
        rpl_out_addr(out, &transit->parent);
    return true;
}

/* ---- Solicited Information, 6.7.9 ---------------------------------------------------- */

static enum rpl_counter rpl_solicited_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    struct rpl_wire_dis *dis = &reader->msg->u.dis;
    struct rpl_wire_solicited *solicited = &dis->solicited;
    uint8_t flags;

    if (dis->has_solicited)
        return RPL_WIRE_FINE;
    dis->has_solicited = true;
    solicited->instance = rpl_in_u8(in);
    flags = rpl_in_u8(in);
    solicited->match_version = (flags & 0x80u) != 0;
    solicited->match_instance = (flags & 0x40u) != 0;
    solicited->match_dodag = (flags & 0x20u) != 0;
    solicited->dodag_id = rpl_in_addr(in);
    solicited->version = rpl_in_u8(in);
    return RPL_WIRE_FINE;
}

/* Fields whose flag is clear are sent as 0 (COD-16). */
static bool rpl_solicited_write(struct rpl_out *out, const struct rpl_wire_message *msg,
                                size_t index)
{
    static const struct rpl_addr none;
    const struct rpl_wire_solicited *solicited = &msg->u.dis.solicited;

    (void)index;
    rpl_out_u8(out, solicited->match_instance ? solicited->instance : 0);
    rpl_out_u8(out, (uint8_t)((solicited->match_version ? 0x80u : 0) |
                              (solicited->match_instance ? 0x40u : 0) |
                              (solicited->match_dodag ? 0x20u : 0)));
    rpl_out_addr(out, solicited->match_dodag ? &solicited->dodag_id : &none);
    rpl_out_u8(out, solicited->match_version ? solicited->version : 0);
    return true;
}

/* ---- Prefix Information, 6.7.10 ------------------------------------------------------ */

static enum rpl_counter rpl_pio_read(struct rpl_option_reader *reader, struct rpl_in *in)
{
    struct rpl_wire_dio *dio = &reader->msg->u.dio;
    struct rpl_wire_pio pio = {0};
    uint8_t flags;

    pio.len = rpl_in_u8(in);
    flags = rpl_in_u8(in);
    pio.on_link = (flags & 0x80u) != 0;
    pio.autonomous = (flags & 0x40u) != 0;
    pio.router_address = (flags & 0x20u) != 0;
    pio.valid_s = rpl_in_u32(in);
    pio.preferred_s = rpl_in_u32(in);
    (void)rpl_in_u32(in);
    pio.prefix = rpl_in_addr(in);
    if (pio.len > 128)
        return RPL_COUNT_DROP_PREFIX_LENGTH;
    /* COD-17: such an option is ignored, as RFC 4862 section 5.5.3 does; the DIO stands. */
    if (rpl_addr_is_link_local(&pio.prefix) || rpl_addr_is_multicast(&pio.prefix) ||
        pio.preferred_s > pio.valid_s)
        return RPL_WIRE_FINE;
    if (dio->pio_count < RPL_WIRE_PIOS_MAX)
        dio->pio[dio->pio_count++] = pio;
    return RPL_WIRE_FINE;
}

static bool rpl_pio_write(struct rpl_out *out, const struct rpl_wire_message *msg, size_t index)
{
    const struct rpl_wire_pio *pio = &msg->u.dio.pio[index];

    if (pio->len > 128 || pio->preferred_s > pio->valid_s)
        return false;
    rpl_out_u8(out, pio->len);
    rpl_out_u8(out, (uint8_t)((pio->on_link ? 0x80u : 0) | (pio->autonomous ? 0x40u : 0) |
                              (pio->router_address ? 0x20u : 0)));
    rpl_out_u32(out, pio->valid_s);
    rpl_out_u32(out, pio->preferred_s);
    rpl_out_u32(out, 0);
    rpl_out_addr(out, &pio->prefix);
    return true;
}

/* ---- the table ---------------------------------------------------------------------- */

/* |read| gets a cursor over the option's data, at least |min| octets of it. A missing |write|:
 * we never send that option. */
struct rpl_option {
    uint8_t type;
    uint8_t min;
    uint32_t messages; /* bit per message code */
    enum rpl_counter (*read)(struct rpl_option_reader *reader, struct rpl_in *in);
    bool (*write)(struct rpl_out *out, const struct rpl_wire_message *msg, size_t index);
};

static const struct rpl_option rpl_options[] = {
    {RPL_OPTION_METRICS, 0, IN_DIO, rpl_metrics_read, rpl_metrics_write},
    {RPL_OPTION_RIO, 6, IN_DIO, rpl_rio_read, rpl_rio_write},
    {RPL_OPTION_CONFIG, 14, IN_DIO, rpl_config_read, rpl_config_write},
    {RPL_OPTION_TARGET, 2, IN_DAO, rpl_target_read, rpl_target_write},
    {RPL_OPTION_TRANSIT, 4, IN_DAO, rpl_transit_read, rpl_transit_write},
    {RPL_OPTION_SOLICITED, 19, IN_DIS, rpl_solicited_read, rpl_solicited_write},
    {RPL_OPTION_PIO, 30, IN_DIO, rpl_pio_read, rpl_pio_write},
    {RPL_OPTION_DESCRIPTOR, 4, IN_DAO, rpl_descriptor_read, rpl_descriptor_write},
};

static const struct rpl_option *rpl_option_find(uint8_t type)
{
    for (size_t i = 0; i < sizeof(rpl_options) / sizeof(rpl_options[0]); i++) {
        if (rpl_options[i].type == type)
            return &rpl_options[i];
    }
    return NULL;
}

enum rpl_counter rpl_option_read_all(struct rpl_in *in, struct rpl_wire_message *msg)
{
    struct rpl_option_reader reader = {.msg = msg, .last = RPL_OPTION_PAD1};

    while (in->left > 0) {
        const struct rpl_option *option;
        struct rpl_in data = {0};
        enum rpl_counter why;
        uint8_t type = rpl_in_u8(in);

        if (type == RPL_OPTION_PAD1)
            continue;
        data.left = rpl_in_u8(in);
        data.p = rpl_in_take(in, data.left);
        if (in->bad)
            return RPL_COUNT_DROP_OPTION_TRUNCATED;
        option = rpl_option_find(type);
        if (!option || !(option->messages >> msg->code & 1u))
            continue;
        if (data.left < option->min)
            return RPL_COUNT_DROP_OPTION_SHORT;
        why = option->read(&reader, &data);
        if (why != RPL_WIRE_FINE)
            return why;
        reader.last = type;
    }
    return RPL_WIRE_FINE;
}

bool rpl_option_write(struct rpl_out *out, uint8_t type, const struct rpl_wire_message *msg,
                      size_t index)
{
    const struct rpl_option *option = rpl_option_find(type);
    size_t head = out->len;

    if (!option || !option->write)
        return false;
    rpl_out_u8(out, type);
    rpl_out_u8(out, 0);
    if (!option->write(out, msg, index))
        return false;
    if (!out->full)
        out->data[head + 1] = (uint8_t)(out->len - head - 2);
    return true;
}
