/* SPDX-License-Identifier: ISC */
#include "rpld/iface.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"
#include "rpld/log.h"

#define IFACE_MTU_MIN 1280u /* RFC 8200 section 5 */

void iface_table_init(struct iface_table *table, const struct conf *conf)
{
    memset(table, 0, sizeof(*table));
    for (uint32_t i = 0; i < conf->instance_count; i++) {
        const struct conf_instance *instance = &conf->instance[i];

        for (uint32_t j = 0; j < instance->interface_count; j++) {
            const char *name = instance->interface[j];
            unsigned at = 0;

            while (at < table->count && strcmp(table->iface[at].name, name) != 0)
                at++;
            if (at == RPL_INTERFACES_MAX)
                continue;
            if (at == table->count) {
                table->count++;
                snprintf(table->iface[at].name, sizeof(table->iface[at].name), "%s", name);
            }
            table->iface[at].instances |= UINT32_C(1) << i;
        }
    }
}

const struct iface *iface_find(const struct iface_table *table, uint32_t ifindex)
{
    for (unsigned i = 0; i < table->count && ifindex != 0; i++) {
        if (table->iface[i].ifindex == ifindex)
            return &table->iface[i];
    }
    return NULL;
}

const char *iface_name(const struct iface_table *table, uint32_t ifindex)
{
    const struct iface *iface = iface_find(table, ifindex);

    for (unsigned i = 0; i < table->count && ifindex != 0 && !iface; i++) {
        if (table->iface[i].last == ifindex)
            iface = &table->iface[i];
    }
    return iface ? iface->name : NULL;
}

static void iface_event(struct rpl_event *event, const struct iface *iface,
                        enum rpl_link_state state)
{
    memset(event, 0, sizeof(*event));
    event->type = RPL_EVENT_LINK;
    event->u.link.ifindex = iface->ifindex;
    event->u.link.state = state;
    event->u.link.address = iface->link.link_local;
    event->u.link.instances = iface->instances;
    memcpy(event->u.link.name, iface->name, sizeof(event->u.link.name));
}

/* What the engine knows changes only with these. */
static bool iface_is_new(const struct iface *iface, const struct krt_link *link, bool up)
{
    if (iface->ifindex != link->ifindex || iface->up != up)
        return true;
    return up && !rpl_addr_equal(&iface->link.link_local, &link->link_local);
}

static unsigned iface_gone(struct iface *iface, struct rpl_event *event)
{
    iface_event(event, iface, RPL_LINK_GONE);
    iface->ifindex = 0;
    iface->up = false;
    return 1;
}

/* What stood under this number is removed, or has another name now. */
static unsigned iface_update_old(struct iface_table *table, const struct krt_link *link, bool gone,
                                 struct rpl_event *events)
{
    unsigned n = 0;

    for (unsigned i = 0; i < table->count; i++) {
        struct iface *iface = &table->iface[i];
        bool named = strcmp(iface->name, link->name) == 0;

        if (iface->ifindex == link->ifindex && iface->ifindex != 0 && (gone || !named))
            n += iface_gone(iface, &events[n]);
    }
    return n;
}

unsigned iface_update(struct iface_table *table, const struct krt_link *link, bool gone,
                      struct rpl_event events[IFACE_EVENTS_MAX])
{
    /* The end of the old comes first: the engine knows links by their number. */
    unsigned n = iface_update_old(table, link, gone, events);

    for (unsigned i = 0; i < table->count && !gone; i++) {
        struct iface *iface = &table->iface[i];
        bool up = link->up && link->has_link_local;

        if (strcmp(iface->name, link->name) != 0)
            continue;
        if (iface->ifindex != 0 && iface->ifindex != link->ifindex)
            n += iface_gone(iface, &events[n]);
        if (iface_is_new(iface, link, up)) {
            iface->ifindex = iface->last = link->ifindex;
            iface->up = up;
            iface->link = *link;
            iface_event(&events[n++], iface, up ? RPL_LINK_UP : RPL_LINK_DOWN);
        }
        iface->link = *link;
        break;
    }
    return n;
}

/* ---- the host's settings -------------------------------------------------------------- */

static bool iface_sysctl_path(const char *name, const char *key, char *out, size_t size)
{
    int n = snprintf(out, size, "/proc/sys/net/ipv6/conf/%s/%s", name, key);

    return n > 0 && (size_t)n < size;
}

int iface_sysctl_set(const char *name, const char *key, int value)
{
    char path[128], text[16];

    if (!iface_sysctl_path(name, key, path, sizeof(path)))
        return -ENAMETOOLONG;
    int n = snprintf(text, sizeof(text), "%d\n", value);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, text, (size_t)n);
    int r = written < 0 ? -errno : 0;
    close(fd);
    return r;
}

bool iface_sysctl(const char *name, const char *key, int *ret_value)
{
    char path[128];

    if (!iface_sysctl_path(name, key, path, sizeof(path)))
        return false;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool found = fscanf(file, "%d", ret_value) == 1;
    fclose(file);
    return found;
}

static unsigned iface_check_forwarding(const struct iface *iface)
{
    unsigned bad = 0;
    int value;

    if (iface_sysctl("all", "forwarding", &value) && value == 0) {
        log_warning("interface: forwarding is off, nothing gets through this router",
                    "mend=\"rpld --prepare\"");
        return 1;
    }
    if (iface_sysctl(iface->name, "forwarding", &value) && value == 0) {
        log_warning("interface: forwarding is off", "interface=%s mend=\"rpld --prepare\"",
                    iface->name);
        bad++;
    }
    return bad;
}

/* Motes send router advertisements too; taking their default route would send the uplink's
 * traffic into the mesh. With forwarding on, the kernel listens only if accept_ra is 2. */
static unsigned iface_check_ra(const struct iface *iface)
{
    int accept = 0, forwarding = 0;

    iface_sysctl(iface->name, "forwarding", &forwarding);
    if (!iface_sysctl(iface->name, "accept_ra", &accept) || accept == 0 ||
        (forwarding && accept != 2))
        return 0;
    log_warning("interface: router advertisements of motes are believed",
                "interface=%s mend=\"rpld --prepare\"", iface->name);
    return 1;
}

/* With it on, the kernel walks source routes too: each packet would go out twice, one of them
 * without its RPI. It counts if it is set for the interface and for all. */
static unsigned iface_check_source_routes(const struct iface *iface)
{
    int all = 0, own = 0;

    if (!iface_sysctl("all", "rpl_seg_enabled", &all) || all == 0 ||
        !iface_sysctl(iface->name, "rpl_seg_enabled", &own) || own == 0)
        return 0;
    log_warning("interface: the kernel forwards along source routes too",
                "interface=%s mend=\"sysctl -w net.ipv6.conf.%s.rpl_seg_enabled=0\"", iface->name,
                iface->name);
    return 1;
}

unsigned iface_check(const struct iface *iface, bool router)
{
    unsigned bad = iface_check_ra(iface) + iface_check_source_routes(iface);

    if (iface->link.mtu < IFACE_MTU_MIN) {
        log_warning("interface: MTU is too small for IPv6",
                    "interface=%s mtu=%u mend=\"ip link set %s mtu 1280\"", iface->name,
                    iface->link.mtu, iface->name);
        bad++;
    }
    /* The kernel loses what is larger than that, with a complaint of its own. */
    if (iface->link.type == KRT_LINK_LOWPAN && iface->link.mtu > IFACE_MTU_MIN) {
        log_warning("interface: MTU is too large for 6LoWPAN",
                    "interface=%s mtu=%u mend=\"ip link set %s mtu 1280\"", iface->name,
                    iface->link.mtu, iface->name);
        bad++;
    }
    if (router)
        bad += iface_check_forwarding(iface);
    return bad;
}
