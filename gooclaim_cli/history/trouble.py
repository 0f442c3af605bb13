"""SQLite's errors as StorageErrors: what is wrong with the file, and what to do about it.

Owns the telling apart; what a damaged file leads to is `recovery`'s.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gooclaim_cli.errors import StorageError

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_NO_ACCESS: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)


class DamagedError(StorageError):
    """The file is no database, or its content cannot be right."""


def is_busy(error: Exception) -> bool:
    """Whether another process holds the lock that was needed."""
    return _primary(error) in _BUSY


def is_full(error: Exception) -> bool:
    """Whether there was no room."""
    return _primary(error) == sqlite3.SQLITE_FULL


def damaged(path: Path, reason: str) -> DamagedError:
    """The error of a damaged history."""
    return DamagedError(
        f"the history {path} is damaged: {reason}",
        "gooclaim listen sets a damaged one aside and starts anew; or move it away, with the -wal"
        " and -shm beside it, or set GOOCLAIM_HOME to another folder",
    )


def storage_error(path: Path, error: Exception) -> StorageError:
    """Say what SQLite's error means for the history."""
    code = _primary(error)
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY_DBMOVED:
        return StorageError(
            f"the history {path} was moved away or deleted while it was written",
            "a new one is started; Gooclaim will try again what was under way",
        )
    if code in _DAMAGE:
        return damaged(path, str(error))
    if code in _BUSY:
        return StorageError(
            f"the history {path} is kept by another process: {error}",
            "wait for what works on the file (a backup, a database browser), or end it",
        )
    if code in _NO_ROOM:
        return StorageError(
            f"the history {path} cannot be written: {error}",
            "make room on the disk (gooclaim history prune --older-than 1d, which needs a little"
            " itself), or set GOOCLAIM_HOME to a folder on another one",
        )
    if code in _NO_ACCESS:
        return StorageError(
            f"the history {path} cannot be written: {error}",
            "make the file and its folder writable, or set GOOCLAIM_HOME to another folder",
        )
    return StorageError(
        f"the history {path} cannot be used: {error}",
        "move the file away to start a new one, or set GOOCLAIM_HOME to another folder",
    )


def not_in_time(path: Path, seconds: float) -> StorageError:
    """The error of a history that something keeps from being written."""
    return StorageError(
        f"the history {path} could not be written within {seconds:g} s: what became of the last"
        " deliveries is missing there",
        "see whether the disk is slow or hangs",
    )


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into StorageErrors, with the file's name."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(path, error) from None


def _primary(error: Exception) -> int:
    """SQLite's code without what it adds in the higher bytes; -1 where there is none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else -1
