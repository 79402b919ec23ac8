#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A CoAP node with a resource `n` that keeps to RFC 7252 section 5.10.8: If-Match, If-None-Match.

usage: node-match.py ADDRESS

Its value is a text, its ETag the number of times that it was written, in two octets. Each PUT that
is carried out is a line on standard output.
"""

import socket
import struct
import sys

from coap_parts import ACK, CON, CONTENT, NOT_FOUND, asked_for, message

CHANGED, PRECONDITION_FAILED = 0x44, 0x8c
IF_MATCH, ETAG, IF_NONE_MATCH = 1, 4, 5


def options_of(data):
    """All options, and the payload."""
    at, number, found = 4 + (data[0] & 15), 0, []
    while at < len(data) and data[at] != 0xff:
        delta, length = data[at] >> 4, data[at] & 15
        at += 1
        if delta == 13:
            delta, at = 13 + data[at], at + 1
        if length == 13:
            length, at = 13 + data[at], at + 1
        number += delta
        found.append((number, data[at:at + length]))
        at += length
    return found, data[at + 1:]


def main():
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind((sys.argv[1], 5683))
    value, written = b"1", 1
    while True:
        data, peer = sock.recvfrom(2048)
        if data[0] >> 4 & 3 != CON:
            continue
        mid = struct.unpack("!H", data[2:4])[0]
        token = data[4:4 + (data[0] & 15)]
        path, _ = asked_for(data)
        options, payload = options_of(data)
        etag = struct.pack("!H", written)
        wanted = [value for number, value in options if number == IF_MATCH]
        if path == b"core":
            answer = CONTENT, [(12, b"\x28")], b"</n>;if=core.a;ct=0"
        elif path != b"n":
            answer = NOT_FOUND, [], b"?"
        elif data[1] == 1:
            answer = CONTENT, [(ETAG, etag), (12, b"")], value
        elif (wanted and etag not in wanted and b"" not in wanted) or \
                any(number == IF_NONE_MATCH for number, _ in options):
            answer = PRECONDITION_FAILED, [], b"no"
        else:
            value, written = payload, written + 1
            print(value.decode(), flush=True)
            answer = CHANGED, [], b"yes"
        sock.sendto(message(ACK, answer[0], mid, token, answer[1], answer[2]), peer)


main()
