"""gooclaim_cli.history.backfill: the log has an end, and what it held is in the history."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gooclaim_cli.history import backfill
from gooclaim_cli.history.backfill import Backfill

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A database with a log."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE content (n INTEGER PRIMARY KEY, page BLOB)")
        yield connection


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins after a few operations."""
    monkeypatch.setattr(backfill, "_BEGINS_AFTER", 50)
    monkeypatch.setattr(backfill, "_MOST_MEANWHILE", 200)


def write(connection: sqlite3.Connection, batch: int) -> int:
    """Ten rows, a page each, in a transaction; returns their number."""
    connection.execute("BEGIN IMMEDIATE")
    rows = ((batch * 10 + number, b"x" * PAGE) for number in range(10))
    connection.executemany("INSERT INTO content VALUES (?, ?)", rows)
    connection.execute("COMMIT")
    return 10


def log_of(path: Path) -> int:
    """The most pages that the log has held."""
    return path.with_name(f"{path.name}-wal").stat().st_size // PAGE


def test_the_log_begins_anew_while_batches_keep_coming(
    path: Path, connection: sqlite3.Connection
) -> None:
    with contextlib.closing(Backfill(path, connection)) as writing_back:
        for batch in range(200):
            writing_back.after(write(connection, batch))
        assert log_of(path) < 1000
    assert connection.execute("SELECT count(*) FROM content").fetchone() == (2000,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_who_reads_keeps_the_log_but_nobody_from_writing(
    path: Path, connection: sqlite3.Connection
) -> None:
    """What a reader still sees stays; when it has gone, the log begins anew."""
    with (
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader,
        contextlib.closing(Backfill(path, connection)) as writing_back,
    ):
        writing_back.after(write(connection, 0))
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM content").fetchone() == (10,)
        for batch in range(1, 100):
            writing_back.after(write(connection, batch))
        assert reader.execute("SELECT count(*) FROM content").fetchone() == (10,)
        reader.execute("COMMIT")
        held = log_of(path)
        assert held > 990
        for batch in range(100, 300):
            writing_back.after(write(connection, batch))
        assert log_of(path) < held + 1000


def test_a_thread_that_is_gone_is_not_waited_for(
    tmp_path: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own way is left."""
    told = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _fault: told.set())
    with contextlib.closing(Backfill(tmp_path / "no" / "such.db", connection)) as writing_back:
        for batch in range(100):
            writing_back.after(write(connection, batch))
    assert told.is_set()
