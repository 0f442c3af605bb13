"""gooclaim_cli.history.group_commit: many to a transaction, none lost, none sunk by another."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.group_commit import GroupCommit
from gooclaim_cli.history.here import Here
from gooclaim_cli.history.operations import Store
from gooclaim_cli.history.records import Outcome

from .support import NOW, answer, arrival, body_of, found, ledger_of, listed, run, turns


@dataclass(frozen=True)
class Running:
    """An operation that does what a function does."""

    function: Callable[[sqlite3.Connection], object]

    def run(self, store: Store) -> object:
        return self.function(store.connection)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "numbers.sqlite3"


@asynccontextmanager
async def commits_of(path: Path, patience: float = 30.0) -> AsyncIterator[GroupCommit]:
    """A group commit over a table of numbers that each are there once."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS number (n INTEGER UNIQUE)")
    commits = GroupCommit(Here(connection, patience=patience), path)
    try:
        yield commits
    finally:
        await commits.close()


def put(number: int) -> Running:
    def run_it(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO number VALUES (?)", (number,))
        return number

    return Running(run_it)


def numbers(path: Path) -> list[int]:
    """What is durable: as another connection sees it."""
    connection = sqlite3.connect(path)
    rows = [row[0] for row in connection.execute("SELECT n FROM number ORDER BY rowid")]
    connection.close()
    return rows


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Hold the write lock from another connection."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


def test_a_thousand_deliveries_at_once(path: Path) -> None:
    """All are durable when they are told to be, and they share commits."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            given = [arrival(f"idem_{number}") for number in range(1000)]
            claims = await asyncio.gather(*(ledger.take(each, now=NOW) for each in given))
            assert [claim.attempt for claim in claims] == [1] * 1000
            stored = {each.delivery_id for each in listed(path)}
            assert stored == {each.delivery_id for each in given}

    run(scenario)


def test_what_comes_together_is_one_transaction(path: Path) -> None:
    async def scenario() -> None:
        seen: set[int] = set()

        def note(connection: sqlite3.Connection) -> None:
            seen.add(connection.total_changes)
            connection.execute("INSERT INTO number VALUES (NULL)")

        begun: list[str] = []
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("CREATE TABLE number (n)")
        connection.set_trace_callback(begun.append)
        commits = GroupCommit(Here(connection), path)
        await asyncio.gather(*(commits.submit(Running(note)) for _ in range(50)))
        assert begun.count("COMMIT") == 1
        assert len(seen) == 50
        await commits.close()

    run(scenario)


def test_results_are_given_back_in_order(path: Path) -> None:
    async def scenario() -> None:
        async with commits_of(path) as commits:
            given = await asyncio.gather(*(commits.submit(put(n)) for n in range(10)))
            assert given == list(range(10))
            assert numbers(path) == list(range(10))

    run(scenario)


def test_what_may_wait_goes_before_what_follows(path: Path) -> None:
    """A queued operation is part of the next commit, in the order of the calls."""

    async def scenario() -> None:
        async with commits_of(path) as commits:
            commits.enqueue(put(1))
            commits.enqueue(put(2))
            await commits.submit(put(3))
            assert numbers(path) == [1, 2, 3]

    run(scenario)


def test_what_may_wait_does_not_wait_for_ever(path: Path) -> None:
    """Without anything urgent after it, it is written soon all the same."""

    async def scenario() -> None:
        async with commits_of(path) as commits:
            written = asyncio.Event()
            commits.enqueue(put(1))
            commits.enqueue(Running(lambda _connection: written.set()))
            async with asyncio.timeout(5):
                await written.wait()
            await turns()
            assert numbers(path) == [1]

    run(scenario)


def test_closing_writes_what_is_queued(path: Path) -> None:
    async def scenario() -> None:
        async with commits_of(path) as commits:
            for number in range(100):
                commits.enqueue(put(number))
        assert numbers(path) == list(range(100))
        async with commits_of(path):
            pass

    run(scenario)


def test_closing_a_ledger_writes_what_is_queued(path: Path) -> None:
    given = arrival()

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            await ledger.take(given, now=NOW)
            ledger.record_forward(given.delivery_id, answer(), started_at=NOW, late=False)
            ledger.settle(given, status=200, outcome=Outcome.DELIVERED, now=NOW)

    run(scenario)
    detail = found(path, given.delivery_id)
    assert (detail.stored.outcome, len(detail.forwards)) == ("delivered", 1)


def test_one_failing_operation_does_not_sink_the_others(path: Path) -> None:
    """Who waits for it is told; all else in its commit is written."""

    async def scenario() -> None:
        async with commits_of(path) as commits:
            commits.enqueue(put(1))
            results = await asyncio.gather(
                commits.submit(put(2)),
                commits.submit(put(1)),
                commits.submit(Running(lambda _connection: 1 // 0)),
                commits.submit(put(3)),
                return_exceptions=True,
            )
            commits.enqueue(put(3))
            commits.enqueue(put(4))
            assert results[0] == 2
            assert results[3] == 3
            for failed in (results[1], results[2]):
                assert isinstance(failed, StorageError)
                assert str(path) in failed.message
        assert numbers(path) == [1, 2, 3, 4]

    run(scenario)


def test_a_delivery_stored_twice_fails_alone(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            one, two = arrival("one", delivery_id="dlv_x"), arrival("two", delivery_id="dlv_x")
            three = arrival("three", body=body_of(3))
            takes = (ledger.take(each, now=NOW) for each in (one, two, three))
            results = await asyncio.gather(*takes, return_exceptions=True)
            assert isinstance(results[1], StorageError)
            assert len(listed(path)) == 2
            # What failed has claimed nothing either.
            assert (await ledger.take(arrival("two"), now=NOW)).attempt == 1

    run(scenario)


def test_a_database_that_is_busy_for_a_while(path: Path) -> None:
    """While another process writes, everybody waits; then nothing is lost."""

    async def scenario() -> None:
        async with commits_of(path) as commits:
            commits.enqueue(put(0))
            await commits.submit(put(1))
            async with locked(path):
                commits.enqueue(put(2))
                waiting = [asyncio.ensure_future(commits.submit(put(n))) for n in (3, 4)]
                commits.enqueue(put(5))
                done, _ = await asyncio.wait(waiting, timeout=0.2)
                assert not done
                assert numbers(path) == [0, 1]
            async with asyncio.timeout(5):
                assert await asyncio.gather(*waiting) == [3, 4]
            assert sorted(numbers(path)) == [0, 1, 2, 3, 4, 5]

    run(scenario)


def test_the_loop_goes_on_while_the_database_is_busy(path: Path) -> None:
    """Others get their turns between two tries, and what comes meanwhile joins the queue."""

    async def scenario() -> None:
        async with commits_of(path) as commits:
            async with locked(path):
                waiting = [asyncio.ensure_future(commits.submit(put(1)))]
                loop = asyncio.get_running_loop()
                longest, end = 0.0, loop.time() + 0.3
                while loop.time() < end:
                    before = loop.time()
                    await asyncio.sleep(0)
                    longest = max(longest, loop.time() - before)
                waiting.append(asyncio.ensure_future(commits.submit(put(2))))
                await turns()
            async with asyncio.timeout(5):
                await asyncio.gather(*waiting)
            assert longest < 0.25
            assert numbers(path) == [1, 2]

    run(scenario)


def test_a_database_that_stays_busy(path: Path) -> None:
    """Who waits is told after a time; what may wait is kept, and written at last."""

    async def scenario() -> None:
        async with commits_of(path, patience=0.1) as commits:
            async with locked(path):
                commits.enqueue(put(1))
                with pytest.raises(StorageError, match="locked"):
                    async with asyncio.timeout(10):
                        await commits.submit(put(2))
                commits.enqueue(put(3))
            assert await commits.submit(put(4)) == 4
            assert numbers(path) == [1, 3, 4]

    run(scenario)


def test_closing_while_the_database_stays_busy(path: Path) -> None:
    """What could not be written is told, and the file is closed nevertheless."""

    async def scenario() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE number (n)")
        commits = GroupCommit(Here(connection, patience=0.1), path)
        async with locked(path):
            commits.enqueue(put(1))
            with pytest.raises(StorageError):
                await commits.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")

    run(scenario)


def test_who_stops_waiting_does_not_disturb_the_others(path: Path) -> None:
    async def scenario() -> None:
        async with commits_of(path) as commits:
            tasks = [asyncio.ensure_future(commits.submit(put(n))) for n in range(3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert results[0::2] == [0, 2]
            assert isinstance(results[1], asyncio.CancelledError)

    run(scenario)


def test_an_operation_that_fails_while_another_process_writes(path: Path) -> None:
    """The rest of a sunk commit is kept when the lock is taken between its parts."""

    async def scenario() -> None:
        async with commits_of(path) as commits:
            await commits.submit(put(1))
            other = sqlite3.connect(path, isolation_level=None)

            def fail(_connection: sqlite3.Connection) -> int:
                raise ValueError("no")

            tries: list[int] = []
            beside = asyncio.Event()

            def take_the_lock(connection: sqlite3.Connection) -> int:
                tries.append(1)
                if len(tries) == 2:  # alone, after the whole had failed
                    connection.execute("COMMIT")
                    other.execute("BEGIN IMMEDIATE")
                    beside.set()
                    connection.execute("BEGIN IMMEDIATE")
                return 0

            waiting = asyncio.gather(
                commits.submit(Running(take_the_lock)),
                commits.submit(Running(fail)),
                return_exceptions=True,
            )
            await asyncio.sleep(0)  # both are queued
            commits.enqueue(put(2))
            async with asyncio.timeout(5):
                await beside.wait()
            other.close()
            async with asyncio.timeout(5):
                assert isinstance((await waiting)[1], StorageError)
        assert numbers(path) == [1, 2]

    run(scenario)


def test_a_flood_does_not_go_before_what_must_be_durable(path: Path) -> None:
    """What anybody may send waits, a little of it a commit; all of it is written in the end."""
    mebibyte, flood = 1024 * 1024, range(1, 33)

    async def main() -> None:
        async with commits_of(path) as commits:
            for number in flood:
                commits.enqueue(put(number), weight=mebibyte // 2)
            await commits.submit(put(0))
            assert numbers(path) == [1, 2, 0]

    run(main)
    assert sorted(numbers(path)) == [0, *flood]


def test_more_of_a_flood_than_is_ever_kept_is_let_go(path: Path) -> None:
    async def main() -> None:
        async with commits_of(path) as commits:
            for number in range(1000):
                commits.enqueue(put(number), weight=1024 * 1024)
            commits.enqueue(put(-1))

    run(main)
    assert sorted(numbers(path)) == [-1, *range(16)]
