"""Plays a story to a handler: at its pace, in its order; yields what became of each beat."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.firing.faults import Means
from gooclaim_cli.firing.jobs import NOT_THERE
from gooclaim_cli.firing.range import Fired
from gooclaim_cli.firing.shots import Sample, Signer, Volley
from gooclaim_cli.stories.judging import Judged, Played, judge, judge_all, volley_of
from gooclaim_cli.stories.planning import Beat, plan
from gooclaim_cli.stories.scenario import Scenario
from gooclaim_cli.stories.telling import Teller

LONGEST_WAIT: Final = 3.0
# As many as the sandbox's outbound engine has under way. A thousand connections at the same moment
# would tell of the backlog of a socket, not of a handler.
MOST_UNDER_WAY: Final = 64


class Firing(Protocol):
    """Where a story's deliveries go: a `Range`, or a sandbox's stage."""

    async def fire(self, volley: Volley) -> tuple[Fired, ...]:
        """Send a volley's shots and judge the answers."""


class Pace(Protocol):
    """Decides when the story goes on."""

    async def wait(self, beat: Beat, span: float) -> bool:
        """Wait until the beat is to arrive, `span` story seconds after the last. False: no more."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Goes on by itself. Of the story's time no more than `longest` is waited for, by `speed`."""

    speed: float = 1.0
    longest: float = LONGEST_WAIT

    async def wait(self, beat: Beat, span: float) -> bool:
        """Wait; always go on."""
        await asyncio.sleep(min(span, self.longest) / self.speed)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a story is told. `slow` are the seconds that a slow body takes."""

    signer: Signer
    tenant_id: str
    random: Random
    slow: float = 2.0
    clock: Callable[[], float] = time.time


class Player:
    """Plays one story once. The story ends now: what happens in it lies in the past."""

    def __init__(self, scenario: Scenario, telling: Telling, to: Firing, pace: Pace) -> None:
        self._plan = plan(scenario)
        begins = telling.clock() - self._plan.length
        self._telling = telling
        self._to = to
        self._pace = pace
        self._teller = Teller(
            scenario, tenant_id=telling.tenant_id, begins=begins, random=telling.random
        )
        self._taken: set[str] = set()
        self._slots = asyncio.Semaphore(MOST_UNDER_WAY)

    async def play(self) -> AsyncIterator[Played]:
        """Play one beat after the other. Raises GooclaimError where nothing answers the first."""
        arrived = 0.0
        for number, beat in enumerate(self._plan.beats):
            if not await self._pace.wait(beat, beat.arrives - arrived):
                return
            arrived = beat.arrives
            at = self._telling.clock()
            requests = await self._play(beat, at)
            failed = requests[0].fired.outcome
            if number == 0 and failed.failure in NOT_THERE:
                hint = "start your handler, or say where it is with --to"
                raise GooclaimError(failed.message, hint)
            yield Played(at=at, beat=beat, requests=requests)

    async def _play(self, beat: Beat, at: float) -> tuple[Judged, ...]:
        step = beat.step
        samples = self._teller.samples(step, count=beat.count, at=beat.happens, now=at)
        if step.at_once:
            volleys = await asyncio.gather(*(self._fire(beat, each) for each in samples))
        else:
            volleys = [await self._fire(beat, each) for each in samples]
        judged = judge_all(volleys, step)
        if step.expect.duplicate is None:
            return judged
        again = [await self._fire(beat, each) for each in samples]
        return judged + tuple(judge(each, step, duplicate=True) for one in again for each in one)

    async def _fire(self, beat: Beat, sample: Sample) -> tuple[Fired, ...]:
        telling = self._telling
        async with self._slots:
            taken = sample.idempotency_key in self._taken
            means = Means(
                signer=telling.signer, at=telling.clock(), random=telling.random, slow=telling.slow
            )
            fired = await self._to.fire(volley_of(beat.step, sample, means, taken=taken))
            self._taken |= {
                each.shot.sample.idempotency_key for each in fired if each.outcome.succeeded
            }
        return fired
