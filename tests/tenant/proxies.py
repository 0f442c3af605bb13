"""A proxy in front of a host that nothing is ever sent to: what answers in its place is ours."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trustme

from gooclaim_cli.tenant.environment import DEVELOPMENT_HOST

from .support import Relay, listening


@asynccontextmanager
async def inspecting_proxy(
    authority: trustme.CA, relay: Relay, host: str = DEVELOPMENT_HOST
) -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that reads along: to the client it shows a certificate of the company's own.

    Yields its URL and the hosts that it was asked for. It connects to nothing but the relay.
    """
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(tls)
    asked: list[str] = []
    async with listening(relay.connected, tls=tls) as inside:
        port = int(inside.rpartition(":")[2])

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head.split(b" ")[1].decode())
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                async with asyncio.TaskGroup() as group:
                    group.create_task(pass_on(reader, onward))
                    group.create_task(pass_on(onward_reader, writer))

        async with listening(connected) as url:
            yield url, asked


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    finally:
        writer.close()
