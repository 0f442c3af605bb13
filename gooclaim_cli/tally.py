"""The session in numbers, counted from what it tells."""

from typing import Final

from gooclaim_cli.happenings import (
    Delivered,
    Disposition,
    HandlerAnswer,
    Happening,
    LateAnswer,
    PassedOn,
    Summary,
    Target,
)

_MOST_UNTAKEN: Final = 100_000  # keys that are remembered; further events are not counted


class Tally:
    """Counts happenings; `summary` gives the numbers so far."""

    def __init__(self) -> None:
        self._received = 0
        self._rejected = 0
        self._duplicates = 0
        self._forwarded = 0
        self._failed = 0
        self._untaken: set[str | None] = set()
        self._slowest: float | None = None
        self._passed_on = 0
        self._not_taken = 0

    def add(self, happening: Happening) -> None:
        """Count one happening."""
        if isinstance(happening, Delivered):
            self._received += 1
            self._rejected += happening.disposition is Disposition.REJECTED
            self._duplicates += happening.disposition is Disposition.DUPLICATE
            if happening.handler is not None:
                self._forwarded += 1
                self._count_forward(happening, taken=_was_taken(happening))
                self._clock(happening.handler)
            if happening.home is not None:
                self._count_pass_on(happening.home)
        elif isinstance(happening, LateAnswer):
            self._clock(happening.handler)
        elif isinstance(happening, PassedOn) and _is_first_answer_of_home(happening):
            self._count_pass_on(happening.answer)

    def summary(self, *, at: float, restored: bool | None) -> Summary:
        """The numbers so far; `restored` as `Summary` explains it."""
        return Summary(
            at=at,
            received=self._received,
            verified=self._received - self._rejected,
            rejected=self._rejected,
            duplicates=self._duplicates,
            forwarded=self._forwarded,
            failed=self._failed,
            failed_events=len(self._untaken),
            slowest_ms=self._slowest,
            restored=restored,
            passed_on=self._passed_on,
            not_taken=self._not_taken,
        )

    def _count_forward(self, seen: Delivered, *, taken: bool) -> None:
        self._failed += not taken
        if taken:
            self._untaken.discard(seen.idempotency_key)
        elif seen.home is None and len(self._untaken) < _MOST_UNTAKEN:
            self._untaken.add(seen.idempotency_key)

    def _count_pass_on(self, answer: HandlerAnswer) -> None:
        self._passed_on += 1
        self._not_taken += not answer.succeeded

    def _clock(self, answer: HandlerAnswer) -> None:
        if answer.status is not None:
            self._slowest = max(self._slowest or 0.0, answer.ms)


def _is_first_answer_of_home(passed: PassedOn) -> bool:
    """A late one was counted already, as one that did not come in time."""
    return passed.target is Target.HOME and not passed.late


def _was_taken(seen: Delivered) -> bool:
    """Whether the handler took a delivery; where it is not answered for, by its own answer."""
    if seen.home is not None and seen.handler is not None:
        return seen.handler.succeeded
    return seen.response_status in range(200, 300)
