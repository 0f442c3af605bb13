"""The internet, as far as a program can tell: a proxy on loopback that answers for its hosts.

A program that is told `HTTPS_PROXY` and `SSL_CERT_FILE` reaches `https://HOST` through it: real
sockets, real TLS, and not a packet that leaves this machine.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import trustme


class Internet:
    """`hosts` are names and the loopback ports that plain HTTP is spoken on behind them."""

    def __init__(self, folder: Path) -> None:
        self.hosts: dict[str, int] = {}
        self.asked: list[str] = []
        self._authority = trustme.CA()
        self._ca_file = folder / "internet-ca.pem"
        self._authority.cert_pem.write_to_path(self._ca_file)
        self._port = 0

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a program that is to be in it."""
        proxy = f"http://127.0.0.1:{self._port}"
        names = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy)
        return {**names, "NO_PROXY": "", "no_proxy": "", "SSL_CERT_FILE": str(self._ca_file)}

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.closing(writer),
            contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError),
        ):
            head = await reader.readuntil(b"\r\n\r\n")
            method, _, rest = head.decode("latin-1").partition(" ")
            host = rest.partition(":")[0]
            self.asked.append(host)
            if method != "CONNECT" or host not in self.hosts:
                writer.write(b"HTTP/1.1 502 No such host\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._tls(host))
            await self._relay(reader, writer, self.hosts[host])

    def _tls(self, host: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(host).configure_cert(context)
        return context

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        """Carry bytes both ways until one side ends. Where nothing listens, the connection ends."""
        try:
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        with contextlib.closing(behind_writer):
            ways = [
                asyncio.create_task(_carry(reader, behind_writer)),
                asyncio.create_task(_carry(behind_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while chunk := await source.read(65536):
            sink.write(chunk)
            await sink.drain()


@contextlib.contextmanager
def internet(folder: Path) -> Iterator[Internet]:
    """Run one, in a thread of its own."""
    net = Internet(folder)
    started, loop = threading.Event(), asyncio.new_event_loop()
    ended = asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(net.serve(started, ended))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield net
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
