/* SPDX-License-Identifier: ISC */
/*
 * The data plane of a node: IPv6 forwarding by its table, RPL packet information and source
 * routes by rpl/rpl_data.h, and the errors that the engine has to hear about.
 */
#include "rpl/rpl_nd.h"
#include "sim/sim_impl.h"

#include <string.h>

/* A user packet is UDP to this port with the packet's number as its payload. */
#define USER_PORT 5683
#define USER_LEN 16u

#define ICMP6_UNREACHABLE 1
#define ICMP6_SOURCE_ROUTE 7 /* code: error in source routing header, RFC 6554 */

void sim_header_write(uint8_t *out, const struct rpl_addr *src, const struct rpl_addr *dst,
                      uint8_t next_header, uint8_t hop_limit, size_t payload)
{
    memset(out, 0, IPV6_HEADER);
    out[0] = 0x60;
    out[4] = (uint8_t)(payload >> 8);
    out[5] = (uint8_t)payload;
    out[6] = next_header;
    out[7] = hop_limit;
    memcpy(out + 8, src->b, 16);
    memcpy(out + 24, dst->b, 16);
}

/* Link-local addresses need no look at the engine, and nearly all are. */
static bool is_own(const struct sim *sim, unsigned node, const struct rpl_addr *addr)
{
    struct rpl_addr local = sim_link_local(node);

    if (rpl_addr_is_link_local(addr))
        return rpl_addr_equal(addr, &local);
    return rpl_view_is_own(sim->nodes[node]->engine, addr);
}

/* ---- user packets ---------------------------------------------------------------------- */

/* The number of the user packet that |frame| carries, at whatever depth. */
static bool user_id(const struct sim_frame *frame, uint64_t *ret_id)
{
    uint8_t copy[SIM_FRAME_ROOM];
    size_t len = frame->len;
    struct rpl_packet_info info;

    if (len > sizeof(copy))
        return false;
    memcpy(copy, frame->data, len);
    if (rpl_packet_parse(copy, len, &info) != RPL_DATA_OK)
        return false;
    if (info.next == 41 && (rpl_decapsulate(copy, &len) != RPL_DATA_OK ||
                            rpl_packet_parse(copy, len, &info) != RPL_DATA_OK))
        return false;
    if (info.next != NEXT_UDP || len != (size_t)info.payload + USER_LEN)
        return false;

    *ret_id = 0;
    for (unsigned i = 0; i < 8; i++)
        *ret_id = *ret_id << 8 | copy[info.payload + 8 + i];
    return true;
}

static void fate_tell(struct sim *sim, uint64_t id, enum sim_fate fate, unsigned hops)
{
    sim->stats.fate[fate]++;
    sim_render_fate(sim, id, fate, hops);
    if (sim->fate)
        sim->fate(sim->fate_ctx, id, fate, hops);
}

void sim_plane_fate(struct sim *sim, const struct sim_frame *frame, enum sim_fate fate)
{
    uint64_t id;

    if (user_id(frame, &id))
        fate_tell(sim, id, fate, frame->hops);
}

static void lose(struct sim *sim, struct sim_frame *frame, enum sim_fate fate)
{
    sim_plane_fate(sim, frame, fate);
    sim_frame_drop(frame);
}

/* The node's address under |prefix|/64; false if it has none yet. */
static bool address_under(const struct sim_node *node, const struct rpl_addr *prefix,
                          struct rpl_addr *ret_addr)
{
    for (unsigned i = 0; i < node->address_count; i++) {
        if (rpl_addr_match(&node->addresses[i], prefix, 64)) {
            *ret_addr = node->addresses[i];
            return true;
        }
    }
    return false;
}

void sim_send(struct sim *sim, unsigned from, unsigned to, const struct rpl_addr *prefix,
              uint64_t id)
{
    struct rpl_addr src, dst = sim_global(to, prefix);

    if (!sim->nodes[from]->engine || !address_under(sim->nodes[from], prefix, &src)) {
        fate_tell(sim, id, SIM_LOST_NO_ADDRESS, 0);
        return;
    }

    struct sim_frame *frame = sim_frame_new(sim, IPV6_HEADER + USER_LEN);
    frame->user_len = IPV6_HEADER + USER_LEN;
    uint8_t *udp = frame->data + IPV6_HEADER;
    sim_header_write(frame->data, &src, &dst, NEXT_UDP, SIM_HOP_LIMIT, USER_LEN);
    udp[0] = udp[2] = USER_PORT >> 8;
    udp[1] = udp[3] = USER_PORT & 0xff;
    udp[5] = USER_LEN;
    for (unsigned i = 0; i < 8; i++)
        udp[8 + i] = (uint8_t)(id >> (8 * (7 - i)));
    uint16_t sum = rpl_wire_checksum(&src, &dst, NEXT_UDP, udp, USER_LEN);
    udp[6] = (uint8_t)(sum >> 8);
    udp[7] = (uint8_t)sum;
    sim_plane_originate(sim, from, frame);
}

/* ---- errors ------------------------------------------------------------------------------ */

static void tell_engine(struct sim *sim, unsigned node, enum rpl_forward_error kind,
                        uint8_t instance, const struct rpl_addr *reporter,
                        const struct rpl_addr *target)
{
    struct rpl_event event = {.type = RPL_EVENT_FORWARD_ERROR};

    event.u.forward_error.kind = kind;
    event.u.forward_error.instance = instance;
    event.u.forward_error.reporter = *reporter;
    event.u.forward_error.target = *target;
    sim_input_later(sim, node, 0, &event);
}

/* The instance whose prefix |addr| lies in; the first one if none does. */
static uint8_t instance_of(struct sim *sim, unsigned node, const struct rpl_addr *addr)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;

    while (rpl_view_next_instance(sim->nodes[node]->engine, &cursor, sim->now, &view)) {
        if (view.joined && view.prefix_len > 0 &&
            rpl_addr_match(addr, &view.prefix, view.prefix_len))
            return view.id;
    }
    return sim->nodes[node]->config.instance[0].id;
}

/* A packet on a source route is stuck: at the root the engine hears so, any other router tells the
 * sender (RFC 6554 section 4.2). */
static void report_source_route(struct sim *sim, unsigned node, const struct sim_frame *frame)
{
    const struct rpl_engine *engine = sim->nodes[node]->engine;
    struct rpl_packet_info info;
    struct rpl_view_path path;
    struct rpl_addr src;

    if (rpl_packet_parse(frame->data, frame->len, &info) != RPL_DATA_OK)
        return;
    if (rpl_view_route(engine, &info.dst, &path) == 0) {
        tell_engine(sim, node, RPL_FORWARD_NEXT_HOP, path.instance, &info.dst, &info.dst);
        return;
    }
    if (info.srh == 0 || !address_under(sim->nodes[node], &info.dst, &src))
        return;

    struct sim_frame *error = sim_frame_new(sim, SIM_MTU);
    error->len = rpl_icmp6_error(error->data, SIM_MTU, frame->data, frame->len, &src,
                                 ICMP6_UNREACHABLE, ICMP6_SOURCE_ROUTE, 0);
    if (error->len == 0)
        sim_frame_drop(error);
    else
        sim_plane_originate(sim, node, error);
}

void sim_plane_failed(struct sim *sim, unsigned node, unsigned peer, struct sim_frame *frame)
{
    struct rpl_event event = {.type = RPL_EVENT_NEIGHBOUR};

    event.u.neighbour.ifindex = SIM_IFINDEX;
    event.u.neighbour.address = sim_link_local(peer);
    event.u.neighbour.failed = true;
    if (sim->nodes[node]->engine) {
        report_source_route(sim, node, frame);
        sim_input_later(sim, node, 0, &event);
    }
    sim_frame_drop(frame);
}

/* An ICMPv6 error from a router on a source route of ours: which hop did it fail to reach? The
 * destination of the packet that it quotes. */
static void source_route_failed(struct sim *sim, unsigned node, const uint8_t *packet,
                                const struct rpl_packet_info *info, size_t len)
{
    const uint8_t *quoted = packet + info->payload + 8;
    struct rpl_addr target;

    if (len < (size_t)info->payload + 8 + IPV6_HEADER)
        return;
    memcpy(target.b, quoted + 24, 16);
    tell_engine(sim, node, RPL_FORWARD_SRH, instance_of(sim, node, &target), &info->src, &target);
}

/* ---- arriving ------------------------------------------------------------------------------ */

/* The engine took this message: what does it say of the node's DAO? */
static void note_ack(struct sim_node *node, const uint8_t *message, size_t len)
{
    if (message[1] == RPL_CODE_DAO_ACK && len >= 8)
        node->acknowledged = message[7] < 128;
}

/* Upwards or downwards through the same door: |stripped| says that it came in by rpl0. */
static void local(struct sim *sim, unsigned node, struct sim_frame *frame, bool stripped)
{
    struct rpl_packet_info info;
    const uint8_t *data = frame->data;

    if (rpl_packet_parse(data, frame->len, &info) != RPL_DATA_OK) {
        lose(sim, frame, SIM_LOST_HEADER);
        return;
    }

    const uint8_t *message = data + info.payload;
    size_t len = frame->len - info.payload;
    if (info.next == NEXT_ICMP6 && len >= 4 &&
        (message[0] == RPL_ICMP6_TYPE || message[0] == RPL_ND_EDAR || message[0] == RPL_ND_EDAC)) {
        struct rpl_event event = {.type = RPL_EVENT_PACKET};

        event.u.packet.ifindex = stripped ? 0 : SIM_IFINDEX;
        event.u.packet.src = info.src;
        event.u.packet.dst = info.dst;
        event.u.packet.hop_limit = info.hop_limit;
        event.u.packet.data = message;
        event.u.packet.len = len;
        if (sim_input(sim, node, &event) == 0)
            note_ack(sim->nodes[node], message, len);
    } else if (info.next == NEXT_ICMP6 && len >= 8 && message[0] == ICMP6_UNREACHABLE &&
               message[1] == ICMP6_SOURCE_ROUTE) {
        source_route_failed(sim, node, data, &info, frame->len);
    } else {
        sim_plane_fate(sim, frame, SIM_DELIVERED);
    }
    sim_frame_drop(frame);
}

/* ---- going on ----------------------------------------------------------------------------------
 */

/* Towards the neighbour that has |hop|, a global address of the source route. */
static void send_to_hop(struct sim *sim, unsigned node, const struct rpl_addr *hop,
                        struct sim_frame *frame)
{
    struct rpl_addr next_hop = rpl_addr_link_local(hop);

    frame->hops++;
    sim_radio_unicast(sim, node, &next_hop, frame);
}

/* Put the source route to the packet's destination on it. */
static void send_source_routed(struct sim *sim, unsigned node, const struct rpl_packet_info *info,
                               struct sim_frame *frame)
{
    struct rpl_view_path path;
    struct rpl_rpi rpi;
    enum rpl_data_error err;

    if (rpl_view_route(sim->nodes[node]->engine, &info->dst, &path) < 0) {
        tell_engine(sim, node, RPL_FORWARD_NOROUTE, instance_of(sim, node, &info->dst), &info->dst,
                    &info->dst);
        lose(sim, frame, SIM_LOST_NO_ROUTE);
        return;
    }
    rpi = (struct rpl_rpi){.type = path.rpi_type,
                           .flags = path.rpi_flags,
                           .instance = path.instance,
                           .sender_rank = path.rpi_sender_rank};
    bool own = is_own(sim, node, &info->src);
    if (own)
        rpi.sender_rank = 0; /* a source writes 0, RFC 6550 section 11.2 */
    if (own ? path.behind : path.encapsulate)
        err = rpl_encapsulate(frame->data, &frame->len, SIM_FRAME_ROOM, &path.source, SIM_HOP_LIMIT,
                              path.hop, path.hops, path.has_rpi ? &rpi : NULL);
    else
        err = rpl_srh_insert(frame->data, &frame->len, SIM_FRAME_ROOM, path.hop, path.hops,
                             path.has_rpi ? &rpi : NULL);
    if (err != RPL_DATA_OK) {
        lose(sim, frame, SIM_LOST_HEADER);
        return;
    }
    send_to_hop(sim, node, &path.next, frame);
}

/* Our own packet gets an RPI where the settings ask for one. */
static void mark_own(struct sim *sim, unsigned node, const struct rpl_route *route,
                     const struct rpl_packet_info *info, struct sim_frame *frame)
{
    const struct sim_node *n = sim->nodes[node];
    uint8_t id = instance_of(sim, node, &info->src);
    bool down = route->dst_len > 0;
    struct rpl_view_rpi view;

    for (uint32_t i = 0; i < n->config.instance_count; i++) {
        const struct rpl_compat *compat = &n->config.instance[i].compat;
        if (n->config.instance[i].id != id || !(down ? compat->downward_rpi : compat->upward_rpi) ||
            rpl_view_rpi(n->engine, id, &view) < 0)
            continue;
        struct rpl_rpi rpi = {
            .type = view.type, .flags = down ? RPL_RPI_O : 0, .instance = id, .sender_rank = 0};
        rpl_srh_insert(frame->data, &frame->len, SIM_FRAME_ROOM, &info->dst, 1, &rpi);
    }
}

/* By the forwarding table. */
static void route_on(struct sim *sim, unsigned node, const struct rpl_packet_info *info, bool own,
                     struct sim_frame *frame)
{
    const struct rpl_route *route = sim_fib_find(&sim->nodes[node]->fib, &info->dst);

    if (!route) {
        lose(sim, frame, SIM_LOST_NO_ROUTE);
        return;
    }
    switch (route->kind) {
    case RPL_ROUTE_UNREACHABLE:
        lose(sim, frame, SIM_LOST_UNREACHABLE);
        return;
    case RPL_ROUTE_TUN:
        send_source_routed(sim, node, info, frame);
        return;
    case RPL_ROUTE_VIA:
        if (own)
            mark_own(sim, node, route, info, frame);
        frame->hops++;
        sim_radio_unicast(sim, node, &route->via, frame);
        return;
    }
}

void sim_plane_originate(struct sim *sim, unsigned node, struct sim_frame *frame)
{
    struct rpl_packet_info info;

    if (rpl_packet_parse(frame->data, frame->len, &info) != RPL_DATA_OK)
        lose(sim, frame, SIM_LOST_HEADER);
    else if (is_own(sim, node, &info.dst))
        sim_radio_deliver(sim, node, node, 0, frame);
    else
        route_on(sim, node, &info, true, frame);
}

/* RFC 6550 section 11.2: judge the RPI of a packet that passes through and write our own Rank
 * into it. Returns false if the packet has gone, one way or another. */
static bool judge_rpi(struct sim *sim, unsigned node, unsigned from, bool own,
                      const struct rpl_packet_info *info, struct sim_frame *frame)
{
    const struct rpl_route *route = sim_fib_find(&sim->nodes[node]->fib, &info->dst);
    struct rpl_addr neighbour = sim_link_local(from);
    struct rpl_view_rpi view;
    uint8_t flags = info->rpi.flags;

    if (rpl_view_rpi(sim->nodes[node]->engine, info->rpi.instance, &view) < 0)
        return true;
    switch (rpl_rpi_check(&info->rpi, view.dag_rank, view.mhri)) {
    case RPL_RPI_FINE:
        break;
    case RPL_RPI_MARK:
        flags |= RPL_RPI_R;
        break;
    case RPL_RPI_DROP:
        tell_engine(sim, node, RPL_FORWARD_RANK, info->rpi.instance, &neighbour, &info->dst);
        lose(sim, frame, SIM_LOST_RANK);
        return false;
    }
    if (flags & RPL_RPI_F) {
        tell_engine(sim, node, RPL_FORWARD_F, info->rpi.instance, &neighbour, &info->dst);
        flags &= (uint8_t)~RPL_RPI_F;
    }
    if (own) {
        rpl_rpi_update(frame->data, info, flags, view.dag_rank);
        return true;
    }
    /* Down, and we know no way down: back to where it came from (section 11.2.2.3). */
    bool down = route && route->dst_len > 0;
    if ((flags & RPL_RPI_O) && !down) {
        tell_engine(sim, node, RPL_FORWARD_NOROUTE, info->rpi.instance, &neighbour, &info->dst);
        rpl_rpi_update(frame->data, info, flags | RPL_RPI_F, view.dag_rank);
        frame->hops++;
        sim_radio_unicast(sim, node, &neighbour, frame);
        return false;
    }
    flags = down ? flags | RPL_RPI_O : flags & (uint8_t)~RPL_RPI_O;
    rpl_rpi_update(frame->data, info, flags, view.dag_rank);
    return true;
}

/* The next segment of a source route, at the node that the destination names. */
static void source_route_step(struct sim *sim, unsigned node, struct sim_frame *frame)
{
    const struct sim_node *n = sim->nodes[node];
    struct rpl_addr next;
    enum rpl_data_error err =
        rpl_srh_step(frame->data, frame->len, n->addresses, n->address_count, &next);

    if (err == RPL_DATA_HOP_LIMIT)
        lose(sim, frame, SIM_LOST_HOP_LIMIT);
    else if (err != RPL_DATA_OK)
        lose(sim, frame, SIM_LOST_HEADER);
    else
        send_to_hop(sim, node, &next, frame);
}

/* For us: take off what the DODAG put on, and see what is below. */
static void unwrap(struct sim *sim, unsigned node, const struct rpl_packet_info *info,
                   struct sim_frame *frame)
{
    struct rpl_packet_info inner;

    if (info->rpi_option == 0 && info->srh == 0 && info->next != 41) {
        local(sim, node, frame, false);
        return;
    }
    if (rpl_strip(frame->data, &frame->len) != RPL_DATA_OK ||
        (info->next == 41 && rpl_decapsulate(frame->data, &frame->len) != RPL_DATA_OK) ||
        rpl_packet_parse(frame->data, frame->len, &inner) != RPL_DATA_OK) {
        lose(sim, frame, SIM_LOST_HEADER);
        return;
    }
    if (is_own(sim, node, &inner.dst))
        local(sim, node, frame, true);
    else
        route_on(sim, node, &inner, false, frame);
}

void sim_plane_receive(struct sim *sim, unsigned node, unsigned from, struct sim_frame *frame)
{
    struct rpl_packet_info info;

    if (rpl_packet_parse(frame->data, frame->len, &info) != RPL_DATA_OK) {
        lose(sim, frame, SIM_LOST_HEADER);
        return;
    }
    if (rpl_addr_is_multicast(&info.dst)) {
        local(sim, node, frame, false);
        return;
    }

    bool own = is_own(sim, node, &info.dst);
    if (info.rpi_option != 0 && !judge_rpi(sim, node, from, own, &info, frame))
        return;
    if (own && info.srh != 0 && info.segments_left > 0) {
        source_route_step(sim, node, frame);
    } else if (own) {
        unwrap(sim, node, &info, frame);
    } else if (info.hop_limit <= 1) {
        lose(sim, frame, SIM_LOST_HOP_LIMIT);
    } else {
        frame->data[7]--;
        route_on(sim, node, &info, false, frame);
    }
}
