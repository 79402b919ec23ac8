/* SPDX-License-Identifier: ISC */
/* Giving up what the bridge never needs: root, groups, capabilities, the way to new ones. */
#ifndef BRIDGE_PRIV_H
#define BRIDGE_PRIV_H

#include "bridge/bconf.h"
#include "bridge/brg.h"

/*
 * Becomes |user| (with "": rpld-bridge, or else nobody) when started as root, with that user's
 * groups and the group rpld, which may read the routing daemon's socket; drops every capability
 * and forbids new ones in any case. In a user namespace that knows one user only, that user
 * stays. -errno, with |ret_what| telling what failed.
 */
int brg_priv_drop(const char *user, const char **ret_what);

/*
 * Raise the wall of sandbox/ around the bridge, before it starts a thread: it writes the folder of
 * |spool| (NULL: nothing), and reads what TLS and the look-up of names need. What of it cannot be
 * had is logged; the bridge runs without it.
 */
void brg_priv_enclose(const struct bconf *conf, const char *spool);

#endif
