/* SPDX-License-Identifier: ISC */
/*
 * The 802.15.4 radios of the configuration: found by their EUI-64, set up, given a 6LoWPAN
 * interface, brought up; again when one was unplugged and comes back.
 *
 * Nothing is done inside a callback of the kernel's tables: these say radio_touch(), and the
 * next radio_turn() looks at what is there and takes the steps that are missing. Each step shows
 * as a notice of the kernel, which leads to the next turn. A radio that is up is left alone,
 * whatever an operator does to it, until it or its interface goes.
 *
 * An interface of the right name that has not our mark (KRT_GROUP) is somebody else's: it is
 * used as it is. Our own comes up after its sysctls are as quiet as `rpld --prepare` makes them,
 * or after a while without.
 *
 * Not done here: sysctls and kernel modules (prepare.h), and what runs on the interface.
 */
#ifndef RPLD_RADIO_H
#define RPLD_RADIO_H

#include "conf/conf.h"
#include "netlink/krt.h"
#include "rpl/rpl.h"

enum radio_state {
    RADIO_MISSING, /* there is no such radio, or which one is meant is not clear */
    RADIO_FOREIGN, /* the interface is somebody else's */
    RADIO_WAITING, /* set up; comes up once its sysctls are set */
    RADIO_UP,
    RADIO_FAILED /* the kernel or the hardware refuses */
};

struct radio {
    const struct conf_radio *conf;
    enum radio_state state;
    uint32_t ifindex;    /* of the radio's own interface, 0 = none */
    uint32_t lowpan;     /* of the 6LoWPAN interface, 0 = not yet */
    bool was_up;         /* before it went */
    struct krt_radio is; /* as it was set up; if |ifindex| is not 0 */
    rpl_tstamp deadline; /* look again then; RPL_NEVER */
    rpl_tstamp patience; /* WAITING: no longer than that */
    const char *said;    /* the last complaint, so that it is not repeated */
    int said_error;      /* -errno, which says how to mend it */
};

struct radio_table {
    struct krt *krt;
    bool known; /* the links of the kernel are: before that nothing is done */
    bool touched;
    unsigned count;
    struct radio radio[CONF_RADIOS_MAX];
};

/* |conf| is borrowed for the table's life. */
void radio_table_init(struct radio_table *table, const struct conf *conf, struct krt *krt);

/* All links are known; from now on there is work. */
void radio_begin(struct radio_table *table);
/* A link came, changed or went. */
void radio_touch(struct radio_table *table, const struct krt_link *link);

/* Do what is to be done; once a turn of the loop. */
void radio_turn(struct radio_table *table, rpl_tstamp now);
/* When radio_turn() wants to be called without a notice. */
rpl_tstamp radio_deadline(const struct radio_table *table);

/* The clean end: takes down what we brought up. */
void radio_stop(struct radio_table *table);

/* NULL if no radio of the configuration has that interface. */
const struct radio *radio_find(const struct radio_table *table, const char *interface);
const char *radio_state_name(enum radio_state state);
/* What is to be done about an error of the kernel or the hardware. */
const char *radio_mend(int error);

/* ---- shared with `rpld --prepare` ------------------------------------------------------- */

/*
 * The radio that |conf| means. Returns 0; -ENODEV there is none; -ENOTUNIQ there are several and
 * the configuration names none; or what krt_radio_list() says. |prefer| is the ifindex that is
 * taken if several would do, 0 = none.
 */
int radio_look(struct krt *krt, const struct conf_radio *conf, uint32_t prefer,
               struct krt_radio *ret_radio);

/* |conf| means the only radio there is. */
bool radio_is_any(const struct conf_radio *conf);

/* |conf| wants another EUI-64 than |radio| has. */
bool radio_address_differs(const struct conf_radio *conf, const struct krt_radio *radio);

/* True if nothing is sent on |interface| that rpld has not asked for, as far as can be read. */
bool radio_quiet(const char *interface);

/* ---- choices, without a system call ------------------------------------------------------ */

/* The index in |radios|, or -ENODEV, -ENOTUNIQ. Bit i of |taken|: radios[i] carries an interface
 * of somebody else, and "any" does not mean it if there is another. */
int radio_choose(const struct conf_radio *conf, const struct krt_radio *radios, uint32_t count,
                 uint32_t taken, uint32_t prefer);
/* The strongest step that is not above |wanted|, else the weakest; |radio| has one at least. */
int32_t radio_power(const struct krt_radio *radio, int32_t wanted);
/* What the hardware can do of |wanted|. */
int8_t radio_retries(const struct krt_radio *radio, uint8_t wanted);
bool radio_has_channel(const struct krt_radio *radio, uint8_t page, uint8_t channel);

#endif /* RPLD_RADIO_H */
