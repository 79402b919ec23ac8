#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Stands between a client and a server of TCP, and writes down what the client says.

usage: tcp-tap.py LISTEN-PORT SERVER-PORT FILE
"""

import asyncio
import sys


async def pass_on(reader, writer, file):
    while data := await reader.read(65536):
        if file is not None:
            file.write(data)
            file.flush()
        writer.write(data)
        await writer.drain()
    writer.close()


async def serve(reader, writer):
    there, back = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    with open(sys.argv[3], "ab") as file:
        await asyncio.gather(pass_on(reader, back, file), pass_on(there, writer, None))


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
