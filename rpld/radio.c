/* SPDX-License-Identifier: ISC */
#include "rpld/radio.h"

#include <errno.h>
#include <string.h>

#include "rpld/iface.h"
#include "rpld/log.h"

#define RADIO_PATIENCE RPL_S(2) /* for sysctls */
#define RADIO_POLL RPL_MS(50)   /* how often sysctls are looked at meanwhile */
#define RADIO_AGAIN RPL_S(10)   /* after a failure */
#define RADIO_NO_SHORT_ADDRESS UINT16_MAX

static const char *const radio_state_names[] = {
    [RADIO_MISSING] = "missing", [RADIO_FOREIGN] = "foreign", [RADIO_WAITING] = "waiting",
    [RADIO_UP] = "up",           [RADIO_FAILED] = "failed",
};

const char *radio_state_name(enum radio_state state)
{
    return radio_state_names[state];
}

void radio_table_init(struct radio_table *table, const struct conf *conf, struct krt *krt)
{
    memset(table, 0, sizeof(*table));
    table->krt = krt;
    table->count = conf->radio_count;
    for (unsigned i = 0; i < table->count; i++) {
        table->radio[i].conf = &conf->radio[i];
        table->radio[i].deadline = RPL_NEVER;
        table->radio[i].patience = RPL_NEVER;
    }
}

void radio_begin(struct radio_table *table)
{
    table->known = table->touched = true;
}

void radio_touch(struct radio_table *table, const struct krt_link *link)
{
    if (link->type == KRT_LINK_RADIO || link->type == KRT_LINK_LOWPAN ||
        radio_find(table, link->name))
        table->touched = true;
}

const struct radio *radio_find(const struct radio_table *table, const char *interface)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (strcmp(table->radio[i].conf->interface, interface) == 0)
            return &table->radio[i];
    }
    return NULL;
}

bool radio_quiet(const char *interface)
{
    static const char *const loud[] = {"accept_dad", "accept_ra", "router_solicitations"};
    int value = 0;

    for (size_t i = 0; i < sizeof(loud) / sizeof(loud[0]); i++) {
        if (iface_sysctl(interface, loud[i], &value) && value != 0)
            return false;
    }
    return true;
}

/* ---- what is there ----------------------------------------------------------------------- */

static bool radio_any_link(const struct krt *krt)
{
    struct krt_link link;

    for (uint32_t n = 0; krt_link_nth(krt, n, &link); n++) {
        if (link.type == KRT_LINK_RADIO)
            return true;
    }
    return false;
}

int radio_look(struct krt *krt, const struct conf_radio *conf, uint32_t prefer,
               struct krt_radio *ret_radio)
{
    static struct krt_radio radios[KRT_RADIOS_MAX];
    uint32_t count = 0, taken = 0;
    struct krt_link link;
    int r;

    if (!radio_any_link(krt))
        return -ENODEV; /* and ask no module that is not loaded */
    r = krt_radio_list(krt, radios, KRT_RADIOS_MAX, &count);
    if (r < 0)
        return r == -EOPNOTSUPP ? -ENODEV : r;
    for (uint32_t i = 0; i < count; i++) {
        if (krt_link_above(krt, radios[i].ifindex, &link) && !link.own)
            taken |= UINT32_C(1) << i;
    }
    r = radio_choose(conf, radios, count, taken, prefer);
    if (r < 0)
        return r;
    *ret_radio = radios[r];
    return 0;
}

/* ---- what goes wrong ---------------------------------------------------------------------- */

/* Says it once, until something else is to be said; tries again after a while. */
static void radio_fail(struct radio *radio, rpl_tstamp now, const char *what, int error,
                       const char *mend)
{
    char eui64[CONF_EUI64_TEXT_MAX];

    radio->state = error == -ENODEV || error == -ENOTUNIQ ? RADIO_MISSING : RADIO_FAILED;
    radio->deadline = radio->state == RADIO_FAILED ? now + RADIO_AGAIN : RPL_NEVER;
    if (radio->said == what && radio->said_error == error)
        return;
    radio->said = what;
    radio->said_error = error;
    conf_eui64_format(radio->ifindex ? radio->is.eui64 : radio->conf->eui64, eui64);
    if (error == -ENODEV && radio->was_up)
        log_warning("radio: gone, waiting for it to come back", "interface=%s",
                    radio->conf->interface);
    else if (error == -ENODEV)
        log_notice("radio: not there yet, waiting for it", "eui64=%s interface=%s",
                   radio_is_any(radio->conf) ? "any" : eui64, radio->conf->interface);
    else
        log_error("radio: cannot be set up",
                  "because=\"%s\" eui64=%s interface=%s error=\"%s\" mend=\"%s\"", what, eui64,
                  radio->conf->interface, strerror(-error), mend);
}

/* ---- the settings -------------------------------------------------------------------------- */

/* What can only be set while the interface is down. */
static bool radio_differs(const struct radio *radio)
{
    const struct conf_radio *conf = radio->conf;
    const struct krt_radio *is = &radio->is;

    return is->pan_id != conf->pan_id || is->ack_request != conf->ack_request ||
           is->retries != radio_retries(is, conf->retries) ||
           radio_address_differs(radio->conf, &radio->is);
}

/* Said, and no reason not to come up. */
static void radio_limits(const struct radio *radio)
{
    const struct conf_radio *conf = radio->conf;
    int8_t retries = radio_retries(&radio->is, conf->retries);

    if (conf->tx_power != CONF_TX_POWER_DRIVER &&
        (!radio->is.has_tx_power || radio->is.power_count == 0))
        log_warning("radio: its transmit power cannot be set", "interface=%s", conf->interface);
    if (conf->ack_request && retries != (int8_t)conf->retries)
        log_warning("radio: it repeats frames as often as it can",
                    "interface=%s retries=%d wanted=%u", conf->interface, retries, conf->retries);
}

static int radio_set_down(struct krt *krt, struct radio *radio)
{
    const struct conf_radio *conf = radio->conf;
    struct krt_radio *is = &radio->is;
    int r = 0;

    if (is->pan_id != conf->pan_id)
        r = krt_radio_set_pan_id(krt, is->ifindex, conf->pan_id);
    if (r == 0 && is->ack_request != conf->ack_request)
        r = krt_radio_set_ack_request(krt, is->ifindex, conf->ack_request);
    if (r == 0 && is->retries != radio_retries(is, conf->retries))
        r = krt_radio_set_retries(krt, is->ifindex, radio_retries(is, conf->retries));
    if (r == 0 && radio_address_differs(radio->conf, &radio->is)) {
        r = krt_link_eui64(krt, is->ifindex, conf->address);
        if (r == 0)
            memcpy(is->eui64, conf->address, sizeof(is->eui64));
    }
    if (r < 0)
        return r;
    is->pan_id = conf->pan_id;
    is->ack_request = conf->ack_request;
    is->retries = radio_retries(is, conf->retries);
    return 0;
}

/* What can be set at any time. */
static int radio_set_phy(struct krt *krt, struct radio *radio)
{
    const struct conf_radio *conf = radio->conf;
    struct krt_radio *is = &radio->is;
    int r = 0;

    if (is->page != conf->page || is->channel != conf->channel)
        r = krt_radio_set_channel(krt, is->phy, conf->page, conf->channel);
    if (r < 0)
        return r;
    is->page = conf->page;
    is->channel = conf->channel;
    if (conf->tx_power == CONF_TX_POWER_DRIVER || !is->has_tx_power || is->power_count == 0)
        return 0;
    int32_t power = radio_power(is, conf->tx_power);
    if (is->tx_power != power)
        r = krt_radio_set_tx_power(krt, is->phy, power);
    if (r == 0)
        is->tx_power = power;
    return r;
}

/* ---- the steps ------------------------------------------------------------------------------ */

/*
 * Takes away, or down, what stands in the way of the settings. Returns 0 go on, 1 a notice will
 * come of what was done, or -errno.
 */
static int radio_clear(struct krt *krt, struct radio *radio, const char **ret_what)
{
    struct krt_link above, named;
    int r;

    if (krt_link_above(krt, radio->ifindex, &above)) {
        /* A 6LoWPAN interface takes the address over when it is made. */
        bool stale = strcmp(above.name, radio->conf->interface) != 0 ||
                     radio_address_differs(radio->conf, &radio->is);

        *ret_what = "its 6LoWPAN interface is somebody else's and has another name";
        if (!above.own)
            return -EBUSY;
        *ret_what = "its old 6LoWPAN interface cannot be taken down";
        if (stale || (radio_differs(radio) && above.enabled)) {
            r = stale ? krt_link_del(krt, above.ifindex) : krt_link_down(krt, above.ifindex);
            return r < 0 ? r : 1;
        }
    }
    /* Ours, but on another radio: an earlier run had another configuration. */
    *ret_what = "the 6LoWPAN interface of another radio cannot be removed";
    if (!krt_link_named(krt, radio->conf->interface, &named) || named.parent == radio->ifindex)
        return 0;
    r = krt_link_del(krt, named.ifindex);
    return r < 0 ? r : 1;
}

static int radio_set(struct krt *krt, struct radio *radio, const char **ret_what)
{
    struct krt_link own;
    int r = 0;

    *ret_what = "it has no such channel";
    if (!radio_has_channel(&radio->is, radio->conf->page, radio->conf->channel))
        return -EINVAL;
    *ret_what = "it cannot be brought down for the change";
    bool enabled = krt_link_get(krt, radio->ifindex, &own) && own.enabled;
    if (radio_differs(radio) && enabled)
        r = krt_link_down(krt, radio->ifindex);
    if (r < 0)
        return r;
    *ret_what = "PAN identifier, address or acknowledgements are refused";
    r = radio_set_down(krt, radio);
    if (r < 0)
        return r;
    *ret_what = "channel or transmit power are refused";
    return radio_set_phy(krt, radio);
}

/* Returns as radio_clear(). */
static int radio_make(struct krt *krt, struct radio *radio, const char **ret_what)
{
    struct krt_link above, own;
    bool there = krt_link_above(krt, radio->ifindex, &above);
    int r = 0;

    *ret_what = "its 6LoWPAN interface cannot be made";
    if (!there)
        r = krt_lowpan_add(krt, radio->ifindex, radio->conf->interface);
    /* `rpld --prepare` was faster. */
    if (r == -EBUSY || r == -EEXIST)
        return 1;
    if (r < 0)
        return r;
    *ret_what = "it cannot be brought up";
    if (!krt_link_get(krt, radio->ifindex, &own) || !own.enabled)
        r = krt_link_up(krt, radio->ifindex);
    return r < 0 || there ? r : 1;
}

const char *radio_mend(int error)
{
    switch (error) {
    case -EOPNOTSUPP:
        return "modprobe ieee802154_6lowpan";
    case -EBUSY:
        return "remove that interface, or name it in radio and interfaces";
    case -EPERM:
        return "run as root, or give it CAP_NET_ADMIN";
    case -ENOTUNIQ:
        return "name one of them in radio, eui64; ip -br link shows them";
    case -ETIMEDOUT:
    case -EPROTO:
    case -EPIPE:
    case -EIO:
        return "it does not answer: unplug it and plug it in again";
    default:
        return "see radio in rpld.conf(5); iwpan phy shows what it can";
    }
}

/* Up, if its interface is as quiet as it can be, or it has been waited for long enough. */
static void radio_finish(struct krt *krt, struct radio *radio, const struct krt_link *lowpan,
                         rpl_tstamp now)
{
    const struct conf_radio *conf = radio->conf;
    bool quiet = radio_quiet(conf->interface);
    char eui64[CONF_EUI64_TEXT_MAX];

    if (radio->state != RADIO_WAITING)
        radio->patience = now + RADIO_PATIENCE;
    radio->state = RADIO_WAITING;
    radio->lowpan = lowpan->ifindex;
    radio->deadline = now + RADIO_POLL;
    if (!lowpan->enabled && !quiet && now < radio->patience)
        return;
    int r = lowpan->enabled ? 0 : krt_link_up(krt, lowpan->ifindex);
    if (r < 0) {
        radio_fail(radio, now, "its 6LoWPAN interface cannot be brought up", r, radio_mend(r));
        return;
    }
    radio->state = RADIO_UP;
    radio->deadline = RPL_NEVER;
    radio->was_up = false;
    radio->said = NULL;
    conf_eui64_format(radio->is.eui64, eui64);
    log_notice("radio: up", "eui64=%s interface=%s page=%u channel=%u pan_id=0x%04x", eui64,
               conf->interface, radio->is.page, radio->is.channel, radio->is.pan_id);
    radio_limits(radio);
    if (!quiet)
        log_warning("radio: the kernel sends more than it has to", "interface=%s mend=\"%s\"",
                    conf->interface, "rpld --prepare");
    if (radio->is.short_address != RADIO_NO_SHORT_ADDRESS)
        log_warning("radio: it has a short address, from which nodes make wrong addresses",
                    "interface=%s short_address=0x%04x mend=\"%s\"", conf->interface,
                    radio->is.short_address, "unplug it and plug it in again");
}

/* ---- one radio --------------------------------------------------------------------------------
 */

/* Nothing is done to it, nor to its radio. */
static void radio_stranger(struct radio *radio)
{
    if (radio->state == RADIO_FOREIGN)
        return;
    radio->state = RADIO_FOREIGN;
    radio->ifindex = radio->lowpan = 0;
    radio->said = NULL;
    log_notice("radio: its interface was made by somebody else and is used as it is",
               "interface=%s", radio->conf->interface);
}

/* Still the same radio with the same interface. */
static bool radio_same(const struct krt *krt, const struct radio *radio,
                       const struct krt_link *lowpan)
{
    struct krt_link own;

    return (radio->state == RADIO_UP || radio->state == RADIO_WAITING) &&
           lowpan->ifindex == radio->lowpan && lowpan->parent == radio->ifindex &&
           krt_link_get(krt, radio->ifindex, &own);
}

static void radio_step(struct krt *krt, struct radio *radio, rpl_tstamp now)
{
    struct krt_link link;
    const char *what = "which radio is meant";
    bool there = krt_link_named(krt, radio->conf->interface, &link);

    if (there && !link.own) {
        radio_stranger(radio);
        return;
    }
    if (there && radio_same(krt, radio, &link)) {
        if (radio->state == RADIO_WAITING)
            radio_finish(krt, radio, &link, now);
        return;
    }
    radio->was_up = radio->was_up || radio->state == RADIO_UP;
    radio->state = RADIO_MISSING;
    radio->patience = RPL_NEVER;
    radio->ifindex = radio->lowpan = 0;
    int r = radio_look(krt, radio->conf, there ? link.parent : 0, &radio->is);
    if (r == 0) {
        radio->ifindex = radio->is.ifindex;
        r = radio_clear(krt, radio, &what);
    }
    if (r == 0)
        r = radio_set(krt, radio, &what);
    if (r == 0)
        r = radio_make(krt, radio, &what);
    if (r < 0)
        radio_fail(radio, now, what, r, radio_mend(r));
    else if (r > 0)
        radio->deadline = now + RADIO_AGAIN; /* the notice brings us here before that */
    else
        radio_finish(krt, radio, &link, now);
}

void radio_turn(struct radio_table *table, rpl_tstamp now)
{
    bool touched = table->touched;

    if (!table->known)
        return;
    table->touched = false;
    for (unsigned i = 0; i < table->count; i++) {
        struct radio *radio = &table->radio[i];

        if (!touched && radio->deadline > now)
            continue;
        radio->deadline = RPL_NEVER;
        radio_step(table->krt, radio, now);
    }
}

rpl_tstamp radio_deadline(const struct radio_table *table)
{
    rpl_tstamp first = table->known && table->touched ? 0 : RPL_NEVER;

    for (unsigned i = 0; i < table->count; i++) {
        if (table->radio[i].deadline < first)
            first = table->radio[i].deadline;
    }
    return first;
}

void radio_stop(struct radio_table *table)
{
    struct krt_link link;

    for (unsigned i = 0; i < table->count; i++) {
        struct radio *radio = &table->radio[i];

        if (radio->state != RADIO_UP && radio->state != RADIO_WAITING)
            continue;
        if (krt_link_named(table->krt, radio->conf->interface, &link) && link.own)
            (void)krt_link_del(table->krt, link.ifindex);
        (void)krt_link_down(table->krt, radio->ifindex);
    }
}
