"""Pruning: deliveries go with their forwards and bodies, and what was pruned is gone from the disk.

In small batches, each a transaction of its own: a session that writes the same file meanwhile waits
for milliseconds. What is under way is left alone, and so are idempotency keys.
"""

import contextlib
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gooclaim_cli.history.records import Pruned
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.history.trouble import is_busy, is_full, translated

_HOLD: Final = 0.005  # seconds that a batch keeps others from writing, its commit not counted
_PAUSE: Final = 0.005  # seconds in which others can: a writer that waits looks at least that often
_UNDER_WAY: Final = 600.0  # a delivery that was not answered for so long never will be
_QUICK: Final = 32 * 1024 * 1024  # bytes that are written anew in a fraction of a second
_SIZE: Final = "length(body) + length(headers)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to prune: received `before` (UNIX seconds), of a type that fits a glob; None: any."""

    before: float | None = None
    event_type: str | None = None


@dataclass(slots=True)
class Doomed:
    """The deliveries that are to go, in columns: there may be a million."""

    _ids: "array[int]" = field(default_factory=lambda: array("q"))
    _times: "array[float]" = field(default_factory=lambda: array("d"))
    total_bytes: int = 0

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self._ids, self._times, strict=True)

    def add(self, row: int, received_at: float, size: int) -> None:
        """Note one; its time too, since a row's number may be given again."""
        self._ids.append(row)
        self._times.append(received_at)
        self.total_bytes += size

    def report(self) -> Pruned:
        """Tell what would go; so far, nothing has."""
        return Pruned(deliveries=len(self), total_bytes=self.total_bytes, gone_from_disk=True)


class Pruning:
    """Prunes over a connection of its own; a context manager. A missing history is an empty one.

    Its errors are StorageErrors.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # A power cut may bring a pruned batch back: then it is pruned again.
        self._connection = open_database(path, synchronous="NORMAL") if path.exists() else None

    def __enter__(self) -> "Pruning":
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def find(self, wanted: Wanted, *, now: float) -> Doomed:
        """Find what is to go. Locks nothing."""
        doomed = Doomed()
        if self._connection is None:
            return doomed
        conditions = ["(outcome <> 'pending' OR received_at < ?)"]
        values: list[float | str] = [now - _UNDER_WAY]
        if wanted.before is not None:
            conditions.append("received_at < ?")
            values.append(wanted.before)
        if wanted.event_type is not None:
            conditions.append("event_type GLOB ?")
            values.append(wanted.event_type.replace("[!", "[^"))  # as SQLite has it
        sql = (
            f"SELECT id, received_at, {_SIZE} + ("  # noqa: S608 - our own text
            f"SELECT total({_SIZE}) FROM forward WHERE forward.delivery_id = delivery.delivery_id)"
            f" FROM delivery WHERE {' AND '.join(conditions)}"
        )
        with translated(self._path), contextlib.suppress(UnicodeEncodeError):
            for row, received_at, size in self._connection.execute(sql, values):
                doomed.add(row, received_at, int(size))
        return doomed

    def run(
        self,
        doomed: Doomed,
        progress: Callable[[float], None] = lambda _share: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Pruned:
        """Prune, and clear the files of it. `progress` is told the share that is done.

        Asked whether it is `stopped` after each batch; then the rest is left.
        """
        gone = 0
        for count in self.batches(doomed):
            gone += count
            progress(gone / len(doomed))
            if stopped():
                break
        return Pruned(deliveries=gone, total_bytes=doomed.total_bytes, gone_from_disk=self._clear())

    def batches(self, doomed: Doomed) -> Iterator[int]:
        """Prune; yield the number that went after each batch. Who stops early leaves the rest."""
        if self._connection is None:
            return
        rows = iter(doomed)
        left = len(doomed)
        while left:
            with translated(self._path):
                tried, gone = self._batch(self._connection, rows)
            left -= tried
            yield gone
            if left:
                time.sleep(_PAUSE)

    def _batch(
        self, connection: sqlite3.Connection, rows: Iterator[tuple[int, float]]
    ) -> tuple[int, int]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            end = time.perf_counter() + _HOLD
            tried = gone = 0
            for row in rows:
                sql = "DELETE FROM delivery WHERE id = ? AND received_at = ?"
                gone += connection.execute(sql, row).rowcount
                tried += 1
                if time.perf_counter() > end:
                    break
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return tried, gone

    def _clear(self) -> bool:
        """Take what was pruned out of every file; False where others must end first."""
        if self._connection is None:
            return True
        with translated(self._path):
            rewritten = self._rewrite(self._connection)
            sql = "PRAGMA wal_checkpoint(TRUNCATE)"
            waits: int = self._connection.execute(sql).fetchone()[0]
        return rewritten and not waits

    def _rewrite(self, connection: sqlite3.Connection) -> bool:
        """Write the file anew: pages that SQLite moved rows between keep traces of them.

        It also gives unused room back. Nobody else can write meanwhile: beside others it is done
        only where it is quick.
        """
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        quick = (pages - free) * size <= _QUICK
        try:
            if not quick:
                # Works only where nobody else has the file open.
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA temp_store = {'MEMORY' if quick else 'FILE'}")
            connection.execute("VACUUM")
        except sqlite3.OperationalError as error:
            if is_busy(error) or is_full(error):
                return False
            raise
        return True
