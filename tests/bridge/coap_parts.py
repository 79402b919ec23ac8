# SPDX-License-Identifier: ISC
"""What the nodes of the tests share: a CoAP message, and what a request asks for."""

import struct

CON, ACK, RST = 0, 2, 3
CONTENT, NOT_FOUND = 0x45, 0x84


def message(kind, code, mid, token, options, payload):
    data = struct.pack("!BBH", 0x40 | kind << 4 | len(token), code, mid) + token
    last = 0
    for number, value in options:
        data += bytes([(number - last) << 4 | len(value)]) + value
        last = number
    return data + b"\xff" + payload


def asked_for(data):
    """The last Uri-Path segment of a request, and whether it has Observe."""
    at, number, last, observe = 4 + (data[0] & 15), 0, b"", False
    while at < len(data) and data[at] != 0xff:
        number += data[at] >> 4
        length = data[at] & 15
        at += 1
        if number == 11:
            last = data[at:at + length]
        observe |= number == 6
        at += length
    return last, observe
