/* SPDX-License-Identifier: ISC */
/*
 * dongle SOCKET serve EUI64...   dongles 0, 1, ... with these addresses, none of them plugged in
 * dongle SOCKET plug N           puts dongle N into port N of the virtual host controller
 * dongle SOCKET pull N           pulls it out, whatever is going on
 * dongle SOCKET freeze N         its firmware will hang when it is next told a channel, until it is
 *                                plugged in again
 * dongle SOCKET show N           prints what the driver has set, and what was on the air
 * dongle reset DEVICE            resets a device of /dev/bus/usb, as programs do that find it stuck
 *
 * See dongle.h. `serve` runs until it is told to end; the others end with 0 if it was done.
 */
#include "dongle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ATTACH "/sys/devices/platform/vhci_hcd.0/attach"
#define SPEED_FULL 2 /* 12 Mbit/s, in the kernel's words */
#define TEXT_MAX 1024
#define ATTACH_PATIENCE_MS 10000 /* the kernel may be busy with the dongle's last departure */
#define ATTACH_POLL_MS 20

static struct dongle dongles[DONGLES_MAX];
static unsigned dongle_count;

_Noreturn __attribute__((format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list args;

    fputs("dongle: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

/* ---- the air --------------------------------------------------------------------------------- */

bool dongle_queue(struct dongle *dongle, const struct bulk *bulk)
{
    if (dongle->queue_count == QUEUE_MAX) {
        dongle->chip.lost++;
        return false;
    }
    dongle->queue[(dongle->queue_first + dongle->queue_count++) % QUEUE_MAX] = *bulk;
    return true;
}

/* The checksum of IEEE 802.15.4. */
static uint16_t checksum(const uint8_t *data, size_t len)
{
    unsigned crc = 0;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
    }
    return (uint16_t)crc;
}

bool dongle_air(const struct dongle *from, const uint8_t *frame, size_t len)
{
    uint8_t psdu[PSDU_MAX];
    uint16_t crc = checksum(frame, len);
    bool acked = false;

    memcpy(psdu, frame, len);
    psdu[len] = (uint8_t)crc;
    psdu[len + 1] = (uint8_t)(crc >> 8);
    for (unsigned i = 0; i < dongle_count; i++) {
        struct dongle *to = &dongles[i];

        if (to != from && to->fd >= 0 && !to->frozen &&
            chip_channel(&to->chip) == chip_channel(&from->chip) && chip_hear(to, psdu, len + 2))
            acked = true;
    }
    return acked;
}

/* ---- the port -------------------------------------------------------------------------------- */

static int attach(const char *line, size_t len)
{
    int fd = open(ATTACH, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    int r = write(fd, line, len) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int dongle_plug(struct dongle *dongle)
{
    char line[64];
    int fds[2], r;

    if (dongle->fd >= 0)
        return -EBUSY;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    int len = snprintf(line, sizeof(line), "%u %d %u %d", dongle->number, fds[1],
                       1u << 16 | (dongle->number + 1), SPEED_FULL);
    /* The kernel has one word for a port that is still in use and for one that is not there. */
    for (int waited = 0;; waited += ATTACH_POLL_MS) {
        r = attach(line, (size_t)len);
        if ((r != -EINVAL && r != -EBUSY) || waited >= ATTACH_PATIENCE_MS)
            break;
        poll(NULL, 0, ATTACH_POLL_MS);
    }
    close(fds[1]);
    if (r < 0) {
        close(fds[0]);
        return r;
    }
    dongle->fd = fds[0];
    dongle->pending_count = dongle->queue_count = 0;
    dongle->frozen = false;
    chip_reset(&dongle->chip);
    return 0;
}

static void dongle_pull(struct dongle *dongle)
{
    if (dongle->fd >= 0)
        close(dongle->fd);
    dongle->fd = -1;
    dongle->chip.listens = false;
}

/* ---- what it is told ------------------------------------------------------------------------- */

static void address(struct sockaddr_un *ret, const char *path)
{
    memset(ret, 0, sizeof(*ret));
    ret->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(ret->sun_path))
        die("%s: too long", path);
    strcpy(ret->sun_path, path);
}

static void obey(const char *command, char *reply, size_t size)
{
    char verb[16];
    unsigned number;
    int r = 0;

    if (sscanf(command, "%15s %u", verb, &number) != 2 || number >= dongle_count) {
        snprintf(reply, size, "error: no such dongle\n");
        return;
    }
    struct dongle *dongle = &dongles[number];
    if (strcmp(verb, "plug") == 0) {
        r = dongle_plug(dongle);
    } else if (strcmp(verb, "pull") == 0) {
        dongle_pull(dongle);
    } else if (strcmp(verb, "freeze") == 0) {
        dongle->fragile = true;
    } else if (strcmp(verb, "show") == 0) {
        chip_show(&dongle->chip, reply, size);
        return;
    } else {
        r = -EINVAL;
    }
    snprintf(reply, size, r < 0 ? "error: %s\n" : "ok\n", strerror(-r));
}

static void on_client(int listening)
{
    char command[TEXT_MAX], reply[TEXT_MAX];
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : recv(fd, command, sizeof(command) - 1, 0);

    if (n > 0) {
        command[n] = '\0';
        obey(command, reply, sizeof(reply));
        (void)send(fd, reply, strlen(reply), MSG_NOSIGNAL);
    }
    if (fd >= 0)
        close(fd);
}

static int tell(const char *path, const char *verb, const char *number)
{
    struct sockaddr_un at;
    char text[TEXT_MAX];
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int len = snprintf(text, sizeof(text), "%s %s", verb, number);

    address(&at, path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
        send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
        die("%s: %s", path, strerror(errno));
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
    close(fd);
    if (n <= 0)
        die("%s: no answer", path);
    text[n] = '\0';
    fputs(text, stdout);
    return strncmp(text, "error", 5) == 0;
}

/* ---- the process ----------------------------------------------------------------------------- */

static void make(const char *eui64)
{
    struct dongle *dongle = &dongles[dongle_count];
    uint8_t *octet = dongle->chip.eui64;

    if (dongle_count == DONGLES_MAX ||
        sscanf(eui64, "%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx", &octet[0], &octet[1], &octet[2],
               &octet[3], &octet[4], &octet[5], &octet[6], &octet[7]) != EUI64_LEN)
        die("%s: no EUI-64 of 16 digits, or one too many", eui64);
    dongle->fd = -1;
    dongle->number = dongle_count++;
}

static void turn(int listening)
{
    struct pollfd polled[DONGLES_MAX + 1] = {{.fd = listening, .events = POLLIN}};

    for (unsigned i = 0; i < dongle_count; i++)
        polled[i + 1] = (struct pollfd){.fd = dongles[i].fd, .events = POLLIN};
    if (poll(polled, dongle_count + 1, -1) < 0 && errno != EINTR)
        die("poll: %s", strerror(errno));
    for (unsigned i = 0; i < dongle_count; i++) {
        if (polled[i + 1].revents && !usb_ready(&dongles[i]))
            dongle_pull(&dongles[i]);
    }
    /* A frame of one is what the others hand in. */
    for (unsigned i = 0; i < dongle_count; i++) {
        if (dongles[i].fd >= 0 && !usb_flush(&dongles[i]))
            dongle_pull(&dongles[i]);
    }
    if (polled[0].revents)
        on_client(listening);
}

static int serve(const char *path, char **eui64)
{
    struct sockaddr_un at;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    for (; *eui64; eui64++)
        make(*eui64);
    address(&at, path);
    unlink(path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
        die("%s: %s", path, strerror(errno));
    for (;;)
        turn(fd);
}

static int reset(const char *device)
{
    int fd = open(device, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, USBDEVFS_RESET, 0) < 0)
        die("%s: %s", device, strerror(errno));
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[2], "serve") == 0)
        return serve(argv[1], argv + 3);
    if (argc == 4)
        return tell(argv[1], argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "reset") == 0)
        return reset(argv[2]);
    fputs("usage: dongle SOCKET serve EUI64... | SOCKET plug|pull|freeze|show N | reset DEVICE\n",
          stderr);
    return 2;
}
