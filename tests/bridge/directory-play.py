#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A resource directory (RFC 9176) whose look-up of endpoints gives what a file holds.

usage: directory-play.py ADDRESS FILE
"""

import socket
import sys

sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 5683))
while True:
    data, peer = sock.recvfrom(2048)
    length = data[0] & 15
    token = data[4:4 + length]
    if data[1] != 1:
        continue
    # Uri-Path "rd-lookup" and "ep", and nothing else that this one is asked.
    found = data[4 + length:] == b"\xb9rd-lookup\x02ep"
    with open(sys.argv[2], "rb") as links:
        payload = b"\xc1\x28\xff" + links.read() if found else b""
    sock.sendto(bytes([0x60 | length, 0x45 if found else 0x84]) + data[2:4] + token + payload, peer)
