/* SPDX-License-Identifier: ISC */
/*
 * The bridge's control socket: rplctl(8) asks it for sensors, the bridge's state and readings, in
 * the manner of rpld's own socket. One request line, then `ok` or `error CODE text`, the body, and
 * the end; readings go on until one side closes. Nothing can be changed through it.
 *
 * Bounded: clients, the request and the time for it, octets that wait for a client (what it does
 * not take of the readings is lost to it, and it is told), and rows rendered in one turn.
 */
#ifndef BRIDGE_CTL_H
#define BRIDGE_CTL_H

#include <ev.h>

#include "bridge/show.h"

struct brg_ctl;

/* Makes the directory of |path| for |user| (as brg_priv_drop() takes it), when started as root and
 * it is not there. Before privileges are dropped. */
void brg_ctl_prepare(const char *path, const char *user);

/* Listens, with the group rpld if that may be. |path| and |source| must outlive it. NULL, with
 * errno: EADDRINUSE when somebody else listens there. */
struct brg_ctl *brg_ctl_new(struct ev_loop *loop, const char *path,
                            const struct brg_show_source *source);
void brg_ctl_free(struct brg_ctl *ctl);

/* There may be new readings. */
void brg_ctl_news(struct brg_ctl *ctl);

#endif
