"""gooclaim_cli.receiver.unanswered: deliveries that wait for the history, by either entrance."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gooclaim_cli.happenings import Delivered, Disposition, Notice
from gooclaim_cli.history.here import Here
from gooclaim_cli.history.operations import Operation
from gooclaim_cli.history.writing import Failure

from .support import Answering, Bench, delivery, handler, receiving, request, run, stalled, turns

pytestmark = pytest.mark.usefixtures("entrance")
FORWARDED = pytest.mark.parametrize("forwarded", [True, False])


@asynccontextmanager
async def session(
    folder: Path, *, forwarded: bool, deadline: float = 5.0
) -> AsyncIterator[tuple[Bench, Answering]]:
    async with (
        handler() as app,
        receiving(folder, *([app.url] if forwarded else []), deadline=deadline) as bench,
    ):
        yield bench, app


@FORWARDED
def test_the_deadline_runs_while_the_history_is_waited_for(tmp_path: Path, forwarded: bool) -> None:
    """503 when it is due; what is stored behind that has failed, and goes to no handler."""

    async def scenario() -> None:
        async with session(tmp_path, forwarded=forwarded, deadline=0.2) as (bench, app):
            given = delivery()
            with stalled(bench.history):
                refused = await bench.post(given)
                assert (refused.status, refused.headers["retry-after"]) == (503, "5")
                message = (await bench.notice("history_not_written")).message
                assert message.startswith("the history was not written within 0.2 s")
                assert (await bench.delivered()).response_status == 503
            # A database tells nobody.
            while [each.outcome for each in bench.stored()] != ["failed"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert app.received.empty()
            assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).disposition is Disposition.RETRY
            assert app.received.qsize() == forwarded
        outcomes = [(each.outcome, each.response_status) for each in bench.stored()]
        assert outcomes == [("failed", 503), ("delivered", 200)]

    run(scenario)


@FORWARDED
def test_where_the_history_does_not_keep_up_what_comes_is_to_come_again(
    tmp_path: Path, forwarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for it is held in memory: the rest is told 503 at once."""

    async def scenario() -> None:
        async with session(tmp_path, forwarded=forwarded) as (bench, app):
            with stalled(bench.history):
                waiting = asyncio.create_task(bench.post(delivery()))
                await turns()
                refused = await bench.post(delivery())
                assert (refused.status, refused.headers["connection"]) == (503, "close")
            assert (await waiting).status == 200
            assert app.received.qsize() == forwarded
            assert (await bench.post(delivery())).status == 200
            assert len(bench.stored()) == 2

    monkeypatch.setattr("gooclaim_cli.history.ledger._MOST_TO_STORE", 100)  # 64 MiB
    run(scenario)


class LostForWords:
    """Writes, but is gone before it has told so: a process that is killed at a bad moment."""

    turns, enough, depth = 0, 1, 1

    def __init__(self, here: Here) -> None:
        self._here = here
        self.untold: list[Callable[[], None]] = []

    def write(
        self, operations: Sequence[Operation], done: Callable[[Sequence[object]], None]
    ) -> None:
        failures = [Failure(None, "it has ended", of_the_file=True)] * len(operations)
        self._here.write(operations, lambda _: self.untold.append(lambda: done(failures)))


@FORWARDED
def test_a_writer_that_is_gone_behind_the_deadline_leaves_no_key_in_flight(
    tmp_path: Path, forwarded: bool
) -> None:
    """What it was at may be written: the retry is not told for ever that the first is under way."""

    async def scenario() -> None:
        async with session(tmp_path, forwarded=forwarded, deadline=0.1) as (bench, app):
            commits = bench.receiver._rejections._ledger._commits
            here = commits._writer
            assert isinstance(here, Here)
            given, lost = delivery(), LostForWords(here)
            commits._writer = lost  # type: ignore[assignment]
            assert (await bench.post(given)).status == 503
            (end,) = lost.untold
            commits._writer = here
            end()
            assert (await bench.post(given)).status == 200
            told = await bench.hear(Delivered, lambda each: each.response_status == 200)
            assert told.disposition is Disposition.RETRY
            assert app.received.qsize() == forwarded

    run(scenario)


def test_what_is_stored_once_the_session_ends_goes_to_no_handler(tmp_path: Path) -> None:
    """503, and the next session's is the retry."""

    async def scenario() -> None:
        given = delivery()
        async with session(tmp_path, forwarded=True) as (bench, app):
            with stalled(bench.history):
                waiting = asyncio.create_task(bench.post(given))
                await turns()
                ending = asyncio.create_task(bench.receiver.finish())
                await turns()
            response = await waiting
            assert (response.status, response.headers["connection"]) == (503, "close")
            await ending
            assert (await bench.delivered()).response_status == 503
            assert app.received.empty()
            assert (await bench.post(delivery())).status == 503  # comes behind the end
            assert [each for each in bench.untold() if isinstance(each, Notice)] == []
        assert [(each.outcome, each.response_status) for each in bench.stored()] == [
            ("failed", 503)
        ]
        async with session(tmp_path, forwarded=True) as (bench, app):
            assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).disposition is Disposition.RETRY

    run(scenario)


def test_what_goes_to_no_handler_is_taken_while_the_session_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with session(tmp_path, forwarded=False) as (bench, _):
            with stalled(bench.history):
                waiting = asyncio.create_task(bench.post(delivery()))
                await turns()
                ending = asyncio.create_task(bench.receiver.finish())
                await turns()
            assert (await waiting).status == 200
            await ending

    run(scenario)


@FORWARDED
def test_a_history_that_a_session_cannot_wait_for(
    tmp_path: Path, forwarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Senders are told 503 at the end, and what is stored behind that has failed."""

    async def scenario() -> None:
        async with session(tmp_path, forwarded=forwarded) as (bench, app):
            with stalled(bench.history):
                waiting = asyncio.create_task(bench.post(delivery()))
                await turns()
                await bench.receiver.finish()
                response = await waiting
                assert (response.status, response.headers["connection"]) == (503, "close")
        assert app.received.empty()
        assert [(each.outcome, each.response_status) for each in bench.stored()] == [
            ("failed", 503)
        ]

    monkeypatch.setattr("gooclaim_cli.receiver.exchange._LAST_MOMENT", 0.05)  # seconds; one
    run(scenario)


@FORWARDED
def test_a_session_that_ends_at_once(tmp_path: Path, forwarded: bool) -> None:
    """What nobody can be told any more has failed."""

    async def scenario() -> None:
        async with session(tmp_path, forwarded=forwarded) as (bench, app):
            with stalled(bench.history):
                async with bench.connection() as connection:
                    await connection.send(request(delivery()))
                    await turns()
                    await bench.receiver.close()
                    assert (await bench.delivered()).response_status is None
        assert app.received.empty()
        assert [(each.outcome, each.response_status) for each in bench.stored()] == [
            ("failed", None)
        ]

    run(scenario)
