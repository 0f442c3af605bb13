"""Sending originals again: in their order, at their pace or another one, several at a time.

It prints nothing: each replay is told when it has been answered.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom

from gooclaim_cli.firing.differences import Answer, differences
from gooclaim_cli.firing.range import Fired, Range
from gooclaim_cli.firing.replays import Manner, Original, replay_shot
from gooclaim_cli.firing.shots import Volley


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When each is sent. `interval` is in seconds; `as_recorded` keeps the gaps between arrivals,
    divided by `speed`. `at_once` are under way at a time.
    """

    interval: float = 0.0
    as_recorded: bool = False
    speed: float = 1.0
    at_once: int = 1

    def starts(self, originals: Sequence[Original]) -> list[float]:
        """The seconds from the first to each; where nothing says when one came, with the last."""
        if not self.as_recorded:
            return [self.interval * number for number in range(len(originals))]
        starts, first, latest = [], None, 0.0
        for original in originals:
            if original.received_at is not None:
                first = original.received_at if first is None else first
                latest = max(latest, (original.received_at - first) / self.speed)
            starts.append(latest)
        return starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One replay. `differs` are the lines in which the answer differs from the recorded one; None
    where there is none to compare with.
    """

    original: Original
    fired: Fired
    differs: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cartridge:
    """An original, and the range at which it is fired."""

    original: Original
    to: Range


async def replay(
    cartridges: Sequence[Cartridge],
    manner: Manner,
    pace: Pace,
    tell: Callable[[Replayed], None],
    *,
    clock: Callable[[], float] = time.time,
    random: Random | None = None,
) -> None:
    """Send all, started in their order, and tell each as it is answered.

    What `tell` raises ends it and goes through.
    """
    random = random or SystemRandom()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    places = asyncio.Semaphore(pace.at_once)

    async def fire(cartridge: Cartridge) -> None:
        try:
            shot = replay_shot(cartridge.original, manner, at=clock(), random=random)
            (fired,) = await cartridge.to.fire(Volley(fault=None, shots=(shot,)))
        finally:
            places.release()
        tell(_replayed(cartridge.original, fired))

    starts = pace.starts([each.original for each in cartridges])
    try:
        async with asyncio.TaskGroup() as tasks:
            for cartridge, start in zip(cartridges, starts, strict=True):
                await places.acquire()
                await asyncio.sleep(max(0.0, begun + start - loop.time()))
                tasks.create_task(fire(cartridge))
    except ExceptionGroup as problems:  # what `tell` raised ends it, as if there were no tasks
        raise problems.exceptions[0] from None


def _replayed(original: Original, fired: Fired) -> Replayed:
    recorded, outcome = original.answer, fired.outcome
    differs = None
    if recorded is not None:
        answer = Answer(outcome.status, outcome.headers, outcome.body)
        differs = differences(recorded, answer)
    return Replayed(original=original, fired=fired, differs=differs)
