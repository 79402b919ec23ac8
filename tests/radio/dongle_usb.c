/* SPDX-License-Identifier: ISC */
#include "dongle.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_SUBMIT = 3, RET_UNLINK = 4 };
enum { REQ_GET_STATUS = 0, REQ_CLEAR_FEATURE = 1, REQ_SET_FEATURE = 3, REQ_GET_DESCRIPTOR = 6 };
enum { REQ_GET_CONFIGURATION = 8, REQ_SET_CONFIGURATION = 9, REQ_SET_INTERFACE = 11 };
enum { DESC_DEVICE = 1, DESC_CONFIGURATION = 2, DESC_STRING = 3 };
enum { TEXT_LANGUAGES, TEXT_MAKER, TEXT_PRODUCT, TEXT_SERIAL };

#define TYPE_VENDOR 0x40 /* in the type of a request */
#define TYPE_MASK 0x60
#define UNLINKED (-104) /* ECONNRESET, which USB/IP calls it */
#define TEXT_MAX 32

/* Of USB/IP, in network order; what stands behind |direction| depends on the command. */
struct message {
    uint32_t command, sequence, device, in, endpoint;
    union {
        struct {
            uint32_t flags, length, frame, packets, interval;
            uint8_t setup[8];
        } submit;
        struct {
            uint32_t status, length, frame, packets, errors;
            uint8_t padding[8];
        } reply;
        uint32_t unlinked;
    };
};
_Static_assert(sizeof(struct message) == 48, "the header of USB/IP");

static const uint8_t device_descriptor[] = {
    18,          DESC_DEVICE,
    0x00,        0x02, /* USB 2.0 */
    0xff,        0,
    0,           64, /* the maker's own class; octets of a packet */
    0xb7,        0x20,
    0x40,        0x15, /* 20b7:1540, Qi Hardware's ATUSB */
    0x01,        0x00, /* release */
    TEXT_MAKER,  TEXT_PRODUCT,
    TEXT_SERIAL, 1, /* one configuration */
};

static const uint8_t configuration_descriptor[] = {
    9,    DESC_CONFIGURATION,
    25,   0, /* all that follows */
    1,    1,
    0,    0x80,
    20, /* one interface; from the bus, 40 mA */
    9,    4,
    0,    0,
    1,    0xff,
    0,    0,
    0, /* the interface, with one endpoint */
    7,    5,
    0x81, 2,
    64,   0,
    0, /* bulk, to the host */
};

/* ---- messages ------------------------------------------------------------------------------- */

static bool take(int fd, void *data, size_t len)
{
    return len == 0 || recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

static bool answer(const struct dongle *dongle, uint32_t command, uint32_t sequence, int status,
                   const void *data, size_t len, size_t actual)
{
    struct message message = {.command = htobe32(command), .sequence = sequence};
    struct iovec parts[] = {{&message, sizeof(message)}, {(void *)(uintptr_t)data, len}};
    struct msghdr out = {.msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1};

    message.reply.status = htobe32((uint32_t)status);
    message.reply.length = htobe32((uint32_t)actual);
    if (command == RET_SUBMIT)
        message.reply.packets = UINT32_MAX; /* no isochronous transfer */
    return sendmsg(dongle->fd, &out, MSG_NOSIGNAL) == (ssize_t)(sizeof(message) + len);
}

/* ---- what every device answers ------------------------------------------------------------- */

static int give(const struct setup *setup, uint8_t *data, const void *from, size_t len)
{
    if (len > setup->length)
        len = setup->length;
    memcpy(data, from, len);
    return (int)len;
}

static int give_text(const struct dongle *dongle, const struct setup *setup, uint8_t *data)
{
    static const uint8_t languages[] = {4, DESC_STRING, 0x09, 0x04};
    const uint8_t *eui64 = dongle->chip.eui64;
    char text[TEXT_MAX];
    uint8_t wide[2 + 2 * TEXT_MAX] = {0, DESC_STRING};

    switch (setup->value & 0xff) {
    case TEXT_LANGUAGES:
        return give(setup, data, languages, sizeof(languages));
    case TEXT_MAKER:
        snprintf(text, sizeof(text), "tests/radio");
        break;
    case TEXT_PRODUCT:
        snprintf(text, sizeof(text), "ATUSB");
        break;
    case TEXT_SERIAL:
        snprintf(text, sizeof(text), "%02x%02x%02x%02x%02x%02x%02x%02x", eui64[0], eui64[1],
                 eui64[2], eui64[3], eui64[4], eui64[5], eui64[6], eui64[7]);
        break;
    default:
        return STALL;
    }
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        wide[2 + 2 * i] = (uint8_t)text[i];
    wide[0] = (uint8_t)(2 + 2 * len);
    return give(setup, data, wide, wide[0]);
}

static int standard_request(const struct dongle *dongle, const struct setup *setup, uint8_t *data)
{
    static const uint8_t zero[2] = {0}, one = 1;

    switch (setup->request) {
    case REQ_GET_STATUS:
        return give(setup, data, zero, sizeof(zero));
    case REQ_CLEAR_FEATURE:
    case REQ_SET_FEATURE:
    case REQ_SET_CONFIGURATION:
    case REQ_SET_INTERFACE:
        return 0;
    case REQ_GET_CONFIGURATION:
        return give(setup, data, &one, 1);
    case REQ_GET_DESCRIPTOR:
        break;
    default:
        return STALL;
    }
    switch (setup->value >> 8) {
    case DESC_DEVICE:
        return give(setup, data, device_descriptor, sizeof(device_descriptor));
    case DESC_CONFIGURATION:
        return give(setup, data, configuration_descriptor, sizeof(configuration_descriptor));
    case DESC_STRING:
        return give_text(dongle, setup, data);
    default:
        return STALL;
    }
}

/* ---- transfers ------------------------------------------------------------------------------- */

static bool control(struct dongle *dongle, const struct message *message, uint8_t *data)
{
    const uint8_t *raw = message->submit.setup;
    const struct setup setup = {.type = raw[0],
                                .request = raw[1],
                                .value = (uint16_t)(raw[3] << 8 | raw[2]),
                                .index = (uint16_t)(raw[5] << 8 | raw[4]),
                                .length = (uint16_t)(raw[7] << 8 | raw[6])};
    bool in = (setup.type & 0x80) != 0;
    int n = STALL;

    if (dongle->fragile && chip_is_told_channel(&setup)) {
        dongle->fragile = false;
        dongle->frozen = true;
        return true;
    }
    if (setup.length <= be32toh(message->submit.length) && setup.length <= DATA_MAX)
        n = (setup.type & TYPE_MASK) == TYPE_VENDOR ? chip_request(dongle, &setup, data)
                                                    : standard_request(dongle, &setup, data);
    return answer(dongle, RET_SUBMIT, message->sequence, n < 0 ? n : 0, data,
                  in && n > 0 ? (size_t)n : 0, n > 0 ? (size_t)n : 0);
}

static bool submit(struct dongle *dongle, const struct message *message)
{
    static uint8_t data[DATA_MAX];
    size_t len = be32toh(message->submit.length);
    bool in = be32toh(message->in) == 1;

    if (!in && (len > sizeof(data) || !take(dongle->fd, data, len)))
        return false;
    if (dongle->frozen)
        return true; /* until the host loses patience, and unlinks it */
    if (message->endpoint == 0)
        return control(dongle, message, data);
    if (!in || be32toh(message->endpoint) != 1 || dongle->pending_count == PENDING_MAX ||
        len < BULK_MAX)
        return answer(dongle, RET_SUBMIT, message->sequence, STALL, NULL, 0, 0);
    dongle->pending[dongle->pending_count++] = message->sequence;
    return true;
}

static uint32_t first_pending(struct dongle *dongle)
{
    uint32_t sequence = dongle->pending[0];

    dongle->pending_count--;
    memmove(dongle->pending, dongle->pending + 1, dongle->pending_count * sizeof(sequence));
    return sequence;
}

static bool unlink_transfer(struct dongle *dongle, const struct message *message)
{
    if (dongle->frozen)
        return answer(dongle, RET_UNLINK, message->sequence, UNLINKED, NULL, 0, 0);
    for (unsigned i = 0; i < dongle->pending_count; i++) {
        if (dongle->pending[i] != message->unlinked)
            continue;
        dongle->pending_count--;
        memmove(dongle->pending + i, dongle->pending + i + 1,
                (dongle->pending_count - i) * sizeof(dongle->pending[0]));
        return answer(dongle, RET_UNLINK, message->sequence, UNLINKED, NULL, 0, 0);
    }
    return answer(dongle, RET_UNLINK, message->sequence, 0, NULL, 0, 0);
}

bool usb_flush(struct dongle *dongle)
{
    while (!dongle->frozen && dongle->pending_count > 0 && dongle->queue_count > 0) {
        const struct bulk *bulk = &dongle->queue[dongle->queue_first];

        dongle->queue_first = (dongle->queue_first + 1) % QUEUE_MAX;
        dongle->queue_count--;
        if (!answer(dongle, RET_SUBMIT, first_pending(dongle), 0, bulk->octet, bulk->len,
                    bulk->len))
            return false;
    }
    return true;
}

bool usb_ready(struct dongle *dongle)
{
    struct message message;

    if (!take(dongle->fd, &message, sizeof(message)))
        return false;
    switch (be32toh(message.command)) {
    case CMD_SUBMIT:
        return submit(dongle, &message);
    case CMD_UNLINK:
        return unlink_transfer(dongle, &message);
    default:
        fprintf(stderr, "dongle %u: unknown command %u of the host\n", dongle->number,
                be32toh(message.command));
        return false;
    }
}
