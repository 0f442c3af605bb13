"""Waiting for a handler that restarts: gone and back, never gone, and never back."""

import asyncio
import time

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


def test_one_that_is_gone_is_waited_for() -> None:
    """Until it listens again, and not longer."""

    async def main() -> None:
        port = free_port()
        waiting = asyncio.create_task(
            until_back(f"http://127.0.0.1:{port}/", begins_within=0.1, patience=10)
        )
        await asyncio.sleep(0.2)
        assert not waiting.done()
        server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", port)
        await asyncio.wait_for(waiting, 5)
        server.close()

    asyncio.run(main())


def test_a_connection_that_ends_is_a_restart() -> None:
    """It is not waited for to the end of the time within which one may begin."""

    async def main() -> None:
        async def close_soon(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.05)
            writer.close()

        server = await asyncio.start_server(close_soon, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        await asyncio.wait_for(until_back(url, begins_within=60, patience=5), 5)
        server.close()

    asyncio.run(main())


def test_one_that_stays_away_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(GooclaimError, match="has not come back within"):
        asyncio.run(until_back(url, begins_within=0.1, patience=0.1))
