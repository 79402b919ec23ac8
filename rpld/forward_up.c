/* SPDX-License-Identifier: ISC */
/*
 * The forwarder's way in: packets from RPL interfaces with the RPI 0x63, with a source routing
 * header addressed to us, or (as a copy) with the RPI 0x23.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "rpl/rpl_wire.h"
#include "rpld/forward_priv.h"

/* A packet on its way through fwd_receive(). */
struct fwd_in {
    uint8_t *packet;
    size_t len;
    uint32_t ifindex;
    unsigned nest;
    rpl_tstamp now;
    struct rpl_packet_info info;
    bool has_rpi;
    bool member; /* |view| is about the RPI's instance */
    struct rpl_view_rpi view;
};

/* ---- judging the RPI ------------------------------------------------------------------ */

/* The neighbour we would send |dst| to, storing mode: who returned a packet with F set. */
static bool fwd_child_of(const struct fwd *fwd, const struct rpl_addr *dst, rpl_tstamp now,
                         struct rpl_view_node *ret_node)
{
    return rpl_view_target_of(fwd->engine, dst, now, ret_node) && ret_node->ifindex != 0;
}

/* RFC 6550 section 11.2.2.3: F says that the child we chose knows no way; the engine drops
 * the route, and the packet is tried again without F. */
static void fwd_judge_f(struct fwd *fwd, struct fwd_in *in)
{
    struct rpl_view_node node;

    if (!(in->info.rpi.flags & RPL_RPI_F))
        return;
    if (fwd_child_of(fwd, &in->info.dst, in->now, &node))
        fwd_tell(fwd, RPL_FORWARD_F, in->info.rpi.instance, &node.via, &in->info.dst);
    in->info.rpi.flags &= (uint8_t)~RPL_RPI_F;
}

/* RFC 6550 section 11.2.2.2. True if the packet may go on; R is then set in |in| if it has to
 * be. */
static bool fwd_judge(struct fwd *fwd, struct fwd_in *in)
{
    struct rpl_rpi *rpi = &in->info.rpi;

    if (!in->has_rpi)
        return true;
    in->member = rpl_view_rpi(fwd->engine, rpi->instance, &in->view) == 0;
    if (!in->member) {
        /* Instance 0 is also what a source writes that knows none (RFC 9008 section 6). */
        if (rpi->instance == 0 && rpl_view_is_own(fwd->engine, &in->info.dst))
            return true;
        fwd->counters[FWD_DROP_INSTANCE]++;
        fwd_error(fwd, in->packet, in->len, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, 0,
                  in->now);
        return false;
    }
    switch (rpl_rpi_check(rpi, in->view.dag_rank, in->view.mhri)) {
    case RPL_RPI_DROP:
        fwd->counters[FWD_DROP_RANK]++;
        fwd_tell(fwd, RPL_FORWARD_RANK, rpi->instance, NULL, &in->info.dst);
        return false;
    case RPL_RPI_MARK:
        fwd->counters[FWD_MARKED]++;
        rpi->flags |= RPL_RPI_R;
        break;
    case RPL_RPI_FINE:
        break;
    }
    fwd_judge_f(fwd, in);
    return true;
}

/* Write what we say in the RPI: our own Rank and the direction (RFC 6550 section 11.2). */
static void fwd_write_rpi(struct fwd_in *in, bool down)
{
    if (!in->has_rpi || !in->member)
        return;
    uint8_t flags = in->info.rpi.flags & (uint8_t)~RPL_RPI_O;
    if (down)
        flags |= RPL_RPI_O;
    rpl_rpi_update(in->packet, &in->info, flags, in->view.dag_rank);
}

/* ---- the end of the way: take the headers off -------------------------------------------- */

/* An RPL message to our link-local address that carried an RPI: its link would be lost in the
 * TUN, so the engine gets it from here. */
static void fwd_deliver_local(struct fwd *fwd, struct fwd_in *in)
{
    struct rpl_event event = {.type = RPL_EVENT_PACKET};
    struct rpl_packet_info info;

    if (rpl_packet_parse(in->packet, in->len, &info) != RPL_DATA_OK ||
        info.next != IPPROTO_ICMPV6 || info.payload >= in->len ||
        in->packet[info.payload] != RPL_ICMP6_TYPE) {
        fwd->counters[FWD_DROP_SCOPE]++;
        return;
    }
    event.u.packet.ifindex = in->ifindex;
    event.u.packet.src = info.src;
    event.u.packet.dst = info.dst;
    event.u.packet.hop_limit = info.hop_limit;
    event.u.packet.data = in->packet + info.payload;
    event.u.packet.len = in->len - info.payload;
    fwd->counters[FWD_TO_ENGINE]++;
    fwd->host.event(fwd->host.ctx, &event);
}

/* Are we the root of the DODAG that |addr| is in? */
static bool fwd_is_root(const struct fwd *fwd, const struct rpl_addr *addr, rpl_tstamp now)
{
    struct rpl_view_instance instance;

    return fwd_instance_of(fwd, addr, now, &instance) && instance.role == RPL_ROLE_ROOT;
}

/* The inner packet of a tunnel that ended here. */
static void fwd_inner(struct fwd *fwd, struct fwd_in *in, const struct rpl_addr *outer_src)
{
    struct rpl_view_instance instance;
    struct rpl_packet_info info;
    enum rpl_data_error error = rpl_packet_parse(in->packet, in->len, &info);

    if (error != RPL_DATA_OK) {
        fwd->counters[fwd_data_counter(error)]++;
        return;
    }
    fwd->counters[FWD_DECAPSULATED]++;
    if (rpl_addr_is_multicast(&info.dst) || rpl_addr_is_link_local(&info.dst) ||
        rpl_addr_is_link_local(&info.src)) {
        fwd->counters[FWD_DROP_SCOPE]++;
        return;
    }
    /* RFC 6554 section 4.2: a source route that is still alive must not come out of a tunnel
     * that began outside of the mesh. */
    bool live = info.srh != 0 && info.segments_left > 0;
    if (live && !fwd_instance_of(fwd, outer_src, in->now, &instance)) {
        fwd->counters[FWD_DROP_LIVE_SRH]++;
        return;
    }
    /* BCP 38: a tunnel up to the root holds a packet of the mesh. */
    if (fwd_is_root(fwd, outer_src, in->now) &&
        !fwd_instance_of(fwd, &info.src, in->now, &instance)) {
        fwd->counters[FWD_DROP_SOURCE]++;
        return;
    }
    if (info.srh == 0 && info.rpi_option == 0) {
        fwd_inject(fwd, in->packet, in->len, in->now);
        return;
    }
    if (in->nest >= FWD_NEST_MAX) {
        fwd->counters[FWD_DROP_NESTED]++;
        return;
    }
    fwd_receive(fwd, in->packet, in->len, in->ifindex, in->nest + 1, in->now);
}

void fwd_from_tunnel(struct fwd *fwd, uint8_t *packet, size_t len, const struct rpl_addr *outer_src,
                     rpl_tstamp now)
{
    struct fwd_in in = {.packet = packet,
                        .len = len,
                        .ifindex = fwd->tun_ifindex,
                        .nest = FWD_NEST_MAX,
                        .now = now};

    fwd_inner(fwd, &in, outer_src);
}

/* At the root, what is not for itself: RFC 9008 section 4.2 lets it take no header from another's
 * packet, where motes count on it (compat setting inline_rpi); and nobody in the mesh speaks for
 * somebody outside of it (BCP 38). */
static bool fwd_may_finish(struct fwd *fwd, const struct fwd_in *in, bool own)
{
    struct rpl_view_instance instance;
    struct rpl_view_node node;

    if (own)
        return true;
    if (in->view.drop_inline && in->has_rpi) {
        fwd->counters[FWD_DROP_INLINE_RPI]++;
        return false;
    }
    if (!fwd_instance_of(fwd, &in->info.src, in->now, &instance) &&
        !rpl_view_target_of(fwd->engine, &in->info.src, in->now, &node)) {
        fwd->counters[FWD_DROP_SOURCE]++;
        return false;
    }
    return true;
}

/* Strip RPI and consumed source route; the kernel takes it from there: ours, or to forward. */
static void fwd_finish(struct fwd *fwd, struct fwd_in *in, bool own)
{
    const struct rpl_addr src = in->info.src;
    bool tunnel = own && in->info.next == IPPROTO_IPV6;
    enum rpl_data_error error = rpl_strip(in->packet, &in->len);

    if (error == RPL_DATA_OK && tunnel)
        error = rpl_decapsulate(in->packet, &in->len);
    if (error != RPL_DATA_OK) {
        fwd->counters[fwd_data_counter(error)]++;
        return;
    }
    if (tunnel)
        fwd_inner(fwd, in, &src);
    else if (rpl_addr_is_link_local(&in->info.dst))
        fwd_deliver_local(fwd, in);
    else if (rpl_addr_is_link_local(&in->info.src))
        fwd->counters[FWD_DROP_SCOPE]++;
    else
        fwd_inject(fwd, in->packet, in->len, in->now);
}

/* ---- the next hop of a source route ------------------------------------------------------ */

/* Those of the route's addresses that are ours, for the loop check of RFC 6554 section 4.2. */
static size_t fwd_own_segments(const struct fwd *fwd, const struct fwd_in *in,
                               struct rpl_addr own[RPL_PATH_MAX])
{
    size_t count = 0;

    own[count++] = in->info.dst;
    for (unsigned i = 1; i <= in->info.segments && count < RPL_PATH_MAX; i++) {
        struct rpl_addr segment;

        if (rpl_srh_segment(in->packet, &in->info, i, &segment) &&
            !rpl_addr_equal(&segment, &in->info.dst) && rpl_view_is_own(fwd->engine, &segment))
            own[count++] = segment;
    }
    return count;
}

static void fwd_step_refused(struct fwd *fwd, struct fwd_in *in, enum rpl_data_error error)
{
    fwd->counters[fwd_data_counter(error)]++;
    if (error == RPL_DATA_HOP_LIMIT)
        fwd_error(fwd, in->packet, in->len, ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT, 0,
                  in->now);
    else if (error == RPL_DATA_SRH_SEGMENTS)
        fwd_error(fwd, in->packet, in->len, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_HEADER,
                  in->info.srh + 3u, in->now);
    else if (error == RPL_DATA_SRH_LOOP)
        fwd_error(fwd, in->packet, in->len, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_HEADER,
                  in->info.srh + 8u, in->now);
}

static void fwd_step(struct fwd *fwd, struct fwd_in *in)
{
    struct rpl_addr own[RPL_PATH_MAX], next, hop;
    size_t own_count = fwd_own_segments(fwd, in, own);
    uint32_t mtu, ifindex;

    if (in->member && in->view.role == RPL_ROLE_LEAF) {
        fwd->counters[FWD_DROP_LEAF]++;
        return;
    }
    enum rpl_data_error error = rpl_srh_step(in->packet, in->len, own, own_count, &next);
    if (error != RPL_DATA_OK) {
        fwd_step_refused(fwd, in, error);
        return;
    }
    /* Another address of ours, as of a router on two links: we are where it goes already. */
    if (rpl_view_is_own(fwd->engine, &next) && in->nest < FWD_NEST_MAX) {
        fwd_receive(fwd, in->packet, in->len, in->ifindex, in->nest + 1, in->now);
        return;
    }
    ifindex = rpl_view_neighbour_of(fwd->engine, &next, &hop);
    if (ifindex == 0) {
        /* Not heard yet: it is on the link the packet came from, or nowhere. */
        ifindex = in->ifindex;
        hop = rpl_addr_link_local(&next);
    }
    mtu = fwd->host.mtu(fwd->host.ctx, ifindex);
    if (in->len > mtu) {
        fwd->counters[FWD_DROP_TOO_BIG]++;
        fwd_error(fwd, in->packet, in->len, ICMP6_PACKET_TOO_BIG, 0, mtu, in->now);
        return;
    }
    fwd_write_rpi(in, true);
    if (!fwd_send(fwd, in->packet, in->len, ifindex, &hop))
        return;
    fwd->counters[FWD_STEP]++;
    fwd_remember(fwd, in->packet, in->len, ifindex, &hop,
                 in->has_rpi ? &in->info.rpi.instance : NULL, FWD_WAY_ROUTE, in->now);
}

/* ---- through us with an RPI 0x63 ---------------------------------------------------------- */

static void fwd_onward(struct fwd *fwd, struct fwd_in *in, uint32_t ifindex,
                       const struct rpl_addr *hop, bool down, enum fwd_counter counter)
{
    uint32_t mtu = fwd->host.mtu(fwd->host.ctx, ifindex);

    if (in->info.hop_limit <= 1) {
        fwd_step_refused(fwd, in, RPL_DATA_HOP_LIMIT);
        return;
    }
    if (in->len > mtu) {
        fwd->counters[FWD_DROP_TOO_BIG]++;
        fwd_error(fwd, in->packet, in->len, ICMP6_PACKET_TOO_BIG, 0, mtu, in->now);
        return;
    }
    in->packet[7]--; /* Hop Limit */
    fwd_write_rpi(in, down);
    if (!fwd_send(fwd, in->packet, in->len, ifindex, hop))
        return;
    fwd->counters[counter]++;
    fwd_remember(fwd, in->packet, in->len, ifindex, hop, &in->info.rpi.instance, FWD_WAY_TREE,
                 in->now);
}

/*
 * A router passes such a packet on by itself, as the kernel would drop it: down if it knows
 * the destination (storing mode; the packet turns here if it was on its way up), else up to
 * the preferred parent. A packet that came down and cannot go on is an inconsistency of the
 * parent's routes: back it goes with F set (RFC 6550 section 11.2.2.3).
 */
static void fwd_through(struct fwd *fwd, struct fwd_in *in)
{
    struct rpl_view_instance instance;
    struct rpl_view_node node;
    bool down = in->info.rpi.flags & RPL_RPI_O;

    if (in->view.role == RPL_ROLE_LEAF) {
        fwd->counters[FWD_DROP_LEAF]++;
        return;
    }
    bool member = fwd_instance(fwd, in->info.rpi.instance, in->now, &instance);
    if (member && instance.mop >= RPL_MOP_STORING &&
        fwd_child_of(fwd, &in->info.dst, in->now, &node)) {
        fwd_onward(fwd, in, node.ifindex, &node.via, true, down ? FWD_DOWN : FWD_TURN);
        return;
    }
    if (!member || !instance.has_parent || (down && instance.mop < RPL_MOP_STORING)) {
        fwd->counters[FWD_DROP_NO_PATH]++;
        fwd_error(fwd, in->packet, in->len, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, 0,
                  in->now);
        return;
    }
    if (down) {
        fwd_tell(fwd, RPL_FORWARD_NOROUTE, instance.id, NULL, &in->info.dst);
        in->info.rpi.flags |= RPL_RPI_F;
    }
    fwd_onward(fwd, in, instance.parent_ifindex, &instance.parent, down,
               down ? FWD_RETURNED : FWD_UP);
}

/* ---- dispatch ------------------------------------------------------------------------------ */

/* A packet without our headers, from a tunnel or a frame that the kernel could not read: to the
 * kernel, unless it belongs to its link, which would be lost on the way. */
static void fwd_plain(struct fwd *fwd, struct fwd_in *in)
{
    bool discovery = in->info.next == IPPROTO_ICMPV6 && in->info.hop_limit == 255 &&
                     in->info.payload < in->len &&
                     in->packet[in->info.payload] >= ND_ROUTER_SOLICIT &&
                     in->packet[in->info.payload] <= ND_REDIRECT;

    if (rpl_addr_is_multicast(&in->info.dst) || rpl_addr_is_link_local(&in->info.dst))
        fwd_deliver_local(fwd, in);
    else if (rpl_addr_is_link_local(&in->info.src) || discovery)
        fwd->counters[FWD_DROP_SCOPE]++;
    else
        fwd_inject(fwd, in->packet, in->len, in->now);
}

/* The kernel carries a packet with the RPI 0x23; its copy tells us about inconsistencies, and
 * a tunnel in it that ends here is ours to open. */
static void fwd_copy(struct fwd *fwd, struct fwd_in *in, bool own)
{
    struct rpl_rpi rpi = in->info.rpi;

    fwd->counters[FWD_COPY]++;
    if (own && in->info.next == IPPROTO_IPV6) {
        if (fwd_judge(fwd, in))
            fwd_finish(fwd, in, true);
        return;
    }
    if (rpl_view_rpi(fwd->engine, rpi.instance, &in->view) < 0)
        return;
    if (rpl_rpi_check(&rpi, in->view.dag_rank, in->view.mhri) == RPL_RPI_DROP)
        fwd_tell(fwd, RPL_FORWARD_RANK, rpi.instance, NULL, &in->info.dst);
    if (!own) {
        fwd_judge_f(fwd, in);
        fwd_copy_error(fwd, in->packet, in->len, in->now);
    }
}

/* Is |addr| in a DODAG that has its routes in its routers? */
static bool fwd_is_storing(const struct fwd *fwd, const struct rpl_addr *addr, rpl_tstamp now)
{
    struct rpl_view_instance instance;

    return fwd_instance_of(fwd, addr, now, &instance) && instance.mop >= RPL_MOP_STORING;
}

/* |alone|: nobody but us has the packet. */
static void fwd_dispatch(struct fwd *fwd, uint8_t *packet, size_t len, uint32_t ifindex,
                         unsigned nest, bool alone, rpl_tstamp now)
{
    struct fwd_in in = {.packet = packet, .len = len, .ifindex = ifindex, .nest = nest, .now = now};
    enum rpl_data_error error = rpl_packet_parse(packet, len, &in.info);

    if (error == RPL_DATA_SRH_SEGMENTS && rpl_view_is_own(fwd->engine, &in.info.dst)) {
        fwd_step_refused(fwd, &in, error);
        return;
    }
    if (error != RPL_DATA_OK) {
        fwd->counters[fwd_data_counter(error)]++;
        return;
    }
    in.has_rpi = in.info.rpi_option != 0;
    if (in.info.srh == 0 && !in.has_rpi) {
        /* The kernel's, unless it came out of a tunnel of ours and nobody else has it. */
        if (alone)
            fwd_plain(fwd, &in);
        else
            fwd_copy_error(fwd, in.packet, in.len, in.now);
        return;
    }
    if (rpl_addr_is_multicast(&in.info.dst) || rpl_addr_is_unspecified(&in.info.src)) {
        fwd->counters[FWD_DROP_SCOPE]++;
        return;
    }
    bool own = rpl_view_is_own(fwd->engine, &in.info.dst);
    if (in.info.srh == 0 && in.info.rpi.type == RPL_RPI_23 && !alone) {
        fwd_copy(fwd, &in, own);
        return;
    }
    if (in.info.srh != 0 && !own) {
        /* Strict source routes name each hop (RFC 6554 section 4.2); we are not named. */
        fwd->counters[FWD_DROP_NOT_NAMED]++;
        return;
    }
    if (!fwd_judge(fwd, &in))
        return;
    if (in.info.srh != 0 && in.info.segments_left > 0) {
        /* In storing mode nobody of the mesh makes one: it came in from outside, which the kernel
         * of a root that has routes for all nodes does not prevent (RFC 6554 section 5). */
        if (fwd_is_storing(fwd, &in.info.dst, now)) {
            fwd->counters[FWD_DROP_LIVE_SRH]++;
            return;
        }
        fwd_step(fwd, &in);
        return;
    }
    if (in.info.srh != 0)
        fwd->counters[FWD_LAST_HOP]++;
    if (rpl_view_is_attached(fwd->engine, &in.info.dst)) {
        fwd_finish(fwd, &in, own);
    } else if (own || (in.member && in.view.role == RPL_ROLE_ROOT)) {
        if (fwd_may_finish(fwd, &in, own))
            fwd_finish(fwd, &in, own);
    } else
        fwd_through(fwd, &in);
}

void fwd_receive(struct fwd *fwd, uint8_t *packet, size_t len, uint32_t ifindex, unsigned nest,
                 rpl_tstamp now)
{
    fwd_dispatch(fwd, packet, len, ifindex, nest, nest > 0, now);
}

void fwd_rescued(struct fwd *fwd, const uint8_t *packet, size_t len, uint32_t ifindex,
                 rpl_tstamp now)
{
    uint8_t copy[FWD_BUFFER];

    if (len > FWD_READ_MAX) {
        fwd->counters[FWD_DROP_TOO_BIG]++;
        return;
    }
    fwd_see(fwd, false, ifindex, packet, len, NULL);
    memcpy(copy, packet, len);
    fwd_dispatch(fwd, copy, len, ifindex, 0, true, now);
}
