"""Group commit: operations from one event loop, many to a transaction.

Written on the loop itself: measured (tests/bench/bench_group_commit.py), that beats a writer
thread. What must be durable is awaited; what may wait rides on a later commit.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from gooclaim_cli.history.trouble import is_busy, storage_error

# Turns of the event loop that a commit waits for company, and the longest that the rest waits.
_TURNS: Final = 3
_LAZY_FLUSH: Final = 0.05
# Another process may hold the write lock: the loop waits this long, then lets others run.
_BUSY_MS: Final = 20
PATIENCE: Final = 2.0
_TRY_AGAIN: Final = 1.0
_MOST_WAITING: Final = 64 * 1024 * 1024

T = TypeVar("T")
Run = Callable[[sqlite3.Connection], T]


@dataclass(frozen=True, slots=True)
class _Operation:
    run: Run[Any]
    done: "asyncio.Future[Any] | None"
    weight: int | None = None


class GroupCommit:
    """Queues operations on one connection, which it owns. Use from one event loop.

    Those that wait for their commit are told after `patience` seconds of a busy file.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, *, patience: float = PATIENCE
    ) -> None:
        self._path = path
        self._patience = patience
        self._connection = connection
        self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        self._queue: list[_Operation] = []
        self._scheduled: asyncio.Handle | None = None
        self._urgent = False
        self._weight = 0

    async def submit(self, run: Run[T]) -> T:
        """Run an operation and return its result once it is durable. Raises StorageError."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append(_Operation(run, done))
        if not self._urgent:
            self._urgent = True
            self._schedule_turns(_TURNS)
        return await done

    def enqueue(self, run: Run[object], *, weight: int | None = None) -> None:
        """Run an operation with a later commit, in the order of the calls.

        One with a weight (bytes) is let go where the file cannot be written, or where too many
        wait: memory is no place to keep what anybody may send.
        """
        if weight is not None and self._weight + weight > _MOST_WAITING:
            return
        self._weight += weight or 0
        self._queue.append(_Operation(run, None, weight))
        if self._scheduled is None:
            loop = asyncio.get_running_loop()
            self._scheduled = loop.call_later(_LAZY_FLUSH, self._flush, loop.time())

    async def close(self) -> None:
        """Write what is queued and close the file. Raises StorageError if it cannot be written."""
        try:
            if self._queue:
                await self.submit(lambda _connection: None)
        finally:
            if self._scheduled is not None:
                self._scheduled.cancel()
            self._connection.close()

    def _schedule_turns(self, turns: int) -> None:
        loop = asyncio.get_running_loop()
        if self._scheduled is not None:
            self._scheduled.cancel()
        if turns:
            self._scheduled = loop.call_soon(self._schedule_turns, turns - 1)
        else:
            self._scheduled = loop.call_soon(self._flush, loop.time())

    def _flush(self, since: float) -> None:
        """Write everything queued; come back while another process holds the write lock."""
        self._scheduled = None
        loop = asyncio.get_running_loop()
        batch = self._queue
        try:
            self._write_all(batch)
        except sqlite3.OperationalError as error:
            if is_busy(error) and loop.time() - since < self._patience:
                self._scheduled = loop.call_later(_BUSY_MS / 1000, self._flush, since)
                return
            self._postpone(error)
        self._urgent = False

    def _postpone(self, error: Exception) -> None:
        """The file cannot be written now: tell those who wait, keep the rest for later."""
        for operation in self._queue:
            self._tell(operation, error)
        self._queue = [each for each in self._queue if each.done is None and each.weight is None]
        self._weight = 0
        if self._queue:
            loop = asyncio.get_running_loop()
            self._scheduled = loop.call_later(_TRY_AGAIN, self._flush, loop.time())

    def _write_all(self, batch: list[_Operation]) -> None:
        """Write a batch and leave in the queue what could not be. Raises OperationalError."""
        try:
            self._write(batch)
        except sqlite3.OperationalError:
            raise
        except Exception:  # whatever one operation does, the others are written
            self._write_singly(batch)
        self._queue = []
        self._weight = 0

    def _write_singly(self, batch: list[_Operation]) -> None:
        """After a failed transaction: each operation alone, so that one cannot sink the others."""
        for position, operation in enumerate(batch):
            try:
                self._write([operation])
            except sqlite3.OperationalError:  # the file, not the operation
                self._queue = batch[position:]
                raise
            except Exception as error:  # told to whoever awaits it
                self._tell(operation, error)

    def _tell(self, operation: _Operation, error: Exception) -> None:
        if operation.done is not None and not operation.done.done():
            operation.done.set_exception(storage_error(self._path, error))

    def _write(self, batch: list[_Operation]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results = [operation.run(self._connection) for operation in batch]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        for operation, result in zip(batch, results, strict=True):
            if operation.done is not None and not operation.done.done():
                operation.done.set_result(result)
