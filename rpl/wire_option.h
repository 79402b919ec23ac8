/* SPDX-License-Identifier: ISC */
/* Options of RPL messages (RFC 6550 section 6.7), private to the codec. */
#ifndef RPL_WIRE_OPTION_H
#define RPL_WIRE_OPTION_H

#include "rpl/rpl_wire.h"
#include "rpl/wire_cursor.h"

enum rpl_option_type {
    RPL_OPTION_PAD1 = 0x00,
    RPL_OPTION_PADN = 0x01,
    RPL_OPTION_METRICS = 0x02,
    RPL_OPTION_RIO = 0x03,
    RPL_OPTION_CONFIG = 0x04,
    RPL_OPTION_TARGET = 0x05,
    RPL_OPTION_TRANSIT = 0x06,
    RPL_OPTION_SOLICITED = 0x07,
    RPL_OPTION_PIO = 0x08,
    RPL_OPTION_DESCRIPTOR = 0x09
};

/* Nothing wrong: no counter has this value. */
#define RPL_WIRE_FINE RPL_COUNTER_COUNT

/* A message being read. |last| is the type of the known option before, for the DAO grammar. */
struct rpl_option_reader {
    struct rpl_wire_message *msg;
    uint8_t last;
};

/* Read all options that |in| still holds into |msg|. RPL_WIRE_FINE, or why not. */
enum rpl_counter rpl_option_read_all(struct rpl_in *in, struct rpl_wire_message *msg);

/* Write one option of |msg|, the |index|-th of its type. False if a field cannot be expressed;
 * room is judged by |out|. */
bool rpl_option_write(struct rpl_out *out, uint8_t type, const struct rpl_wire_message *msg,
                      size_t index);

#endif /* RPL_WIRE_OPTION_H */
