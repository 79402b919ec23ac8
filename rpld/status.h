/* SPDX-License-Identifier: ISC */
/* What `systemctl status` says of the daemon: one line, from the state of its instances. */
#ifndef RPLD_STATUS_H
#define RPLD_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "rpl/rpl_view.h"
#include "rpld/iface.h"

#define STATUS_MAX 256

/*
 * Write the line about the |count| instances |views| into |out|, cut to |size|: how many DODAGs we
 * are the root of and how many nodes they have, what a router or leaf has joined, and the
 * interfaces that are waited for.
 */
void status_render(const struct rpl_view_instance *views, unsigned count,
                   const struct iface_table *ifaces, char *out, size_t size);

#endif /* RPLD_STATUS_H */
