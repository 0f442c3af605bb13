"""An HTTPS front for a handler that speaks plain HTTP on this machine: bytes pass as they are.

Gooclaim delivers to HTTPS only, and so does the sandbox.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
from anyio.abc import AnyByteStream, SocketListener
from anyio.streams.tls import TLSListener

from gooclaim_cli.serving import bind


@dataclass(frozen=True, slots=True)
class PlainAddress:
    """Where the handler is."""

    host: str
    port: int


@contextlib.asynccontextmanager
async def https_front(to: PlainAddress, tls: ssl.SSLContext) -> AsyncIterator[int]:
    """Accept HTTPS on the same host, on a port that the system picks, and yield the port.

    A connection whose handler is not there is closed.
    """

    async def carry(client: AnyByteStream) -> None:
        async with client:
            with contextlib.suppress(OSError):
                async with await anyio.connect_tcp(to.host, to.port) as handler:
                    await _exchange(client, handler)

    listener = bind(to.host, 0)
    port = listener.getsockname()[1]
    plain = await SocketListener.from_socket(listener)
    async with plain, anyio.create_task_group() as tasks:
        tasks.start_soon(TLSListener(plain, tls, standard_compatible=False).serve, carry)
        yield port
        tasks.cancel_scope.cancel()


async def _exchange(client: AnyByteStream, handler: AnyByteStream) -> None:
    """Carry bytes both ways until either side ends."""

    async def carry(source: AnyByteStream, sink: AnyByteStream) -> None:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for some in source:
                await sink.send(some)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carry, client, handler)
        tasks.start_soon(carry, handler, client)
