/* SPDX-License-Identifier: ISC */
#include "dongle.h"

#include <stdio.h>
#include <string.h>

enum { FROM_DEVICE = 0xc0, TO_DEVICE = 0x40 }; /* the type of a vendor's request */

enum {
    REQ_ID = 0x00,
    REQ_BUILD = 0x01,
    REQ_RF_RESET = 0x10,
    REQ_REG_WRITE = 0x20,
    REQ_REG_READ = 0x21,
    REQ_RX_MODE = 0x40,
    REQ_TX = 0x41,
    REQ_EUI64_WRITE = 0x50,
    REQ_EUI64_READ = 0x51
};

enum {
    REG_PHY_TX_PWR = 0x05,
    REG_PHY_CC_CCA = 0x08,
    REG_CCA_THRES = 0x09,
    REG_XAH_CTRL_1 = 0x17,
    REG_PART_NUM = 0x1c,
    REG_VERSION_NUM = 0x1d,
    REG_MAN_ID_0 = 0x1e,
    REG_MAN_ID_1 = 0x1f,
    REG_SHORT_ADDR = 0x20,
    REG_PAN_ID = 0x22,
    REG_IEEE_ADDR = 0x24,
    REG_XAH_CTRL_0 = 0x2c,
    REG_CSMA_SEED_1 = 0x2e,
    REG_CSMA_BE = 0x2f
};

#define PROMISCUOUS 0x02 /* in XAH_CTRL_1 */
#define NO_ACK 0x10      /* in CSMA_SEED_1 */
#define LQI 255
#define BROADCAST 0xffff

static const char build[] = "#1 an ATUSB of tests/radio";

void chip_reset(struct chip *chip)
{
    static const struct {
        uint8_t reg, value;
    } defaults[] = {{REG_PHY_TX_PWR, 0xc0}, {REG_PHY_CC_CCA, 0x2b},     {REG_CCA_THRES, 0xc7},
                    {REG_PART_NUM, 3},      {REG_VERSION_NUM, 2},       {REG_MAN_ID_0, 0x1f},
                    {REG_SHORT_ADDR, 0xff}, {REG_SHORT_ADDR + 1, 0xff}, {REG_PAN_ID, 0xff},
                    {REG_PAN_ID + 1, 0xff}, {REG_XAH_CTRL_0, 0x38},     {REG_CSMA_SEED_1, 0x42},
                    {REG_CSMA_BE, 0x53}};

    memset(chip->reg, 0, sizeof(chip->reg));
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        chip->reg[defaults[i].reg] = defaults[i].value;
    chip->listens = false;
    chip->resets++;
}

/* ---- what can be read out of it ------------------------------------------------------------ */

uint8_t chip_channel(const struct chip *chip)
{
    return chip->reg[REG_PHY_CC_CCA] & 0x1f;
}

bool chip_is_told_channel(const struct setup *setup)
{
    return setup->type == TO_DEVICE && setup->request == REQ_REG_WRITE &&
           setup->index == REG_PHY_CC_CCA;
}

static unsigned pair(const struct chip *chip, uint8_t reg)
{
    return (unsigned)chip->reg[reg + 1] << 8 | chip->reg[reg];
}

static unsigned retries(const struct chip *chip)
{
    return chip->reg[REG_XAH_CTRL_0] >> 4;
}

void chip_show(const struct chip *chip, char *text, size_t size)
{
    /* The steps of the chip, in hundredths of a dBm. */
    static const int power[] = {300,  280,  230,  180,  130,  70,   0,     -100,
                                -200, -300, -400, -500, -700, -900, -1200, -1700};
    const uint8_t *reg = chip->reg, *address = &reg[REG_IEEE_ADDR];

    snprintf(text, size,
             "listens=%d channel=%u tx_power=%d retries=%u pan_id=0x%04x short=0x%04x "
             "address=%02x%02x%02x%02x%02x%02x%02x%02x cca_mode=%u csma_retries=%u min_be=%u "
             "max_be=%u promiscuous=%d resets=%llu sent=%llu asked=%llu acked=%llu repeated=%llu "
             "heard=%llu lost=%llu\n",
             chip->listens, chip_channel(chip), power[reg[REG_PHY_TX_PWR] & 0x0f], retries(chip),
             pair(chip, REG_PAN_ID), pair(chip, REG_SHORT_ADDR), address[7], address[6], address[5],
             address[4], address[3], address[2], address[1], address[0],
             reg[REG_PHY_CC_CCA] >> 5 & 3u, reg[REG_XAH_CTRL_0] >> 1 & 7u, reg[REG_CSMA_BE] & 15u,
             reg[REG_CSMA_BE] >> 4, (reg[REG_XAH_CTRL_1] & PROMISCUOUS) != 0,
             (unsigned long long)chip->resets, (unsigned long long)chip->sent,
             (unsigned long long)chip->asked, (unsigned long long)chip->acked,
             (unsigned long long)chip->repeated, (unsigned long long)chip->heard,
             (unsigned long long)chip->lost);
}

/* ---- frames ---------------------------------------------------------------------------------- */

struct addresses {
    unsigned type, to_mode; /* 0 none, 2 short, 3 long */
    bool ack;
    unsigned pan, to_short;
    const uint8_t *to_long;
};

/* Reads as much of a frame's header as tells to whom it goes. */
static bool frame_read(const uint8_t *frame, size_t len, struct addresses *ret)
{
    static const size_t need[] = {3, 3, 3 + 2 + 2, 3 + 2 + 8};

    memset(ret, 0, sizeof(*ret));
    if (len < 3)
        return false;
    ret->type = frame[0] & 7;
    ret->ack = (frame[0] & 0x20) != 0;
    ret->to_mode = frame[1] >> 2 & 3;
    if (ret->to_mode == 1 || len < need[ret->to_mode])
        return false;
    if (ret->to_mode == 0)
        return true;
    ret->pan = (unsigned)frame[4] << 8 | frame[3];
    ret->to_long = &frame[5];
    ret->to_short = (unsigned)frame[6] << 8 | frame[5];
    return true;
}

/* The third level of filtering of the standard, as the chip does it. */
static bool is_for(const struct chip *chip, const struct addresses *to, bool *ret_alone)
{
    *ret_alone = false;
    if (to->to_mode == 0) /* beacons and the like */
        return to->type == 0;
    if (to->pan != BROADCAST && to->pan != pair(chip, REG_PAN_ID))
        return false;
    if (to->to_mode == 2 && to->to_short == BROADCAST)
        return true;
    *ret_alone = true;
    if (to->to_mode == 2)
        return to->to_short == pair(chip, REG_SHORT_ADDR);
    return memcmp(to->to_long, &chip->reg[REG_IEEE_ADDR], EUI64_LEN) == 0;
}

bool chip_hear(struct dongle *dongle, const uint8_t *psdu, size_t len)
{
    struct chip *chip = &dongle->chip;
    struct addresses to;
    struct bulk bulk = {.len = len + 2};
    bool alone, all = (chip->reg[REG_XAH_CTRL_1] & PROMISCUOUS) != 0;

    if (!chip->listens || len > PSDU_MAX || !frame_read(psdu, len, &to) ||
        (!is_for(chip, &to, &alone) && !all))
        return false;
    bulk.octet[0] = (uint8_t)len;
    memcpy(&bulk.octet[1], psdu, len);
    bulk.octet[len + 1] = LQI;
    if (!dongle_queue(dongle, &bulk))
        return false;
    chip->heard++;
    return alone && to.ack && !(chip->reg[REG_CSMA_SEED_1] & NO_ACK);
}

/* A frame without checksum leaves, and the octet that says so goes to the host, acknowledged or
 * not: the firmware tells no difference. */
static int chip_send(struct dongle *dongle, uint8_t sequence, const uint8_t *frame, size_t len)
{
    struct chip *chip = &dongle->chip;
    const struct bulk done = {.len = 1, .octet = {sequence}};
    struct addresses to;

    if (len > PSDU_MAX - 2 || !frame_read(frame, len, &to))
        return STALL;
    chip->sent++;
    bool acked = dongle_air(dongle, frame, len);
    if (to.ack) {
        chip->asked++;
        chip->acked += acked;
        chip->repeated += acked ? 0 : retries(chip);
    }
    dongle_queue(dongle, &done);
    return (int)len;
}

/* ---- requests ----------------------------------------------------------------------------------
 */

static int give(const struct setup *setup, uint8_t *data, const void *from, size_t len)
{
    if (len > setup->length)
        len = setup->length;
    memcpy(data, from, len);
    return (int)len;
}

static void turned(const uint8_t from[EUI64_LEN], uint8_t to[EUI64_LEN])
{
    for (size_t i = 0; i < EUI64_LEN; i++)
        to[i] = from[EUI64_LEN - 1 - i];
}

static int chip_read(const struct chip *chip, const struct setup *setup, uint8_t *data)
{
    static const uint8_t id[] = {0, 3, 2}; /* firmware 0.3 on the board of January 2011 */
    uint8_t eui64[EUI64_LEN];

    switch (setup->request) {
    case REQ_ID:
        return give(setup, data, id, sizeof(id));
    case REQ_BUILD:
        return give(setup, data, build, sizeof(build) - 1);
    case REQ_REG_READ:
        if (setup->index >= sizeof(chip->reg))
            return STALL;
        return give(setup, data, &chip->reg[setup->index], 1);
    case REQ_EUI64_READ:
        turned(chip->eui64, eui64);
        return give(setup, data, eui64, sizeof(eui64));
    default:
        return STALL;
    }
}

/* What the chip says of itself stays. */
static void write_reg(struct chip *chip, unsigned reg, uint8_t value)
{
    if (reg < REG_PART_NUM || reg > REG_MAN_ID_1)
        chip->reg[reg] = value;
}

static int chip_write(struct dongle *dongle, const struct setup *setup, const uint8_t *data)
{
    struct chip *chip = &dongle->chip;

    switch (setup->request) {
    case REQ_RF_RESET:
        /* What the firmware still had for the host is gone: an old "sent" would confuse the driver,
         * which frees the frame that it has sent since. */
        dongle->queue_count = 0;
        chip_reset(chip);
        return 0;
    case REQ_REG_WRITE:
        if (setup->index >= sizeof(chip->reg))
            return STALL;
        write_reg(chip, setup->index, (uint8_t)setup->value);
        return 0;
    case REQ_RX_MODE:
        chip->listens = setup->value != 0;
        return 0;
    case REQ_TX:
        return chip_send(dongle, (uint8_t)setup->index, data, setup->length);
    case REQ_EUI64_WRITE:
        if (setup->length != EUI64_LEN)
            return STALL;
        turned(data, chip->eui64);
        return EUI64_LEN;
    default:
        return STALL;
    }
}

int chip_request(struct dongle *dongle, const struct setup *setup, uint8_t *data)
{
    if (setup->type == FROM_DEVICE)
        return chip_read(&dongle->chip, setup, data);
    return setup->type == TO_DEVICE ? chip_write(dongle, setup, data) : STALL;
}
