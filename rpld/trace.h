/* SPDX-License-Identifier: ISC */
/* What the engine tells people, as lines of the log. */
#ifndef RPLD_TRACE_H
#define RPLD_TRACE_H

#include "rpl/rpl.h"

void trace_log(const struct rpl_effect_trace *trace);

#endif /* RPLD_TRACE_H */
