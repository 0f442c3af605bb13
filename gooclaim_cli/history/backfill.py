"""Backfill: writing the history's log back into it, beside the writing of what is new.

SQLite does this within a commit, which waits for the disk meanwhile, and all behind it. Where a
commit otherwise does not wait (synchronous=NORMAL), that is most of the waiting there is
(tests/bench/bench_receive.py). Here a thread does it, over a connection of its own. The last pages,
those that came meanwhile, are the writer's, between two batches: then the log begins anew.
"""

import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import Final

# Operations after which it begins; each makes two pages or more, of 4 KiB.
_BEGINS_AFTER: Final = 1500
# The most that are written meanwhile: then the writer waits, so that the log has an end.
_MOST_MEANWHILE: Final = 6000
# The second pass is about what came during the first, so that the less is left to the writer.
_PASSES: Final = 2
# Pages of the log at which SQLite does it, within a commit, should this here fail.
_AT_LAST: Final = 16_000


class Backfill:
    """Writes back for one writer, whose connection is `connection`, to the file at `path`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._written = 0
        self._under_way = False
        self._begin = threading.Event()
        self._done = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        connection.execute(f"PRAGMA wal_autocheckpoint = {_AT_LAST}")

    def after(self, operations: int) -> None:
        """Between two batches: note how many operations the last one had, and do what is due."""
        if not self._thread.is_alive():  # SQLite does it, in the end
            return
        self._written += operations
        if not self._under_way and self._written >= _BEGINS_AFTER:
            self._written, self._under_way = 0, True
            self._begin.set()
        elif self._under_way and (self._done.is_set() or self._written >= _MOST_MEANWHILE):
            self._done.wait()
            self._done.clear()
            _write_back(self._connection)
            self._written, self._under_way = 0, False

    def close(self) -> None:
        """End the thread; the connection is whoever's it was."""
        self._ended = True
        self._begin.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as beside:
                while self._begin.wait() and not self._ended:
                    self._begin.clear()
                    for _ in range(_PASSES):
                        _write_back(beside)
                    self._done.set()
        finally:
            self._done.set()


def _write_back(connection: sqlite3.Connection) -> None:
    """Write back what there is by now, as far as that keeps nobody else.

    What fails here fails for whoever writes, too, and is told there.
    """
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
