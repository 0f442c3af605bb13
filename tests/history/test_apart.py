"""gooclaim_cli.history.apart: a process of its own writes the same, and its end is no loss."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.apart import Apart
from gooclaim_cli.history.group_commit import GroupCommit
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.history.operations import Nothing, RecordForward
from gooclaim_cli.history.records import Outcome
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.history.writing import Failure
from tests.soak.programs import processes_of_session

from .support import NOW, answer, arrival, found, ledger_of, listed, rejected, run, turns


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def writer_of(ledger: Ledger) -> Apart:
    writer = ledger._commits._writer
    assert isinstance(writer, Apart)
    return writer


def process_of(ledger: Ledger) -> int:
    """The process that writes for a ledger."""
    process = writer_of(ledger).process_id
    assert process is not None
    return process


def test_everything_that_is_written_here_is_written_there(path: Path) -> None:
    """A process of its own stores, claims, settles and records the same."""
    many = [arrival(f"many_{number}") for number in range(100)]
    one, refused = arrival("one"), rejected()

    async def scenario() -> None:
        async with ledger_of(path, apart=True) as ledger:
            claims = await asyncio.gather(*(ledger.take(each, now=NOW) for each in many))
            assert [claim.disposition for claim in claims] == ["fresh"] * 100
            again = await asyncio.gather(*(ledger.take(arrival("one"), now=NOW) for _ in range(3)))
            assert sorted(claim.disposition for claim in again) == ["fresh"] + ["in_flight"] * 2
            known = await ledger.take(one, now=NOW, answer=200)
            assert known.disposition == "in_flight"
            ledger.store_rejected(refused, status=401)
            ledger.record_forward(many[0].delivery_id, answer(), started_at=NOW, late=True)
            ledger.settle(many[0], status=200, outcome=Outcome.DELIVERED, now=NOW)

    run(scenario)
    detail = found(path, many[0].delivery_id)
    assert (detail.stored.outcome, detail.stored.response_status) == ("delivered", 200)
    assert detail.delivery == many[0].delivery
    (forward,) = detail.forwards
    assert (forward.late, forward.body, forward.headers) == (True, answer().body, answer().headers)
    assert found(path, refused.delivery_id).stored.outcome == "rejected"
    assert len(listed(path)) == 105


def test_what_is_answered_whatever_the_key_is_settled_at_once(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path, apart=True) as ledger:
            for disposition in ("fresh", "duplicate"):
                claim = await ledger.take(arrival("idem"), now=NOW, answer=200)
                assert claim.disposition == disposition
            await ledger.take(arrival("other"), now=NOW, answer=200, shown=False)

    run(scenario)
    outcomes = [(each.outcome, each.response_status) for each in listed(path)]
    assert outcomes == [("filtered", 200), ("duplicate", 200), ("delivered", 200)]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_writer_that_is_killed_is_started_again(path: Path) -> None:
    """What it was at is told as not written; what may wait is kept."""

    async def scenario() -> None:
        async with ledger_of(path, apart=True) as ledger:
            first = arrival("first")
            await ledger.take(first, now=NOW)
            os.kill(process_of(ledger), signal.SIGSTOP)
            ledger.record_forward(first.delivery_id, answer(), started_at=NOW, late=False)
            waiting = asyncio.ensure_future(ledger.take(arrival("second"), now=NOW))
            await turns(20)
            assert ledger._commits._writing == 1  # it is handed over
            os.kill(process_of(ledger), signal.SIGKILL)
            with pytest.raises(StorageError, match="ended"):
                await waiting
            assert (await ledger.take(arrival("second"), now=NOW)).attempt == 1

    run(scenario)
    assert [each.idempotency_key for each in listed(path)] == ["second", "first"]
    assert len(found(path, "first").forwards) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_the_next_batches_are_at_hand_and_are_told_as_not_written_when_it_is_killed(
    path: Path,
) -> None:
    """So many as it may have at hand, and no more: the rest goes to the one that comes after it."""
    depth, enough = Apart.depth, Apart.enough
    many = [arrival(f"many_{number}") for number in range(enough * (depth + 1))]

    async def scenario() -> None:
        async with ledger_of(path, apart=True) as ledger:
            await ledger.take(arrival("first"), now=NOW)
            os.kill(process_of(ledger), signal.SIGSTOP)
            waiting = [asyncio.ensure_future(ledger.take(each, now=NOW)) for each in many]
            await turns(20)
            assert ledger._commits._writing == depth
            os.kill(process_of(ledger), signal.SIGKILL)
            results = await asyncio.gather(*waiting, return_exceptions=True)
            failed = [isinstance(each, StorageError) for each in results]
            assert failed == [True] * (enough * depth) + [False] * enough

    run(scenario)
    taken = {each.idempotency_key for each in listed(path)}
    assert taken == {"first", *(each.idempotency_key for each in many[enough * depth :])}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_what_comes_while_its_end_is_not_told_yet_is_told_as_not_written(path: Path) -> None:
    """On the event loop that sessions have: its pipe ends some turns before it does."""
    uvloop = pytest.importorskip("uvloop")
    told: list[object] = []

    async def scenario() -> None:
        writer = Apart(path, synchronous="FULL")
        began = asyncio.Event()
        writer.write([Nothing()], lambda _: began.set())
        await began.wait()
        assert writer.process_id is not None
        os.kill(writer.process_id, signal.SIGKILL)
        count = 0
        while not any(isinstance(each, Failure) for each in told):
            writer.write([Nothing()], told.extend)
            count += 1
            await asyncio.sleep(0)
        await writer.close(within=10)
        assert len(told) == count

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_signals_do_not_end_it_and_the_end_of_its_input_does(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path, apart=True) as ledger:
            await ledger.take(arrival("first"), now=NOW)
            writer = process_of(ledger)
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(writer, each)
            await ledger.take(arrival("second"), now=NOW)
            assert process_of(ledger) == writer
        assert writer not in processes_of_session(writer)

    run(scenario)
    assert len(listed(path)) == 2


def test_a_session_that_wrote_nothing_started_nothing(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path, apart=True):
            pass

    run(scenario)
    assert listed(path) == []


@asynccontextmanager
async def apart(path: Path) -> AsyncIterator[GroupCommit]:
    commits = GroupCommit(Apart(path, synchronous="FULL"), path)
    try:
        yield commits
    finally:
        await commits.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open is not moved there")
@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
@pytest.mark.parametrize("moved", [True, False])
def test_a_history_that_is_taken_away_is_not_written_on(
    path: Path, synchronous: str, moved: bool
) -> None:
    """What nobody could read there is told as not written, and a new one is started."""
    elsewhere = path.with_name("elsewhere")

    async def scenario() -> None:
        async with ledger_of(path, apart=True, synchronous=synchronous) as ledger:
            await ledger.take(arrival("first"), now=NOW)
            for each in path.parent.glob(f"{path.name}*"):
                if moved:
                    each.rename(elsewhere.with_name(each.name.replace(path.name, elsewhere.name)))
                else:
                    each.unlink()
            with pytest.raises(StorageError, match="was moved away or deleted") as raised:
                await ledger.take(arrival("second"), now=NOW)
            assert "a new one is started" in raised.value.hint
            assert (await ledger.take(arrival("second"), now=NOW)).attempt == 1
            assert [each.idempotency_key for each in listed(path)] == ["second"]

    run(scenario)
    assert [each.idempotency_key for each in listed(path)] == ["second"]
    if moved:
        assert [each.idempotency_key for each in listed(elsewhere)] == ["first"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_one_that_hangs_does_not_keep_a_session_from_ending(path: Path) -> None:
    """What is not written then is told as missing, and its process does not stay behind."""

    async def scenario() -> int:
        writer = Apart(path, synchronous="FULL")
        commits = GroupCommit(writer, path, within=0.1)
        await commits.submit(Nothing())
        process = writer.process_id
        assert process is not None
        os.kill(process, signal.SIGSTOP)
        commits.enqueue(Nothing())
        async with asyncio.timeout(5):
            with pytest.raises(StorageError, match=r"within 0\.1 s") as raised:
                await commits.close()
        assert "disk" in raised.value.hint
        assert writer.process_id == process  # no other was started
        return process

    open_database(path).close()
    process = asyncio.run(scenario())
    assert process not in processes_of_session(process)


def test_text_that_cannot_be_sent_fails_alone(path: Path) -> None:
    """Handlers' names come from a command line, which may hold any bytes."""
    open_database(path).close()
    bad = RecordForward("dlv_x", "live", "\udcff", NOW, 200, 1.0, None, "", False, "[]", b"", True)

    async def scenario() -> None:
        async with apart(path) as commits:
            results = await asyncio.gather(
                commits.submit(bad), commits.submit(Nothing()), return_exceptions=True
            )
            assert isinstance(results[0], StorageError)
            assert results[1] is None

    run(scenario)


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with apart(tmp_path) as commits:  # a folder
            with pytest.raises(StorageError, match=str(tmp_path)):
                await commits.submit(Nothing())

    run(scenario)


def test_the_process_that_writes_starts_without_an_event_loop() -> None:
    """It starts with each session."""
    program = "import sys, gooclaim_cli.history.writer; print('asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"False"]
