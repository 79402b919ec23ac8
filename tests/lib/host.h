/* SPDX-License-Identifier: ISC */
/*
 * A host that does not speak RPL (RFC 9010), next to the engine on the bench: what it says, what it
 * is told, and what the 6LBR and the root say of it.
 */
#ifndef TESTS_LIB_HOST_H
#define TESTS_LIB_HOST_H

#include "rpl/rpl_nd.h"
#include "tests/lib/rig.h"

#define HOST 0x55 /* rig_ll(HOST), rig_global(HOST) */

extern const struct rpl_rovr host_rovr;

/* NS(EARO) of the host for its address, as |owner|. */
void host_solicit_as(struct rig *rig, const struct rpl_rovr *owner, uint8_t tid, uint16_t minutes,
                     bool route);
void host_solicit(struct rig *rig, uint8_t tid, uint16_t minutes, bool route);

/* The last message of ICMPv6 type |type| sent since |mark|, NULL: none. */
const struct rpl_effect_send *host_sent(const struct rig *rig, uint8_t type, size_t mark);

/* What it was told since |mark|: status * 2 + R. */
#define HOST_ROUTED 1 /* status 0 and R */
#define HOST_BOUND 0  /* status 0 without R */
#define HOST_NOTHING (-1)
#define HOST_WRONG (-2) /* not as RFC 8505 has it */
int host_told(const struct rig *rig, size_t mark);

/* The 6LBR's word on the engine's last EDAR; false if there is none. */
bool host_edac(struct rig *rig, uint8_t status, struct rpl_nd_duplicate *ret_edac);
/* The root's word on the engine's last DAO, which is handed out; NULL if there is none. */
const struct rpl_wire_dao *host_ack(struct rig *rig, uint8_t status);

/* The kernel has a route to it by its own link. */
bool host_linked(const struct rig *rig);

#endif /* TESTS_LIB_HOST_H */
