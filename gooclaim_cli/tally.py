"""The session in numbers, counted from what it tells."""

from gooclaim_cli.happenings import (
    Delivered,
    Disposition,
    HandlerAnswer,
    Happening,
    LateAnswer,
    Summary,
)


class Tally:
    """Counts happenings; `summary` gives the numbers so far."""

    def __init__(self) -> None:
        self._received = 0
        self._rejected = 0
        self._duplicates = 0
        self._forwarded = 0
        self._failed = 0
        self._slowest: float | None = None

    def add(self, happening: Happening) -> None:
        """Count one happening."""
        if isinstance(happening, Delivered):
            self._received += 1
            self._rejected += happening.disposition is Disposition.REJECTED
            self._duplicates += happening.disposition is Disposition.DUPLICATE
            if happening.handler is not None:
                self._forwarded += 1
                self._failed += happening.response_status not in range(200, 300)
                self._clock(happening.handler)
        elif isinstance(happening, LateAnswer):
            self._clock(happening.handler)

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
            slowest_ms=self._slowest,
            restored=restored,
        )

    def _clock(self, answer: HandlerAnswer) -> None:
        if answer.status is not None:
            self._slowest = max(self._slowest or 0.0, answer.ms)
