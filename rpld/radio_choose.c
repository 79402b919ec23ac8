/* SPDX-License-Identifier: ISC */
/* Which radio, and what of the wishes it can fulfil. */
#include <errno.h>
#include <string.h>

#include "rpld/radio.h"

static bool radio_is_zero(const uint8_t eui64[CONF_EUI64_LEN])
{
    static const uint8_t zero[CONF_EUI64_LEN] = {0};

    return memcmp(eui64, zero, sizeof(zero)) == 0;
}

bool radio_is_any(const struct conf_radio *conf)
{
    return radio_is_zero(conf->eui64);
}

bool radio_address_differs(const struct conf_radio *conf, const struct krt_radio *radio)
{
    return !radio_is_zero(conf->address) &&
           memcmp(conf->address, radio->eui64, sizeof(radio->eui64)) != 0;
}

/* One that was given another address by an earlier run is known by that one. */
static bool radio_is_named(const struct conf_radio *conf, const struct krt_radio *radio)
{
    return memcmp(conf->eui64, radio->eui64, sizeof(radio->eui64)) == 0 ||
           (!radio_is_zero(conf->address) &&
            memcmp(conf->address, radio->eui64, sizeof(radio->eui64)) == 0);
}

/* The only one of |radios| without a bit in |taken|. */
static int radio_only(uint32_t count, uint32_t taken)
{
    int found = -ENODEV;

    for (uint32_t i = 0; i < count; i++) {
        if (taken >> i & 1)
            continue;
        if (found >= 0)
            return -ENOTUNIQ;
        found = (int)i;
    }
    return found;
}

int radio_choose(const struct conf_radio *conf, const struct krt_radio *radios, uint32_t count,
                 uint32_t taken, uint32_t prefer)
{
    bool any = radio_is_any(conf);
    int found = -ENODEV;

    for (uint32_t i = 0; i < count; i++) {
        if (!any && !radio_is_named(conf, &radios[i]))
            continue;
        if (!any || radios[i].ifindex == prefer)
            return (int)i;
    }
    if (!any)
        return -ENODEV;
    found = radio_only(count, taken);
    return found == -ENODEV ? radio_only(count, 0) : found;
}

int32_t radio_power(const struct krt_radio *radio, int32_t wanted)
{
    int32_t best = radio->power[0];

    for (uint32_t i = 1; i < radio->power_count; i++) {
        int32_t power = radio->power[i];

        if (best > wanted ? power < best : power <= wanted && power > best)
            best = power;
    }
    return best;
}

int8_t radio_retries(const struct krt_radio *radio, uint8_t wanted)
{
    if (wanted < radio->retries_min)
        return radio->retries_min;
    return wanted > radio->retries_max ? radio->retries_max : (int8_t)wanted;
}

bool radio_has_channel(const struct krt_radio *radio, uint8_t page, uint8_t channel)
{
    return page < KRT_RADIO_PAGES && channel < 32 && (radio->channels[page] >> channel & 1) != 0;
}
