/* SPDX-License-Identifier: ISC */
/*
 * Router advertisements of others (RFC 4861) that announce a prefix of ours, on whatever link:
 * hosts there would look for the mesh on their own wire. Only `doctor` wants to know.
 *
 * One raw socket of its own, opened while privileged: it takes what the kernel's membership in
 * ff02::1 brings in, on every interface.
 */
#ifndef RPLD_ADVERT_H
#define RPLD_ADVERT_H

#include <stddef.h>

#include "rpl/rpl_view.h"

#define ADVERT_MAX 8           /* routers remembered */
#define ADVERT_AGE RPL_S(3600) /* two of the longest intervals between advertisements */
#define ADVERT_PER_TURN 16

struct advert {
    uint32_t ifindex;
    struct rpl_addr router;
    struct rpl_prefix prefix;
    rpl_tstamp heard;
};

struct advert_table {
    int fd;
    unsigned count;
    struct advert advert[ADVERT_MAX];
};

/* 0 or -errno. */
int advert_open(struct advert_table *table);
void advert_close(struct advert_table *table);

/* Read what waits, a bounded number of advertisements. */
void advert_ready(struct advert_table *table, const struct rpl_engine *engine, rpl_tstamp now);

/* Judge one message, from its type octet on. */
void advert_heard(struct advert_table *table, const struct rpl_engine *engine, uint32_t ifindex,
                  const struct rpl_addr *router, const uint8_t *data, size_t len, rpl_tstamp now);

/* Number |index| of those that are not too old; false behind the last one. */
bool advert_nth(const struct advert_table *table, unsigned index, rpl_tstamp now,
                struct advert *ret_advert);

#endif /* RPLD_ADVERT_H */
