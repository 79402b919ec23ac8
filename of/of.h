/* SPDX-License-Identifier: ISC */
/*
 * RPL objective functions: how a node turns what its neighbours advertise and what its links
 * cost into a preferred parent and a Rank. OF0 (RFC 6552, OCP 0) and MRHOF with ETX
 * (RFC 6719, OCP 1; hop count and latency instead of ETX when the DODAG says so).
 *
 * Plain values in, plain values out: an objective function never sees a neighbour table.
 * Integers only; ETX is fixed point, 128 = one transmission. Reading metric containers and
 * judging constraints (RFC 6551) is done by the caller; only their outcome comes here.
 */
#ifndef OF_OF_H
#define OF_OF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OF_OCP_OF0 0
#define OF_OCP_MRHOF 1

#define OF_INFINITE_RANK 0xffffu
#define OF_ETX_ONE 128u
#define OF_ETX_UNKNOWN 0u

/* What MRHOF minimises (RFC 6719 section 3). ETX travels in the Rank, the others in a metric
 * container. */
enum of_metric { OF_METRIC_ETX, OF_METRIC_HOPS, OF_METRIC_LATENCY };

/* Settings that do not come from the DODAG. of_params_default() fills the RFC defaults. */
struct of_params {
    uint16_t min_hop_rank_increase; /* from the DODAG Configuration, never 0 */
    uint16_t max_rank_increase;     /* from the DODAG Configuration; 0 = no increase */
    /* MRHOF, RFC 6719 section 5 */
    uint16_t max_link_metric;         /* ETX x128 above which a link is not used: 512 */
    uint16_t max_path_cost;           /* 32768 */
    uint16_t parent_switch_threshold; /* 192 */
    uint8_t parent_set_size;          /* 3 */
    enum of_metric metric;
    uint32_t latency_switch_threshold; /* us, for OF_METRIC_LATENCY: 20000 */
    /* OF0, RFC 6552 section 6.3 */
    uint8_t rank_factor;     /* Rf 1..4, default 1 */
    uint8_t stretch_of_rank; /* 0..5, default 0 */
};

/* One neighbour that advertises our DODAG Version (or a newer one we may move to). */
struct of_candidate {
    uint16_t rank;      /* as advertised */
    uint16_t etx;       /* local link, x128; OF_ETX_UNKNOWN before the first answer */
    bool current;       /* it is our preferred parent now */
    bool grounded;      /* G of its DODAG */
    uint8_t preference; /* DODAGPreference 0..7 */
    uint32_t cost;      /* advertised path cost in params.metric: hops or us; ETX: not used */
    uint32_t tie;       /* path value of the metric next in precedence: less wins a tie in cost */
    uint32_t latency;   /* of the link, us, for OF_METRIC_LATENCY */
    bool no_cost;       /* it advertises no value of params.metric */
    bool barred;        /* a mandatory constraint of the DODAG is not met through it */
    uint64_t heard;     /* time of its last DIO, us: the more recent wins the last tie */
};

/* Why a candidate is not the preferred parent; rplctl shows it by name. */
enum of_verdict {
    OF_PREFERRED,     /* it is the preferred parent */
    OF_PARENT,        /* in the parent set, behind the preferred one */
    OF_COSTS_MORE,    /* usable, but the path through it costs more */
    OF_HYSTERESIS,    /* cheaper, but by less than the switch threshold */
    OF_RANK_INFINITE, /* it advertises INFINITE_RANK */
    OF_RANK_INVALID,  /* advertised Rank below MinHopRankIncrease: no root of ours */
    OF_NOT_PROVEN,    /* no answer from it yet: the link is not known both ways */
    OF_LINK_TOO_BAD,  /* link metric above the limit */
    OF_PATH_TOO_LONG, /* path cost or resulting Rank above the limit */
    OF_CONSTRAINT,    /* a mandatory constraint is not met through it */
    OF_NO_METRIC,     /* it does not advertise the metric in use */
    OF_NOT_CLOSER,    /* its DAGRank is not below ours (RFC 6550 section 8.2.1) */
    OF_VERDICT_COUNT
};

struct of_result {
    int preferred; /* index into the candidates, -1 = no parent */
    uint16_t rank; /* our Rank through it, OF_INFINITE_RANK without one */
};

/* Fill |params| with the defaults of RFC 6552 and RFC 6719, MinHopRankIncrease 256. */
void of_params_default(struct of_params *params);

/* True if |ocp| is one we can act on as a router. */
bool of_supported(uint16_t ocp);

/* "of0", "mrhof", or "unknown". */
const char *of_name(uint16_t ocp);

/* A short lower-case phrase for people and JSON, for example "costs-more". */
const char *of_verdict_name(enum of_verdict verdict);

/* DAGRank(rank) = floor(rank / MinHopRankIncrease), RFC 6550 section 3.5.1; INFINITE_RANK
 * maps to 0xffff so that it stays above every real one. */
uint16_t of_dag_rank(const struct of_params *params, uint16_t rank);

/* Rank of a node whose preferred parent would be |cand| alone, OF_INFINITE_RANK if that
 * cannot be. |ret_verdict| may be NULL; it says why not. */
uint16_t of_path_rank(uint16_t ocp, const struct of_params *params, const struct of_candidate *cand,
                      enum of_verdict *ret_verdict);

/*
 * Choose among |n| candidates. |max_own_rank| bounds the Rank that may result (L +
 * DAGMaxRankIncrease of RFC 6550 section 8.2.2.4; OF_INFINITE_RANK - 1 for no bound).
 * |own_rank| is our Rank in this DODAG Version (OF_INFINITE_RANK when not joined): candidates
 * that are not |current| and whose DAGRank is not below it are refused as OF_NOT_CLOSER.
 * The current parent stays unless another one wins by the rules of the objective function
 * (MRHOF hysteresis, RFC 6719 section 3.2.2; OF0 order, RFC 6552 section 4.2.1).
 * |verdicts| has room for |n|. An |ocp| that is not supported is treated as OF0's.
 */
void of_select(uint16_t ocp, const struct of_params *params, const struct of_candidate *cands,
               size_t n, uint16_t own_rank, uint16_t max_own_rank, enum of_verdict *verdicts,
               struct of_result *ret_result);

/* Moving average of link samples, both x128: weight 1/4 for the new one, rounded so that
 * equal samples converge. |old| OF_ETX_UNKNOWN takes the sample as it is. */
uint16_t of_etx_update(uint16_t old, uint16_t sample);

#endif /* OF_OF_H */
