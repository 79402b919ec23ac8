/* SPDX-License-Identifier: ISC */
/*
 * Radios: nl802154 over generic netlink. The kernel ships no header of it for user space; its
 * numbers stand here, and the kernel only ever adds to them.
 */
#include "netlink/krt_priv.h"

#include <endian.h>
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define FAMILY "nl802154"
#define ANSWER_TIMEOUT_S 1

enum {
    CMD_GET_WPAN_PHY = 1,
    CMD_NEW_WPAN_PHY = 3,
    CMD_GET_INTERFACE = 5,
    CMD_NEW_INTERFACE = 7,
    CMD_SET_CHANNEL = 9,
    CMD_SET_PAN_ID = 10,
    CMD_SET_TX_POWER = 12,
    CMD_SET_MAX_FRAME_RETRIES = 15,
    CMD_SET_ACKREQ_DEFAULT = 19
};

enum {
    ATTR_WPAN_PHY = 1,
    ATTR_IFINDEX = 3,
    ATTR_IFTYPE = 5,
    ATTR_PAGE = 7,
    ATTR_CHANNEL = 8,
    ATTR_PAN_ID = 9,
    ATTR_SHORT_ADDR = 10,
    ATTR_TX_POWER = 11,
    ATTR_MAX_FRAME_RETRIES = 15,
    ATTR_CHANNELS_SUPPORTED = 21,
    ATTR_EXTENDED_ADDR = 23,
    ATTR_WPAN_PHY_CAPS = 24,
    ATTR_ACKREQ_DEFAULT = 26,
    ATTR_MAX = 26
};

enum { CAP_TX_POWERS = 3, CAP_MIN_FRAME_RETRIES = 13, CAP_MAX_FRAME_RETRIES = 14, CAP_MAX = 14 };

#define IFTYPE_NODE 0

/* What a dump is collected into. */
struct listing {
    struct krt_radio *radios;
    uint32_t max, count;
};

struct answer {
    struct listing *listing; /* NULL: an acknowledgement is all that comes */
    int error;               /* -errno of the kernel */
};

int krt_radio_open(struct krt *krt)
{
    struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};

    krt->radio = nl_socket_alloc();
    if (!krt->radio)
        return -ENOMEM;
    if (genl_connect(krt->radio) < 0)
        return errno > 0 ? -errno : -EIO;
    /* The kernel answers before sendto() returns; should it ever not, we go on. */
    if (setsockopt(nl_socket_get_fd(krt->radio), SOL_SOCKET, SO_RCVTIMEO, &timeout,
                   sizeof(timeout)) < 0)
        return -errno;
    return 0;
}

void krt_radio_close(struct krt *krt)
{
    if (krt->radio)
        nl_socket_free(krt->radio);
}

/* ---- one request and its answer -------------------------------------------------------- */

static struct krt_radio *listing_find(struct listing *listing, uint32_t ifindex)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        if (listing->radios[i].ifindex == ifindex)
            return &listing->radios[i];
    }
    return NULL;
}

static uint8_t get_u8(struct nlattr *attr)
{
    return attr && nla_len(attr) >= 1 ? nla_get_u8(attr) : 0;
}

static uint16_t get_le16(struct nlattr *attr, uint16_t otherwise)
{
    return attr && nla_len(attr) >= 2 ? le16toh(nla_get_u16(attr)) : otherwise;
}

static uint32_t get_u32(struct nlattr *attr)
{
    return attr && nla_len(attr) >= 4 ? nla_get_u32(attr) : 0;
}

static void take_interface(struct listing *listing, struct nlattr **attrs)
{
    struct krt_radio *radio;
    uint64_t eui64;

    if (!attrs[ATTR_IFINDEX] || !attrs[ATTR_EXTENDED_ADDR] ||
        nla_len(attrs[ATTR_EXTENDED_ADDR]) < 8 || get_u32(attrs[ATTR_IFTYPE]) != IFTYPE_NODE ||
        listing->count == listing->max || listing_find(listing, get_u32(attrs[ATTR_IFINDEX])))
        return;
    radio = &listing->radios[listing->count++];
    memset(radio, 0, sizeof(*radio));
    radio->ifindex = get_u32(attrs[ATTR_IFINDEX]);
    radio->phy = get_u32(attrs[ATTR_WPAN_PHY]);
    radio->pan_id = get_le16(attrs[ATTR_PAN_ID], UINT16_MAX);
    radio->short_address = get_le16(attrs[ATTR_SHORT_ADDR], UINT16_MAX);
    radio->retries = (int8_t)get_u8(attrs[ATTR_MAX_FRAME_RETRIES]);
    radio->ack_request = get_u8(attrs[ATTR_ACKREQ_DEFAULT]) != 0;
    /* On the air, and here, the last octet is first. */
    eui64 = htobe64(le64toh(nla_get_u64(attrs[ATTR_EXTENDED_ADDR])));
    memcpy(radio->eui64, &eui64, sizeof(radio->eui64));
}

static void take_capabilities(struct krt_radio *radio, struct nlattr *caps)
{
    struct nlattr *attrs[CAP_MAX + 1], *power;
    int left;

    if (!caps || nla_parse_nested(attrs, CAP_MAX, caps, NULL) < 0)
        return;
    radio->retries_min = (int8_t)get_u8(attrs[CAP_MIN_FRAME_RETRIES]);
    radio->retries_max = (int8_t)get_u8(attrs[CAP_MAX_FRAME_RETRIES]);
    if (!attrs[CAP_TX_POWERS])
        return;
    nla_for_each_nested(power, attrs[CAP_TX_POWERS], left)
    {
        if (radio->power_count < KRT_RADIO_POWERS_MAX)
            radio->power[radio->power_count++] = (int32_t)get_u32(power);
    }
}

static void take_phy(struct krt_radio *radio, struct nlattr **attrs)
{
    struct nlattr *channels;
    uint32_t page = 0;
    int left;

    radio->page = get_u8(attrs[ATTR_PAGE]);
    radio->channel = get_u8(attrs[ATTR_CHANNEL]);
    radio->has_tx_power = attrs[ATTR_TX_POWER] != NULL;
    radio->tx_power = (int32_t)get_u32(attrs[ATTR_TX_POWER]);
    radio->power_count = 0;
    if (attrs[ATTR_CHANNELS_SUPPORTED]) {
        nla_for_each_nested(channels, attrs[ATTR_CHANNELS_SUPPORTED], left)
        {
            if (page < KRT_RADIO_PAGES)
                radio->channels[page++] = get_u32(channels);
        }
    }
    take_capabilities(radio, attrs[ATTR_WPAN_PHY_CAPS]);
}

static int on_message(struct nl_msg *msg, void *arg)
{
    struct answer *answer = arg;
    struct nlmsghdr *nlh = nlmsg_hdr(msg);
    struct nlattr *attrs[ATTR_MAX + 1];

    if (!answer->listing || !genlmsg_valid_hdr(nlh, 0) ||
        genlmsg_parse(nlh, 0, attrs, ATTR_MAX, NULL) < 0)
        return NL_SKIP;
    if (genlmsg_hdr(nlh)->cmd == CMD_NEW_INTERFACE) {
        take_interface(answer->listing, attrs);
    } else if (genlmsg_hdr(nlh)->cmd == CMD_NEW_WPAN_PHY && attrs[ATTR_WPAN_PHY]) {
        uint32_t phy = get_u32(attrs[ATTR_WPAN_PHY]);

        for (uint32_t i = 0; i < answer->listing->count; i++) {
            if (answer->listing->radios[i].phy == phy)
                take_phy(&answer->listing->radios[i], attrs);
        }
    }
    return NL_SKIP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
    struct answer *answer = arg;

    (void)from;
    answer->error = error->error > 0 ? -error->error : error->error;
    return NL_STOP;
}

/* Sends |msg| and reads what comes. A request without NLM_F_DUMP is acknowledged. */
static int exchange(struct krt *krt, struct nl_msg *msg, struct answer *answer)
{
    bool dump = (nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP) != 0;
    struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
    int err;

    if (!cb)
        return -ENOMEM;
    nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, answer);
    nl_cb_err(cb, NL_CB_CUSTOM, on_error, answer);
    nl_complete_msg(krt->radio, msg);
    if (!dump)
        nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
    err = nl_send(krt->radio, msg);
    /* Reads up to the end of the dump, or to the acknowledgement. */
    if (err >= 0)
        err = nl_recvmsgs(krt->radio, cb);
    nl_cb_put(cb);
    if (answer->error < 0)
        return answer->error;
    return err >= 0 ? 0 : err == -NLE_AGAIN ? -ETIME : -EIO;
}

/* ---- dumps ------------------------------------------------------------------------------- */

static int dump(struct krt *krt, uint8_t command, struct listing *listing)
{
    struct answer answer = {.listing = listing};
    struct nl_msg *msg = nlmsg_alloc();
    int err = -ENOMEM;

    if (!msg)
        return -ENOMEM;
    if (genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, krt->radio_family, 0, NLM_F_DUMP, command, 0))
        err = exchange(krt, msg, &answer);
    nlmsg_free(msg);
    return err;
}

int krt_radio_list(struct krt *krt, struct krt_radio *ret_radios, uint32_t max, uint32_t *ret_count)
{
    struct listing listing = {.radios = ret_radios, .max = max};
    /* Each time anew: a module that was unloaded comes back with another number. */
    int err = genl_ctrl_resolve(krt->radio, FAMILY);

    if (err < 0)
        return err == -NLE_AGAIN ? -ETIME : -EOPNOTSUPP;
    krt->radio_family = err;
    err = dump(krt, CMD_GET_INTERFACE, &listing);
    if (err == 0)
        err = dump(krt, CMD_GET_WPAN_PHY, &listing);
    if (err == 0)
        *ret_count = listing.count;
    return err;
}

/* ---- changes ----------------------------------------------------------------------------- */

/* One attribute of a change: a number of 1, 2 or 4 octets, in the order of the host. */
struct value {
    int attr;
    int len;
    uint32_t number;
};

static bool put_value(struct nl_msg *msg, const struct value *value)
{
    switch (value->len) {
    case 1:
        return nla_put_u8(msg, value->attr, (uint8_t)value->number) == 0;
    case 2:
        return nla_put_u16(msg, value->attr, (uint16_t)value->number) == 0;
    default:
        return nla_put_u32(msg, value->attr, value->number) == 0;
    }
}

static int change(struct krt *krt, uint8_t command, const struct value *values, size_t count)
{
    struct answer answer = {0};
    struct nl_msg *msg;
    bool good;
    int err = -ENOMEM;

    if (krt->radio_family == 0)
        return -EOPNOTSUPP;
    msg = nlmsg_alloc();
    if (!msg)
        return -ENOMEM;
    good = genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, krt->radio_family, 0, 0, command, 0) != NULL;
    for (size_t i = 0; i < count; i++)
        good = good && put_value(msg, &values[i]);
    if (good)
        err = exchange(krt, msg, &answer);
    nlmsg_free(msg);
    return err;
}

int krt_radio_set_pan_id(struct krt *krt, uint32_t ifindex, uint16_t pan_id)
{
    const struct value values[] = {{ATTR_IFINDEX, 4, ifindex}, {ATTR_PAN_ID, 2, htole16(pan_id)}};

    return change(krt, CMD_SET_PAN_ID, values, 2);
}

int krt_radio_set_ack_request(struct krt *krt, uint32_t ifindex, bool on)
{
    const struct value values[] = {{ATTR_IFINDEX, 4, ifindex}, {ATTR_ACKREQ_DEFAULT, 1, on}};

    return change(krt, CMD_SET_ACKREQ_DEFAULT, values, 2);
}

int krt_radio_set_retries(struct krt *krt, uint32_t ifindex, int8_t retries)
{
    const struct value values[] = {{ATTR_IFINDEX, 4, ifindex},
                                   {ATTR_MAX_FRAME_RETRIES, 1, (uint8_t)retries}};

    return change(krt, CMD_SET_MAX_FRAME_RETRIES, values, 2);
}

int krt_radio_set_channel(struct krt *krt, uint32_t phy, uint8_t page, uint8_t channel)
{
    const struct value values[] = {
        {ATTR_WPAN_PHY, 4, phy}, {ATTR_PAGE, 1, page}, {ATTR_CHANNEL, 1, channel}};

    return change(krt, CMD_SET_CHANNEL, values, 3);
}

int krt_radio_set_tx_power(struct krt *krt, uint32_t phy, int32_t power)
{
    const struct value values[] = {{ATTR_WPAN_PHY, 4, phy}, {ATTR_TX_POWER, 4, (uint32_t)power}};

    return change(krt, CMD_SET_TX_POWER, values, 2);
}
