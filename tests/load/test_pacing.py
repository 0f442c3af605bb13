"""Waking up in time: never early, in order, whoever else has given up waiting."""

import asyncio
import threading
import time

from gooclaim_cli.load.pacing import Pacer


async def wake(pacer: Pacer, due: float, woken: list[tuple[float, float]]) -> None:
    await pacer.until(due)
    woken.append((due, time.perf_counter()))


def test_each_wakes_when_it_is_due_and_in_order() -> None:
    woken: list[tuple[float, float]] = []

    async def scenario() -> None:
        async with Pacer() as pacer:
            start = time.perf_counter() + 0.01
            await asyncio.gather(*(wake(pacer, start + n / 1000, woken) for n in range(100)))

    asyncio.run(scenario())
    assert len(woken) == 100
    assert all(at >= due for due, at in woken)
    assert woken == sorted(woken)


def test_one_that_gives_up_holds_nobody_up() -> None:
    woken: list[tuple[float, float]] = []

    async def scenario() -> None:
        async with Pacer() as pacer, asyncio.timeout(10):
            start = time.perf_counter()
            first = asyncio.create_task(wake(pacer, start + 0.02, woken))
            second = asyncio.create_task(wake(pacer, start + 0.03, woken))
            await asyncio.sleep(0)
            first.cancel()
            await second

    asyncio.run(scenario())
    assert len(woken) == 1


def test_a_wait_of_an_hour_ends_with_the_pacer() -> None:
    async def scenario() -> threading.Thread:
        others = set(threading.enumerate())
        async with Pacer() as pacer:
            waiting = asyncio.create_task(pacer.until(time.perf_counter() + 3600))
            await asyncio.sleep(0)
            waiting.cancel()
            (thread,) = set(threading.enumerate()) - others
        return thread

    thread = asyncio.run(scenario())
    thread.join(10)
    assert not thread.is_alive()
