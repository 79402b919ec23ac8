#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A CoAP node with an event that never stops: every number is sent until it is acknowledged.

usage: node-many.py ADDRESS PER_SECOND OUT

It offers /n, observable, of the type "event". Into OUT it writes `ack N` when the notification
with the number N was acknowledged, `reset N` when it was rejected, and `observe` for each
registration.
"""

import select
import socket
import struct
import sys
import time

from coap_parts import ACK, CON, CONTENT, NOT_FOUND, asked_for, message

AGAIN = 0.3  # seconds until a notification is sent again


class Node:
    def __init__(self, address, rate, out):
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sock.bind((address, 5683))
        self.out = out
        self.gap = 1 / rate
        self.token = self.peer = None
        self.n = 0  # the number that is on its way
        self.waits = False
        self.due = time.monotonic()

    def say(self, *words):
        print(*words, file=self.out, flush=True)

    def note(self):
        return message(CON, CONTENT, self.n & 0xffff, self.token,
                       [(6, struct.pack("!I", self.n)[1:]), (12, b"")], str(self.n).encode())

    def request(self, data, peer):
        mid = struct.unpack("!H", data[2:4])[0]
        token = data[4:4 + (data[0] & 15)]
        path, observe = asked_for(data)
        if path == b"core":
            answer = message(ACK, CONTENT, mid, token, [(12, b"\x28")], b"</n>;obs;rt=event")
        elif path == b"n" and observe:
            self.say("observe")
            self.token, self.peer = token, peer
            # What is on its way is newer than this answer.
            seq = struct.pack("!I", self.n - self.waits)
            answer = message(ACK, CONTENT, mid, token, [(6, seq[1:]), (12, b"")], b"0")
        else:
            answer = message(ACK, NOT_FOUND, mid, token, [], b"?")
        self.sock.sendto(answer, peer)

    def hear(self):
        data, peer = self.sock.recvfrom(2048)
        kind = data[0] >> 4 & 3
        if kind == CON:
            self.request(data, peer)
        elif self.waits and struct.unpack("!H", data[2:4])[0] == self.n & 0xffff:
            self.say("ack" if kind == ACK else "reset", self.n)
            self.waits = False
            self.due = time.monotonic() + self.gap

    def run(self):
        while True:
            wait = max(0, self.due - time.monotonic())
            if select.select([self.sock], [], [], wait)[0]:
                try:
                    self.hear()
                except ConnectionRefusedError:
                    pass  # nobody is there now
            elif self.token is None:
                self.due = time.monotonic() + AGAIN
            else:
                self.n += not self.waits
                self.waits = True
                self.due = time.monotonic() + AGAIN
                self.sock.sendto(self.note(), self.peer)


with open(sys.argv[3], "w", encoding="ascii") as out:
    Node(sys.argv[1], float(sys.argv[2]), out).run()
