/* SPDX-License-Identifier: ISC */
/* The tables of a recording's fields; for record*.c and their tests. */
#ifndef RPL_RECORD_H
#define RPL_RECORD_H

#include "rpl/rpl_record.h"

enum rpl_record_kind {
    RPL_RECORD_UINT,  /* a number of |size| octets, at most |max| */
    RPL_RECORD_BOOL,  /* one octet, 0 or 1 */
    RPL_RECORD_OCTETS /* as they are */
};

struct rpl_record_field {
    uint16_t offset, size;
    enum rpl_record_kind kind;
    uint64_t max;
};

struct rpl_record_table {
    const struct rpl_record_field *field;
    size_t count;
    size_t size; /* of the struct */
};

extern const struct rpl_record_table rpl_record_limits, rpl_record_instance, rpl_record_stored;
/* Of an event's member of the union; NULL: no such type. A packet's octets are not in it. */
const struct rpl_record_table *rpl_record_event_table(enum rpl_event_type type);

/* Octets that |table| takes in a recording. */
size_t rpl_record_size(const struct rpl_record_table *table);
/* |base| is the struct; |out| has rpl_record_size() octets of room. */
void rpl_record_put(const struct rpl_record_table *table, const void *base, uint8_t *out);
/* False: a value that cannot be. */
bool rpl_record_get(const struct rpl_record_table *table, void *base, const uint8_t *in);

#endif /* RPL_RECORD_H */
