#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A CoAP node whose radio loses the bridge's acknowledgements.

usage: node-twice.py ADDRESS

It offers /twice, observable, and sends each of five confirmable notifications three times, as a
node does that heard no acknowledgement; then it says on standard output how many of the fifteen
were acknowledged, and how many were rejected.
"""

import socket
import struct
import sys

CON, ACK, RST = 0, 2, 3
GET, CONTENT, NOT_FOUND = 0x01, 0x45, 0x84


def option(last, number, value):
    assert number - last < 13 and len(value) < 13
    return bytes([(number - last) << 4 | len(value)]) + value


def message(kind, code, mid, token, observe=None, link=False, payload=b""):
    data = struct.pack("!BBH", 0x40 | kind << 4 | len(token), code, mid) + token
    last = 0
    if observe is not None:
        data += option(last, 6, bytes([observe]))
        last = 6
    data += option(last, 12, b"\x28" if link else b"")
    return data + (b"\xff" + payload if payload else b"")


def paths(data):
    """The Uri-Path segments of a request, and whether it has Observe."""
    at, number, found, observe = 4 + (data[0] & 15), 0, [], False
    while at < len(data) and data[at] != 0xff:
        delta, length = data[at] >> 4, data[at] & 15
        at += 1
        if delta == 13:
            delta += data[at]
            at += 1
        if length == 13:
            length += data[at]
            at += 1
        number += delta
        if number == 11:
            found.append(data[at:at + length])
        observe |= number == 6
        at += length
    return found, observe


def main():
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind((sys.argv[1], 5683))
    token = None
    while token is None:
        data, peer = sock.recvfrom(2048)
        mid = struct.unpack("!H", data[2:4])[0]
        mine = data[4:4 + (data[0] & 15)]
        asked, observe = paths(data)
        if asked == [b".well-known", b"core"]:
            answer = message(ACK, CONTENT, mid, mine, link=True, payload=b"</twice>;obs")
        elif asked == [b"twice"] and observe:
            answer = message(ACK, CONTENT, mid, mine, observe=1, payload=b"0")
            token = mine
        else:
            answer = message(ACK, NOT_FOUND, mid, mine)
        sock.sendto(answer, peer)
    answered = {ACK: 0, RST: 0}
    sock.settimeout(5)
    for n in range(1, 6):
        note = message(CON, CONTENT, 1000 + n, token, observe=1 + n, payload=str(n).encode())
        for _ in range(3):
            sock.sendto(note, peer)
            while True:
                data, _ = sock.recvfrom(2048)
                if struct.unpack("!H", data[2:4])[0] == 1000 + n:
                    break
            answered[data[0] >> 4 & 3] += 1
    print("acknowledged", answered[ACK], "rejected", answered[RST], flush=True)


main()
