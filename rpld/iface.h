/* SPDX-License-Identifier: ISC */
/*
 * The interfaces of the configuration: which of them are there, and what the engine is to be
 * told about them. An interface may come late, go, come back under another number, or be
 * renamed; rpld waits for it by its name.
 *
 * The host's settings are looked at and never changed: what stands in the way of a mesh
 * (no forwarding, router advertisements accepted, a small MTU) is logged with the command
 * that mends it.
 */
#ifndef RPLD_IFACE_H
#define RPLD_IFACE_H

#include "conf/conf.h"
#include "netlink/krt.h"
#include "rpl/rpl.h"

struct iface {
    char name[RPL_IFNAME_MAX];
    uint32_t instances;   /* bit i: config.instance[i] runs on it */
    uint32_t ifindex;     /* 0: not there */
    uint32_t last;        /* the number it has, or had before it went; 0: never there */
    bool up;              /* with a carrier and a link-local address: usable */
    struct krt_link link; /* as last told, if ifindex is not 0 */
};

struct iface_table {
    unsigned count;
    struct iface iface[RPL_INTERFACES_MAX];
};

/* Events of one change, at most: this number left another name of ours, the name left another
 * number, and the two are one now. */
#define IFACE_EVENTS_MAX 3

void iface_table_init(struct iface_table *table, const struct conf *conf);
const struct iface *iface_find(const struct iface_table *table, uint32_t ifindex);
/* The name of a link of ours, also of one that is gone by now; NULL if it never was. */
const char *iface_name(const struct iface_table *table, uint32_t ifindex);

/* Take over what the kernel says about a link; fills |events| with what the engine has to
 * hear and returns how many. */
unsigned iface_update(struct iface_table *table, const struct krt_link *link, bool gone,
                      struct rpl_event events[IFACE_EVENTS_MAX]);

/* Look at MTU and sysctls of an interface that came up, and log what hinders. |router|: we
 * forward for others. Returns the number of complaints. */
unsigned iface_check(const struct iface *iface, bool router);

/* The integer in /proc/sys/net/ipv6/conf/|name|/|key|; false if there is none. */
bool iface_sysctl(const char *name, const char *key, int *ret_value);
/* Sets it; the daemon itself never does. 0 or -errno. */
int iface_sysctl_set(const char *name, const char *key, int value);

#endif /* RPLD_IFACE_H */
