"""Group commit: operations from one event loop, many to a transaction.

Owns the queue, and when it is handed over; the writing is a `Writer`'s. What must be durable is
awaited; what may wait rides on a later commit. What anybody may send (unverified requests) has a
lane of its own, of which each commit takes a little: what must be durable never waits for a flood.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from gooclaim_cli.futures import resolve
from gooclaim_cli.history.operations import Nothing, Operation
from gooclaim_cli.history.trouble import not_in_time, storage_error
from gooclaim_cli.history.writing import Failure

# The longest that what may wait does.
_LAZY_FLUSH: Final = 0.05
_TRY_AGAIN: Final = 1.0
_LEAVES_WITHIN: Final = 10.0
# Of what has a weight, in bytes: the most that waits, which is as much as is ever kept of it
# (`trimming`), and the most of a commit.
_MOST_WAITING: Final = 16 * 1024 * 1024
_MOST_AT_ONCE: Final = 1024 * 1024


# What is called with an operation's result, or with the StorageError that it was not written for.
Then: TypeAlias = Callable[[Any], None]


class Writer(Protocol):
    """Writes batches, in the order in which they are handed over.

    `turns` of the event loop are waited for company; once `enough` wait, none. So many batches as
    `depth` may be with it: it then has the next one at hand when one is written.
    """

    turns: int
    enough: int
    depth: int

    def write(
        self, operations: Sequence[Operation], done: Callable[[Sequence[object]], None]
    ) -> None:
        """Write them. `done` is given a result for each, a Failure where it has none.

        Batches are done in the order in which they came.
        """

    async def close(self, *, within: float) -> None:
        """End; what is still being written after so many seconds is given up."""


class _Queued(msgspec.Struct):
    operation: Operation
    then: Then | None
    weight: int | None = None


class GroupCommit:
    """Queues operations for a writer, which it owns. Use from one event loop.

    `path` is the file that errors name. At the end, the writer has `within` seconds for what is
    queued: a disk that hangs is not waited for without end.
    """

    def __init__(self, writer: Writer, path: Path, *, within: float = _LEAVES_WITHIN) -> None:
        self._writer = writer
        self._path = path
        self._within = within
        self._queue: list[_Queued] = []
        self._lane: deque[_Queued] = deque()
        self._writing = 0  # batches that are with the writer
        self._scheduled: asyncio.Handle | None = None
        self._urgent = 0
        self._weight = 0
        self._known_loop: asyncio.AbstractEventLoop | None = None

    def submit(self, operation: Operation) -> "asyncio.Future[Any]":
        """Have an operation written; awaiting it gives its result once it is durable.

        Awaiting raises StorageError.
        """
        done: asyncio.Future[Any] = self._loop.create_future()
        self.call(operation, partial(resolve, done))
        return done

    def call(self, operation: Operation, then: Then) -> None:
        """Have an operation written; once it is durable, `then` is given its result.

        Or the StorageError. It must not raise: it would keep others from what they wait for.
        """
        self._queue.append(_Queued(operation, then))
        self._urgent += 1
        if self._urgent >= self._writer.enough:
            if self._writing < self._writer.depth:
                self._schedule_turns(0)
        elif self._urgent == 1 and not self._writing:
            self._schedule_turns(self._writer.turns)

    def enqueue(self, operation: Operation, *, weight: int | None = None) -> None:
        """Have an operation written with a later commit, in the order of the calls.

        One with a weight (bytes) comes after later ones where many such wait. It is let go where
        the file cannot be written, or where too many wait: memory is no place to keep what anybody
        may send.
        """
        if weight is None:
            self._queue.append(_Queued(operation, None))
        elif self._weight + weight <= _MOST_WAITING:
            self._weight += weight
            self._lane.append(_Queued(operation, None, weight))
        if self._scheduled is None and not self._writing:
            self._schedule_in(_LAZY_FLUSH)

    async def close(self) -> None:
        """Write what is queued and end the writer. Raises StorageError if it cannot be written."""
        within = self._within
        try:
            async with asyncio.timeout(within):
                while self._queue or self._lane or self._writing:
                    await self.submit(Nothing())
        except TimeoutError:
            within, self._queue, self._urgent = 0.0, [], 0
            self._lane.clear()
            raise not_in_time(self._path, self._within) from None
        finally:
            await self._writer.close(within=within)
            self._cancel()  # what was given up is not tried again

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        # Asked for once: until Python 3.12, asking is a call of the system (getpid).
        if self._known_loop is None:
            self._known_loop = asyncio.get_running_loop()
        return self._known_loop

    def _cancel(self) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None

    def _schedule_in(self, seconds: float) -> None:
        self._cancel()
        self._scheduled = self._loop.call_later(seconds, self._hand_over)

    def _schedule_turns(self, turns: int) -> None:
        self._cancel()
        if turns:
            self._scheduled = self._loop.call_soon(self._schedule_turns, turns - 1)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        """Give the writer everything that is queued, and some of what has a weight."""
        self._scheduled = None
        batch, self._queue = [*self._some_of_lane(), *self._queue], []
        self._urgent = 0
        self._writing += 1
        self._writer.write([each.operation for each in batch], partial(self._written, batch))

    def _some_of_lane(self) -> Iterator[_Queued]:
        room = _MOST_AT_ONCE
        while self._lane and room > 0:  # one alone may be larger
            each = self._lane.popleft()
            room -= each.weight or 0
            yield each

    def _written(self, batch: Sequence[_Queued], results: Sequence[object]) -> None:
        """Tell those who wait, keep what is to be tried again, and go on."""
        self._writing -= 1
        self._weight -= sum(each.weight or 0 for each in batch)
        kept = []
        for each, result in zip(batch, results, strict=True):
            if not isinstance(result, Failure):
                if each.then is not None:
                    each.then(result)
            elif each.then is not None:
                each.then(storage_error(self._path, result.error()))
            elif result.of_the_file and each.weight is None:
                kept.append(each)
        self._queue[:0] = kept
        if self._urgent >= self._writer.enough or (self._urgent and not self._writing):
            self._schedule_turns(0)
        elif self._writing:
            return  # what is queued is asked about again when that is written
        elif self._queue or self._lane:
            self._schedule_in(_TRY_AGAIN if kept else _LAZY_FLUSH)
