#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A broker of MQTT 3.1.1 that is there, and acknowledges no message on its first connection.

usage: broker-mute.py PORT
"""

import socketserver
import struct
import sys


class Client(socketserver.StreamRequestHandler):
    mute = True

    def packet(self):
        kind, length, shift = self.rfile.read(1)[0], 0, 0
        while True:
            octet = self.rfile.read(1)[0]
            length |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return kind, self.rfile.read(length)

    def handle(self):
        mute = False
        while True:
            try:
                kind, body = self.packet()
            except (IndexError, OSError):
                return
            if kind >> 4 == 1:
                mute, Client.mute = Client.mute, False
                self.wfile.write(b"\x20\x02\0\0")
            elif kind >> 4 == 3 and kind & 6 == 2:
                topic = struct.unpack("!H", body[:2])[0]
                print(body[2:2 + topic].decode(), flush=True)
                if not mute:
                    self.wfile.write(b"\x40\x02" + body[2 + topic:4 + topic])
            elif kind >> 4 == 8:
                self.wfile.write(b"\x90\x03" + body[:2] + b"\0")
            elif kind >> 4 == 12:
                self.wfile.write(b"\xd0\0")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Client).serve_forever()
