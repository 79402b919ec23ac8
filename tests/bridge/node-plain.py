#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A CoAP node with two resources that are polled: `small`, a number, and `big`, 900 octets.

usage: node-plain.py ADDRESS
"""

import socket
import struct
import sys

from coap_parts import ACK, CON, CONTENT, NOT_FOUND, asked_for, message

VALUES = {b"core": b"</small>;ct=0,</big>;ct=0", b"small": b"7", b"big": b"x" * 900}

sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 5683))
while True:
    data, peer = sock.recvfrom(2048)
    if data[0] >> 4 & 3 != CON:
        continue
    path, _ = asked_for(data)
    mid, token = struct.unpack("!H", data[2:4])[0], data[4:4 + (data[0] & 15)]
    kind = [(12, b"\x28" if path == b"core" else b"")]
    code = CONTENT if path in VALUES else NOT_FOUND
    sock.sendto(message(ACK, code, mid, token, kind, VALUES.get(path, b"?")), peer)
