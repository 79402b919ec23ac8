/* SPDX-License-Identifier: ISC */
/*
 * RPL messages between octets and structs: RFC 6550 section 6, with the flags of RFC 9008,
 * 9009 and 9010 that travel in the same options.
 *
 * Reading is whole or nothing: rpl_wire_read() fills the message, or names the counter of the
 * reason why it is malformed, and no state anywhere has been touched. Options come from one
 * table (type, minimum length, reader, writer). Unknown options are skipped, padding is
 * skipped (any length), a known option shorter than its minimum makes the message malformed, a
 * longer one is used by its known part (COD-18). Writing never produces padding or reserved bits.
 * Secured messages are recognised by their code and not read further.
 */
#ifndef RPL_RPL_WIRE_H
#define RPL_RPL_WIRE_H

#include <string.h>

#include "rpl/rpl.h"

#define RPL_ICMP6_TYPE 155

enum rpl_code {
    RPL_CODE_DIS = 0x00,
    RPL_CODE_DIO = 0x01,
    RPL_CODE_DAO = 0x02,
    RPL_CODE_DAO_ACK = 0x03,
    RPL_CODE_DCO = 0x07,
    RPL_CODE_DCO_ACK = 0x08,
    RPL_CODE_SECURE = 0x80 /* bit: a secured message */
};

#define RPL_WIRE_TARGETS_MAX 64  /* Target options in one DAO that we read */
#define RPL_WIRE_TRANSITS_MAX 64 /* Transit options in one DAO that we read */
#define RPL_WIRE_PIOS_MAX 4
#define RPL_WIRE_ROVR_MAX 64 /* a longer one, of a size not defined yet, is left out */
#define RPL_WIRE_RIOS_MAX 8

#define RPL_CONFIG_PROXY 0x40       /* in its flags: the root speaks to the 6LBR (P), RFC 9010 */
#define RPL_CONFIG_COMPRESSION 0x20 /* in its flags: 6LoRH is wanted (T), RFC 9035 section 3 */
#define RPL_CONFIG_RPI_23 0x10 /* in its flags: RPIs are of type 0x23, RFC 9008 section 4.1.3 */

/* DODAG Configuration, 6.7.6. |raw| is the option's first 14 data octets, relayed bit for bit. */
struct rpl_wire_config {
    uint8_t raw[14];
    bool authenticated; /* A */
    uint8_t pcs;        /* Path Control Size */
    uint8_t flags;      /* the whole flag octet */
    uint8_t interval_doublings, interval_min, redundancy;
    uint16_t max_rank_increase, min_hop_rank_increase, ocp;
    uint8_t default_lifetime;
    uint16_t lifetime_unit_s;
};

/* Prefix Information, 6.7.10. */
struct rpl_wire_pio {
    uint8_t len;
    bool on_link, autonomous, router_address; /* L, A, R */
    uint32_t valid_s, preferred_s;
    struct rpl_addr prefix; /* as sent: with R it is a full address */
};

/* Route Information, 6.7.5; bits beyond |len| are cleared. preference -1, 0, 1. */
struct rpl_wire_rio {
    uint8_t len;
    int8_t preference;
    uint32_t lifetime_s;
    struct rpl_addr prefix;
};

/* Solicited Information, 6.7.9. */
struct rpl_wire_solicited {
    bool match_version, match_instance, match_dodag; /* V, I, D */
    uint8_t instance, version;
    struct rpl_addr dodag_id;
};

/* RPL Target, 6.7.7 and RFC 9010 section 6.1; bits beyond |len| are cleared unless F is set. */
struct rpl_wire_target {
    uint8_t len;
    uint8_t flags; /* F 0x80, X 0x40, ROVRsz 0x0f */
    struct rpl_addr prefix;
    uint8_t rovr_len; /* 8 octets per ROVRsz step; above 4 all that there is */
    uint8_t rovr[RPL_WIRE_ROVR_MAX];
    bool has_descriptor;
    uint32_t descriptor; /* 6.7.11 */
    uint8_t group;       /* Targets and Transits with the same number belong together */
};

/* Transit Information, 6.7.8. */
struct rpl_wire_transit {
    bool external, invalidate; /* E, I */
    uint8_t path_control, path_sequence, path_lifetime;
    bool has_parent;
    struct rpl_addr parent;
    uint8_t group;
};

/* One object of a DAG Metric Container, RFC 6551 section 2.1. */
#define RPL_WIRE_METRICS_MAX 6  /* objects kept per message; further ones are left out */
#define RPL_WIRE_METRIC_BODY 16 /* a longer one is left out too */

enum rpl_metric_type {
    RPL_METRIC_TYPE_NSA = 1,
    RPL_METRIC_TYPE_ENERGY = 2,
    RPL_METRIC_TYPE_HOPS = 3,
    RPL_METRIC_TYPE_THROUGHPUT = 4, /* octets per second */
    RPL_METRIC_TYPE_LATENCY = 5,    /* us */
    RPL_METRIC_TYPE_LQL = 6,
    RPL_METRIC_TYPE_ETX = 7, /* x128 */
    RPL_METRIC_TYPE_COLOUR = 8
};

struct rpl_wire_metric {
    uint8_t type;
    bool partial, constraint, optional, recorded; /* P, C, O, R */
    uint8_t aggregation; /* A: 0 additive, 1 maximum, 2 minimum, 3 multiplicative */
    uint8_t precedence;
    uint8_t len;
    uint8_t body[RPL_WIRE_METRIC_BODY];
};

struct rpl_wire_dis {
    bool has_solicited;
    struct rpl_wire_solicited solicited;
};

struct rpl_wire_dio {
    uint8_t instance, version;
    uint16_t rank;
    bool grounded;
    uint8_t mop, preference, dtsn;
    struct rpl_addr dodag_id;
    bool has_config;
    struct rpl_wire_config config;
    uint8_t pio_count, rio_count;
    struct rpl_wire_pio pio[RPL_WIRE_PIOS_MAX];
    struct rpl_wire_rio rio[RPL_WIRE_RIOS_MAX];
    uint8_t metric_count; /* of all containers of the message, in order */
    struct rpl_wire_metric metric[RPL_WIRE_METRICS_MAX];
};

/* DAO and DCO share their options. */
struct rpl_wire_dao {
    uint8_t instance;
    bool ack_wanted;   /* K */
    bool has_dodag_id; /* D */
    uint8_t sequence;
    uint8_t status; /* DCO only */
    struct rpl_addr dodag_id;
    uint8_t target_count, transit_count, group_count;
    struct rpl_wire_target target[RPL_WIRE_TARGETS_MAX];
    struct rpl_wire_transit transit[RPL_WIRE_TRANSITS_MAX];
};

/* DAO-ACK and DCO-ACK. */
struct rpl_wire_ack {
    uint8_t instance;
    bool has_dodag_id;
    uint8_t sequence, status;
    struct rpl_addr dodag_id;
};

struct rpl_wire_message {
    uint8_t code; /* enum rpl_code */
    union {
        struct rpl_wire_dis dis;
        struct rpl_wire_dio dio;
        struct rpl_wire_dao dao; /* also DCO */
        struct rpl_wire_ack ack; /* also DCO-ACK */
    } u;
};

/*
 * Read an ICMPv6 message of type 155 (|data| begins at the type octet) into |msg|. Returns 0, or
 * -RPL_ERR_DROPPED with *ret_reason set to the counter (RPL_COUNT_DROP_...): checksum wrong,
 * truncated, unknown code, secured, recognised but not supported (P2P, measurement, PDR, CC),
 * option truncated or short, prefix length, configuration that cannot be used (MinHopRankIncrease
 * 0, Lifetime Unit 0, trickle exponents above what trickle/ accepts, A=1 unsecured), DODAGID that
 * is not a routable unicast address, local instance with the direction flag 0x40 in a control
 * message, DAO structure (Transit before Target, Target without Transit, descriptor misplaced), no
 * Target. |msg| is unspecified on failure, and members of
 * its union that the code does not use are left alone. |src| and |dst| are needed for the checksum
 * only. A DAO with a local instance and D=0 is read (its receiver judges it by the compat setting).
 * A PIO that is link-local, multicast, or preferred longer than it is valid is left out of the
 * message; an RIO with the reserved preference as well, and what exceeds pio[] and rio[].
 */
int rpl_wire_read(const uint8_t *data, size_t len, const struct rpl_addr *src,
                  const struct rpl_addr *dst, struct rpl_wire_message *msg,
                  enum rpl_counter *ret_reason);

/*
 * Write |msg| with its checksum into |out| (|size| octets). Returns the length, or
 * -RPL_ERR_FULL if it does not fit, -RPL_ERR_PARAM if a field cannot be expressed. A
 * configuration is written from its raw octets. Options go in the order that deployed nodes
 * take: Configuration, PIO, RIO; DAO groups in order, Targets (with descriptor) before Transits.
 */
int rpl_wire_write(const struct rpl_wire_message *msg, const struct rpl_addr *src,
                   const struct rpl_addr *dst, uint8_t *out, size_t size);

/* Fill |config->raw| from the other fields (flags from |flags|). */
void rpl_wire_config_pack(struct rpl_wire_config *config);

/* ICMPv6 checksum over pseudo-header and message; 0 over a message with a right checksum. */
uint16_t rpl_wire_checksum(const struct rpl_addr *src, const struct rpl_addr *dst,
                           uint8_t next_header, const uint8_t *data, size_t len);

/* ---- addresses --------------------------------------------------------------------- */

static inline bool rpl_addr_equal(const struct rpl_addr *a, const struct rpl_addr *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int rpl_addr_compare(const struct rpl_addr *a, const struct rpl_addr *b);
bool rpl_addr_is_unspecified(const struct rpl_addr *a);
bool rpl_addr_is_multicast(const struct rpl_addr *a);
bool rpl_addr_is_link_local(const struct rpl_addr *a);
/* Routable unicast: not unspecified, loopback, multicast or link-local. */
bool rpl_addr_is_routable(const struct rpl_addr *a);
/* True if the first |len| bits agree. */
bool rpl_addr_match(const struct rpl_addr *a, const struct rpl_addr *prefix, uint8_t len);
/* Clear all bits after the first |len|. */
void rpl_addr_mask(struct rpl_addr *a, uint8_t len);
/* First 64 bits of |prefix|, interface identifier of |iid|. */
struct rpl_addr rpl_addr_join(const struct rpl_addr *prefix, const struct rpl_addr *iid);
bool rpl_addr_same_iid(const struct rpl_addr *a, const struct rpl_addr *b);
/* fe80:: with the interface identifier of |iid|. */
struct rpl_addr rpl_addr_link_local(const struct rpl_addr *iid);
extern const struct rpl_addr rpl_addr_all_nodes; /* ff02::1a, all RPL nodes */

/* ---- lollipop counters, RFC 6550 section 7.2 (SEQ-01..04) --------------------------- */

enum rpl_order { RPL_OLDER, RPL_EQUAL, RPL_NEWER, RPL_NOT_COMPARABLE };

/* How |a| stands to |b|: RPL_NEWER means a > b. */
enum rpl_order rpl_lollipop_compare(uint8_t a, uint8_t b);
uint8_t rpl_lollipop_increment(uint8_t a);

#endif /* RPL_RPL_WIRE_H */
