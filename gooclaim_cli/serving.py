"""Running an ASGI app on a socket inside this process's event loop.

Signals belong to the session, not to the server; what binds the socket knows its port at once.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

import uvicorn

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.guard import Gate, GuardedProtocol, Limits

_HIGHEST_PORT: Final = 65_535
# Connections that the system keeps until they are accepted. One more is not refused but left
# without an answer, and tries again a second later: a burst would keep a real one waiting.
_BACKLOG: Final = 2048
_LOOKS_EVERY: Final = 0.005  # seconds, whether all connections have ended
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signal handlers alone, tells when it accepts, and ends at once.

    uvicorn's own loops look ten times a second whether they are to end.
    """

    def __init__(self, config: uvicorn.Config, limits: Limits, gate: Gate) -> None:
        super().__init__(config)
        self._limits = limits
        self._gate = gate
        self.accepting = asyncio.Event()
        self.leaving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop, tls = asyncio.get_running_loop(), self.config.ssl
        self.servers = [
            await loop.create_server(
                self._connection,
                sock=each,
                backlog=_BACKLOG,
                ssl=tls,
                ssl_handshake_timeout=self._limits.head_seconds if tls else None,
            )
            for each in sockets or ()
        ]
        self.started = True
        self.accepting.set()

    def _connection(self) -> asyncio.Protocol:
        return GuardedProtocol(
            config=self.config,
            server_state=self.server_state,
            app_state={},
            limits=self._limits,
            gate=self._gate,
            is_leaving=self.leaving.is_set,
        )

    async def main_loop(self) -> None:
        while not self.leaving.is_set():
            await self.on_tick(0)  # renews the Date header, which has a resolution of a second
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in (*self.servers, *(sockets or ())):
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOKS_EVERY)
                for server in self.servers:
                    await server.wait_closed()
        for task in self.server_state.tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def serve(
    app: AsgiApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    listener: socket.socket | None = None,
    tls: ssl.SSLContext | None = None,
    limits: Limits | None = None,
    gate: Gate | None = None,
    grace: float = 1.0,
) -> AsyncIterator[int]:
    """Serve `app` on host and port (0: the system picks), or on a `listener`, and yield the port.

    `gate` counts the connections of several servers together. On leaving, requests under way get
    `grace` seconds. Raises ConfigurationError where the address cannot be had.
    """
    limits = limits or Limits()
    listener = listener or bind(host, port)
    config = uvicorn.Config(
        app,
        loop="none",
        lifespan="off",
        ws="none",
        http="httptools",
        timeout_keep_alive=limits.idle_seconds,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(grace)),
        ssl_context_factory=(lambda _config, _default: tls) if tls else None,
    )
    server = _Server(config, limits, gate or Gate(limits.connections))
    running = asyncio.create_task(server.serve(sockets=[listener]), name=f"serve {host}")
    accepting = asyncio.create_task(server.accepting.wait())
    try:
        await asyncio.wait({running, accepting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running  # it could not start: the reason is raised
        yield listener.getsockname()[1]
    finally:
        accepting.cancel()
        server.leaving.set()
        server.should_exit = True
        await running


def bind(host: str, port: int) -> socket.socket:
    """Bind a listening socket. Raises ConfigurationError with what stands in the way."""
    if not 0 <= port <= _HIGHEST_PORT:
        raise _not_to_be_had(host, port, f"ports are 0 to {_HIGHEST_PORT}")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _not_to_be_had(host, port, reason) from None
    # asyncio sets this only where a socket tells its protocol number, which these do not. Without
    # it, an answer that is written in two parts waits 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _not_to_be_had(host: str, port: int, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"cannot listen on {host}:{port}: {reason}",
        "choose another with --port, or leave it out: the system then picks a free one",
    )
