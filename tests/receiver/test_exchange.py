"""gooclaim_cli.receiver: claimed, stored, forwarded, answered; the life of a key on the wire."""

import asyncio
import shlex
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.happenings import Disposition, Handler, Level
from gooclaim_cli.history.reading import HistoryReader
from gooclaim_cli.wire import Delivery

from .support import (
    Answering,
    Bench,
    Response,
    delivery,
    event_body,
    handler,
    receiving,
    request,
    run,
)


async def posted(bench: Bench, given: Delivery, times: int) -> list[Response]:
    """The same delivery several times at once."""
    return list(await asyncio.gather(*(bench.post(given) for _ in range(times))))


def test_a_delivery_on_its_way(tmp_path: Path) -> None:
    """Stored before the handler sees it, forwarded, answered with the handler's answer, told."""

    async def scenario() -> None:
        pending: list[Any] = []

        def look(_delivery: Delivery) -> None:
            with HistoryReader(tmp_path / "history.sqlite3") as reader:
                pending.append(reader.find(given.value("X-Gooclaim-Idempotency-Key") or ""))

        given = delivery()
        plain = ((b"content-type", b"text/plain"), (b"x-private", b"1"))
        async with (
            handler(status=201, headers=plain, body=b"done\x00", during=look) as app,
            receiving(tmp_path, app.url) as bench,
        ):
            response = await bench.post(given)
            assert (response.status, response.body) == (201, b"done\x00")
            assert response.headers["content-type"] == "text/plain"
            assert "x-private" not in response.headers
            assert pending[0].delivery.body == given.body
            assert pending[0].stored.outcome == "pending"
            told = await bench.delivered()
            assert (told.disposition, told.attempt) == (Disposition.FRESH, 1)
            assert (told.response_status, told.findings) == (201, ())
            assert told.delivery.body == given.body
            assert told.handler is not None
            assert (told.handler.status, told.handler.url) == (201, app.url)
            assert bench.untold() == []
        detail = bench.found(told.delivery_id)
        assert (detail.stored.outcome, detail.stored.response_status) == ("delivered", 201)
        (forward,) = detail.forwards
        assert (forward.status, forward.body, forward.late) == (201, b"done\x00", False)

    run(scenario)


def test_it_is_stored_when_the_answer_arrives(tmp_path: Path) -> None:
    """Nothing is acknowledged that another connection cannot read at that moment."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            for number in range(1, 21):
                given = delivery()
                assert (await bench.post(given)).status == 200
                stored = bench.stored()
                assert len(stored) == number
                assert bench.found(stored[-1].delivery_id).delivery.body == given.body

    run(scenario)


@pytest.mark.parametrize(
    "body",
    [
        event_body(data={"note": "\x00\x7f₹\u2028</script>"}).replace(b" ", b" \r\n\t "),
        event_body(data={"n": 1.50}).replace(b"1.5", b"1.50e+00"),
        event_body().replace(b"wf_1", b"\\u0077f\\/\xe0\xa4\xa8\\ud83d\\ude00"),
        b"\r\n\n " + event_body() + b"\n\n",
        event_body(more=["x" * 900_000]),
    ],
)
def test_bodies_are_forwarded_byte_for_byte(tmp_path: Path, body: bytes) -> None:
    """White space, escapes, order of members, number forms: nothing is written anew."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url) as bench:
            assert (await bench.post(delivery(body))).status == 200
            assert (await app.next()).body == body
            (stored,) = bench.stored()
            assert bench.found(stored.delivery_id).delivery.body == body

    run(scenario)


@pytest.mark.parametrize("status", [200, 202, 299])
def test_a_2xx_is_passed_on_with_its_body(tmp_path: Path, status: int) -> None:
    async def scenario() -> None:
        encoded = ((b"content-type", b"a/b"), (b"content-encoding", b"x-ours"))
        async with (
            handler(status=status, headers=encoded, body=b"yes") as app,
            receiving(tmp_path, app.url) as bench,
        ):
            response = await bench.post(delivery())
            assert (response.status, response.body) == (status, b"yes")
            assert response.headers["content-type"] == "a/b"
            assert response.headers["content-encoding"] == "x-ours"

    run(scenario)


def test_a_204_has_no_body_and_no_length(tmp_path: Path) -> None:
    """The connection goes on after it."""

    async def scenario() -> None:
        async with (
            handler(status=204) as app,
            receiving(tmp_path, app.url) as bench,
            bench.connection() as connection,
        ):
            for _ in range(2):
                await connection.send(request(delivery()))
                response = await connection.response()
                assert response.status == 204
                assert "content-length" not in response.headers

    run(scenario)


def test_anything_else_is_passed_on_without_its_body(tmp_path: Path) -> None:
    """An error page stays here; a redirect is not followed; the key has failed."""

    async def refused(bench: Bench, app: Answering, status: int) -> None:
        app.status = status
        response = await bench.post(given)
        assert (response.status, response.body) == (status, b"")
        assert response.headers.keys() <= {"date", "content-length"}
        assert (await app.next()).body == given.body
        assert app.received.empty()
        told = await bench.delivered()
        assert told.handler is not None
        assert told.handler.body == (b"" if status == 304 else b"Traceback: secret=1")

    async def scenario() -> None:
        secret = ((b"content-type", b"text/html"), (b"location", b"/hooks/elsewhere"))
        async with (
            handler(headers=secret, body=b"Traceback: secret=1") as app,
            receiving(tmp_path, app.url) as bench,
        ):
            statuses = (300, 301, 302, 304, 307, 400, 401, 404, 409, 410, 422, 429, 500, 503, 599)
            for status in statuses:
                await refused(bench, app, status)
            app.status = 200
            assert (await bench.post(given)).status == 200
            told = await bench.delivered()
            assert (told.disposition, told.attempt) == (Disposition.RETRY, len(statuses) + 1)

    given = delivery()
    run(scenario)


RAW_ANSWERS = {
    "breaks off": (b"", "connection_reset"),
    "half an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "answer_truncated"),
    "no http": (b"SSH-2.0-OpenSSH_9.6\r\n", "answer_malformed"),
    "status 999": (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", None),
    "status 600": (b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", None),
    "status 150": (b"HTTP/1.1 150 Odd\r\n\r\n", "connection_reset"),
    "status 101": (
        b"HTTP/1.1 101 Odd\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "answer_malformed",
    ),
}


@pytest.mark.parametrize("name", RAW_ANSWERS)
def test_a_handler_without_a_proper_answer(tmp_path: Path, name: str) -> None:
    """It becomes a 502, never a success, and the next delivery is a retry."""
    answer, error = RAW_ANSWERS[name]

    async def scenario() -> None:
        async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(odd, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
        async with server, receiving(tmp_path, url) as bench:
            for attempt in (1, 2):
                response = await bench.post(given)
                assert (response.status, response.body) == (502, b"")
                told = await bench.delivered()
                assert (told.attempt, told.response_status) == (attempt, 502)
                assert told.handler is not None
                assert told.handler.error == error

    given = delivery()
    run(scenario)


def test_a_handler_that_is_not_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler() as gone:
            pass
        async with receiving(tmp_path, gone.url) as bench:
            assert (await bench.post(delivery())).status == 502
            told = await bench.delivered()
            assert told.handler is not None
            assert told.handler.error == "connection_refused"
        (stored,) = bench.stored()
        assert (stored.outcome, stored.response_status) == ("failed", 502)

    run(scenario)


def test_no_handler(tmp_path: Path) -> None:
    """Without one, or where no pattern fits, what is stored is answered 200."""

    async def scenario() -> None:
        async with handler() as app:
            only = Handler("claim.*", app.url)
            for number, handlers in enumerate([(), (only,)]):
                async with receiving(tmp_path / str(number), *handlers) as bench:
                    response = await bench.post(delivery())
                    assert (response.status, response.body) == (200, b"")
                    told = await bench.delivered()
                    assert (told.handler, told.response_status) == (None, 200)
                (stored,) = bench.stored()
                assert stored.outcome == "delivered"
            assert app.received.empty()

    run(scenario)


def test_the_first_handler_that_fits(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler() as docs, handler() as rest:
            handlers = Handler("pending_docs.*", docs.url), Handler("*", rest.url)
            async with receiving(tmp_path, *handlers) as bench:
                for event_type in ("pending_docs.uploaded", "workflow.started", "pending_docs"):
                    await bench.post(delivery(event_body(event_type)))
                assert (docs.received.qsize(), rest.received.qsize()) == (1, 2)

    run(scenario)


def test_events_that_are_filtered_out(tmp_path: Path) -> None:
    """They are stored and answered 200, neither shown nor forwarded; their keys are processed."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url, events="claim.*") as bench:
            hidden = delivery()
            shown = delivery(event_body("claim.fraud_suspect"))
            for given in (hidden, hidden, shown):
                assert (await bench.post(given)).status == 200
            assert (await app.next()).body == shown.body
            assert app.received.empty()
            assert (await bench.delivered()).delivery.body == shown.body
            assert bench.untold() == []
        assert [each.outcome for each in bench.stored()] == ["filtered", "filtered", "delivered"]
        assert [each.disposition for each in bench.stored()] == ["fresh", "duplicate", "fresh"]

    run(scenario)


def test_a_duplicate(tmp_path: Path) -> None:
    """200, told as a duplicate, not forwarded, though signed anew at another time."""

    async def scenario() -> None:
        async with handler(status=202) as app, receiving(tmp_path, app.url) as bench:
            body = event_body()
            assert (await bench.post(delivery(body, key="k"))).status == 202
            await bench.delivered()
            for attempt in (2, 3):
                later = delivery(body, key="k", timestamp=1_779_272_065 + attempt)
                response = await bench.post(later)
                assert (response.status, response.body) == (200, b"")
                told = await bench.delivered()
                assert (told.disposition, told.attempt) == (Disposition.DUPLICATE, attempt)
                assert told.handler is None
            assert app.received.qsize() == 1
            assert bench.untold() == []
        outcomes = [(each.outcome, each.response_status) for each in bench.stored()]
        assert outcomes == [("delivered", 202), ("duplicate", 200), ("duplicate", 200)]

    run(scenario)


def test_duplicates_forwarded_on_request(tmp_path: Path) -> None:
    """What the handler then says does not change that the key is processed."""

    async def scenario() -> None:
        async with (
            handler() as app,
            receiving(tmp_path, app.url, forward_duplicates=True) as bench,
        ):
            given = delivery()
            await bench.post(given)
            app.status = 500
            assert (await bench.post(given)).status == 500
            app.status = 200
            assert (await bench.post(given)).status == 200
            seen = [(await bench.delivered()).disposition for _ in range(3)]
            assert seen == [Disposition.FRESH, Disposition.DUPLICATE, Disposition.DUPLICATE]
            assert app.received.qsize() == 3

    run(scenario)


def test_retries_until_it_succeeds(tmp_path: Path) -> None:
    """Each failed attempt is forwarded again, counted, and the third one's success is final."""

    async def scenario() -> None:
        async with handler(status=500) as app, receiving(tmp_path, app.url) as bench:
            given = delivery()
            seen: list[Any] = []
            for status in (500, 429, 200, 200):
                app.status = status
                seen.append((await bench.post(given)).status)
                told = await bench.delivered()
                seen.append((told.disposition.value, told.attempt))
            assert seen == [
                *(500, ("fresh", 1)),
                *(429, ("retry", 2)),
                *(200, ("retry", 3)),
                *(200, ("duplicate", 4)),
            ]
            assert app.received.qsize() == 3

    run(scenario)


def test_four_at_once(tmp_path: Path) -> None:
    """Of one key's deliveries that come together one is forwarded; the others are to come again."""

    async def scenario() -> None:
        async with handler(hold=True) as app, receiving(tmp_path, app.url) as bench:
            given = delivery()
            waiting = asyncio.create_task(posted(bench, given, 4))
            told = [await bench.delivered() for _ in range(3)]
            assert {each.disposition for each in told} == {Disposition.IN_FLIGHT}
            assert {each.response_status for each in told} == {503}
            assert [each.handler for each in told] == [None] * 3
            app.release.set()
            responses = await waiting
            assert sorted(each.status for each in responses) == [200, 503, 503, 503]
            held = [each for each in responses if each.status == 503]
            assert all(int(each.headers["retry-after"]) >= 1 for each in held)
            assert app.received.qsize() == 1
            assert (await bench.post(given)).status == 200
            assert app.received.qsize() == 1
        outcomes = sorted(each.outcome for each in bench.stored())
        assert outcomes == ["delivered", "duplicate", "in_flight", "in_flight", "in_flight"]

    run(scenario)


def test_different_keys_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler(hold=True) as app, receiving(tmp_path, app.url) as bench:
            waiting = [asyncio.create_task(bench.post(delivery())) for _ in range(40)]
            for _ in waiting:
                await app.next()
            app.release.set()
            assert {(await each).status for each in waiting} == {200}

    run(scenario)


def test_the_same_key_with_another_body(tmp_path: Path) -> None:
    """A notice says so and names both; the delivery is treated by its key all the same."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url) as bench:
            await bench.post(delivery(key="twice; $(id)"))
            assert (await bench.post(delivery(key="twice; $(id)"))).status == 200
            notice = await bench.notice("key_reused_with_other_body")
            assert notice.level is Level.WARNING
            assert "twice" in notice.message
            # A command to copy: the key came off the wire, and is one word of it.
            assert shlex.split(notice.hint)[-4:] == ["gooclaim", "history", "show", "twice; $(id)"]
            assert app.received.qsize() == 1

    run(scenario)


def test_the_claim_of_a_dead_session_is_free(tmp_path: Path) -> None:
    """What a session that was killed had claimed is a retry; a living one's claim holds."""

    async def scenario() -> None:
        given = delivery()
        async with handler(hold=True) as held, receiving(tmp_path, held.url, owner="dead") as first:
            waiting = asyncio.create_task(first.post(given))
            await held.next()
            async with handler() as app, receiving(tmp_path, app.url, owner="other") as second:
                assert (await second.post(given)).status == 503
            async with (
                handler() as app,
                receiving(tmp_path, app.url, owner="third", gone=["dead"]) as third,
            ):
                assert (await third.post(given)).status == 200
                told = await third.delivered()
                assert (told.disposition, told.attempt) == (Disposition.RETRY, 3)
            held.release.set()
            await waiting

    run(scenario)


def test_a_handler_that_takes_too_long(tmp_path: Path) -> None:
    """504 at the deadline; its request goes on, and its late answer is told and stored."""

    async def scenario() -> None:
        async with (
            handler(hold=True, body=b"at last") as app,
            receiving(tmp_path, app.url, deadline=0.1) as bench,
        ):
            given = delivery()
            assert (await bench.post(given)).status == 504
            told = await bench.delivered()
            assert told.handler is not None
            assert (told.handler.status, told.handler.error) == (None, "deadline_exceeded")
            assert told.handler.message == "no answer within 0.1 s"
            app.release.set()
            late = await bench.late()
            assert late.delivery_id == told.delivery_id
            assert (late.handler.status, late.handler.body) == (200, b"at last")
            assert (late.event_id, late.event_type) == (told.event_id, "workflow.completed")
            assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).disposition is Disposition.RETRY
        detail = bench.found(told.delivery_id)
        assert (detail.stored.outcome, detail.stored.response_status) == ("failed", 504)
        (forward,) = detail.forwards
        assert (forward.status, forward.late, forward.body) == (200, True, b"at last")

    run(scenario)


def test_a_handler_that_fails_late(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            handler(hold=True, status=500) as app,
            receiving(tmp_path, app.url, deadline=0.1) as bench,
        ):
            assert (await bench.post(delivery())).status == 504
            app.release.set()
            assert (await bench.late()).handler.status == 500

    run(scenario)


def test_a_session_that_ends_first(tmp_path: Path) -> None:
    """A request to a handler that is under way is given up, and recorded so."""

    async def scenario() -> None:
        async with handler(hold=True) as app:
            async with receiving(tmp_path, app.url, deadline=0.1) as bench:
                assert (await bench.post(delivery())).status == 504
            (stored,) = bench.stored()
            (forward,) = bench.found(stored.delivery_id).forwards
            assert (forward.status, forward.error) == (None, "session_ended")

    run(scenario)


def test_a_history_that_cannot_be_written(tmp_path: Path) -> None:
    """503, a notice, nothing forwarded; when it can be written again, the retry goes through."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url) as bench:
            given = delivery()
            other = sqlite3.connect(bench.history, isolation_level=None)
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON delivery"
                " BEGIN SELECT RAISE(FAIL, 'disk full'); END"
            )
            response = await bench.post(given)
            assert (response.status, response.body) == (503, b"")
            assert int(response.headers["retry-after"]) >= 1
            notice = await bench.notice("history_not_written")
            assert notice.level is Level.ERROR
            assert "disk full" in notice.message
            assert (await bench.delivered()).response_status == 503
            assert app.received.empty()
            other.execute("DROP TRIGGER full")
            other.close()
            assert (await bench.post(given)).status == 200
            told = await bench.delivered()
            assert (told.disposition, told.attempt) == (Disposition.FRESH, 1)
            assert len(bench.stored()) == 1

    run(scenario)


def test_a_history_that_is_locked(tmp_path: Path) -> None:
    """While another process keeps it to itself, nothing is acknowledged."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url) as bench:
            other = sqlite3.connect(bench.history, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            given = delivery()
            responses = await posted(bench, given, 3)
            assert [each.status for each in responses] == [503] * 3
            assert app.received.empty()
            other.close()
            assert (await bench.post(given)).status == 200
            assert len(bench.stored()) == 1

    run(scenario)


def test_a_rejection_is_answered_while_the_history_is_locked(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            other = sqlite3.connect(bench.history, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            bad = delivery()
            assert (await bench.post(Delivery(bad.headers, b"{}"))).status == 401
            other.close()
        (stored,) = bench.stored()
        assert stored.outcome == "rejected"

    run(scenario)
