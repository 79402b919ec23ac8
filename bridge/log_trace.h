/* SPDX-License-Identifier: ISC */
/* What the core tells of nodes and resources, as lines of the log. */
#ifndef BRIDGE_LOG_TRACE_H
#define BRIDGE_LOG_TRACE_H

#include "bridge/core.h"

/* |memory_will_do| and |spool_error| are for when the spool fails. */
void brg_log_trace(const struct brg_trace *trace, bool memory_will_do, const char *spool_error);

#endif
