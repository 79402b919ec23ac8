/* SPDX-License-Identifier: ISC */
/*
 * inject [-f FILE] INTERFACE [HEX...]: sends IEEE 802.15.4 frames on a radio's own interface
 * (wpan0) as they are, without the checksum, which the kernel adds. Digits of a frame may have
 * blanks and colons between them. With -f a line of the file is a frame; what stands behind a #,
 * and empty lines, are passed over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 125 /* of 127 octets, two are the checksum */
#define PROTOCOL_IEEE802154 0xf6

static int digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

/* The octets of |text|, or -1. */
static int parse(const char *text, uint8_t frame[FRAME_MAX])
{
    int len = 0, high = -1;

    for (; *text && *text != '#' && *text != '\n'; text++) {
        int value = digit(*text);

        if (value < 0 && high < 0 && strchr(" \t\r:", *text))
            continue;
        if (value < 0 || len == FRAME_MAX)
            return -1;
        if (high < 0) {
            high = value;
            continue;
        }
        frame[len++] = (uint8_t)(high << 4 | value);
        high = -1;
    }
    return high < 0 ? len : -1;
}

static bool send_text(int fd, const char *text)
{
    uint8_t frame[FRAME_MAX];
    int len = parse(text, frame);

    if (len < 0) {
        fprintf(stderr, "inject: no frame: %s\n", text);
        return false;
    }
    if (len > 0 && send(fd, frame, (size_t)len, 0) != len) {
        fprintf(stderr, "inject: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static bool send_file(int fd, const char *name)
{
    FILE *file = fopen(name, "re");
    char line[1024];
    bool good = file != NULL;

    if (!file)
        fprintf(stderr, "inject: %s: %s\n", name, strerror(errno));
    while (good && fgets(line, sizeof(line), file))
        good = send_text(fd, line);
    if (file)
        fclose(file);
    return good;
}

static int open_interface(const char *name)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(PROTOCOL_IEEE802154),
                             .sll_ifindex = (int)if_nametoindex(name)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
        fprintf(stderr, "inject: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    const char *file = NULL;
    int c;

    while ((c = getopt(argc, argv, "f:")) != -1) {
        if (c != 'f')
            return 2;
        file = optarg;
    }
    if (optind >= argc) {
        fputs("usage: inject [-f FILE] INTERFACE [HEX...]\n", stderr);
        return 2;
    }
    int fd = open_interface(argv[optind]);
    bool good = !file || send_file(fd, file);
    for (int i = optind + 1; i < argc && good; i++)
        good = send_text(fd, argv[i]);
    close(fd);
    return !good;
}
