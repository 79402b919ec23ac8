#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A TLS listener as sites have one before their brokers: by ALPN (RFC 7301) it knows who speaks MQTT.

usage: tls-front.py PORT CERTIFICATE KEY PROTOCOL BROKER-PORT

Who asks for PROTOCOL is connected with the broker, who asks for another or for none is not. Each
connection is a line on standard output: what was agreed on, or "-".
"""

import socket
import ssl
import sys
import threading


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in source, sink:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(plain, context, protocol, port):
    try:
        client = context.wrap_socket(plain, server_side=True)
    except OSError:
        print("none", flush=True)
        return
    chosen = client.selected_alpn_protocol()
    print(chosen or "-", flush=True)
    if chosen != protocol:
        client.close()
        return
    broker = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=copy, args=(client, broker), daemon=True).start()
    copy(broker, client)


def main():
    port, certificate, key, protocol, broker = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols([protocol, "http/1.1"])
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=serve, args=(plain, context, protocol, int(broker)),
                         daemon=True).start()


main()
