"""Opening the history for a session, which must be able to write it.

A damaged file is set aside under another name, never deleted, and a new one is started. Owns the
decision of what counts as damaged; only a session decides so, who reads is told.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.history.trouble import DamagedError, damaged, translated

_CHECK_SECONDS: Final = 0.1  # of the start of a session: some 100 MB are looked through in it
_CHECK_STEPS: Final = 1000  # instructions of SQLite's machine between two looks at the clock
_LOCK_SECONDS: Final = 10.0
_FILES: Final = ("-wal", "-shm", "")  # in this order: a new database never meets an old log


def open_or_set_aside(
    path: Path, *, synchronous: str = "FULL", now: Callable[[], float] = time.time
) -> tuple[sqlite3.Connection, Path | None]:
    """Open the history for a session; where it is damaged, set it aside and start a new one.

    Returns where a damaged one is now. Raises StorageError where nothing can be written.
    """
    with contextlib.suppress(DamagedError):
        return _open(path, synchronous), None
    # Sessions that start together find the same damage: the second must not set aside what the
    # first has begun.
    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=_LOCK_SECONDS, mode=0o600)
    try:
        with lock:
            with contextlib.suppress(DamagedError):
                return _open(path, synchronous), None
            aside = _set_aside(path, now())
            return _open(path, synchronous), aside
    except OSError as error:  # a Timeout is one, too
        raise StorageError(
            f"the damaged history {path} cannot be set aside: {error.strerror or error}",
            "end what has the file open, or move it away",
        ) from None


def _open(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = open_database(path, synchronous=synchronous)
    try:
        with translated(path):
            _check(connection, path)
            _write_something(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Look the file through as far as there is time. Raises DamagedError."""
    end = time.perf_counter() + _CHECK_SECONDS
    connection.set_progress_handler(lambda: time.perf_counter() > end, _CHECK_STEPS)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    else:
        if found != "ok":
            raise damaged(path, str(found).replace("\n", " "))
    finally:
        connection.set_progress_handler(None, 0)


def _write_something(connection: sqlite3.Connection) -> None:
    """Prove that it can be written, before anything is registered: a read-only file opens well."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _set_aside(path: Path, now: float) -> Path:
    """Rename the file, with what SQLite keeps beside it, to a name that nothing has."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    for suffix in _FILES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside
