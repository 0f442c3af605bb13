"""Waiting for a handler that restarts: gone and back, never gone, and never back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.firing.watching import until_back

from ..sending.servers import free_port, raw_server, silent_after


def test_one_that_does_not_restart_is_taken_for_ready() -> None:
    async def main() -> float:
        async with raw_server(silent_after()) as server:
            begun = time.monotonic()
            await until_back(server.url(), begins_within=0.1, patience=5)
            return time.monotonic() - begun

    assert 0.1 <= asyncio.run(main()) < 2


@contextlib.asynccontextmanager
async def closing_server(port: int = 0, *, after: float = 0.0) -> AsyncIterator[int]:
    """A server that closes every connection after a while; yields its port."""
    connections: list[asyncio.Task[None] | None] = []

    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        await asyncio.sleep(after)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(close, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*filter(None, connections))


def test_one_that_is_gone_is_waited_for() -> None:
    """Until it listens again, and not longer."""

    async def main() -> None:
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        waiting = asyncio.create_task(until_back(url, begins_within=0.1, patience=10))
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        async with closing_server(port):
            await asyncio.wait_for(waiting, 5)

    asyncio.run(main())


def test_a_connection_that_ends_is_a_restart() -> None:
    """It is not waited for to the end of the time within which one may begin."""

    async def main() -> None:
        async with closing_server(after=0.05) as port:
            url = f"http://127.0.0.1:{port}/"
            await asyncio.wait_for(until_back(url, begins_within=60, patience=5), 5)

    asyncio.run(main())


def test_one_that_stays_away_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(GooclaimError, match="has not come back within"):
        asyncio.run(until_back(url, begins_within=0.1, patience=0.1))
