/* SPDX-License-Identifier: ISC */
/*
 * The time, as the pure rooms are told it.
 */
#ifndef BRIDGE_CLOCK_H
#define BRIDGE_CLOCK_H

#include "bridge/core.h"

struct brg_now brg_clock_read(void);

#endif
