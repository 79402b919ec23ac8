/* SPDX-License-Identifier: ISC */
/* Messages of RFC 6550 section 6 and RFC 9009, between octets and structs. */
#include "rpl/rpl_wire.h"

#include "rpl/wire_cursor.h"
#include "rpl/wire_option.h"

#define ICMP6_NEXT_HEADER 58u
#define ICMP6_HEADER 4u
#define ICMP6_CHECKSUM 2u /* its offset */

#define DAO_K 0x80u
#define DAO_D 0x40u
#define ACK_D 0x80u
#define INSTANCE_DIRECTION 0x40u

/* ---- checksum ----------------------------------------------------------------------- */

/* By four octets, as the carry of the lower two comes to the same when all is folded at the end. */
static uint64_t rpl_sum(const uint8_t *data, size_t len, uint64_t sum)
{
    size_t i;

    for (i = 0; i + 3 < len; i += 4)
        sum += (uint32_t)data[i] << 24 | (uint32_t)data[i + 1] << 16 | (uint32_t)data[i + 2] << 8 |
               data[i + 3];
    for (; i + 1 < len; i += 2)
        sum += (uint32_t)(data[i] << 8 | data[i + 1]);
    if (i < len)
        sum += (uint32_t)data[i] << 8;
    return sum;
}

uint16_t rpl_wire_checksum(const struct rpl_addr *src, const struct rpl_addr *dst,
                           uint8_t next_header, const uint8_t *data, size_t len)
{
    uint64_t sum = (uint64_t)(len >> 16) + (len & 0xffffu) + next_header;

    sum = rpl_sum(src->b, sizeof(src->b), sum);
    sum = rpl_sum(dst->b, sizeof(dst->b), sum);
    sum = rpl_sum(data, len, sum);
    while (sum >> 16)
        sum = (sum & 0xffffu) + (sum >> 16);
    return (uint16_t)~sum;
}

/* ---- base objects ------------------------------------------------------------------- */

/* 0x40 in a local RPLInstanceID tells the direction of a data packet; a control message that
 * has it set names no instance (section 5.1). */
static bool rpl_instance_valid(uint8_t instance)
{
    return !(instance & RPL_INSTANCE_LOCAL) || !(instance & INSTANCE_DIRECTION);
}

static enum rpl_counter rpl_dis_read(struct rpl_in *in, struct rpl_wire_message *msg)
{
    (void)msg;
    (void)rpl_in_u16(in);
    return RPL_WIRE_FINE;
}

static bool rpl_dis_write(struct rpl_out *out, const struct rpl_wire_message *msg)
{
    rpl_out_u16(out, 0);
    if (!msg->u.dis.has_solicited)
        return true;
    return rpl_option_write(out, RPL_OPTION_SOLICITED, msg, 0);
}

static enum rpl_counter rpl_dio_read(struct rpl_in *in, struct rpl_wire_message *msg)
{
    struct rpl_wire_dio *dio = &msg->u.dio;
    uint8_t flags;

    dio->instance = rpl_in_u8(in);
    dio->version = rpl_in_u8(in);
    dio->rank = rpl_in_u16(in);
    flags = rpl_in_u8(in);
    dio->grounded = (flags & 0x80u) != 0;
    dio->mop = flags >> 3 & 7u;
    dio->preference = flags & 7u;
    dio->dtsn = rpl_in_u8(in);
    (void)rpl_in_u16(in);
    dio->dodag_id = rpl_in_addr(in);
    if (!rpl_instance_valid(dio->instance))
        return RPL_COUNT_DROP_INSTANCE_INVALID;
    return rpl_addr_is_routable(&dio->dodag_id) ? RPL_WIRE_FINE : RPL_COUNT_DROP_DODAGID_INVALID;
}

static bool rpl_dio_write(struct rpl_out *out, const struct rpl_wire_message *msg)
{
    const struct rpl_wire_dio *dio = &msg->u.dio;
    bool fine = true;

    if (dio->mop > 7 || dio->preference > 7 || dio->pio_count > RPL_WIRE_PIOS_MAX ||
        dio->rio_count > RPL_WIRE_RIOS_MAX || dio->metric_count > RPL_WIRE_METRICS_MAX)
        return false;
    rpl_out_u8(out, dio->instance);
    rpl_out_u8(out, dio->version);
    rpl_out_u16(out, dio->rank);
    rpl_out_u8(out,
               (uint8_t)((dio->grounded ? 0x80u : 0) | (unsigned)dio->mop << 3 | dio->preference));
    rpl_out_u8(out, dio->dtsn);
    rpl_out_u16(out, 0);
    rpl_out_addr(out, &dio->dodag_id);
    if (dio->has_config)
        fine = rpl_option_write(out, RPL_OPTION_CONFIG, msg, 0);
    if (fine && dio->metric_count)
        fine = rpl_option_write(out, RPL_OPTION_METRICS, msg, 0);
    for (size_t i = 0; fine && i < dio->pio_count; i++)
        fine = rpl_option_write(out, RPL_OPTION_PIO, msg, i);
    for (size_t i = 0; fine && i < dio->rio_count; i++)
        fine = rpl_option_write(out, RPL_OPTION_RIO, msg, i);
    return fine;
}

/* DAO (6.4) and DCO (RFC 9009 section 4.3); the third octet is a status in the DCO only. */
static enum rpl_counter rpl_dao_read(struct rpl_in *in, struct rpl_wire_message *msg)
{
    struct rpl_wire_dao *dao = &msg->u.dao;
    uint8_t flags, status;

    dao->instance = rpl_in_u8(in);
    flags = rpl_in_u8(in);
    status = rpl_in_u8(in);
    dao->ack_wanted = (flags & DAO_K) != 0;
    dao->has_dodag_id = (flags & DAO_D) != 0;
    dao->status = msg->code == RPL_CODE_DCO ? status : 0;
    dao->sequence = rpl_in_u8(in);
    if (dao->has_dodag_id)
        dao->dodag_id = rpl_in_addr(in);
    if (in->bad)
        return RPL_COUNT_DROP_TRUNCATED;
    if (!rpl_instance_valid(dao->instance))
        return RPL_COUNT_DROP_INSTANCE_INVALID;
    if (dao->has_dodag_id && !rpl_addr_is_routable(&dao->dodag_id))
        return RPL_COUNT_DROP_DODAGID_INVALID;
    return RPL_WIRE_FINE;
}

/* DST-02: groups of Targets and then Transits, the last one complete. That no group but the
 * last can lack its Transit follows from the way groups are numbered. */
static enum rpl_counter rpl_dao_finish(const struct rpl_wire_message *msg)
{
    const struct rpl_wire_dao *dao = &msg->u.dao;

    if (dao->target_count == 0)
        return RPL_COUNT_DROP_DAO_NO_TARGET;
    if (dao->transit_count == 0 ||
        dao->transit[dao->transit_count - 1].group + 1 != dao->group_count)
        return RPL_COUNT_DROP_DAO_STRUCTURE;
    return RPL_WIRE_FINE;
}

/* One group; false if it lacks Targets or Transits. */
static bool rpl_dao_write_group(struct rpl_out *out, const struct rpl_wire_message *msg,
                                size_t group)
{
    const struct rpl_wire_dao *dao = &msg->u.dao;
    bool targets = false, transits = false;

    for (size_t i = 0; i < dao->target_count; i++) {
        if (dao->target[i].group != group)
            continue;
        targets = true;
        if (!rpl_option_write(out, RPL_OPTION_TARGET, msg, i))
            return false;
        if (dao->target[i].has_descriptor && !rpl_option_write(out, RPL_OPTION_DESCRIPTOR, msg, i))
            return false;
    }
    for (size_t i = 0; i < dao->transit_count; i++) {
        if (dao->transit[i].group != group)
            continue;
        transits = true;
        if (!rpl_option_write(out, RPL_OPTION_TRANSIT, msg, i))
            return false;
    }
    return targets && transits;
}

static bool rpl_dao_countable(const struct rpl_wire_dao *dao)
{
    if (dao->target_count > RPL_WIRE_TARGETS_MAX || dao->transit_count > RPL_WIRE_TRANSITS_MAX ||
        dao->group_count == 0)
        return false;
    for (size_t i = 0; i < dao->target_count; i++) {
        if (dao->target[i].group >= dao->group_count)
            return false;
    }
    for (size_t i = 0; i < dao->transit_count; i++) {
        if (dao->transit[i].group >= dao->group_count)
            return false;
    }
    return true;
}

static bool rpl_dao_write(struct rpl_out *out, const struct rpl_wire_message *msg)
{
    const struct rpl_wire_dao *dao = &msg->u.dao;

    if (!rpl_dao_countable(dao))
        return false;
    rpl_out_u8(out, dao->instance);
    rpl_out_u8(out, (uint8_t)((dao->ack_wanted ? DAO_K : 0) | (dao->has_dodag_id ? DAO_D : 0)));
    rpl_out_u8(out, msg->code == RPL_CODE_DCO ? dao->status : 0);
    rpl_out_u8(out, dao->sequence);
    if (dao->has_dodag_id)
        rpl_out_addr(out, &dao->dodag_id);
    for (size_t group = 0; group < dao->group_count; group++) {
        if (!rpl_dao_write_group(out, msg, group))
            return false;
    }
    return true;
}

/* DAO-ACK (6.5) and DCO-ACK: the D flag is the first bit here, not the second. */
static enum rpl_counter rpl_ack_read(struct rpl_in *in, struct rpl_wire_message *msg)
{
    struct rpl_wire_ack *ack = &msg->u.ack;

    ack->instance = rpl_in_u8(in);
    ack->has_dodag_id = (rpl_in_u8(in) & ACK_D) != 0;
    ack->sequence = rpl_in_u8(in);
    ack->status = rpl_in_u8(in);
    if (ack->has_dodag_id)
        ack->dodag_id = rpl_in_addr(in);
    if (in->bad)
        return RPL_COUNT_DROP_TRUNCATED;
    if (!rpl_instance_valid(ack->instance))
        return RPL_COUNT_DROP_INSTANCE_INVALID;
    if (ack->has_dodag_id && !rpl_addr_is_routable(&ack->dodag_id))
        return RPL_COUNT_DROP_DODAGID_INVALID;
    return RPL_WIRE_FINE;
}

static bool rpl_ack_write(struct rpl_out *out, const struct rpl_wire_message *msg)
{
    const struct rpl_wire_ack *ack = &msg->u.ack;

    rpl_out_u8(out, ack->instance);
    rpl_out_u8(out, ack->has_dodag_id ? ACK_D : 0);
    rpl_out_u8(out, ack->sequence);
    rpl_out_u8(out, ack->status);
    if (ack->has_dodag_id)
        rpl_out_addr(out, &ack->dodag_id);
    return true;
}

/* ---- messages ----------------------------------------------------------------------- */

/* |read| takes the base of at least |base| octets into a member of the message's union that has
 * |size|, |finish| judges the whole. Codes without |read| are known to exist and not supported
 * (P2P-RPL, measurement, route projection). */
struct rpl_message_kind {
    uint8_t code;
    uint8_t base;
    size_t size;
    enum rpl_counter (*read)(struct rpl_in *in, struct rpl_wire_message *msg);
    enum rpl_counter (*finish)(const struct rpl_wire_message *msg);
    bool (*write)(struct rpl_out *out, const struct rpl_wire_message *msg);
};

static const struct rpl_message_kind rpl_message_kinds[] = {
    {RPL_CODE_DIS, 2, sizeof(struct rpl_wire_dis), rpl_dis_read, NULL, rpl_dis_write},
    {RPL_CODE_DIO, 24, sizeof(struct rpl_wire_dio), rpl_dio_read, NULL, rpl_dio_write},
    {RPL_CODE_DAO, 4, sizeof(struct rpl_wire_dao), rpl_dao_read, rpl_dao_finish, rpl_dao_write},
    {RPL_CODE_DAO_ACK, 4, sizeof(struct rpl_wire_ack), rpl_ack_read, NULL, rpl_ack_write},
    {RPL_CODE_DCO, 4, sizeof(struct rpl_wire_dao), rpl_dao_read, rpl_dao_finish, rpl_dao_write},
    {RPL_CODE_DCO_ACK, 4, sizeof(struct rpl_wire_ack), rpl_ack_read, NULL, rpl_ack_write},
    {0x04, 0, 0, NULL, NULL, NULL}, /* P2P-DRO, RFC 6997 */
    {0x05, 0, 0, NULL, NULL, NULL}, /* P2P-DRO-ACK */
    {0x06, 0, 0, NULL, NULL, NULL}, /* Measurement, RFC 6998 */
    {0x09, 0, 0, NULL, NULL, NULL}, /* PDR, RFC 9914 */
    {0x0a, 0, 0, NULL, NULL, NULL}, /* PDR-ACK */
};

static const struct rpl_message_kind *rpl_message_kind(uint8_t code)
{
    for (size_t i = 0; i < sizeof(rpl_message_kinds) / sizeof(rpl_message_kinds[0]); i++) {
        if (rpl_message_kinds[i].code == code)
            return &rpl_message_kinds[i];
    }
    return NULL;
}

static enum rpl_counter rpl_message_read(struct rpl_in *in, struct rpl_wire_message *msg)
{
    const struct rpl_message_kind *kind;
    enum rpl_counter why;

    if (msg->code & RPL_CODE_SECURE)
        return RPL_COUNT_DROP_SECURED;
    kind = rpl_message_kind(msg->code);
    if (!kind)
        return RPL_COUNT_DROP_CODE_UNKNOWN;
    if (!kind->read)
        return RPL_COUNT_DROP_CODE_UNSUPPORTED;
    if (in->left < kind->base)
        return RPL_COUNT_DROP_TRUNCATED;
    memset(&msg->u, 0, kind->size);
    why = kind->read(in, msg);
    if (why == RPL_WIRE_FINE)
        why = rpl_option_read_all(in, msg);
    if (why == RPL_WIRE_FINE && kind->finish)
        why = kind->finish(msg);
    return why;
}

int rpl_wire_read(const uint8_t *data, size_t len, const struct rpl_addr *src,
                  const struct rpl_addr *dst, struct rpl_wire_message *msg,
                  enum rpl_counter *ret_reason)
{
    struct rpl_in in = {.p = data, .left = len};
    enum rpl_counter why;

    msg->code = 0;
    if (len < ICMP6_HEADER) {
        *ret_reason = RPL_COUNT_DROP_TRUNCATED;
        return -RPL_ERR_DROPPED;
    }
    if (rpl_wire_checksum(src, dst, ICMP6_NEXT_HEADER, data, len) != 0) {
        *ret_reason = RPL_COUNT_DROP_CHECKSUM;
        return -RPL_ERR_DROPPED;
    }
    if (rpl_in_u8(&in) != RPL_ICMP6_TYPE) {
        *ret_reason = RPL_COUNT_DROP_CODE_UNKNOWN;
        return -RPL_ERR_DROPPED;
    }
    msg->code = rpl_in_u8(&in);
    (void)rpl_in_u16(&in);
    why = rpl_message_read(&in, msg);
    if (why == RPL_WIRE_FINE)
        return 0;
    *ret_reason = why;
    return -RPL_ERR_DROPPED;
}

int rpl_wire_write(const struct rpl_wire_message *msg, const struct rpl_addr *src,
                   const struct rpl_addr *dst, uint8_t *out, size_t size)
{
    const struct rpl_message_kind *kind = rpl_message_kind(msg->code);
    struct rpl_out to = {.data = out, .size = size};
    uint16_t checksum;

    if (!kind || !kind->write)
        return -RPL_ERR_PARAM;
    rpl_out_u8(&to, RPL_ICMP6_TYPE);
    rpl_out_u8(&to, msg->code);
    rpl_out_u16(&to, 0);
    if (!kind->write(&to, msg))
        return -RPL_ERR_PARAM;
    if (to.full)
        return -RPL_ERR_FULL;
    checksum = rpl_wire_checksum(src, dst, ICMP6_NEXT_HEADER, out, to.len);
    out[ICMP6_CHECKSUM] = (uint8_t)(checksum >> 8);
    out[ICMP6_CHECKSUM + 1] = (uint8_t)checksum;
    return (int)to.len;
}
