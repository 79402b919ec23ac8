/* SPDX-License-Identifier: ISC */
#include "rpld/status.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

struct status {
    char *out;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void status_add(struct status *status,
                                                             const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    int n = vsnprintf(status->out + status->used, status->size - status->used, format, ap);
    va_end(ap);
    if (n > 0)
        status->used += (size_t)n;
    if (status->used >= status->size)
        status->used = status->size - 1;
}

/* What stands between two parts. */
static const char *status_comma(const struct status *status)
{
    return status->used > 0 ? "; " : "";
}

static void status_roots(struct status *status, const struct rpl_view_instance *views,
                         unsigned count)
{
    unsigned roots = 0;
    uint32_t nodes = 0;

    for (unsigned i = 0; i < count; i++) {
        if (views[i].role != RPL_ROLE_ROOT || views[i].waiting)
            continue;
        roots++;
        nodes += views[i].nodes;
    }
    if (roots > 0)
        status_add(status, "%sroot of %u DODAG%s, %u node%s", status_comma(status), roots,
                   roots == 1 ? "" : "s", (unsigned)nodes, nodes == 1 ? "" : "s");
}

static void status_member(struct status *status, const struct rpl_view_instance *view)
{
    const char *role = view->role == RPL_ROLE_LEAF ? "leaf" : "router";
    char parent[INET6_ADDRSTRLEN] = "";

    if (!view->joined) {
        status_add(status, "%s%s of instance %u, looking for a DODAG", status_comma(status), role,
                   view->id);
        return;
    }
    status_add(status, "%s%s of instance %u", status_comma(status), role, view->id);
    if (view->has_parent && inet_ntop(AF_INET6, view->parent.b, parent, sizeof(parent)))
        status_add(status, ", parent %s", parent);
    if (view->nodes > 0)
        status_add(status, ", %u node%s below", (unsigned)view->nodes, view->nodes == 1 ? "" : "s");
}

/* Interfaces that are not up, if an instance has no other. */
static void status_waiting(struct status *status, const struct rpl_view_instance *views,
                           unsigned count, const struct iface_table *ifaces)
{
    uint32_t instances = 0;
    bool first = true;

    for (unsigned i = 0; i < count; i++) {
        if (views[i].waiting)
            instances |= UINT32_C(1) << views[i].index;
    }
    for (unsigned i = 0; i < ifaces->count && instances != 0; i++) {
        const struct iface *iface = &ifaces->iface[i];

        if ((iface->instances & instances) == 0 || iface->up)
            continue;
        status_add(status, "%s%s", first ? status_comma(status) : ", ",
                   first ? "waiting for interface " : "");
        status_add(status, "%s", iface->name);
        first = false;
    }
}

void status_render(const struct rpl_view_instance *views, unsigned count,
                   const struct iface_table *ifaces, char *out, size_t size)
{
    struct status status = {.out = out, .size = size};

    out[0] = '\0';
    status_roots(&status, views, count);
    for (unsigned i = 0; i < count; i++) {
        if (views[i].role != RPL_ROLE_ROOT && !views[i].waiting)
            status_member(&status, &views[i]);
    }
    status_waiting(&status, views, count, ifaces);
}
