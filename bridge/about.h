/* SPDX-License-Identifier: ISC */
/* What the bridge says of itself: BASE/bridge/info. */
#ifndef BRIDGE_ABOUT_H
#define BRIDGE_ABOUT_H

#include "bridge/bconf.h"
#include "bridge/text.h"

/* JSON; |since_s| is when this process began, since 1970. */
void brg_about_write(struct brg_text *out, const struct bconf *conf, double since_s);

#endif
