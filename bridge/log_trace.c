/* SPDX-License-Identifier: ISC */
#include "bridge/log_trace.h"

#include "bridge/log.h"

void brg_log_trace(const struct brg_trace *trace, bool memory_will_do, const char *spool_error)
{
    switch (trace->kind) {
    case BRG_TRACE_ONLINE:
        brg_log_info("node: online node=%s", trace->node);
        break;
    case BRG_TRACE_OFFLINE:
        brg_log_info("node: offline node=%s", trace->node);
        break;
    case BRG_TRACE_DISCOVERED:
        brg_log_info("node: asked for its resources node=%s resources=%u", trace->node,
                     trace->number);
        break;
    case BRG_TRACE_SILENT:
        brg_log_info("node: silent, asked again later node=%s wait_s=%u", trace->node,
                     trace->number);
        break;
    case BRG_TRACE_UNUSABLE:
        brg_log_warning("node: its list of resources is of no use node=%s code=%u.%02u",
                        trace->node, COAP_CLASS(trace->number), COAP_DETAIL(trace->number));
        break;
    case BRG_TRACE_OBSERVING:
        brg_log_debug("resource: observed node=%s path=%s", trace->node,
                      brg_log_word(trace->detail));
        break;
    case BRG_TRACE_POLLING:
        brg_log_debug("resource: cannot be observed, polled node=%s path=%s", trace->node,
                      brg_log_word(trace->detail));
        break;
    case BRG_TRACE_RESOURCE:
        brg_log_debug("resource: no value node=%s path=%s code=%u.%02u", trace->node,
                      brg_log_word(trace->detail), COAP_CLASS(trace->number),
                      COAP_DETAIL(trace->number));
        break;
    case BRG_TRACE_BAD_PAYLOAD:
        brg_log_warning("resource: a value not understood node=%s reason=\"%s\"", trace->node,
                        trace->detail);
        break;
    case BRG_TRACE_COMMAND:
        brg_log_info("command: %s node=%s", trace->detail, trace->node);
        break;
    case BRG_TRACE_FORGOTTEN:
        brg_log_info("node: forgotten node=%s", trace->node);
        break;
    case BRG_TRACE_RENAMED:
        brg_log_info("node: renamed node=%s name=%s", trace->node, brg_log_word(trace->detail));
        break;
    case BRG_TRACE_DIRECTORY:
        if (trace->detail[0] == '\0') {
            brg_log_debug("directory: asked nodes=%u", trace->number);
        } else {
            brg_log_warning("directory: of no use now reason=\"%s\"", trace->detail);
        }
        break;
    case BRG_TRACE_FULL:
        brg_log_warning("bridge: no room node=%s for=%s", trace->node, trace->detail);
        break;
    case BRG_TRACE_NOT_KEPT:
        brg_log_error("spool: cannot be written, %s error=\"%s\"",
                      memory_will_do ? "values are acknowledged though only memory has them"
                                     : "values that the broker does not have are not acknowledged",
                      spool_error);
        break;
    case BRG_TRACE_KEPT:
        brg_log_info("spool: can be written again");
        break;
    }
}
