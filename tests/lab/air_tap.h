/* SPDX-License-Identifier: ISC */
/*
 * A TAP device that Linux takes for a 6LoWPAN link, inside a network namespace.
 *
 * With the device type ARPHRD_6LOWPAN set while the TAP is down the kernel gives it EUI-64
 * addresses: link address 02:12:4b:00:HH:LL:00:00 makes fe80::12:4b00:HHLL:0. Its frames have the
 * Ethernet header all the same, in which only the first six octets of the eight travel (so the last
 * two stay 0), and multicast goes to the broadcast address.
 */
#ifndef AIR_TAP_H
#define AIR_TAP_H

#include <stdint.h>

#define AIR_TAP_NAME "lowpan0"
#define AIR_TAP_MTU 1280
#define AIR_ADDRESS 6 /* octets of a link address that are on the air */

/* The link address of a node as it stands in a frame; and the node of an address, 0 when it is
 * none of ours. */
void air_tap_address(int node, uint8_t ret_address[AIR_ADDRESS]);
int air_tap_node(const uint8_t address[AIR_ADDRESS]);

/* Makes lowpan0 for a node in the namespace at `path`, brings it up, and comes back to the
 * namespace `home` (a descriptor). Returns the descriptor of the TAP (the caller closes it, which
 * removes the device), or -1 with the step that failed in ret_step and errno. */
int air_tap_open(const char *path, int home, int node, const char **ret_step);

#endif
