"""gooclaim_cli.history.trimming: unverified requests cannot fill the disk."""

import sqlite3
from pathlib import Path

import pytest

from gooclaim_cli.history import trimming
from gooclaim_cli.history.reading import Filter, HistoryReader
from gooclaim_cli.history.records import Outcome
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.wire import Delivery

from .support import NOW, arrival, ledger_of, listed, rejected, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def of_size(size: int, **members: object) -> object:
    return rejected(delivery=Delivery((), b"\x00" * size), size=size, **members)


def test_the_newest_thousand_are_kept_and_what_is_verified_is_not_counted(path: Path) -> None:
    verified = [arrival(f"idem_{number}") for number in range(5)]
    given = [rejected() for _ in range(2500)]

    async def scenario() -> None:
        async with ledger_of(path, synchronous="NORMAL") as ledger:
            for each in verified:
                await ledger.take(each, now=NOW)
            for number, each in enumerate(given):
                ledger.store_rejected(each, status=401)
                if number % 50 == 0:  # as it comes over time
                    await ledger.take(arrival(f"beside_{number}"), now=NOW)

    run(scenario)
    kept = [each.delivery_id for each in listed(path, outcome=Outcome.REJECTED)]
    newest = [each.delivery_id for each in reversed(given)]
    assert kept == newest[: len(kept)]
    assert trimming.MOST_ROWS <= len(kept) < trimming.MOST_ROWS + 100
    others = [each for each in listed(path) if each.outcome != "rejected"]
    assert len(others) == len(verified) + 50
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_large_ones_are_bounded_by_their_bytes(path: Path) -> None:
    size = 512 * 1024

    async def scenario() -> None:
        async with ledger_of(path, synchronous="NORMAL") as ledger:
            for number in range(60):
                ledger.store_rejected(of_size(size), status=401)  # type: ignore[arg-type]
                await ledger.take(arrival(f"beside_{number}"), now=NOW)

    run(scenario)
    kept = len(listed(path, outcome=Outcome.REJECTED)) * size
    assert trimming.MOST_BYTES - size <= kept <= trimming.MOST_BYTES + 3 * size
    assert sum(each.stat().st_size for each in path.parent.iterdir()) < 30 * 1024 * 1024


def test_what_earlier_versions_left_is_trimmed_bit_by_bit(path: Path) -> None:
    """Each time for a few milliseconds, the oldest first, until the bounds hold."""
    connection = open_database(path)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO delivery (delivery_id, scope, received_at, attempt, disposition, outcome,"
        " reasons, size, body_sha256, headers, body)"
        " VALUES (?, 's', ?, 0, 'rejected', 'rejected', '[]', 3, 'x', '[]', 'abc')",
        ((f"dlv_{number:05}", number) for number in range(3000)),
    )
    connection.execute("COMMIT")
    rounds = 1
    while not trimming.trim(connection, budget=0.005):
        rounds += 1
    connection.close()
    assert rounds >= 10
    kept = [each.delivery_id for each in listed(path)]
    assert kept == [f"dlv_{number:05}" for number in range(2999, 1999, -1)]


def test_an_empty_history_needs_no_trimming(path: Path) -> None:
    connection = open_database(path)
    assert trimming.trim(connection, budget=1.0)
    connection.close()


def test_what_cannot_be_written_is_let_go_and_does_not_fill_the_memory(path: Path) -> None:
    """Verified deliveries are told of; rejected ones are no loss."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            for _ in range(100):
                ledger.store_rejected(of_size(1024 * 1024), status=401)  # type: ignore[arg-type]
            assert len(ledger._commits._queue) < 70
            other.close()

    run(scenario)
    with HistoryReader(path) as reader:
        assert 0 < len(list(reader.list(Filter()))) < 70
