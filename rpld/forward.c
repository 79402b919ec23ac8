/* SPDX-License-Identifier: ISC */
/* The forwarder: opening, and the way down from the TUN into the mesh. */
#include "rpld/forward.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"
#include "rpld/forward_priv.h"

static const char *const fwd_counter_names[FWD_COUNT] = {
#define FWD_COUNTER_NAME(id, name) name,
    FWD_COUNTERS(FWD_COUNTER_NAME)
#undef FWD_COUNTER_NAME
};

const char *fwd_counter_name(enum fwd_counter counter)
{
    return (unsigned)counter < FWD_COUNT ? fwd_counter_names[counter] : NULL;
}

uint64_t fwd_counter(const struct fwd *fwd, enum fwd_counter counter)
{
    return fwd->counters[counter];
}

/* ---- opening ------------------------------------------------------------------------- */

static int fwd_open_all(struct fwd *fwd, const char *name, const struct fwd_kept *kept,
                        const char **ret_what)
{
    fwd->tun_kept = kept && fwd_tun_take(fwd, kept->tun, name);
    fwd->packet_kept = kept && fwd_packet_take(fwd, kept->packet);
    int r = fwd->tun_kept ? 0 : fwd_tun_open(fwd, name);

    *ret_what = "open the TUN interface";
    if (r < 0)
        return r;
    r = fwd_raw_open(&fwd->raw);
    *ret_what = "open a raw IPv6 socket";
    if (r < 0)
        return r;
    r = fwd->packet_kept ? 0 : fwd_packet_open(&fwd->packet);
    *ret_what = "open a packet socket";
    if (r < 0)
        return r;
    r = fwd_tunnel_open(fwd->tun_ifindex, &fwd->tunnel);
    *ret_what = "open a raw socket for IPv6-in-IPv6";
    return r;
}

int fwd_open(const char *name, const struct fwd_kept *kept, struct fwd **ret_fwd,
             const char **ret_what)
{
    struct fwd *fwd = calloc(1, sizeof(*fwd));

    *ret_what = "allocate memory";
    if (!fwd)
        return -ENOMEM;
    fwd->tun = fwd->raw = fwd->packet = fwd->tunnel = -1;
    fwd->errors.tokens = FWD_ERRORS_BURST;
    int r = fwd_open_all(fwd, name, kept, ret_what);
    if (r < 0) {
        fwd_close(fwd, false);
        return r;
    }
    *ret_fwd = fwd;
    return 0;
}

bool fwd_kept_tun(const struct fwd *fwd)
{
    return fwd->tun_kept;
}

bool fwd_kept_packet(const struct fwd *fwd)
{
    return fwd->packet_kept;
}

void fwd_close(struct fwd *fwd, bool keep)
{
    if (!fwd)
        return;
    if (fwd->tun >= 0 && !keep)
        ioctl(fwd->tun, TUNSETPERSIST, 0);
    const int fds[] = {fwd->tun, fwd->raw, fwd->packet, fwd->tunnel};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    free(fwd);
}

void fwd_attach(struct fwd *fwd, const struct rpl_engine *engine, const struct fwd_host *host)
{
    fwd->engine = engine;
    fwd->host = *host;
}

uint32_t fwd_ifindex(const struct fwd *fwd)
{
    return fwd->tun_ifindex;
}

bool fwd_found(const struct fwd *fwd)
{
    return fwd->tun_found;
}

int fwd_tun_fd(const struct fwd *fwd)
{
    return fwd->tun;
}

int fwd_packet_fd(const struct fwd *fwd)
{
    return fwd->packet;
}

int fwd_tunnel_fd(const struct fwd *fwd)
{
    return fwd->tunnel;
}

enum fwd_counter fwd_data_counter(enum rpl_data_error error)
{
    switch (error) {
    case RPL_DATA_RPI_INVALID:
        return FWD_DROP_RPI;
    case RPL_DATA_SRH_INVALID:
    case RPL_DATA_SRH_SEGMENTS:
    case RPL_DATA_SRH_MULTICAST:
        return FWD_DROP_SRH;
    case RPL_DATA_SRH_LOOP:
        return FWD_DROP_SRH_LOOP;
    case RPL_DATA_HOP_LIMIT:
        return FWD_DROP_HOP_LIMIT;
    case RPL_DATA_TOO_BIG:
        return FWD_DROP_TOO_BIG;
    case RPL_DATA_PATH_INVALID:
        return FWD_DROP_PATH;
    case RPL_DATA_CONGESTED:
        return FWD_DROP_CONGESTED;
    case RPL_DATA_OK:
    case RPL_DATA_TRUNCATED:
    case RPL_DATA_ERROR_COUNT:
        break;
    }
    return FWD_DROP_TRUNCATED;
}

/* ---- down: the TUN -------------------------------------------------------------------- */

#define FWD_IPV6_HOP_LIMIT 7u

static struct rpl_rpi fwd_path_rpi(const struct rpl_view_path *path)
{
    return (struct rpl_rpi){.type = path->rpi_type,
                            .flags = path->rpi_flags,
                            .instance = path->instance,
                            .sender_rank = path->rpi_sender_rank};
}

/* A tunnel to a neighbour has no source route: it needs an RPI to be known there as one of RPL's,
 * whatever compat downward_rpi says. */
bool fwd_has_rpi(const struct rpl_view_path *path, const uint8_t *packet, bool encapsulate)
{
    /* It is cut where the packet's Hop Limit ends. */
    bool one = path->hops == 1 || packet[FWD_IPV6_HOP_LIMIT] == 1;

    return path->has_rpi || (encapsulate && one);
}

/*
 * NOTE: RFC 6554 section 3 keeps the packet's source out of the list, so that a packet from a
 * node to one below it, which comes back through the root and through that node, would need
 * the tunnel. With compat srh = "inline" it goes without, as motes expect: while the header is
 * built our own address stands for the source.
 */
static enum rpl_data_error fwd_apply(uint8_t *packet, size_t *len, size_t size,
                                     const struct rpl_view_path *path, bool encapsulate)
{
    const struct rpl_rpi rpi = fwd_path_rpi(path);
    const struct rpl_rpi *put = fwd_has_rpi(path, packet, encapsulate) ? &rpi : NULL;
    uint8_t source[16];

    if (encapsulate)
        return rpl_encapsulate(packet, len, size, &path->source, FWD_HOP_LIMIT, path->hop,
                               path->hops, put);
    memcpy(source, packet + 8, sizeof(source));
    memcpy(packet + 8, path->source.b, sizeof(source));
    enum rpl_data_error error = rpl_srh_insert(packet, len, size, path->hop, path->hops, put);
    memcpy(packet + 8, source, sizeof(source));
    return error;
}

size_t fwd_overhead(const struct rpl_view_path *path, bool encapsulate)
{
    uint8_t probe[FWD_BUFFER] = {0x60};
    size_t len = 40;

    if (path->hops == 0)
        return 0;
    probe[6] = IPPROTO_NONE;
    probe[7] = 255;
    memcpy(probe + 24, path->hop[path->hops - 1].b, 16);
    if (fwd_apply(probe, &len, sizeof(probe), path, encapsulate) != RPL_DATA_OK)
        return 0;
    return len - 40;
}

static void fwd_too_big(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t mtu,
                        const struct rpl_view_path *path, bool encapsulate, rpl_tstamp now)
{
    size_t overhead = fwd_overhead(path, encapsulate);
    uint32_t room = mtu > overhead ? mtu - (uint32_t)overhead : 0;

    fwd->counters[FWD_DROP_TOO_BIG]++;
    /* Nobody sends less than that, and what has that goes in fragments. */
    fwd_error(fwd, packet, len, ICMP6_PACKET_TOO_BIG, 0, room > FWD_MTU ? room : FWD_MTU, now);
}

/* No way to |dst|: ICMPv6 "no route" to the source, and the engine drops what it believed. */
static void fwd_no_path(struct fwd *fwd, const uint8_t *packet, size_t len,
                        const struct rpl_addr *dst, rpl_tstamp now)
{
    struct rpl_view_instance instance;

    fwd->counters[FWD_DROP_NO_PATH]++;
    fwd_error(fwd, packet, len, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, 0, now);
    if (fwd_instance_of(fwd, dst, now, &instance))
        fwd_tell(fwd, RPL_FORWARD_NOROUTE, instance.id, NULL, dst);
}

/* True if the source route cannot stand in this packet itself: it has a Hop-by-Hop header that
 * would have to take the RPI, or a (consumed) routing header already. */
static bool fwd_must_encapsulate(const struct rpl_packet_info *info,
                                 const struct rpl_view_path *path, bool own)
{
    return (own ? path->behind : path->encapsulate) || (info->hbh != 0 && path->has_rpi) ||
           info->srh != 0;
}

/* ---- up: a router or leaf with compat upward_rpi ------------------------------------------ */

/* The instance that a packet from |src| belongs to, as far as we have a parent in it. */
static bool fwd_parent_of(const struct fwd *fwd, const struct rpl_addr *src, rpl_tstamp now,
                          struct rpl_view_instance *ret_instance)
{
    struct rpl_cursor cursor = {0};

    if (fwd_instance_of(fwd, src, now, ret_instance) && ret_instance->has_parent)
        return true;
    while (rpl_view_next_instance(fwd->engine, &cursor, now, ret_instance)) {
        if (ret_instance->joined && ret_instance->has_parent)
            return true;
    }
    return false;
}

/* RFC 9010 section 9.2.2: a leaf's own RPI is rewritten to be ours; else a tunnel to the root has
 * one. */
static enum rpl_data_error fwd_leaf_up(struct fwd *fwd, uint8_t *packet, size_t *len, size_t size,
                                       const struct rpl_packet_info *info,
                                       const struct rpl_view_instance *instance,
                                       const struct rpl_view_rpi *view)
{
    const struct rpl_rpi rpi = {.type = view->type, .instance = instance->id};

    if (info->rpi_option != 0) {
        packet[info->rpi_option + FWD_RPI_INSTANCE] = instance->id;
        rpl_rpi_update(packet, info, 0, view->dag_rank);
        return RPL_DATA_OK;
    }
    fwd->counters[FWD_UP_TUNNEL]++;
    return rpl_encapsulate(packet, len, size, &instance->address, FWD_HOP_LIMIT,
                           &instance->dodag_id, 1, &rpi);
}

/*
 * What goes to the parent by way of the TUN: our own packets get an RPI (RFC 6550 section 11.2:
 * a source writes SenderRank 0); what we forward for others is not changed in transit. False:
 * there is no parent.
 */
static bool fwd_up(struct fwd *fwd, uint8_t *packet, size_t len, const struct rpl_packet_info *info,
                   rpl_tstamp now)
{
    struct rpl_view_instance instance;
    struct rpl_view_rpi view;

    if (!fwd_parent_of(fwd, &info->src, now, &instance) ||
        rpl_view_rpi(fwd->engine, instance.id, &view) < 0)
        return false;
    struct rpl_rpi rpi = {.type = view.type, .instance = instance.id};
    /* RFC 6550 section 5.1: a local instance has its DODAGID at one end, which is said here. */
    if ((rpi.instance & RPL_INSTANCE_LOCAL) && rpl_addr_equal(&info->dst, &instance.dodag_id))
        rpi.instance |= RPL_INSTANCE_TO_DODAG;
    uint32_t mtu = fwd->host.mtu(fwd->host.ctx, instance.parent_ifindex);
    size_t size = mtu < FWD_BUFFER ? mtu : FWD_BUFFER;
    bool leaf = rpl_view_is_leaf(fwd->engine, &info->src);
    enum rpl_data_error error = RPL_DATA_OK;
    if (len > size)
        error = RPL_DATA_TOO_BIG;
    else if (leaf)
        error = fwd_leaf_up(fwd, packet, &len, size, info, &instance, &view);
    else if (info->hbh == 0 && rpl_view_is_own(fwd->engine, &info->src))
        error = rpl_srh_insert(packet, &len, size, &info->dst, 1, &rpi);
    /* NOTE: RFC 6550 section 11.2 wants the RPI on every packet; one that it makes too large goes
     * without, for nobody sends less than 1280 octets. */
    if (error == RPL_DATA_TOO_BIG && len <= mtu)
        error = RPL_DATA_OK;
    if (error == RPL_DATA_TOO_BIG) {
        fwd->counters[FWD_DROP_TOO_BIG]++;
        fwd_error(fwd, packet, len, ICMP6_PACKET_TOO_BIG, 0, mtu, now);
    } else if (error != RPL_DATA_OK) {
        fwd->counters[fwd_data_counter(error)]++;
    } else if (fwd_send(fwd, packet, len, instance.parent_ifindex, &instance.parent)) {
        fwd->counters[FWD_UP]++;
        fwd_remember(fwd, packet, len, instance.parent_ifindex, &instance.parent, &instance.id,
                     FWD_WAY_TREE, now);
    }
    return true;
}

/*
 * RFC 9008 section 12: a tunnel that began outside of the mesh is looked into. What it must not
 * bring in: a live source route, a source that belongs to the mesh (BCP 38), or another tunnel,
 * which could hold either.
 */
static bool fwd_tunnel_suspect(struct fwd *fwd, uint8_t *packet, size_t len,
                               const struct rpl_packet_info *info, rpl_tstamp now)
{
    struct rpl_view_instance instance;
    struct rpl_packet_info inner;

    if (info->next != IPPROTO_IPV6 || rpl_view_is_own(fwd->engine, &info->src) ||
        fwd_instance_of(fwd, &info->src, now, &instance))
        return false;
    if (rpl_packet_parse(packet + info->payload, len - info->payload, &inner) == RPL_DATA_OK &&
        inner.next != IPPROTO_IPV6 && (inner.srh == 0 || inner.segments_left == 0) &&
        !fwd_instance_of(fwd, &inner.src, now, &instance))
        return false;
    fwd->counters[FWD_DROP_TUNNEL]++;
    return true;
}

/* Outgoing packets the kernel routed into the TUN; their Hop Limit is right already. */
void fwd_down(struct fwd *fwd, uint8_t *packet, size_t len, rpl_tstamp now)
{
    struct rpl_packet_info info;
    struct rpl_view_path path;
    enum rpl_data_error error = rpl_packet_parse(packet, len, &info);

    if (error != RPL_DATA_OK) {
        fwd->counters[fwd_data_counter(error)]++;
        return;
    }
    if (rpl_addr_is_multicast(&info.dst) || rpl_addr_is_link_local(&info.dst) ||
        rpl_addr_is_link_local(&info.src)) {
        fwd->counters[FWD_DROP_SCOPE]++;
        return;
    }
    /* RFC 6554 section 5: no source route of somebody else's making enters the mesh. */
    if (info.srh != 0 && info.segments_left > 0) {
        fwd->counters[FWD_DROP_LIVE_SRH]++;
        return;
    }
    if (fwd_tunnel_suspect(fwd, packet, len, &info, now))
        return;
    if (rpl_view_route(fwd->engine, &info.dst, &path) < 0 || path.hops == 0) {
        if (!fwd_up(fwd, packet, len, &info, now))
            fwd_no_path(fwd, packet, len, &info.dst, now);
        return;
    }
    uint32_t mtu = fwd->host.mtu(fwd->host.ctx, path.ifindex);
    if (mtu == 0) {
        fwd_no_path(fwd, packet, len, &info.dst, now);
        return;
    }
    /* What links further down carry nobody has told, but that they carry so much (RFC 8200
     * section 5). To find out would cost a packet each time, whose sender could not help it. */
    if (path.hops > 1 && mtu > FWD_MTU)
        mtu = FWD_MTU;
    /* RFC 6554 section 4.1: the source of a packet writes the header into it. RFC 6550 section
     * 11.2: and 0 for its Rank. */
    bool own = rpl_view_is_own(fwd->engine, &info.src);
    if (own)
        path.rpi_sender_rank = 0;
    bool encapsulate = fwd_must_encapsulate(&info, &path, own);
    size_t size = mtu < FWD_BUFFER ? mtu : FWD_BUFFER;
    error = len > size ? RPL_DATA_TOO_BIG : fwd_apply(packet, &len, size, &path, encapsulate);
    if (error == RPL_DATA_TOO_BIG) {
        if (len > mtu || !fwd_large(fwd, packet, len, mtu, &path, now))
            fwd_too_big(fwd, packet, len, mtu, &path, encapsulate, now);
        return;
    }
    if (error != RPL_DATA_OK) {
        fwd->counters[fwd_data_counter(error)]++;
        return;
    }
    struct rpl_addr hop = path.next;
    if (!fwd_send(fwd, packet, len, path.ifindex, &hop))
        return;
    fwd->counters[encapsulate ? FWD_DOWN_TUNNEL : FWD_DOWN]++;
    fwd_remember(fwd, packet, len, path.ifindex, &hop, &path.instance, FWD_WAY_ORIGIN, now);
}

void fwd_tun_ready(struct fwd *fwd, rpl_tstamp now)
{
    uint8_t packet[FWD_BUFFER];

    for (unsigned i = 0; i < FWD_PER_TURN; i++) {
        ssize_t n = read(fwd->tun, packet, FWD_READ_MAX);

        if (n <= 0)
            return;
        if (n < 40 || packet[0] >> 4 != 6) {
            fwd->counters[FWD_DROP_NOT_IPV6]++;
            continue;
        }
        fwd_see(fwd, false, fwd->tun_ifindex, packet, (size_t)n, NULL);
        fwd_down(fwd, packet, (size_t)n, now);
    }
}

void fwd_packet_ready(struct fwd *fwd, rpl_tstamp now)
{
    uint8_t packet[FWD_BUFFER];

    for (unsigned i = 0; i < FWD_PER_TURN; i++) {
        struct sockaddr_ll from = {0};
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(fwd->packet, packet, FWD_READ_MAX, MSG_DONTWAIT | MSG_TRUNC,
                             (struct sockaddr *)&from, &from_len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        uint32_t ifindex = (uint32_t)from.sll_ifindex;
        if (ifindex == fwd->tun_ifindex)
            continue; /* what we handed in ourselves */
        if (fwd->host.mtu(fwd->host.ctx, ifindex) == 0) {
            bool down = fwd->host.down && fwd->host.down(fwd->host.ctx, ifindex);

            fwd->counters[down ? FWD_DROP_DOWN : FWD_NOT_OURS]++;
            continue;
        }
        if (n > FWD_READ_MAX) {
            fwd->counters[FWD_DROP_TOO_BIG]++;
            continue;
        }
        fwd_see(fwd, false, ifindex, packet, (size_t)n, NULL);
        fwd_receive(fwd, packet, (size_t)n, ifindex, 0, now);
    }
}
