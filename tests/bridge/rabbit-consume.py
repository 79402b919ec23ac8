#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Consumes readings from RabbitMQ by another protocol than MQTT.

usage: rabbit-consume.py amqp091|amqp10|stomp PATTERN COUNT

PATTERN is a routing key of the exchange amq.topic (mesh.#). Prints `ready`, then COUNT lines
ROUTING-KEY PAYLOAD, and ends.
"""

import sys


def show(key, payload):
    if isinstance(payload, (bytes, bytearray, memoryview)):
        payload = bytes(payload).decode()
    print(key, payload, flush=True)


def amqp091(pattern, count):
    import pika

    channel = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1")).channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "amq.topic", pattern)
    messages = channel.consume(queue, auto_ack=True)
    print("ready", flush=True)
    for _, (method, _, body) in zip(range(count), messages):
        show(method.routing_key, body)


def amqp10(pattern, count):
    from proton.handlers import MessagingHandler
    from proton.reactor import Container

    class Consumer(MessagingHandler):
        left = count

        def on_start(self, event):
            connection = event.container.connect("amqp://guest:guest@127.0.0.1:5672",
                                                 allowed_mechs="PLAIN", allow_insecure_mechs=True)
            event.container.create_receiver(connection, f"/exchange/amq.topic/{pattern}")

        def on_link_opened(self, event):
            print("ready", flush=True)

        def on_message(self, event):
            show(event.message.subject, event.message.body)
            self.left -= 1
            if self.left == 0:
                event.connection.close()

    Container(Consumer()).run()


def stomp(pattern, count):
    import threading

    import stomp as library

    done = threading.Semaphore(0)

    class Consumer(library.ConnectionListener):
        def on_message(self, *args):
            if len(args) == 1:
                headers, body = args[0].headers, args[0].body
            else:  # before version 7
                headers, body = args
            show(headers["destination"].rsplit("/", 1)[1], body)
            done.release()

    connection = library.Connection([("127.0.0.1", 61613)])
    connection.set_listener("", Consumer())
    connection.connect("guest", "guest", wait=True)
    connection.subscribe(f"/topic/{pattern}", id="1", receipt="1")
    print("ready", flush=True)
    for _ in range(count):
        done.acquire()
    connection.disconnect()


{"amqp091": amqp091, "amqp10": amqp10, "stomp": stomp}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
