/* SPDX-License-Identifier: ISC */
#include "tests/lib/host.h"

#include <string.h>

const struct rpl_rovr host_rovr = {.size = 1, .octets = "\x02\x00\x00\x00\x00\x00\x00\x55"};

void host_solicit_as(struct rig *rig, const struct rpl_rovr *owner, uint8_t tid, uint16_t minutes,
                     bool route)
{
    struct rpl_nd_solicitation ns = {
        .target = rig_global(HOST),
        .has_earo = true,
        .earo = {
            .route = route, .has_tid = true, .tid = tid, .lifetime_min = minutes, .rovr = *owner}};
    struct rpl_addr src = rig_ll(HOST);
    uint8_t data[128];
    size_t len = rpl_nd_write_ns(&ns, &src, &rig->link_local, data, sizeof(data));

    rig_octets(rig, RIG_IF, &src, &rig->link_local, data, len);
}

void host_solicit(struct rig *rig, uint8_t tid, uint16_t minutes, bool route)
{
    host_solicit_as(rig, &host_rovr, tid, minutes, route);
}

const struct rpl_effect_send *host_sent(const struct rig *rig, uint8_t type, size_t mark)
{
    for (size_t i = rig->sent_count; i-- > mark;)
        if (rig->sent[i].send.data[0] == type)
            return &rig->sent[i].send;
    return NULL;
}

int host_told(const struct rig *rig, size_t mark)
{
    const struct rpl_effect_send *send = host_sent(rig, RPL_ND_NA, mark);
    struct rpl_addr host = rig_ll(HOST), address = rig_global(HOST);
    struct rpl_nd_solicitation na;

    if (!send)
        return HOST_NOTHING;
    if (!rpl_addr_equal(&send->dst, &host) || send->hop_limit != 255 ||
        !rpl_nd_read_na(send->data, send->len, &send->src, &send->dst, &na) ||
        !rpl_addr_equal(&na.target, &address) || !na.has_earo ||
        !rpl_rovr_equal(&na.earo.rovr, &host_rovr))
        return HOST_WRONG;
    return na.earo.status * 2 + na.earo.route;
}

bool host_edac(struct rig *rig, uint8_t status, struct rpl_nd_duplicate *ret_edac)
{
    const struct rpl_effect_send *send = host_sent(rig, RPL_ND_EDAR, 0);
    struct rpl_addr src, dst;
    uint8_t data[128];
    size_t len;

    if (!send || !rpl_nd_read_duplicate(send->data, send->len, &send->src, &send->dst, ret_edac))
        return false;
    src = send->dst;
    dst = send->src;
    ret_edac->type = RPL_ND_EDAC;
    ret_edac->status = status;
    len = rpl_nd_write_duplicate(ret_edac, &src, &dst, data, sizeof(data));
    rig_octets(rig, 0, &src, &dst, data, len);
    return true;
}

const struct rpl_wire_dao *host_ack(struct rig *rig, uint8_t status)
{
    const struct rig_sent *s = rig_last(rig, RPL_CODE_DAO, 0);
    struct rpl_wire_message msg = {.code = RPL_CODE_DAO_ACK};

    if (!s)
        return NULL;
    msg.u.ack.instance = s->msg.u.dao.instance;
    msg.u.ack.sequence = s->msg.u.dao.sequence;
    msg.u.ack.status = status;
    rig_receive_on(rig, 0, &s->send.dst, &s->send.src, &msg);
    return &s->msg.u.dao;
}

bool host_linked(const struct rig *rig)
{
    struct rpl_addr host = rig_global(HOST), local = rig_ll(HOST);

    for (size_t i = rig->route_count; i-- > 0;)
        if (rpl_addr_equal(&rig->route[i].route.dst, &host))
            return rig->route_set[i] && rig->route[i].route.kind == RPL_ROUTE_VIA &&
                   rpl_addr_equal(&rig->route[i].route.via, &local);
    return false;
}
