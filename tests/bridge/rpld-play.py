#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Plays rpld's control socket for the bridge's test: the monitor stream and nothing else.

usage: rpld-play.py SOCKET

Standard input is the script, a command a line:
  up EUI64 ADDRESS     a node joins
  down EUI64           it is gone
  gap                  events were lost; the bridge has to ask for all again
  link EUI64 RANK ETX  what is known of a neighbour, for who asks
  hide EUI64           the node goes without a word: only the next snapshot lacks it
"""

import json
import os
import select
import socket
import sys
import time


class Player:
    def __init__(self, path):
        self.nodes = {}
        self.links = {}
        self.clients = []
        self.seq = 0
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(8)

    def line(self, event, **fields):
        self.seq += 1
        now = time.time()
        head = {"schema": 1, "seq": self.seq, "event": event,
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), "time_s": now}
        return (json.dumps({**head, **fields}) + "\n").encode()

    def node(self, event, eui64, address):
        # rpld writes the EUI-64 with colons.
        name = ":".join(eui64[i:i + 2] for i in range(0, 16, 2))
        return self.line(event, instance=0, address=address, eui64=name, via="fe80::1",
                         parents=[{"address": "fe80::1", "path_control": 0}], cause=None)

    def tell(self, data):
        for client in list(self.clients):
            try:
                client.sendall(data)
            except OSError:
                self.clients.remove(client)

    def neighbors(self, client):
        rows = [json.dumps({"address": "fe80::" + eui64[12:], "instance": 0, "rank": rank,
                            "eui64": ":".join(eui64[i:i + 2] for i in range(0, 16, 2)),
                            "interface": "lowpan0", "etx": etx}, separators=(",", ":"))
                for eui64, (rank, etx) in self.links.items()]
        client.sendall(b'ok\n{"schema":1,"neighbors":[\n%s]}\n' % ",\n".join(rows).encode())
        client.close()

    def greet(self):
        client, _ = self.listener.accept()
        request = client.makefile("rb").readline()
        if request == b"json neighbors\n":
            self.neighbors(client)
            return
        if request != b"json monitor\n":
            client.sendall(b"error unknown-command play knows monitor only\n")
            client.close()
            return
        client.sendall(b"ok\n")
        for eui64, address in self.nodes.items():
            client.sendall(self.node("node-up", eui64, address))
        client.sendall(self.line("snapshot-end"))
        self.clients.append(client)

    def obey(self, words):
        if words[0] == "up":
            self.nodes[words[1]] = words[2]
            self.tell(self.node("node-up", words[1], words[2]))
        elif words[0] == "down":
            self.tell(self.node("node-down", words[1], self.nodes.pop(words[1])))
        elif words[0] == "link":
            self.links[words[1]] = int(words[2]), float(words[3])
        elif words[0] == "hide":
            del self.nodes[words[1]]
        elif words[0] == "gap":
            self.tell(self.line("gap", lost=3))

    def run(self):
        script = b""
        while True:
            ready, _, _ = select.select([self.listener, 0], [], [])
            if self.listener in ready:
                try:
                    self.greet()
                except OSError:
                    pass  # it has gone already
            if 0 in ready:
                data = os.read(0, 4096)
                if not data:
                    return
                script += data
                while b"\n" in script:
                    line, script = script.split(b"\n", 1)
                    self.obey(line.decode().split())


Player(sys.argv[1]).run()
