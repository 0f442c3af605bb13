"""The database file: opening it, its permissions, and its ordered migrations.

`PRAGMA user_version` counts the migrations that a file has had. Each runs in a transaction of its
own and keeps every row; a released one is never edited.
"""

import contextlib
import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Final

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.trouble import is_busy, translated

_FIRST: Final = """
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  delivery_id TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL,
  received_at REAL NOT NULL,
  event_id TEXT,
  event_type TEXT,
  tenant_id TEXT,
  idempotency_key TEXT,
  attempt INTEGER NOT NULL,
  disposition TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reasons TEXT NOT NULL,
  response_status INTEGER,
  size INTEGER NOT NULL,
  body_sha256 TEXT NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX delivery_by_event ON delivery (event_id);
CREATE INDEX delivery_by_key ON delivery (idempotency_key);
CREATE TABLE forward (
  id INTEGER PRIMARY KEY,
  delivery_id TEXT NOT NULL REFERENCES delivery (delivery_id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  started_at REAL NOT NULL,
  status INTEGER,
  ms REAL NOT NULL,
  error TEXT,
  message TEXT NOT NULL,
  late INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX forward_by_delivery ON forward (delivery_id);
CREATE TABLE idempotency_key (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  state TEXT NOT NULL,
  owner TEXT NOT NULL,
  claimant TEXT NOT NULL,
  body_sha256 TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  updated_at REAL NOT NULL,
  PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_key_by_age ON idempotency_key (updated_at);
"""

# By time: pruning by age and `--since`. By outcome: the rejected ones that are trimmed, and
# `--outcome`; what most deliveries are is left out, so that these cost nothing.
_SECOND: Final = """
CREATE INDEX delivery_by_time ON delivery (received_at);
CREATE INDEX delivery_by_outcome ON delivery (outcome) WHERE outcome = 'failed'
  OR outcome = 'duplicate' OR outcome = 'in_flight' OR outcome = 'rejected'
  OR outcome = 'filtered';
"""

# Where bodies are not kept, `body` is empty and says nothing: the size and the hash are those of
# what came.
_THIRD: Final = """
ALTER TABLE delivery ADD COLUMN body_kept INTEGER NOT NULL DEFAULT 1;
ALTER TABLE forward ADD COLUMN body_kept INTEGER NOT NULL DEFAULT 1;
"""

# Pages of 4 KiB in the write-ahead log. Writing them back keeps deliveries waiting for the disk; at
# SQLite's own 1000 so often that NORMAL is no quicker than FULL (tests/bench/bench_receive.py).
_CHECKPOINT_AFTER: Final = 4000

MIGRATIONS: Final = (_FIRST, _SECOND, _THIRD)


def open_database(
    path: Path, *, synchronous: str = "FULL", busy_ms: int = 2000
) -> sqlite3.Connection:
    """Open the history for writing, make it where there is none, and bring it up to date.

    The file becomes readable by its owner alone. `synchronous` is SQLite's: FULL outlives a power
    cut, NORMAL a crash of this process. Raises StorageError, DamagedError where it is no database.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made with its final permissions: SQLite gives -wal and -shm the same ones. One that exists
        # is not opened: to close a descriptor of it would drop this process's locks on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _keep_to_owner(path)
    except OSError as error:
        raise StorageError(
            f"cannot write the history {path}: {error.strerror}",
            "make room for it and the folder writable, or set GOOCLAIM_HOME to another one",
        ) from None
    with translated(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=busy_ms / 1000)
        try:
            _refuse_newer(connection, path)  # before anything is written
            _write_ahead(connection, busy_ms / 1000)
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_AFTER}")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _keep_to_owner(path: Path) -> None:
    """Take from others what they may do with the files, where they are ours."""
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            file = path.with_name(path.name + suffix)
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                file.chmod(mode & 0o700)


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found > len(MIGRATIONS):
        raise StorageError(
            f"the history {path} was written by a newer gooclaim (its schema is {found}, this one"
            f" knows {len(MIGRATIONS)})",
            "upgrade gooclaim, or set GOOCLAIM_HOME to another folder",
        )


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Switch to WAL, also beside others that do: SQLite itself does not wait for this lock."""
    give_up_at = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.005)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")  # two processes that start together migrate once
    try:
        _refuse_newer(connection, path)
        _apply(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _apply(connection: sqlite3.Connection) -> None:
    found = _version(connection)
    for number, script in enumerate(MIGRATIONS[found:], found + 1):
        for statement in filter(str.strip, script.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
