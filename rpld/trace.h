/* SPDX-License-Identifier: ISC */
/* What the engine tells people, as lines of the log. */
#ifndef RPLD_TRACE_H
#define RPLD_TRACE_H

#include "rpl/rpl.h"

/* |ifname|: of the link that a RPL_TRACE_LINK is about; NULL: not known. */
void trace_log(const struct rpl_effect_trace *trace, const char *ifname);

#endif /* RPLD_TRACE_H */
