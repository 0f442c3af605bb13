"""Servers over bare sockets, whose every byte the tests decide and see."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class RawServer:
    """What a server was sent: each request as it came, up to the end of its body."""

    def __init__(self, behave: Behave, host: str, *, tls: bool) -> None:
        self._behave = behave
        self._host = host
        self._scheme = "https" if tls else "http"
        self.port = 0
        self.requests: asyncio.Queue[bytes] = asyncio.Queue()
        self.connections: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/hooks", *, host: str | None = None) -> str:
        named = host or (f"[{self._host}]" if ":" in self._host else self._host)
        return f"{self._scheme}://{named}:{self.port}{path}"

    async def next(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.requests.get()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._converse(reader, writer))
        self.connections.add(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                while request := await read_request(reader):
                    self.requests.put_nowait(request)
                    await self._behave(reader, writer)
        finally:  # also where the loop ends first
            writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Headers and a body of Content-Length; nothing where the client closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return head + await reader.readexactly(int(length or 0))
    except asyncio.IncompleteReadError:
        return b""


@contextlib.asynccontextmanager
async def raw_server(
    behave: Behave, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Serve; at the end, wait for what each connection does (the clients have gone by then)."""
    raw = RawServer(behave, host, tls=tls is not None)
    server = await asyncio.start_server(raw.connected, host, 0, ssl=tls)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*raw.connections)


def answering(*answers: bytes) -> Behave:
    """Write each answer in turn, the last one again and again, and keep the connection."""
    left = list(answers or (OK,))

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return behave


def closing_after(answer: bytes) -> Behave:
    """Write this and close in an orderly way."""

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    return behave


def resetting_after(answer: bytes = b"") -> Behave:
    """Write this and reset the connection."""

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    return behave


def silent_after(answer: bytes = b"") -> Behave:
    """Write this and nothing else until the client has gone."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        await reader.read()

    return behave


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
