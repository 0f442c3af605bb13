"""Load: sends a plan's requests over so many connections, and counts what becomes of them.

It prints nothing: `tally` can be read at any time.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Final

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.firing.jobs import NOT_THERE
from gooclaim_cli.firing.range import Conditions, outgoing_for
from gooclaim_cli.firing.shots import Sample, Signer
from gooclaim_cli.load.events import Events
from gooclaim_cli.load.judging import Judgement, Twice
from gooclaim_cli.load.pacing import Pacer
from gooclaim_cli.load.plan import Plan, Step
from gooclaim_cli.load.tally import Tally
from gooclaim_cli.sending import Outcome, Sender, SendFailure
from gooclaim_cli.wire.handling import Arriving, holds

_MOMENT: Final = 0.005  # seconds: as little is no handler's doing


class Load:
    """One run of a plan. `clock` gives UNIX seconds, for the signatures.

    `tally` counts, and may be read while it runs. `interrupted`: it was stopped before its end.
    """

    def __init__(
        self,
        plan: Plan,
        events: Events,
        signer: Signer,
        conditions: Conditions,
        *,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.plan = plan
        self.tally = Tally()
        self.interrupted = False
        self._events = events
        self._signer = signer
        self._conditions = conditions
        self._tls = tls
        self._clock = clock
        self._steps = plan.steps()
        self._twice: dict[int, Twice] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._began = 0.0
        self._worked = 0.0
        self._ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long it takes so far, or took."""
        now = time.perf_counter() if self._ended is None else self._ended
        return now - self._began if self._began else 0.0

    @property
    def own_share(self) -> float:
        """The share of its time that this process worked: 1 is one core, from begin to end."""
        return self._worked / self.seconds if self._ended is not None and self.seconds else 0.0

    async def run(self) -> None:
        """Send everything. Raises GooclaimError where nothing answers from the first on."""
        connections = min(self.plan.connections, self.plan.count)
        async with Sender(tls=self._tls) as sender, Pacer() as pacer:
            self._began, worked = time.perf_counter(), time.process_time()
            self._tasks = [
                asyncio.create_task(self._work(sender, pacer)) for _ in range(connections)
            ]
            try:
                ended = await asyncio.gather(*self._tasks, return_exceptions=True)
            finally:
                self._ended = time.perf_counter()
                self._worked = time.process_time() - worked
        for each in ended:
            if isinstance(each, Exception):
                raise each

    def stop(self) -> None:
        """Send no more; what is under way is given up."""
        self.interrupted = self._ended is None
        self._cancel()

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _work(self, sender: Sender, pacer: Pacer) -> None:
        """Send one request after the other: the next that nobody has taken.

        Events are made before the wait, in the plan's order: with a seed they are the same.
        """
        is_first = True
        try:
            for step in self._steps:
                twice = self._twice_of(step)
                sample = twice.sample if twice else self._events.sample(step.event_type)
                due = None
                if step.due is not None:
                    due = self._began + step.due
                    # A first one had a free connection, however long it took to begin.
                    self.tally.late += not is_first and time.perf_counter() - due > _MOMENT
                    is_first = False
                    await pacer.until(due)
                await self._send(step, sample, twice, sender, due)
        except Exception:
            self._cancel()
            raise

    def _twice_of(self, step: Step) -> Twice | None:
        """What is known of an event that is sent twice: begun at its first step."""
        if step.repeats is not None:
            return self._twice.pop(step.repeats)
        if not step.again:
            return None
        twice = self._twice[step.number] = Twice(self._events.sample(step.event_type))
        return twice

    async def _send(
        self, step: Step, sample: Sample, twice: Twice | None, sender: Sender, due: float | None
    ) -> None:
        tally = self.tally
        shot = self._events.shot(step, sample, self._signer, at=self._clock())
        outgoing = outgoing_for(shot, self._conditions)
        what = shot.what
        if what is not Arriving.GOOD:
            twice = None  # a fixture that is wrong by itself is refused each time
        elif twice is not None and step.repeats is not None:
            what = twice.repeat_begins()
        tally.sent += 1
        tally.event_types[sample.event_type] += 1
        began = time.perf_counter() if due is None else due
        outcome = await sender.send(outgoing, within=self._conditions.deadline)
        tally.ended(outcome, latency=time.perf_counter() - began)
        if outcome.failure in NOT_THERE and not tally.statuses:
            raise GooclaimError(outcome.message, "start your handler, or say where it is with --to")
        for judgement in _judge(step, twice, what, outcome):
            tally.judge(judgement, step.fault)


def _judge(step: Step, twice: Twice | None, what: Arriving, outcome: Outcome) -> list[Judgement]:
    status = None if outcome.failure else outcome.status
    if twice is None:
        return [Judgement(what, status, holds(what, status))]
    if step.again:
        return twice.first_ended(status, late=outcome.failure is SendFailure.TIMED_OUT)
    return twice.repeat_ended(what, status)
