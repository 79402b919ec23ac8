# SPDX-License-Identifier: ISC
"""The bench `protocols`: what a reading costs on the way from a node to the first machine that
keeps it, by CoAP, MQTT and HTTP, from a capture of the loopback interface.

Octets are those of IPv6 packets, both ways, without the link; connections are made beforehand but
where a line says otherwise, and what they cost is a line of its own. The way is the time from the
node's write to the arrival: at the receiver's socket, behind the broker, in the HTTP server.
"""

import http.server
import select
import socket
import struct
import threading
import time

ETH_P_IPV6 = 0x86DD
READINGS = 300
MQTT = 21883


class Capture(threading.Thread):
    """Counts the octets of packets from or to a port."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IPV6))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind(("lo", ETH_P_IPV6))
        self.sock.settimeout(0.1)
        self.port = 0
        self.octets = self.packets = 0
        self.start()

    def run(self):
        while True:
            try:
                data, info = self.sock.recvfrom(65536)
            except socket.timeout:
                continue
            ports = struct.unpack("!HH", data[40:44])
            if info[2] == socket.PACKET_HOST and data[6] in (6, 17) and self.port in ports:
                self.octets += len(data)
                self.packets += 1

    def of(self, port, work):
        """Octets and packets that |work| makes at the port."""
        time.sleep(0.1)
        self.octets = self.packets = 0
        self.port = port
        result = work()
        time.sleep(0.3)
        self.port = 0
        return self.octets, self.packets, result


class Coap:
    """A node that notifies, and who observes it: RFC 7641 with a token of four octets."""

    def __init__(self, confirmable):
        self.confirmable = confirmable
        self.here = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.here.bind(("::1", 0))
        self.node = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.node.bind(("::1", 0))
        self.node.connect(self.here.getsockname())
        self.port = self.node.getsockname()[1]
        self.n = 0

    def send(self, payload):
        self.n += 1
        head = 0x44 if self.confirmable else 0x54
        message = struct.pack("!BBH", head, 0x45, self.n) + b"tokn" + b"\x62" + struct.pack(
            "!H", self.n) + b"\x60" + b"\xff" + payload
        start = time.monotonic()
        self.node.send(message)
        data, peer = self.here.recvfrom(2048)
        took = time.monotonic() - start
        assert data.endswith(payload)
        if self.confirmable:
            self.here.sendto(b"\x60\x00" + data[2:4], peer)
            assert self.node.recv(64)[:2] == b"\x60\x00"
        return took

    def end(self):
        self.node.close()
        self.here.close()


class Mqtt:
    """A publisher and a subscriber at mosquitto, in the octets of MQTT 3.1.1."""

    TOPIC = b"mesh/n/t"

    def __init__(self, qos):
        self.qos, self.mid = qos, 0
        self.reader = self.connect(b"reader")
        self.reader.sendall(self.packet(0x82, b"\x00\x01" + self.text(self.TOPIC) + bytes([qos])))
        assert self.read(self.reader)[0] == 0x90
        self.node = self.connect(b"node")
        self.port = self.node.getsockname()[1]

    @staticmethod
    def text(octets):
        return struct.pack("!H", len(octets)) + octets

    @staticmethod
    def packet(kind, body):
        assert len(body) < 16384
        length = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128,
                                                                   len(body) >> 7])
        return bytes([kind]) + length + body

    def connect(self, name):
        sock = socket.create_connection(("::1", MQTT))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(self.packet(0x10, self.text(b"MQTT") + b"\x04\x02\x00\x3c" + self.text(name)))
        assert self.read(sock) == (0x20, b"\x00\x00")
        return sock

    def read(self, sock):
        def exactly(n):
            data = b""
            while len(data) < n:
                more = sock.recv(n - len(data))
                assert more
                data += more
            return data
        kind, length, shift = exactly(1)[0], 0, 0
        while True:
            octet = exactly(1)[0]
            length |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return kind, exactly(length)

    def send(self, payload):
        self.mid = self.mid % 65535 + 1
        mid = struct.pack("!H", self.mid) if self.qos else b""
        packet = self.packet(0x30 | self.qos << 1, self.text(self.TOPIC) + mid + payload)
        start = time.monotonic()
        self.node.sendall(packet)
        took = None
        done = self.qos == 0
        # QoS 2 goes on to the subscriber when its second half is there.
        while took is None or not done:
            for sock in select.select([self.node, self.reader], [], [], 10)[0]:
                kind, body = self.read(sock)
                if sock is self.reader and kind & 0xf0 == 0x30:
                    took = time.monotonic() - start
                    assert body.endswith(payload)
                    if self.qos:
                        at = 2 + len(self.TOPIC)
                        sock.sendall(self.packet(0x40 if self.qos == 1 else 0x50,
                                                 body[at:at + 2]))
                elif kind == 0x50:
                    sock.sendall(self.packet(0x62, body))
                elif kind == 0x62:
                    sock.sendall(self.packet(0x70, body))
                elif sock is self.node and kind in (0x40, 0x70):
                    done = True
        return took

    def end(self):
        self.node.close()
        self.reader.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    arrived = 0.

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Handler.arrived = time.monotonic()
        self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    def setup(self):
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True


class Http:
    """The shortest POST there is, on a connection that stays or on one of its own."""

    server = None

    def __init__(self, keep):
        if Http.server is None:
            Http.server = Server(("::1", 0), Handler)
            threading.Thread(target=Http.server.serve_forever, daemon=True).start()
        self.keep = keep
        self.port = Http.server.server_address[1]
        self.sock = self.connect() if keep else None

    def connect(self):
        sock = socket.create_connection(("::1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def send(self, payload):
        start = time.monotonic()
        sock = self.sock or self.connect()
        sock.sendall(b"POST /n/t HTTP/1.1\r\nHost: router\r\nContent-Type: text/plain\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(payload) + payload)
        assert sock.recv(256).startswith(b"HTTP/1.1 204")
        if not self.keep:
            sock.close()
        return Handler.arrived - start

    def end(self):
        if self.sock:
            self.sock.close()


WAYS = (
    ("CoAP NON", lambda: Coap(False)),
    ("CoAP CON", lambda: Coap(True)),
    ("MQTT QoS 0", lambda: Mqtt(0)),
    ("MQTT QoS 1", lambda: Mqtt(1)),
    ("MQTT QoS 2", lambda: Mqtt(2)),
    ("HTTP, kept connection", lambda: Http(True)),
    ("HTTP, one each", lambda: Http(False)),
)


def measure(figures, capture, name, make, payload):
    node = make()
    node.send(payload)  # the first one warms up

    def work():
        return sorted(node.send(payload) for _ in range(READINGS))

    octets, packets, ways = capture.of(node.port, work)
    node.end()
    size = len(payload)
    figures.add(name + ": octets", size, octets / READINGS, "octets", size)
    figures.add(name + ": packets", size, packets / READINGS, "packets")
    figures.add(name + ": way, p50", size, ways[len(ways) // 2] * 1e6, "us")
    figures.add(name + ": way, p99", size, ways[len(ways) * 99 // 100] * 1e6, "us")


def run(figures):
    capture = Capture()
    for payload in (b"21.5", b'[{"bn":"urn:dev:mac:00124b0000010000:","n":"t","u":"Cel","v":21.5},'
                    b'{"n":"h","u":"%RH","v":40.2}]'):
        for name, make in WAYS:
            measure(figures, capture, name, make, payload)

    def connection():
        sock = socket.socket(socket.AF_INET6)
        sock.bind(("::1", 40001))
        sock.connect(("::1", MQTT))
        sock.sendall(Mqtt.packet(0x10, Mqtt.text(b"MQTT") + b"\x04\x02\x00\x3c" +
                                 Mqtt.text(b"once")))
        assert sock.recv(4) == b"\x20\x02\x00\x00"
        sock.sendall(b"\xe0\x00")
        sock.close()

    octets, _, _ = capture.of(40001, connection)
    figures.add("MQTT: connecting and leaving", 1, octets, "octets")
