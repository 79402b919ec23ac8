/* SPDX-License-Identifier: ISC */
/*
 * An ATUSB without the hardware: the USB device with which the kernel's driver atusb speaks, and an
 * AT86RF231 behind it, as USB/IP hands them to the kernel's virtual host controller (vhci-hcd).
 *
 *   dongle.c       the process: dongles, the air between them, the socket that tells it what to do
 *   dongle_usb.c   USB/IP, and what every USB device has to answer
 *   dongle_chip.c  the requests of the ATUSB, the registers, and which frames the chip takes
 *
 * The air is ideal and has no length: who listens on the channel hears all. Not here: clear channel
 * assessment, and what the chip measures.
 */
#ifndef DONGLE_H
#define DONGLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DONGLES_MAX 4
#define EUI64_LEN 8
#define PSDU_MAX 127            /* of IEEE 802.15.4, with its checksum of two octets */
#define BULK_MAX (PSDU_MAX + 2) /* the length before it, the link quality behind it */
#define PENDING_MAX 16          /* transfers that wait for a frame; the driver keeps 4 */
#define QUEUE_MAX 32            /* frames that wait for a transfer */
#define DATA_MAX 4096           /* of one transfer */
#define STALL (-32)             /* EPIPE, what a device answers to a request that it has not */

struct setup {
    uint8_t type, request;
    uint16_t value, index, length;
};

struct bulk {
    size_t len;
    uint8_t octet[BULK_MAX];
};

struct chip {
    uint8_t eui64[EUI64_LEN]; /* as it is written, in the memory of the dongle */
    uint8_t reg[64];
    bool listens;
    /* What has been seen since the program began. */
    uint64_t resets, sent, asked, acked, repeated, heard, lost;
};

struct dongle {
    unsigned number; /* also the port of the host controller */
    bool fragile;    /* the firmware will hang when it is next told a channel */
    bool frozen;     /* it hangs: nothing is answered any more */
    int fd;          /* to the host, -1 = not plugged in */
    uint32_t pending[PENDING_MAX];
    unsigned pending_count;
    struct bulk queue[QUEUE_MAX];
    unsigned queue_first, queue_count;
    struct chip chip;
};

/* Something that the host will read: |bulk| is copied; false and counted if there is no room. */
bool dongle_queue(struct dongle *dongle, const struct bulk *bulk);
/* The frame is on the air, without its checksum. True if somebody acknowledged it. */
bool dongle_air(const struct dongle *from, const uint8_t *frame, size_t len);

/* ---- dongle_usb.c ------------------------------------------------------------------------ */

/* Reads and answers one message of the host. False: there is no host any more. */
bool usb_ready(struct dongle *dongle);
/* Hands what is queued to transfers that wait. False as above. */
bool usb_flush(struct dongle *dongle);

/* ---- dongle_chip.c ----------------------------------------------------------------------- */

/* As after power on. */
void chip_reset(struct chip *chip);
/*
 * A request of the ATUSB. |data| is what the host sends, or has room of DATA_MAX octets for what it
 * reads. Returns the number of octets taken or given, or STALL.
 */
int chip_request(struct dongle *dongle, const struct setup *setup, uint8_t *data);
/* A frame with its checksum as |dongle| hears it. True if it acknowledges. */
bool chip_hear(struct dongle *dongle, const uint8_t *psdu, size_t len);
uint8_t chip_channel(const struct chip *chip);
bool chip_is_told_channel(const struct setup *setup);
/* The settings in the words of rpld.conf(5), "name=value" with blanks between. */
void chip_show(const struct chip *chip, char *text, size_t size);

#endif /* DONGLE_H */
