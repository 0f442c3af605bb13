"""gooclaim_cli.receiver.forwards: what is with a handler, by either entrance, to its end."""

import asyncio
import itertools
import sqlite3
import time
from pathlib import Path

import pytest

from gooclaim_cli.happenings import Disposition

from .support import NOW, Bench, Response, delivery, handler, receiving, request, run

pytestmark = pytest.mark.usefixtures("entrance")


def test_each_delivery_has_a_deadline_of_its_own(tmp_path: Path) -> None:
    """One after the other, and none much later than it should."""

    async def scenario() -> None:
        async def timed(bench: Bench) -> tuple[int, float]:
            began = time.monotonic()
            response = await bench.post(delivery())
            return response.status, time.monotonic() - began

        async with handler(hold=True) as app, receiving(tmp_path, app.url, deadline=0.3) as bench:
            waiting = []
            for _ in range(3):
                waiting.append(asyncio.create_task(timed(bench)))
                await app.next()
                await asyncio.sleep(0.05)  # the deadlines are apart: that is the subject
            for status, seconds in await asyncio.gather(*waiting):
                assert status == 504
                assert 0.3 <= seconds < 2
            app.release.set()
            assert {(await bench.late()).handler.status for _ in range(3)} == {200}

    run(scenario)


def test_one_that_is_answered_is_not_due_any_more(tmp_path: Path) -> None:
    """The next one has the whole time, though the first one's is looked at first."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url, deadline=0.5) as bench:
            assert (await bench.post(delivery())).status == 200
            app.hold = True
            began = time.monotonic()
            assert (await bench.post(delivery())).status == 504
            assert time.monotonic() - began >= 0.5
            app.release.set()
            await bench.late()

    run(scenario)


def test_a_sender_that_hangs_up(tmp_path: Path) -> None:
    """The handler's request goes on, its outcome is recorded; the key has failed."""

    async def scenario() -> None:
        async with handler(hold=True) as app, receiving(tmp_path, app.url) as bench:
            given = delivery()
            async with bench.connection() as connection:
                await connection.send(request(given))
                await app.next()
            told = await bench.delivered()
            assert told.response_status is None
            assert told.handler is not None
            assert told.handler.error == "sender_hung_up"
            app.release.set()
            assert (await bench.late()).handler.status == 200
            assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).disposition is Disposition.RETRY
            assert app.received.qsize() == 1
        first, second = bench.stored()
        assert (first.outcome, first.response_status) == ("failed", None)
        assert (second.outcome, second.response_status) == ("delivered", 200)
        (forward,) = bench.found(first.delivery_id).forwards
        assert (forward.status, forward.late) == (200, True)

    run(scenario)


def test_a_sender_that_hangs_up_before_it_is_stored(tmp_path: Path) -> None:
    """It may have been processed all the same: the handler gets it, and it is told as missed."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url) as bench:
            other = sqlite3.connect(bench.history, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            given = delivery()
            async with bench.connection() as connection:
                await connection.send(request(given))
                for _ in range(50):
                    await asyncio.sleep(0)
            for _ in range(50):
                await asyncio.sleep(0)
            other.execute("ROLLBACK")
            other.close()
            assert (await app.next()).body == given.body
            told = await bench.delivered()
            assert told.response_status is None
            assert told.handler is not None
            assert told.handler.error == "sender_hung_up"
            assert (await bench.late()).handler.status == 200

    run(scenario)


def test_the_end_of_a_session(tmp_path: Path) -> None:
    """Who is still with a handler is told 503; what waits for a place begins no more."""

    async def scenario() -> None:
        async with handler(hold=True) as app:
            async with receiving(tmp_path, app.url, at_once=1) as bench:
                waiting = [asyncio.create_task(bench.post(delivery())) for _ in range(3)]
                await app.next()
                while len(bench.stored()) < 3:  # noqa: ASYNC110 - a database tells nobody
                    await asyncio.sleep(0)
                ending = asyncio.create_task(bench.receiver.finish())
                assert (
                    "deliveries that are still with a handler: 3"
                    in (await bench.notice("ending")).message
                )
                responses: list[Response] = await asyncio.gather(*waiting)
                await ending
                assert [each.status for each in responses] == [503] * 3
                assert all(each.headers["connection"] == "close" for each in responses)
                told = [await bench.delivered() for _ in range(3)]
                assert {each.handler.error for each in told if each.handler} == {"session_ended"}
            assert app.received.empty()
            for stored in bench.stored():
                (forward,) = bench.found(stored.delivery_id).forwards
                assert (forward.status, forward.error) == (None, "session_ended")

    run(scenario)


def test_a_handler_that_answers_in_time_at_the_end_of_a_session(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler(hold=True) as app, receiving(tmp_path, app.url) as bench:
            waiting = asyncio.create_task(bench.post(delivery()))
            await app.next()
            ending = asyncio.create_task(bench.receiver.finish())
            await bench.notice("ending")
            app.release.set()
            assert (await waiting).status == 200
            await ending

    run(scenario)


@pytest.mark.parametrize(("look", "status"), [(2, 500), (3, 200), (4, 200)])
def test_a_fault_of_our_own_behind_the_handler(tmp_path: Path, look: int, status: int) -> None:
    """Before it is sent, or behind the answer: a notice, the key is free, the session goes on."""

    async def scenario() -> None:
        looks = itertools.count(1)

        def clock() -> float:
            if next(looks) == look:
                raise RuntimeError("the clock has stopped")
            return float(NOW)

        async with handler() as app, receiving(tmp_path, app.url, clock=clock) as bench:
            given = delivery()
            assert (await bench.post(given)).status == status
            assert "(RuntimeError)" in (await bench.notice("internal_error")).message
            assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).disposition is Disposition.RETRY

    run(scenario)


def test_a_fault_of_our_own_at_a_late_answer(tmp_path: Path) -> None:
    """It is told, and the session goes on."""

    async def scenario() -> None:
        stops: list[bool] = []

        def clock() -> float:
            if stops:
                stops.clear()
                raise RuntimeError("the clock has stopped")
            return float(NOW)

        async with (
            handler(hold=True) as app,
            receiving(tmp_path, app.url, clock=clock, deadline=0.1) as bench,
        ):
            assert (await bench.post(delivery())).status == 504
            await bench.delivered()
            stops.append(True)
            app.release.set()
            assert "(RuntimeError)" in (await bench.notice("internal_error")).message
            assert (await bench.post(delivery())).status == 200

    run(scenario)


@pytest.mark.parametrize(("bound", "most"), [("_MOST", 3), ("_MOST_BYTES", 400)])
def test_a_handler_that_does_not_keep_up(
    tmp_path: Path, bound: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request that is with it holds a body: what comes then is to come again."""

    async def scenario() -> None:
        async with handler(hold=True) as app, receiving(tmp_path, app.url) as bench:
            waiting = [asyncio.create_task(bench.post(delivery())) for _ in range(3)]
            for _ in waiting:
                await app.next()
            given = delivery()
            refused = await bench.post(given)
            assert (refused.status, refused.headers["connection"]) == (503, "close")
            assert int(refused.headers["retry-after"]) >= 1
            app.release.set()
            assert [(await each).status for each in waiting] == [200] * 3
            assert (await bench.post(given)).status == 200
            assert len(bench.stored()) == 4

    # A thousand, and 64 MiB.
    monkeypatch.setattr(f"gooclaim_cli.receiver.forwards.{bound}", most)
    run(scenario)
