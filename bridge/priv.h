/* SPDX-License-Identifier: ISC */
/* Giving up what the bridge never needs: root, groups, capabilities, the way to new ones. */
#ifndef BRIDGE_PRIV_H
#define BRIDGE_PRIV_H

#include "bridge/brg.h"

/*
 * Becomes |user| (with "": rpld-bridge, or else nobody) when started as root, with that user's
 * groups and the group rpld, which may read the routing daemon's socket; drops every capability
 * and forbids new ones in any case. In a user namespace that knows one user only, that user
 * stays. -errno, with |ret_what| telling what failed.
 */
int brg_priv_drop(const char *user, const char **ret_what);

#endif
