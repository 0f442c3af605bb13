"""Judging: what each request was to the handler, by what was really so when it was sent.

A repeat is planned to follow its event's answer, or to cross it; how it went, only its time tells.
Pure. What is right stands in `wire.handling`.
"""

from dataclasses import dataclass
from typing import Final

from gooclaim_cli.firing.shots import Sample
from gooclaim_cli.wire.handling import HANDLING, Arriving, holds

_OF_TWO: Final = "2xx once; the other 2xx, 409 or 5xx"


def expected(what: Arriving) -> str:
    """What is right, in short: of two at once, of both together."""
    return _OF_TWO if what is Arriving.REPEATED_AT_ONCE else HANDLING[what].status


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an answer was right; `status` is None where there was none in time."""

    what: Arriving
    status: int | None
    held: bool


class Twice:
    """An event that is sent twice. `late`: its first request was given up, and may still run."""

    __slots__ = ("_answered", "_crossed", "_late", "_repeat", "_status", "sample")

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._answered = self._crossed = self._late = False
        self._status: int | None = None
        self._repeat: list[int | None] = []

    def first_ended(self, status: int | None, *, late: bool = False) -> list[Judgement]:
        """Take the first answer; return what can be judged now."""
        self._answered, self._status, self._late = True, status, late
        if not self._crossed:
            return [Judgement(Arriving.GOOD, status, holds(Arriving.GOOD, status))]
        return self._both() if self._repeat else []

    def repeat_begins(self) -> Arriving:
        """What the repeat is, as it is sent."""
        if not self._answered or self._late:
            self._crossed = not self._answered
            return Arriving.REPEATED_AT_ONCE
        taken = holds(Arriving.GOOD, self._status)
        return Arriving.REPEATED if taken else Arriving.RETRIED

    def repeat_ended(self, what: Arriving, status: int | None) -> list[Judgement]:
        """Take the second answer; return what can be judged now."""
        if not self._crossed:
            return [Judgement(what, status, holds(what, status))]
        self._repeat = [status]
        return self._both() if self._answered else []

    def _both(self) -> list[Judgement]:
        """Of two that crossed, one at least must have been taken."""
        what, statuses = Arriving.REPEATED_AT_ONCE, (self._status, *self._repeat)
        taken = any(holds(Arriving.GOOD, status) for status in statuses)
        return [Judgement(what, status, taken and holds(what, status)) for status in statuses]
