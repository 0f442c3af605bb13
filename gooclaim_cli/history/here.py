"""Here: writing the history on the event loop, which waits meanwhile. Simple, and right for little.

A session's writer is `apart` (tests/bench/bench_group_commit.py compares the two, a writer thread
and a commit each).
"""

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Sequence
from typing import Final

from gooclaim_cli.history.operations import Operation, Store
from gooclaim_cli.history.writing import PATIENCE, Failure, write

# Another process may hold the write lock: the loop waits this long, then lets others run.
_BUSY_MS: Final = 20
Done = Callable[[Sequence[object]], None]


class Here:
    """Writes on the event loop. Owns the connection.

    While another process writes, it comes back to it, for `patience` seconds at most.
    """

    turns = 3
    enough = sys.maxsize
    depth = 1

    def __init__(self, connection: sqlite3.Connection, *, patience: float = PATIENCE) -> None:
        self._store = Store(connection)
        self._patience = patience
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")

    def write(self, operations: Sequence[Operation], done: Done) -> None:
        """Write them now."""
        self._go_on(operations, [], done, asyncio.get_running_loop().time())

    def _go_on(
        self, operations: Sequence[Operation], before: list[object], done: Done, since: float
    ) -> None:
        loop = asyncio.get_running_loop()
        results = [*before, *write(self._store, operations[len(before) :])]
        busy = [n for n, each in enumerate(results) if isinstance(each, Failure) and each.busy]
        if busy and loop.time() - since < self._patience:
            written = results[: busy[0]]
            loop.call_later(_BUSY_MS / 1000, self._go_on, operations, written, done, since)
        else:
            done(results)

    async def close(self, *, within: float) -> None:
        """Close the file."""
        self._store.connection.close()
