/* SPDX-License-Identifier: ISC */
/*
 * Any octets as an RPL message: it is dropped under a counter, or it is something that can be
 * written, and what was written reads back to the very same octets.
 */
#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_wire.h"

#define ROOM 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rpl_addr SRC = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}};
static const struct rpl_addr DST = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a}};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Read from a block of just |size| octets. */
static bool read_message(const uint8_t *data, size_t size, struct rpl_wire_message *msg)
{
    enum rpl_counter why = RPL_COUNTER_COUNT;
    int result = rpl_wire_read(data, size, &SRC, &DST, msg, &why);

    if (result == 0)
        return true;
    require(result == -RPL_ERR_DROPPED && why < RPL_COUNTER_COUNT);
    return false;
}

/* What the codec promises about a DAO. */
static void check_dao(const struct rpl_wire_dao *dao)
{
    require(dao->target_count > 0 && dao->target_count <= RPL_WIRE_TARGETS_MAX);
    require(dao->transit_count > 0 && dao->transit_count <= RPL_WIRE_TRANSITS_MAX);
    require(dao->group_count > 0 && dao->group_count <= dao->target_count);
    for (size_t i = 0; i < dao->target_count; i++)
        require(dao->target[i].len <= 128 && dao->target[i].group < dao->group_count);
    for (size_t i = 0; i < dao->transit_count; i++)
        require(dao->transit[i].group < dao->group_count);
}

static void check_message(const struct rpl_wire_message *msg)
{
    if (msg->code == RPL_CODE_DAO || msg->code == RPL_CODE_DCO)
        check_dao(&msg->u.dao);
    if (msg->code == RPL_CODE_DIO) {
        const struct rpl_wire_dio *dio = &msg->u.dio;

        require(rpl_addr_is_routable(&dio->dodag_id));
        require(dio->pio_count <= RPL_WIRE_PIOS_MAX && dio->rio_count <= RPL_WIRE_RIOS_MAX);
        require(!dio->has_config ||
                (dio->config.min_hop_rank_increase > 0 && dio->config.lifetime_unit_s > 0 &&
                 dio->config.interval_min <= 24));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rpl_wire_message msg, again;
    static uint8_t once[ROOM], twice[ROOM];
    uint8_t *copy;
    uint16_t sum;
    bool fine;
    int len;

    if (read_message(data, size, &msg))
        check_message(&msg);
    if (size < 4)
        return 0;
    copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, data, size);
    copy[0] = RPL_ICMP6_TYPE;
    copy[2] = copy[3] = 0;
    sum = rpl_wire_checksum(&SRC, &DST, 58, copy, size);
    copy[2] = (uint8_t)(sum >> 8);
    copy[3] = (uint8_t)sum;
    fine = read_message(copy, size, &msg);
    free(copy);
    if (!fine)
        return 0;
    check_message(&msg);
    len = rpl_wire_write(&msg, &SRC, &DST, once, sizeof(once));
    require(len > 0 && (size_t)len <= size);
    require(read_message(once, (size_t)len, &again));
    require(rpl_wire_write(&again, &SRC, &DST, twice, sizeof(twice)) == len);
    require(memcmp(once, twice, (size_t)len) == 0);
    return 0;
}
