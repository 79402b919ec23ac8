/* SPDX-License-Identifier: ISC */
/* RPL messages under construction, octet by octet, for the tests of the codec. */
#ifndef TESTS_UNIT_WIRE_OCTETS_H
#define TESTS_UNIT_WIRE_OCTETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/rpl_wire.h"

static const struct rpl_addr SRC = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}};
static const struct rpl_addr DST = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a}};
static const struct rpl_addr GLOBAL = {
    {0x20, 1, 0x0d, 0xb8, 0x65, 0x50, 0, 1, 2, 0, 0, 0xff, 0xfe, 0, 0, 1}};

struct octets {
    uint8_t b[4096];
    size_t len;
};

static inline void put(struct octets *m, const void *data, size_t len)
{
    assert_true(m->len + len <= sizeof(m->b));
    memcpy(m->b + m->len, data, len);
    m->len += len;
}

static inline void put8(struct octets *m, unsigned value)
{
    uint8_t octet = (uint8_t)value;

    put(m, &octet, 1);
}

static inline void begin(struct octets *m, unsigned code)
{
    m->len = 0;
    put8(m, 155);
    put8(m, code);
    put8(m, 0);
    put8(m, 0);
}

static inline void begin_dio(struct octets *m)
{
    static const uint8_t base[] = {0x1e, 0xf0, 1, 0, 0x88, 0xf0, 0, 0};

    begin(m, RPL_CODE_DIO);
    put(m, base, sizeof(base));
    put(m, GLOBAL.b, 16);
}

static inline void begin_dao(struct octets *m)
{
    static const uint8_t base[] = {0x1e, 0x80, 0, 0xf1};

    begin(m, RPL_CODE_DAO);
    put(m, base, sizeof(base));
}

static const uint8_t CONFIG[14] = {0, 20, 3, 10, 7, 0, 1, 0, 0, 1, 0, 30, 0, 60};

static inline void put_config(struct octets *m)
{
    put8(m, 4);
    put8(m, 14);
    put(m, CONFIG, sizeof(CONFIG));
}

static inline void put_target(struct octets *m, unsigned last)
{
    put8(m, 5);
    put8(m, 18);
    put8(m, 0);
    put8(m, 128);
    put(m, GLOBAL.b, 15);
    put8(m, last);
}

static inline void put_transit(struct octets *m)
{
    static const uint8_t transit[] = {6, 4, 0, 0x80, 0xf0, 30};

    put(m, transit, sizeof(transit));
}

/* Read |m| with a right checksum from a heap block of just its size, at an odd address every
 * other time, so that a sanitizer sees each octet too many. 0, or minus the counter. */
static inline int parse(struct octets *m, struct rpl_wire_message *msg)
{
    static unsigned turn;
    size_t shift = turn++ % 8;
    enum rpl_counter why = RPL_COUNTER_COUNT;
    uint8_t *copy = malloc(m->len + shift + 1);
    uint16_t sum;
    int result;

    assert_non_null(copy);
    if (m->len >= 4) {
        m->b[2] = m->b[3] = 0;
        sum = rpl_wire_checksum(&SRC, &DST, 58, m->b, m->len);
        m->b[2] = (uint8_t)(sum >> 8);
        m->b[3] = (uint8_t)sum;
    }
    copy = realloc(copy, m->len + shift ? m->len + shift : 1);
    assert_non_null(copy);
    memcpy(copy + shift, m->b, m->len);
    result = rpl_wire_read(copy + shift, m->len, &SRC, &DST, msg, &why);
    free(copy);
    if (result == 0)
        return 0;
    assert_int_equal(result, -RPL_ERR_DROPPED);
    assert_in_range(why, 0, RPL_COUNTER_COUNT - 1);
    return -(int)why;
}

#define assert_dropped(m, msg, why) assert_int_equal(parse(m, msg), -(int)RPL_COUNT_##why)

/* One option of |type| with |len| octets of |data| repeated, in a message where it belongs. */
static inline int parse_option(unsigned type, size_t len, const uint8_t *data, size_t data_len,
                               struct rpl_wire_message *msg)
{
    struct octets m;

    if (type == 7) {
        begin(&m, RPL_CODE_DIS);
        put(&m, "\0\0", 2);
    } else if (type == 5 || type == 6 || type == 9) {
        begin_dao(&m);
        if (type != 5)
            put_target(&m, 1);
    } else {
        begin_dio(&m);
    }
    put8(&m, type);
    put8(&m, (unsigned)len);
    for (size_t i = 0; i < len; i++)
        put8(&m, i < data_len ? data[i] : 0xaa);
    if (type == 5 || type == 9)
        put_transit(&m);
    return parse(&m, msg);
}

#endif /* TESTS_UNIT_WIRE_OCTETS_H */
