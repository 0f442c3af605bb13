"""The firing range: sends volleys to one handler and judges its answers.

It prints nothing: what was fired is returned or yielded, one value a request.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from random import Random

from gooclaim_cli.firing.faults import Means
from gooclaim_cli.firing.sequences import all_hold, good_volley
from gooclaim_cli.firing.shots import Sample, Shot, Volley
from gooclaim_cli.sending import Outcome, Outgoing, Sender
from gooclaim_cli.wire.handling import DEADLINE
from gooclaim_cli.wire.retrying import JITTER, RETRY_SCHEDULE, waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """One request and what became of it. `at` is UNIX seconds, `attempt` counts from 1.

    `held`: the answer is what a correct handler's is. `next_in`: the seconds after which Gooclaim
    would try again; None where it would not.
    """

    at: float
    to: str
    fault: str | None
    shot: Shot
    outcome: Outcome
    held: bool
    attempt: int
    next_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Where and how to fire. Times are seconds; `speed` divides the waits before retries.

    `replace` are headers that stand in for those of the same name.
    """

    to: str
    deadline: float = DEADLINE
    schedule: tuple[float, ...] = RETRY_SCHEDULE
    jitter: float = JITTER
    speed: float = 1.0
    replace: tuple[tuple[str, str], ...] = ()

    @property
    def attempts(self) -> int:
        """How often Gooclaim tries, the first time included."""
        return len(self.schedule) + 1


class Range:
    """Fires at one handler. `sender` must be open; `tls` is what it was made with."""

    def __init__(
        self,
        conditions: Conditions,
        sender: Sender,
        *,
        random: Random,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._conditions = conditions
        self._sender = sender
        self._random = random
        self._tls = tls
        self._clock = clock

    async def fire(self, volley: Volley) -> tuple[Fired, ...]:
        """Send a volley's shots and judge the answers."""
        if volley.at_once:
            sent = await asyncio.gather(*map(self._send, volley.shots))
        else:
            sent = [await self._send(shot) for shot in volley.shots]
        held = all_hold(volley, tuple(_status(outcome) for _at, outcome in sent))
        again = self._conditions.schedule[0] if self._conditions.schedule else None
        return tuple(
            Fired(
                at=at,
                to=self._conditions.to,
                fault=volley.fault,
                shot=shot,
                outcome=outcome,
                held=right,
                attempt=1,
                next_in=None if outcome.succeeded else again,
            )
            for shot, (at, outcome), right in zip(volley.shots, sent, held, strict=True)
        )

    async def deliver(self, sample: Sample, means: Callable[[], Means]) -> AsyncIterator[Fired]:
        """Try as Gooclaim does, signed anew each time, until it is taken or a dead letter."""
        conditions = self._conditions
        planned = waits(conditions.schedule, jitter=conditions.jitter, random=self._random)
        for attempt, wait in enumerate(planned, start=1):
            volley = good_volley(sample, means())
            at, outcome = await self._send(volley.shots[0])
            yield Fired(
                at=at,
                to=conditions.to,
                fault=None,
                shot=volley.shots[0],
                outcome=outcome,
                held=all_hold(volley, (_status(outcome),))[0],
                attempt=attempt,
                next_in=None if outcome.succeeded else wait,
            )
            if outcome.succeeded or wait is None:
                return
            await asyncio.sleep(wait / conditions.speed)

    async def _send(self, shot: Shot) -> tuple[float, Outcome]:
        outgoing = outgoing_for(shot, self._conditions)
        at, within = self._clock(), self._conditions.deadline
        if not shot.slow:
            return at, await self._sender.send(outgoing, within=within)
        from gooclaim_cli.sending.rough import send_roughly

        return at, await send_roughly(
            outgoing, self._tls, late=shot.slow, half=False, within=within
        )


def outgoing_for(shot: Shot, conditions: Conditions) -> Outgoing:
    """The request that a shot is."""
    replaced = {name.lower() for name, _ in conditions.replace}
    kept = (each for each in shot.delivery.headers if each[0].lower() not in replaced)
    return Outgoing(conditions.to, (*kept, *conditions.replace), shot.delivery.body)


def _status(outcome: Outcome) -> int | None:
    """The status of a whole answer."""
    return None if outcome.failure else outcome.status
