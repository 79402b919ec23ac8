#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A CoAP node that speaks when it is told to.

usage: node-steps.py ADDRESS RESOURCE...

The resources are observable events. Standard input is the script, a command a line:
  observed          wait until all of them are
  send FROM TO      each number to each resource, confirmable, until it is acknowledged
After each it prints `done`.
"""

import select
import socket
import struct
import sys

from coap_parts import ACK, CON, CONTENT, NOT_FOUND, asked_for, message

AGAIN = 0.5


class Node:
    def __init__(self, address, names):
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sock.bind((address, 5683))
        self.names = [name.encode() for name in names]
        self.tokens = {}
        self.mid = 0
        self.acked = -1

    def request(self, data, peer):
        mid = struct.unpack("!H", data[2:4])[0]
        token = data[4:4 + (data[0] & 15)]
        path, observe = asked_for(data)
        if path == b"core":
            links = b",".join(b"</%s>;obs;rt=event" % name for name in self.names)
            answer = message(ACK, CONTENT, mid, token, [(12, b"\x28")], links)
        elif path in self.names and observe:
            self.tokens[path] = (token, peer)
            answer = message(ACK, CONTENT, mid, token, [(6, b"\x01"), (12, b"")], b"0")
        else:
            answer = message(ACK, NOT_FOUND, mid, token, [], b"?")
        self.sock.sendto(answer, peer)

    def hear(self, wait):
        if select.select([self.sock], [], [], wait)[0]:
            try:
                data, peer = self.sock.recvfrom(2048)
            except ConnectionRefusedError:
                return
            if data[0] >> 4 & 3 == CON:
                self.request(data, peer)
            elif data[0] >> 4 & 3 == ACK:
                self.acked = struct.unpack("!H", data[2:4])[0]

    def send(self, name, number):
        token, peer = self.tokens[name]
        self.mid += 1
        note = message(CON, CONTENT, self.mid, token,
                       [(6, struct.pack("!I", number + 1)[1:]), (12, b"")], str(number).encode())
        while self.acked != self.mid:
            self.sock.sendto(note, peer)
            self.hear(AGAIN)

    def obey(self, words):
        if words[0] == "observed":
            while len(self.tokens) < len(self.names):
                self.hear(AGAIN)
        elif words[0] == "send":
            for number in range(int(words[1]), int(words[2]) + 1):
                for name in self.names:
                    self.send(name, number)
        print("done", flush=True)

    def run(self):
        while True:
            ready, _, _ = select.select([self.sock, sys.stdin], [], [])
            if self.sock in ready:
                self.hear(0)
            if sys.stdin in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                self.obey(line.split())


Node(sys.argv[1], sys.argv[2:]).run()
