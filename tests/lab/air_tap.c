/* SPDX-License-Identifier: ISC */
#include "air_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t PREFIX[4] = {0x02, 0x12, 0x4b, 0x00};

void air_tap_address(int node, uint8_t ret_address[AIR_ADDRESS])
{
    memcpy(ret_address, PREFIX, sizeof PREFIX);
    ret_address[4] = (uint8_t)(node >> 8);
    ret_address[5] = (uint8_t)node;
}

int air_tap_node(const uint8_t address[AIR_ADDRESS])
{
    if (memcmp(address, PREFIX, sizeof PREFIX) != 0)
        return 0;
    return address[4] << 8 | address[5];
}

/* What can be set on the TAP itself: its name, that it is a 6LoWPAN link, its address. The type
 * comes before the address, because the kernel checks one against the other. */
static int air_tap_shape(int tap, int node, const char **ret_step)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

    memcpy(request.ifr_name, AIR_TAP_NAME, sizeof AIR_TAP_NAME);
    *ret_step = "make the TAP device";
    if (ioctl(tap, TUNSETIFF, &request) < 0)
        return -1;
    *ret_step = "turn the TAP into a 6LoWPAN link";
    if (ioctl(tap, TUNSETLINK, ARPHRD_6LOWPAN) < 0)
        return -1;
    request.ifr_hwaddr.sa_family = ARPHRD_6LOWPAN;
    memset(request.ifr_hwaddr.sa_data, 0, sizeof request.ifr_hwaddr.sa_data);
    air_tap_address(node, (uint8_t *)request.ifr_hwaddr.sa_data);
    *ret_step = "set the link address";
    return ioctl(tap, SIOCSIFHWADDR, &request);
}

static int air_tap_up(const char **ret_step)
{
    struct ifreq request = {.ifr_mtu = AIR_TAP_MTU};
    int saved, result;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *ret_step = "bring lowpan0 up";
    if (fd < 0)
        return -1;
    memcpy(request.ifr_name, AIR_TAP_NAME, sizeof AIR_TAP_NAME);
    result = ioctl(fd, SIOCSIFMTU, &request);
    if (result == 0)
        result = ioctl(fd, SIOCGIFFLAGS, &request);
    request.ifr_flags |= IFF_UP | IFF_MULTICAST;
    if (result == 0)
        result = ioctl(fd, SIOCSIFFLAGS, &request);
    saved = errno;
    close(fd);
    errno = saved;
    return result;
}

/* A TAP lives in the namespace in which /dev/net/tun was opened, so we go there and come back. */
static int air_tap_open_here(int node, const char **ret_step)
{
    int tap;

    *ret_step = "open /dev/net/tun";
    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap < 0)
        return -1;
    if (air_tap_shape(tap, node, ret_step) < 0 || air_tap_up(ret_step) < 0) {
        int saved = errno;

        close(tap);
        errno = saved;
        return -1;
    }
    return tap;
}

int air_tap_open(const char *path, int home, int node, const char **ret_step)
{
    int tap = -1;
    int saved;
    int there = open(path, O_RDONLY | O_CLOEXEC);

    *ret_step = "enter the namespace";
    if (there < 0)
        return -1;
    if (setns(there, CLONE_NEWNET) == 0) {
        tap = air_tap_open_here(node, ret_step);
        saved = errno;
        if (setns(home, CLONE_NEWNET) < 0) {
            *ret_step = "come back from the namespace";
            saved = errno;
            if (tap >= 0)
                close(tap);
            tap = -1;
        }
        errno = saved;
    }
    saved = errno;
    close(there);
    errno = saved;
    return tap;
}
