"""gooclaim_cli.receiver.direct: deliveries that no handler gets, by either entrance."""

import asyncio
import itertools
import sqlite3
from pathlib import Path

import pytest

from gooclaim_cli.happenings import Disposition

from .support import (
    NOW,
    delivery,
    event_body,
    handler,
    receiving,
    request,
    run,
)

BOTH = pytest.mark.usefixtures("entrance")


@BOTH
def test_the_life_of_a_key(tmp_path: Path) -> None:
    """A first delivery, a duplicate, one with another body; each is answered 200 and told."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench, bench.connection() as connection:
            body, other = event_body(), event_body()
            for content in (body, body, other):
                await connection.send(request(delivery(content, key="k")))
                assert (await connection.response()).status == 200
            told = [await bench.delivered() for _ in range(3)]
            assert [each.attempt for each in told] == [1, 2, 3]
            assert told[0].disposition is Disposition.FRESH
            assert {each.disposition for each in told[1:]} == {Disposition.DUPLICATE}
            assert (
                "came before with another body"
                in (await bench.notice("key_reused_with_other_body")).message
            )
            assert bench.untold() == []
        outcomes = [(each.outcome, each.response_status) for each in bench.stored()]
        assert outcomes == [("delivered", 200), ("duplicate", 200), ("duplicate", 200)]

    run(scenario)


@BOTH
def test_four_at_once(tmp_path: Path) -> None:
    """One claims the key; all are answered, and all are in the history."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            given = delivery()
            found = await asyncio.gather(*(bench.post(given) for _ in range(4)))
            assert [each.status for each in found] == [200] * 4
            told = sorted([(await bench.delivered()).attempt for _ in range(4)])
            assert told == [1, 2, 3, 4]
        dispositions = sorted(each.disposition for each in bench.stored())
        assert dispositions == ["duplicate"] * 3 + ["fresh"]

    run(scenario)


@BOTH
def test_the_claim_of_another_session(tmp_path: Path) -> None:
    """Is respected while that one lives; what it has left behind is a retry."""

    async def scenario() -> None:
        given = delivery()
        async with handler(hold=True) as held, receiving(tmp_path, held.url, owner="dead") as first:
            waiting = asyncio.create_task(first.post(given))
            await held.next()
            async with receiving(tmp_path, owner="other") as second:
                refused = await second.post(given)
                assert (refused.status, refused.headers["retry-after"]) == (503, "1")
                assert (await second.delivered()).disposition is Disposition.IN_FLIGHT
            async with receiving(tmp_path, owner="third", gone=["dead"]) as third:
                assert (await third.post(given)).status == 200
                told = await third.delivered()
                assert (told.disposition, told.attempt) == (Disposition.RETRY, 3)
            held.release.set()
            await waiting

    run(scenario)


@BOTH
def test_events_that_are_filtered_out(tmp_path: Path) -> None:
    """They are stored and answered 200, and not shown."""

    async def scenario() -> None:
        async with receiving(tmp_path, events="claim.*") as bench:
            shown = delivery(event_body("claim.fraud_suspect"))
            for given in (delivery(), shown):
                assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).delivery.body == shown.body
            assert bench.untold() == []
        assert [each.outcome for each in bench.stored()] == ["filtered", "delivered"]

    run(scenario)


@BOTH
def test_copies_are_given_to_colleagues(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler() as colleague, receiving(tmp_path, copies=[colleague.url]) as bench:
            given = delivery()
            assert (await bench.post(given)).status == 200
            assert (await colleague.next()).body == given.body

    run(scenario)


@BOTH
def test_a_history_that_cannot_be_written(tmp_path: Path) -> None:
    """503 and a notice, as long as it lasts; the retry is the first that counts."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench, bench.connection() as connection:
            sent = request(delivery())
            other = sqlite3.connect(bench.history, isolation_level=None)
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON delivery"
                " BEGIN SELECT RAISE(FAIL, 'disk full'); END"
            )
            await connection.send(sent)
            response = await connection.response()
            assert (response.status, response.headers["retry-after"]) == (503, "5")
            assert "disk full" in (await bench.notice("history_not_written")).message
            assert (await bench.delivered()).response_status == 503
            other.execute("DROP TRIGGER full")
            other.close()
            await connection.send(sent)
            assert (await connection.response()).status == 200
            told = await bench.delivered()
            assert (told.disposition, told.attempt) == (Disposition.FRESH, 1)
            assert len(bench.stored()) == 1

    run(scenario)


@BOTH
def test_pipelined_deliveries_are_answered_in_turn(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as bench, bench.connection() as connection:
            good = [delivery() for _ in range(5)]
            bad = request(good[0]).replace(b"evt_", b"evt-")
            sent = [request(each) for each in good]
            await connection.send(b"".join([*sent[:2], bad, *sent[2:]]))
            statuses = [(await connection.response()).status for _ in range(6)]
            assert statuses == [200, 200, 401, 200, 200, 200]
        assert len(bench.stored()) == 6

    run(scenario)


@BOTH
def test_what_is_under_way_at_the_end_is_answered(tmp_path: Path) -> None:
    """A delivery that came before the end is stored, and its sender hears of it."""

    async def scenario() -> None:
        given = delivery()
        async with receiving(tmp_path) as bench:
            reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
            writer.write(request(given)[:-1])
            await writer.drain()
            for _ in range(20):  # turns of the event loop: its headers have arrived
                await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(0.02, writer.write, request(given)[-1:])
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        assert len(bench.stored()) == 1

    run(scenario)


def test_a_sender_that_hangs_up(tmp_path: Path) -> None:
    """What nobody was told is not processed: the sender's next one is the retry."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            other = sqlite3.connect(bench.history, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            given = delivery()
            async with bench.connection() as connection:
                await connection.send(request(given))
                for _ in range(50):
                    await asyncio.sleep(0)
            other.execute("ROLLBACK")
            other.close()
            assert (await bench.delivered()).response_status is None
            assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).disposition is Disposition.RETRY
        outcomes = [(each.outcome, each.response_status) for each in bench.stored()]
        assert outcomes == [("failed", None), ("delivered", 200)]

    run(scenario)


def test_a_fault_of_our_own_once_it_is_stored(tmp_path: Path) -> None:
    """It is told, and the key is free; the next delivery is taken as ever."""

    async def scenario() -> None:
        looks = itertools.count(1)

        def clock() -> float:
            if next(looks) == 2:  # the first is for checking it, this one for what is told of it
                raise RuntimeError("the clock has stopped")
            return float(NOW)

        async with receiving(tmp_path, clock=clock) as bench, bench.connection() as connection:
            given = delivery()
            await connection.send(request(given))
            assert (await connection.response()).status == 200
            assert "(RuntimeError)" in (await bench.notice("internal_error")).message
            await connection.send(request(given))
            assert (await connection.response()).status == 200
            assert (await bench.delivered()).disposition is Disposition.RETRY
        assert [each.outcome for each in bench.stored()] == ["failed", "delivered"]

    run(scenario)
