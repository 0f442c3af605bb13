"""A session ends when it is stopped, or when the clock on the wall says so."""

import asyncio
from collections.abc import Iterator

import pytest

from gooclaim_cli import lasting
from gooclaim_cli.lasting import until_over


def times(*moments: float) -> Iterator[float]:
    yield from moments


def test_it_lasts_until_it_is_stopped() -> None:
    async def scenario() -> None:
        stopped = asyncio.Event()
        for ends_at in (None, 1000.0):
            waiting = asyncio.create_task(until_over(stopped, ends_at=ends_at, clock=lambda: 1.0))
            await asyncio.sleep(0)
            assert not waiting.done()
            stopped.set()
            assert not await waiting
            stopped.clear()

    asyncio.run(scenario())


def test_its_time_is_over_when_the_clock_says_so() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        assert await until_over(asyncio.Event(), ends_at=loop.time() + 0.02, clock=loop.time)

    asyncio.run(scenario())


def test_a_machine_that_slept_through_it_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock on the wall jumps, the event loop's does not."""
    monkeypatch.setattr(lasting, "_LOOK_EVERY", 0.001)
    clock = times(0.0, 0.1, 7200.0)

    async def scenario() -> None:
        async with asyncio.timeout(5):
            over = await until_over(asyncio.Event(), ends_at=1800.0, clock=lambda: next(clock))
        assert over

    asyncio.run(scenario())


def test_one_that_was_stopped_in_time_is_not_over() -> None:
    async def scenario() -> None:
        stopped = asyncio.Event()
        stopped.set()
        assert not await until_over(stopped, ends_at=0.0, clock=lambda: 1.0)

    asyncio.run(scenario())
