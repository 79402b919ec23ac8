/* SPDX-License-Identifier: ISC */
/*
 * The messages of 6LoWPAN Neighbor Discovery that a router needs to serve leaves which do not speak
 * RPL: Neighbor Solicitation and Advertisement with the Extended Address Registration Option (RFC
 * 8505 section 4.1), Extended Duplicate Address Request and Confirmation (section 4.2), and a
 * Router Advertisement with the capabilities (section 4.3, RFC 4861).
 *
 * Octets to plain structs and back; what they mean is decided by rpl/leaf.c and rpl/registrar.c.
 * Not covered: link-layer address options, the proof of ownership of RFC 8928.
 */
#ifndef RPL_RPL_ND_H
#define RPL_RPL_ND_H

#include "rpl/rpl.h"

#define RPL_ND_RS 133
#define RPL_ND_RA 134
#define RPL_ND_NS 135
#define RPL_ND_NA 136
#define RPL_ND_EDAR 157
#define RPL_ND_EDAC 158

/* Status of a registration, RFC 8505 table 1. */
enum rpl_nd_status {
    RPL_ND_SUCCESS = 0,
    RPL_ND_DUPLICATE = 1,  /* somebody else has the address */
    RPL_ND_CACHE_FULL = 2, /* no room at the router */
    RPL_ND_MOVED = 3,      /* a more recent registration is known */
    RPL_ND_REMOVED = 4,
    RPL_ND_TOPOLOGICALLY_WRONG = 8, /* not an address of this link */
    RPL_ND_REGISTRY_FULL = 9        /* no room at the 6LBR, or no answer from it */
};

/* Who registers: the octets that prove it, in steps of eight (RFC 8505 section 5.3). */
struct rpl_rovr {
    uint8_t size; /* 1..4, 0 = none */
    uint8_t octets[RPL_ROVR_MAX];
};

struct rpl_earo {
    uint8_t status;
    bool has_instance; /* I = 0 and Opaque is not 0: the RPLInstanceID that is wished for */
    uint8_t instance;
    bool route;   /* R */
    bool has_tid; /* T */
    uint8_t tid;
    uint16_t lifetime_min; /* minutes, 0 = it ends */
    struct rpl_rovr rovr;
};

struct rpl_nd_solicitation {
    struct rpl_addr target;
    bool has_earo;
    struct rpl_earo earo;
};

/* EDAR or EDAC, by |type|. */
struct rpl_nd_duplicate {
    uint8_t type, status, tid;
    uint16_t lifetime_min;
    struct rpl_rovr rovr;
    struct rpl_addr address;
};

struct rpl_nd_advertisement {
    uint16_t lifetime_s;
    struct rpl_addr prefix; /* /64, autonomous, not on-link */
    uint32_t valid_s, preferred_s;
    bool border; /* we are the 6LBR as well */
};

bool rpl_rovr_equal(const struct rpl_rovr *a, const struct rpl_rovr *b);

/* |data| begins at the type octet, whose value the caller has looked at. False if it is broken or
 * its checksum wrong; an EARO that makes no sense is left out. */
bool rpl_nd_read_ns(const uint8_t *data, size_t len, const struct rpl_addr *src,
                    const struct rpl_addr *dst, struct rpl_nd_solicitation *ret_ns);
bool rpl_nd_read_duplicate(const uint8_t *data, size_t len, const struct rpl_addr *src,
                           const struct rpl_addr *dst, struct rpl_nd_duplicate *ret_message);

/* Write the message with its checksum into |out|; the length, or 0 if it does not fit. */
size_t rpl_nd_write_na(const struct rpl_addr *target, const struct rpl_earo *earo,
                       const struct rpl_addr *src, const struct rpl_addr *dst, uint8_t *out,
                       size_t size);
/* As a 6LN would send it. */
size_t rpl_nd_write_ns(const struct rpl_nd_solicitation *ns, const struct rpl_addr *src,
                       const struct rpl_addr *dst, uint8_t *out, size_t size);
/* What a 6LN finds in our advertisement; false if it is none. */
bool rpl_nd_read_na(const uint8_t *data, size_t len, const struct rpl_addr *src,
                    const struct rpl_addr *dst, struct rpl_nd_solicitation *ret_na);
size_t rpl_nd_write_duplicate(const struct rpl_nd_duplicate *message, const struct rpl_addr *src,
                              const struct rpl_addr *dst, uint8_t *out, size_t size);
size_t rpl_nd_write_ra(const struct rpl_nd_advertisement *ra, const struct rpl_addr *src,
                       const struct rpl_addr *dst, uint8_t *out, size_t size);

#endif /* RPL_RPL_ND_H */
