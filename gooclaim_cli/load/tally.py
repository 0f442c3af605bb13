"""Tally: what a load came to so far, in constant memory."""

from collections import Counter
from dataclasses import dataclass, field

from gooclaim_cli.load.histogram import Histogram
from gooclaim_cli.load.judging import Judgement
from gooclaim_cli.sending import Outcome, SendFailure
from gooclaim_cli.wire.handling import Arriving


@dataclass(slots=True)
class Judged:
    """How requests of one kind were answered: by status, None where there was no whole answer."""

    what: Arriving
    count: int = 0
    held: int = 0
    right: Counter[int | None] = field(default_factory=Counter)
    wrong: Counter[int | None] = field(default_factory=Counter)


@dataclass(slots=True)
class Tally:
    """`sent` counts requests that were begun, `done` those that ended.

    `latency` runs from when a request was due, `service` from when it was sent. Both hold what was
    answered, and what was given up at the deadline, for as long as that took; not what had no
    connection. `late` were due, by more than a moment, before a connection was free.
    `judged` is by fault, or by what arrives where there is none.
    """

    sent: int = 0
    done: int = 0
    late: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[SendFailure] = field(default_factory=Counter)
    messages: dict[SendFailure, str] = field(default_factory=dict)
    event_types: Counter[str] = field(default_factory=Counter)
    latency: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    judged: dict[str, Judged] = field(default_factory=dict)

    def ended(self, outcome: Outcome, *, latency: float) -> None:
        """Take what became of a request; `latency` in seconds."""
        self.done += 1
        if outcome.failure is not None:
            self.failures[outcome.failure] += 1
            self.messages.setdefault(outcome.failure, outcome.message)
        elif outcome.status is not None:
            self.statuses[outcome.status] += 1
        if outcome.failure in (None, SendFailure.TIMED_OUT):
            self.latency.record(latency)
            self.service.record(outcome.ms / 1000)

    def judge(self, judgement: Judgement, fault: str | None = None) -> None:
        """Take a judgement of a request that was broken so, or not at all."""
        kind = self.judged.setdefault(fault or judgement.what.value, Judged(judgement.what))
        kind.count += 1
        kind.held += judgement.held
        (kind.right if judgement.held else kind.wrong)[judgement.status] += 1

    @property
    def held(self) -> int:
        """How many requests were answered as is right."""
        return sum(each.held for each in self.judged.values())

    @property
    def wrong(self) -> int:
        """How many were not."""
        return sum(each.count - each.held for each in self.judged.values())
