"""Bounds for what is stored of unverified requests: anybody who finds the URL may send them.

The newest are kept, in so many rows and bytes per database; verified deliveries are not counted and
never go for them.
"""

import sqlite3
import time
from dataclasses import dataclass
from typing import Final

# Enough to see what is wrong with a sender, and less than anybody's disk has to spare.
MOST_ROWS: Final = 1000
MOST_BYTES: Final = 16 * 1024 * 1024
# Trimmed once so much came since the last time: what is looked at is paid for by many.
_EVERY_ROWS: Final = 100
_EVERY_BYTES: Final = 1024 * 1024
_BATCH: Final = 200
_BUDGET: Final = 0.005  # seconds of the event loop, which waits meanwhile


@dataclass(slots=True)
class Trimmer:
    """Counts what one session stores of them, and trims when it is time."""

    _rows: int = _EVERY_ROWS  # at the first one: earlier sessions stored some, too
    _bytes: int = 0

    def stored(self, connection: sqlite3.Connection, size: int) -> None:
        """Count one of so many bytes; when it is time, drop the oldest beyond the bounds."""
        self._rows += 1
        self._bytes += size
        if self._rows >= _EVERY_ROWS or self._bytes >= _EVERY_BYTES:
            all_gone = trim(connection, budget=_BUDGET)
            self._rows, self._bytes = (0, 0) if all_gone else (_EVERY_ROWS, 0)


def trim(connection: sqlite3.Connection, *, budget: float) -> bool:
    """Drop rejected deliveries beyond the bounds, the oldest first; False where some are left."""
    end = time.perf_counter() + budget
    cutoff = _newest_beyond(connection)
    if cutoff is None:
        return True
    beyond = connection.execute(
        "SELECT id FROM delivery WHERE outcome = 'rejected' AND id <= ? ORDER BY id LIMIT ?",
        (cutoff, _BATCH),
    ).fetchall()
    for (row,) in beyond:
        connection.execute("DELETE FROM delivery WHERE id = ?", (row,))
        if row == cutoff:
            return True
        if time.perf_counter() > end:
            break
    return False


def _newest_beyond(connection: sqlite3.Connection) -> int | None:
    """The newest row that the bounds have no place for; it and all older ones go."""
    newest = connection.execute(
        "SELECT id, length(body) + length(headers) FROM delivery WHERE outcome = 'rejected'"
        " ORDER BY id DESC LIMIT ?",
        (MOST_ROWS + 1,),
    )
    total = 0
    for count, (row, size) in enumerate(newest, 1):
        total += size
        if count > MOST_ROWS or total > MOST_BYTES:
            return int(row)
    return None
