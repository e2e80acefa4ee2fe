"""A stand-in for a database proxy: passes connections from one port to another address.

It needs nothing but Python. A real one (for Cloud SQL, PgBouncer, a service mesh) takes its place without other changes.
"""

import argparse
import asyncio
import contextlib
import functools

CHUNK = 65536


async def copy(reader, writer):
    """Pass bytes on until one side ends."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def serve(host, port, reader, writer):
    """Pass one connection on."""
    try:
        there, back = await asyncio.open_connection(host, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, back), copy(there, writer))
    back.close()
    writer.close()


async def main(listen, host, port):
    """Serve until the pod ends."""
    server = await asyncio.start_server(functools.partial(serve, host, port), "127.0.0.1", listen)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", type=int, required=True, help="port on the pod's loopback")
    parser.add_argument("--host", required=True, help="where the database is")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(main(options.listen, options.host, options.port))
