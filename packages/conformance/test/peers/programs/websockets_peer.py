"""An echo client and an echo server of the websockets library of Python.

    websockets_peer.py client ws://127.0.0.1:9001/   sends the table of stdin, prints how many have come back
    websockets_peer.py server deflate                prints its port, echoes until it is ended
    websockets_peer.py server plain                  the same without compression
"""
import asyncio
import sys

import websockets
from table import read_table
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

FRAGMENT = 10_000


async def exchange(connection, table):
    """Sends every message and wants it back. Returns how many."""
    for index, parts in enumerate(table):
        whole = parts[0][:0].join(parts)
        # An iterable is sent in fragments.
        await connection.send(whole if len(parts) == 1 else parts)
        echo = await connection.recv()
        if echo != whole:
            raise SystemExit(f"message {index}: found {echo[:50]!r}, expected {whole[:50]!r}")
    pong = await connection.ping(b"are you there")
    await pong
    return len(table)


async def client(url):
    table = read_table()
    count = 0
    for options in [
        None,
        {"client_max_window_bits": True},
        {"client_max_window_bits": 9, "server_max_window_bits": 9},
        {"server_no_context_takeover": True, "client_no_context_takeover": True},
    ]:
        # None and not an empty list, for which this library sends an empty header.
        extensions = None if options is None else [ClientPerMessageDeflateFactory(**options)]
        async with websockets.connect(url, compression=None, extensions=extensions, max_size=None) as connection:
            if len(connection.extensions) != (0 if options is None else 1):
                raise SystemExit(f"{options}: the extension was declined")
            count += await exchange(connection, table)
            await connection.close(4001, "enough")
        if (connection.close_code, connection.close_reason) != (4001, "enough"):
            raise SystemExit(f"{options}: closed with {connection.close_code} {connection.close_reason}")
    print(count)


async def server(compression):
    async def serve(connection, path=None):
        async for message in connection:
            if message == "close":
                await connection.close(4002, "as you wish")
            elif len(message) <= FRAGMENT:
                await connection.send(message)
            else:
                await connection.send(message[at : at + FRAGMENT] for at in range(0, len(message), FRAGMENT))

    deflate = ServerPerMessageDeflateFactory(server_max_window_bits=10, client_max_window_bits=10)
    extensions = [deflate] if compression == "deflate" else None
    async with websockets.serve(
        serve, "127.0.0.1", 0, compression=None, extensions=extensions, max_size=None
    ) as listening:
        print(f"listening on {listening.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.get_running_loop().create_future()


asyncio.run(client(sys.argv[2]) if sys.argv[1] == "client" else server(sys.argv[2]))
