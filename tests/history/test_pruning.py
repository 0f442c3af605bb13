"""gooclaim_cli.history.pruning: what goes, goes with all that belongs to it, without a trace."""

import asyncio
import itertools
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from gooclaim_cli.errors import StorageError
from gooclaim_cli.happenings import Disposition
from gooclaim_cli.history.keeping import keeping, prune
from gooclaim_cli.history.pruning import Pruning, Wanted
from gooclaim_cli.history.records import Outcome, Pruned

from .support import NOW, WEEK, answer, arrival, body_of, ledger_of, listed, run

DAY = 86_400.0
_numbers = itertools.count()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def fill(
    path: Path, *ages: float, event_type: str = "workflow.completed", mark: bytes = b""
) -> None:
    """Store a settled delivery with a forward for each age."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            for age in ages:
                body = body_of(len(ages), event_type).replace(b"1.50", b'"%b"' % mark)
                given = arrival(f"idem_{next(_numbers)}", body=body, received_at=NOW - age)
                await ledger.take(given, now=NOW - age)
                ledger.record_forward(
                    given.delivery_id, answer(body=mark), started_at=NOW, late=False
                )
                ledger.settle(given, status=200, outcome=Outcome.DELIVERED, now=NOW - age)

    run(scenario)


def pruned(path: Path, **wanted: float | str) -> Pruned:
    with Pruning(path) as pruning:
        return pruning.run(pruning.find(Wanted(**wanted), now=NOW))  # type: ignore[arg-type]


def ages(path: Path) -> list[float]:
    return [NOW - each.received_at for each in listed(path)]


def count(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(found)


def everywhere(path: Path) -> bytes:
    """All bytes of all files of the history."""
    return b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()))


def test_what_is_older_goes_with_its_forwards(path: Path) -> None:
    fill(path, 9 * DAY, 8 * DAY, WEEK, 6 * DAY, 0.0)
    done = pruned(path, before=NOW - WEEK)
    assert (done.deliveries, done.gone_from_disk) == (2, True)
    assert done.total_bytes > 2 * len(body_of())
    assert ages(path) == [0.0, 6 * DAY, WEEK]
    assert count(path, "forward") == 3
    assert count(path, "idempotency_key") == 5


def test_a_clock_that_was_wrong_hides_nothing(path: Path) -> None:
    """A delivery of the future in front does not keep the old ones behind it."""
    fill(path, -DAY, 9 * DAY, 0.0, 8 * DAY)
    assert pruned(path, before=NOW - WEEK).deliveries == 2
    assert ages(path) == [0.0, -DAY]


def test_by_type_and_all(path: Path) -> None:
    fill(path, DAY, 2 * DAY, event_type="claim.fraud_suspect")
    fill(path, DAY, 3 * DAY)
    assert pruned(path, event_type="claim.*", before=NOW - 1.5 * DAY).deliveries == 1
    assert ages(path) == [3 * DAY, DAY, DAY]
    assert pruned(path, event_type="[!c]*").deliveries == 2
    assert pruned(path, event_type="\udcff").deliveries == 0
    assert pruned(path).deliveries == 1
    assert ages(path) == []
    assert pruned(path).deliveries == 0


def test_what_is_under_way_stays(path: Path) -> None:
    """A delivery that waits for its answer is kept, one that a dead session left is not."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            await ledger.take(arrival("left", received_at=NOW - DAY), now=NOW - DAY)
            await ledger.take(arrival("now", received_at=NOW - 5), now=NOW)
            assert pruned(path).deliveries == 1

    run(scenario)
    assert ages(path) == [5.0]


def test_a_pruned_key_is_still_known(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first = arrival()
            await ledger.take(first, now=NOW)
            ledger.settle(first, status=200, outcome=Outcome.DELIVERED, now=NOW)
            await ledger.take(arrival("another"), now=NOW)
            assert pruned(path).deliveries == 1
            claim = await ledger.take(arrival(), now=NOW + 1)
            assert claim.disposition is Disposition.DUPLICATE

    run(scenario)


def test_nothing_of_a_pruned_body_is_left_in_any_file(path: Path) -> None:
    """Also while another session has the history open; what stays is whole."""
    for number in range(60):
        fill(path, 8 * DAY, mark=b"GONE" * (50 + number * 7 % 400))
        fill(path, DAY, mark=b"KEPT" * (50 + number * 13 % 400))
    assert b"GONEGONE" in everywhere(path)

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            await ledger.take(arrival("last", received_at=NOW), now=NOW)
            assert pruned(path, before=NOW - WEEK).gone_from_disk
            assert b"GONE" not in everywhere(path)
            await ledger.take(arrival("after", received_at=NOW), now=NOW)

    run(scenario)
    assert b"GONE" not in everywhere(path)
    assert b"KEPTKEPT" in everywhere(path)
    assert len(listed(path)) == 62
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_reader_that_goes_on_is_told_of(path: Path) -> None:
    """Traces stay while it reads an older state; it is not disturbed."""
    fill(path, DAY, DAY)
    reader = sqlite3.connect(path, timeout=0, isolation_level=None)
    reader.execute("BEGIN")
    assert len(reader.execute("SELECT id FROM delivery").fetchall()) == 2
    with Pruning(path) as pruning:
        assert pruning._connection is not None
        pruning._connection.execute("PRAGMA busy_timeout = 10")
        done = pruning.run(pruning.find(Wanted(), now=NOW))
    assert (done.deliveries, done.gone_from_disk) == (2, False)
    assert len(reader.execute("SELECT id FROM delivery").fetchall()) == 2
    reader.close()
    assert pruned(path).gone_from_disk


def test_a_history_that_is_kept_by_another_process(path: Path) -> None:
    fill(path, DAY)
    other = sqlite3.connect(path, isolation_level=None)
    with Pruning(path) as pruning:
        assert pruning._connection is not None
        pruning._connection.execute("PRAGMA busy_timeout = 10")
        doomed = pruning.find(Wanted(), now=NOW)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="kept by another process") as raised:
            list(pruning.batches(doomed))
        assert raised.value.hint
    other.close()
    assert len(listed(path)) == 1


def test_a_number_that_was_given_again_is_not_meant(path: Path) -> None:
    """Another process prunes meanwhile, and a new delivery gets an old one's place."""
    fill(path, DAY)
    with Pruning(path) as pruning:
        doomed = pruning.find(Wanted(), now=NOW)
        assert pruned(path).deliveries == 1
        fill(path, 0.0)
        assert list(pruning.batches(doomed)) == [0]
    assert ages(path) == [0.0]


def test_a_history_that_does_not_exist_is_not_made(path: Path) -> None:
    assert pruned(path) == Pruned(deliveries=0, total_bytes=0, gone_from_disk=True)
    assert prune(path, before=NOW, now=NOW, ended=threading.Event()) == 0
    assert not path.exists()


def test_a_session_prunes_at_its_start_and_again(path: Path) -> None:
    """What gets too old while it runs goes, too; what is young stays."""
    fill(path, 8 * DAY, 6 * DAY, 0.0)
    left: list[int] = []

    async def scenario() -> None:
        enough = asyncio.Event()

        def clock() -> float:
            """Asked when a round begins: two days pass between two rounds."""
            left.append(len(listed(path)))
            if len(left) == 3:
                enough.set()
            return NOW + 2 * DAY * (len(left) - 1)

        async with (
            asyncio.timeout(20),
            keeping(
                path,
                environment="test",
                owner="me",
                is_gone=lambda _: False,
                retain=WEEK,
                clock=clock,
                notify=lambda *_: pytest.fail("nothing is to be told"),
                every=0.0,
            ),
        ):
            await enough.wait()

    run(scenario)
    assert left[:3] == [3, 2, 1]


def test_a_session_is_told_what_could_not_be_pruned_and_goes_on(path: Path) -> None:
    fill(path, 8 * DAY)
    told: list[str] = []

    async def scenario() -> None:
        heard = asyncio.Event()

        def notify(_level: object, code: str, message: str, hint: str) -> None:
            assert message
            assert hint
            told.append(code)
            heard.set()

        async with (
            asyncio.timeout(20),
            keeping(
                path,
                environment="test",
                owner="me",
                is_gone=lambda _: False,
                retain=WEEK,
                clock=lambda: NOW,
                notify=notify,
            ),
        ):
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            await heard.wait()
            other.close()

    run(scenario)
    assert told == ["history_not_pruned"]


def test_the_event_loop_goes_on_while_much_is_pruned(path: Path) -> None:
    """A session that writes meanwhile waits for one small batch, not for all."""

    async def scenario() -> None:
        async with ledger_of(path, synchronous="NORMAL") as ledger:
            old = (arrival(f"old_{n}", received_at=NOW - 8 * DAY) for n in range(4000))
            await asyncio.gather(*(ledger.take(each, now=NOW) for each in old))
            task = asyncio.ensure_future(
                asyncio.to_thread(prune, path, before=NOW - WEEK, now=NOW, ended=threading.Event())
            )
            waits, number = [0.0], 0
            while not task.done():
                started = time.perf_counter()
                await ledger.take(arrival(f"new_{number}", received_at=NOW), now=NOW)
                waits.append(time.perf_counter() - started)
                number += 1
            assert await task == 4000
            assert len(listed(path)) == number
            # The file is written anew at the end: that is what the longest wait is for.
            assert sorted(waits)[len(waits) // 2] < 0.1
            assert max(waits) < 2.0

    run(scenario)
