"""Storing deliveries by their deadline, where the home URL answers.

What is not in the history by then is told 503 and goes nowhere: an answer of 2xx to it could not be
given, and the event would be lost to whoever looks here.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from gooclaim_cli.errors import StorageError
from gooclaim_cli.happenings import Disposition, Happening, Level, Notice
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.records import Outcome, outcome_of
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answers import Answer
from gooclaim_cli.receiver.replies import not_written
from gooclaim_cli.wire import Event

_UNCLAIMED: Final = Claim(Disposition.REJECTED, 0, other_body=False)
_UNSTORED: Final = Claim(Disposition.FRESH, 1, other_body=False)


class Storing:
    """Puts deliveries into the history, each within `deadline` seconds of its start."""

    def __init__(
        self,
        deadline: float,
        *,
        ledger: Ledger,
        tell: Callable[[Happening], None],
        clock: Callable[[], float],
    ) -> None:
        self._deadline = deadline
        self._ledger = ledger
        self._tell = tell
        self._clock = clock
        self._under_way: set[asyncio.Task[Claim]] = set()

    def finish(self) -> None:
        """Wait no longer for those that are not there: the session ends."""
        for task in self._under_way:
            task.cancel()

    async def store(
        self, arrival: Arrival, event: Event | None, *, started: float
    ) -> tuple[Claim, Answer | None]:
        """Store; with what it may do with its key comes how to answer where that has failed.

        `event` None: it was not verified. `started` is `time.monotonic()`.
        """
        task = asyncio.get_running_loop().create_task(self._take(arrival, event))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        left = max(0.0, started + self._deadline - time.monotonic())
        await asyncio.wait([task], timeout=left)
        failed = _UNCLAIMED if event is None else _UNSTORED
        if not task.done():
            task.add_done_callback(partial(self._settle_missed, arrival, failed))
            self._tell(not_written(1, deadline=self._deadline, at=self._clock()))
            return failed, answers.NOT_STORED
        if task.cancelled():
            return failed, answers.ENDING
        try:
            return task.result(), None
        except StorageError as error:
            notice = Notice(
                at=self._clock(),
                level=Level.ERROR,
                code="history_not_written",
                message=error.message,
                hint=error.hint,
            )
            self._tell(notice)
            return failed, answers.NOT_STORED

    async def _take(self, arrival: Arrival, event: Event | None) -> Claim:
        """Store, and claim the key of what is verified: others' keys are not ours to spend."""
        if event is None:
            await self._ledger.take_unverified(arrival)
            return _UNCLAIMED
        return await self._ledger.take(arrival, now=arrival.received_at)

    def _settle_missed(self, arrival: Arrival, failed: Claim, task: "asyncio.Task[Claim]") -> None:
        """It has been answered before it was in the history: its retry is the one that counts.

        Also where it has failed: a writer that is gone may have written it all the same.
        """
        missed = task.cancelled() or task.exception() is not None
        claim = failed if missed else task.result()
        status, outcome = answers.NOT_STORED.status, Outcome.REJECTED
        if claim.disposition is not Disposition.REJECTED:
            outcome = outcome_of(claim.disposition, status, shown=True)
        self._ledger.settle(arrival, status=status, outcome=outcome, now=self._clock())
