"""What the examples keep, as a test meddles with it: let time pass, and take it away."""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.examples.running import PATIENCE
from tests.waiting import until

PROCESSED: Final = "all was processed"


class Inbox(Protocol):
    """What an example keeps in its folder."""

    def age(self, folder: Path, key: str, seconds: float) -> None:
        """Let so many seconds pass for a key; fewer than 0 put off what is to be done."""

    def lost(self, folder: Path) -> AbstractContextManager[None]:
        """Once all was processed, take the inbox away for a while."""


@dataclass(frozen=True, slots=True)
class SqliteInbox:
    """A table."""

    table: str = "inbox"

    def age(self, folder: Path, key: str, seconds: float) -> None:
        statement = f"UPDATE {self.table} SET due = due - ? WHERE key = ?"
        with _opened(folder) as database, database:
            assert database.execute(statement, (seconds, key)).rowcount == 1

    @contextlib.contextmanager
    def lost(self, folder: Path) -> Iterator[None]:
        to_do = f"SELECT count(*) FROM {self.table} WHERE state != 'processed'"
        with _opened(folder) as database:
            until(lambda: database.execute(to_do).fetchone() == (0,), PROCESSED, within=PATIENCE)
            database.execute(f"ALTER TABLE {self.table} RENAME TO lost")
            yield
            database.execute(f"ALTER TABLE lost RENAME TO {self.table}")


@dataclass(frozen=True, slots=True)
class FileInbox:
    """A file a key, empty once it was processed. What is to be done later is timed in memory."""

    def age(self, folder: Path, key: str, seconds: float) -> None:
        file = folder / "inbox" / hashlib.sha256(key.encode()).hexdigest()
        found = file.stat()
        if not found.st_size:
            os.utime(file, (found.st_atime, found.st_mtime - seconds))

    @contextlib.contextmanager
    def lost(self, folder: Path) -> Iterator[None]:
        inbox = folder / "inbox"
        until(
            lambda: not any(file.stat().st_size for file in inbox.iterdir()),
            PROCESSED,
            within=PATIENCE,
        )
        away = inbox.rename(folder / "lost")
        yield
        away.rename(inbox)


def _opened(folder: Path) -> AbstractContextManager[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(folder / "inbox.db"))
