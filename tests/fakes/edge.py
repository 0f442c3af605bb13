"""The far end of a fake tunnel: an HTTPS server on loopback that passes bytes on to the target.

Stands for ngrok's and Cloudflare's clouds, which tests cannot reach. While it is not connected it
answers as theirs do: Cloudflare 530 with error 1033, ngrok 404 with ERR_NGROK_3200.
"""

import asyncio
import contextlib
import ssl
from pathlib import Path


class Edge:
    """`offline` is the whole answer to a request that comes while no tunnel is connected."""

    def __init__(self, certificate: Path, offline: bytes) -> None:
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate)
        self._offline = offline
        self._target: tuple[str, int] | None = None
        self._server: asyncio.Server | None = None
        self._port = 0

    async def open(self) -> str:
        """Listen on the same port each time; return `localhost:port`."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._tls)
        self._server = server
        self._port = server.sockets[0].getsockname()[1]
        return f"localhost:{self._port}"

    def connect(self, target: str | None) -> None:
        """Pass on to `host:port`; None: to nobody."""
        host, _, port = (target or "").rpartition(":")
        self._target = (host, int(port)) if target else None

    def vanish(self) -> None:
        """Refuse connections, as a network that is down."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, ssl.SSLError):
            if self._target is None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self._offline)
                await writer.drain()
            else:
                await self._relay(self._target, reader, writer)
        writer.close()

    async def _relay(
        self,
        target: tuple[str, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        back, forth = await asyncio.open_connection(*target)
        there = asyncio.create_task(_pass_on(reader, forth))
        await _pass_on(back, writer)
        there.cancel()
        forth.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
