"""Where the home URL answers: what it says is what Gooclaim is told, and nothing else ever is."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.happenings import Disposition, PassedOn, Target
from gooclaim_cli.wire import SigningSecret

from .support import (
    SECRET,
    Bench,
    delivery,
    event_body,
    handler,
    receiving,
    request,
    run,
    stalled,
    turns,
    with_headers,
)

OTHER_SECRET = SigningSecret("whsec_of_home_alone")
RETRY = ((b"retry-after", b"7"), (b"content-type", b"text/plain"), (b"x-of-home", b"a, b"))


def live(
    folder: Path, home: str | None, *handlers: str, **options: Any
) -> AbstractAsyncContextManager[Bench]:
    """A receiver as it is in production."""
    given: dict[str, Any] = {"home_answers": True, "unverified": True}
    return receiving(folder, *handlers, home=home, **given | options)


@asynccontextmanager
async def nowhere() -> AsyncIterator[str]:
    """A URL where nothing listens."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    yield f"http://127.0.0.1:{port}/"


@pytest.mark.parametrize("status", [200, 202, 204, 302, 400, 409, 429, 503])
def test_its_answer_is_given_as_it_came(tmp_path: Path, status: int) -> None:
    """Status, headers and body, of failures too: without us it would be the same."""

    async def scenario() -> None:
        given = delivery()
        async with handler(status=status, headers=RETRY, body=b"said \x00\xff") as home:
            async with live(tmp_path, home.url) as bench:
                response = await bench.post(given)
                assert response.status == status
                assert response.body == (b"" if status == 204 else b"said \x00\xff")
                for kept, said in RETRY:
                    assert response.headers[kept.decode()] == said.decode()
                came = await home.next()
                assert came.body == given.body
                for name, value in given.headers:
                    assert came.values(name) == [value]
                told = await bench.delivered()
                assert (told.response_status, told.handler) == (status, None)
                assert told.home is not None
                assert (told.home.status, told.home.url) == (status, home.url)
                assert bench.untold() == []
            (stored,) = bench.stored()
            assert stored.outcome == ("delivered" if 200 <= status < 300 else "failed")
            (forward,) = bench.found(stored.delivery_id).forwards
            assert (forward.kind, forward.status, forward.late) == ("pass_on", status, False)

    run(scenario)


def test_where_nothing_listens_gooclaim_is_told_502_and_the_retry_is_passed_on(
    tmp_path: Path,
) -> None:
    """Never a 2xx of ours, though a handler here took it."""

    async def scenario() -> None:
        given = delivery()
        async with nowhere() as url, handler() as app, live(tmp_path, url, app.url) as bench:
            assert (await bench.post(given)).status == 502
            first = await bench.delivered()
            assert (first.handler and first.handler.status) == 200
            assert (first.home and first.home.error) == "connection_refused"
            assert (await bench.post(given)).status == 502
            assert (await bench.delivered()).disposition is Disposition.RETRY
        assert {each.outcome for each in bench.stored()} == {"failed"}

    run(scenario)


def test_where_it_is_silent_gooclaim_is_told_504_and_the_late_answer_is_recorded(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with handler(hold=True) as home, live(tmp_path, home.url, deadline=0.1) as bench:
            assert (await bench.post(delivery())).status == 504
            told = await bench.delivered()
            assert (told.response_status, told.home and told.home.error) == (
                504,
                "deadline_exceeded",
            )
            home.release.set()
            late = await bench.hear(PassedOn)
            assert (late.target, late.late, late.answer.status) == (Target.HOME, True, 200)
        (stored,) = bench.stored()
        assert (stored.outcome, stored.response_status) == ("failed", 504)
        (forward,) = bench.found(stored.delivery_id).forwards
        assert (forward.kind, forward.status, forward.late) == ("pass_on", 200, True)

    run(scenario)


def test_nobody_waits_for_the_handler(tmp_path: Path) -> None:
    """Gooclaim has its answer while the handler is in a debugger; what it says is told then."""

    async def scenario() -> None:
        async with handler(status=202) as home, handler(status=500, hold=True) as app:
            async with live(tmp_path, home.url, app.url) as bench:
                response = await bench.post(delivery())
                assert response.status == 202
                await app.next()
                assert bench.untold() == []
                app.release.set()
                told = await bench.delivered()
                assert (told.response_status, told.handler and told.handler.status) == (202, 500)
            (stored,) = bench.stored()
            assert stored.outcome == "delivered"
            kinds = [each.kind for each in bench.found(stored.delivery_id).forwards]
            assert sorted(kinds) == ["live", "pass_on"]

    run(scenario)


def test_a_handler_that_is_too_late_is_told_at_its_deadline(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            handler() as home,
            handler(hold=True) as app,
            live(tmp_path, home.url, app.url, deadline=0.1) as bench,
        ):
            assert (await bench.post(delivery())).status == 200
            told = await bench.delivered()
            assert (told.handler and told.handler.error) == "deadline_exceeded"
            app.release.set()
            assert not (await bench.late()).counted

    run(scenario)


def test_every_delivery_of_a_key_is_passed_on(tmp_path: Path) -> None:
    """Whether it is a duplicate, the home URL judges itself; the handler gets the first alone."""

    async def scenario() -> None:
        given = delivery()
        async with (
            handler() as home,
            handler() as app,
            live(tmp_path, home.url, app.url) as bench,
        ):
            assert (await bench.post(given)).status == 200
            assert (await bench.delivered()).disposition is Disposition.FRESH
            home.status = 409
            assert (await bench.post(given)).status == 409
            second = await bench.delivered()
            assert (second.disposition, second.handler) == (Disposition.DUPLICATE, None)
            assert (home.received.qsize(), app.received.qsize()) == (2, 1)

    run(scenario)


def test_deliveries_of_a_key_at_the_same_time_are_all_passed_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        given = delivery()
        async with (
            handler(hold=True) as home,
            handler() as app,
            live(tmp_path, home.url, app.url) as bench,
        ):
            posts = [asyncio.create_task(bench.post(given)) for _ in range(4)]
            for _ in posts:
                await home.next()
            home.release.set()
            assert [each.status for each in await asyncio.gather(*posts)] == [200] * 4
            told = [await bench.delivered() for _ in posts]
            assert sorted(each.disposition for each in told) == ["fresh", *["in_flight"] * 3]
            assert app.received.qsize() == 1

    run(scenario)


def test_what_cannot_be_verified_here_is_passed_on_and_nowhere_else(tmp_path: Path) -> None:
    """Bytes unchanged; the home URL judges: it may know a secret that we do not."""

    async def scenario() -> None:
        strange = delivery(secret=OTHER_SECRET)
        bare = with_headers(delivery(), x_gooclaim_signature=None)
        async with handler(status=201) as home, handler() as app, handler() as colleague:
            async with live(tmp_path, home.url, app.url, copies=(colleague.url,)) as bench:
                assert (await bench.post(strange)).status == 201
                home.status = 401
                assert (await bench.post(bare)).status == 401
                assert [(await home.next()).body for _ in range(2)] == [strange.body, bare.body]
                first, second = await bench.delivered(), await bench.delivered()
                for told, status in ((first, 201), (second, 401)):
                    assert told.disposition is Disposition.REJECTED
                    assert (told.response_status, told.handler) == (status, None)
                    assert told.findings
            assert app.received.empty()
            assert colleague.received.empty()
            outcomes = [(each.disposition, each.outcome) for each in bench.stored()]
            assert outcomes == [("rejected", "delivered"), ("rejected", "rejected")]

    run(scenario)


def test_a_forgery_does_not_use_a_key_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            handler() as home,
            handler() as app,
            live(tmp_path, home.url, app.url) as bench,
        ):
            await bench.post(delivery(secret=OTHER_SECRET, key="idem_x"))
            await bench.post(delivery(key="idem_x"))
            assert (await bench.delivered()).disposition is Disposition.REJECTED
            assert (await bench.delivered()).disposition is Disposition.FRESH

    run(scenario)


def test_outside_production_what_is_not_verified_goes_nowhere(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler() as home, live(tmp_path, home.url, unverified=False) as bench:
            assert (await bench.post(delivery(secret=OTHER_SECRET))).status == 401
            assert (await bench.post(delivery())).status == 200
            assert home.received.qsize() == 1

    run(scenario)


@pytest.mark.parametrize("secret", [SigningSecret("whsec_receiver"), OTHER_SECRET])
def test_what_is_not_in_the_history_is_not_passed_on(tmp_path: Path, secret: SigningSecret) -> None:
    """503: the home URL could say 2xx, and nobody would know of the event."""

    async def scenario() -> None:
        async with handler() as home, live(tmp_path, home.url) as bench:
            other = sqlite3.connect(bench.history, isolation_level=None)
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON delivery"
                " BEGIN SELECT RAISE(FAIL, 'disk full'); END"
            )
            response = await bench.post(delivery(secret=secret))
            assert (response.status, home.received.qsize()) == (503, 0)
            assert int(response.headers["retry-after"]) >= 1
            await bench.notice("history_not_written")
            other.execute("DROP TRIGGER full")
            other.close()
            assert (await bench.post(delivery(secret=secret))).status == 200

    run(scenario)


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_the_deadline_runs_while_the_history_is_waited_for(
    tmp_path: Path, secret: SigningSecret
) -> None:
    """503 when it is due, and the home URL is not asked behind that; its retry goes there."""

    async def scenario() -> None:
        async with handler() as home, handler() as app:
            async with live(tmp_path, home.url, app.url, deadline=0.2) as bench:
                given = delivery(secret=secret)
                with stalled(bench.history):
                    refused = await bench.post(given)
                    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
                    message = (await bench.notice("history_not_written")).message
                    assert message.startswith("the history was not written within 0.2 s")
                    told = await bench.delivered()
                    assert (told.response_status, told.home, told.handler) == (503, None, None)
                failed = "failed" if secret is SECRET else "rejected"
                # A database tells nobody.
                while [each.outcome for each in bench.stored()] != [failed]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                assert (home.received.qsize(), app.received.qsize()) == (0, 0)
                assert (await bench.post(given)).status == 200
                told = await bench.delivered()
                retried = Disposition.RETRY if secret is SECRET else Disposition.REJECTED
                assert told.disposition is retried
                assert (home.received.qsize(), app.received.qsize()) == (1, secret is SECRET)
            outcomes = [(each.outcome, each.response_status) for each in bench.stored()]
            assert outcomes == [(failed, 503), ("delivered", 200)]

    run(scenario)


@pytest.mark.parametrize(("bound", "most"), [("_MOST", 2), ("_MOST_BYTES", 200)])
def test_where_it_does_not_keep_up_what_comes_is_to_come_again(
    tmp_path: Path, bound: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request that is with it holds a body, behind its deadline, too."""

    async def scenario() -> None:
        async with handler(hold=True) as home, live(tmp_path, home.url, deadline=0.1) as bench:
            given = delivery()
            posted = [bench.post(each) for each in (delivery(), delivery())]
            assert [each.status for each in await asyncio.gather(*posted)] == [504] * 2
            refused = await bench.post(given)
            assert (refused.status, refused.headers["connection"]) == (503, "close")
            home.release.set()
            await bench.hear(PassedOn)
            assert (await bench.post(given)).status == 200
            assert home.received.qsize() == 3
            assert len(bench.stored()) == 3

    monkeypatch.setattr(f"gooclaim_cli.receiver.home_first.{bound}", most)
    run(scenario)


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_where_the_history_does_not_keep_up_what_comes_is_to_come_again(
    tmp_path: Path, secret: SigningSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with handler() as home, live(tmp_path, home.url) as bench:
            with stalled(bench.history):
                waiting = asyncio.create_task(bench.post(delivery()))
                await turns()
                refused = await bench.post(delivery(secret=secret))
                assert (refused.status, refused.headers["connection"]) == (503, "close")
            assert (await waiting).status == 200
            assert len(bench.stored()) == 1

    monkeypatch.setattr("gooclaim_cli.history.ledger._MOST_TO_STORE", 100)
    run(scenario)


def test_what_is_not_stored_when_the_session_ends_does_not_go_there(tmp_path: Path) -> None:
    """503, its key is free, and so is that of what comes later."""

    async def scenario() -> None:
        given = delivery()
        async with handler() as home:
            async with live(tmp_path, home.url) as bench:
                with stalled(bench.history):
                    waiting = asyncio.create_task(bench.post(given))
                    await turns()
                    await bench.receiver.finish()
                    response = await waiting
                assert (response.status, response.headers["connection"]) == (503, "close")
                assert (await bench.post(delivery())).status == 503
                assert home.received.empty()
            assert [(each.outcome, each.response_status) for each in bench.stored()] == [
                ("failed", 503)
            ]
            async with live(tmp_path, home.url) as bench:
                assert (await bench.post(given)).status == 200
                assert (await bench.delivered()).disposition is Disposition.RETRY

    run(scenario)


def test_a_body_that_is_too_large_is_for_later(tmp_path: Path) -> None:
    """It was not read, so it cannot be passed on: 503, not the 413 that would be final."""

    async def scenario() -> None:
        async with handler() as home, live(tmp_path, home.url, max_body=300) as bench:
            response = await bench.post(delivery(event_body(data={"x": "y" * 300})))
            assert (response.status, home.received.qsize()) == (503, 0)
            assert int(response.headers["retry-after"]) >= 1
            assert (await bench.delivered()).findings[0].code == "body_too_large"

    run(scenario)


def test_before_the_home_url_is_known_nothing_is_acknowledged(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with live(tmp_path, None) as bench:
            assert (await bench.post(delivery())).status == 503
            assert bench.stored() == []

    run(scenario)


def test_a_sender_that_hangs_up_does_not_cut_the_home_url_short(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler(hold=True) as home, live(tmp_path, home.url) as bench:
            async with bench.connection() as connection:
                await connection.send(request(delivery()))
                await home.next()
            told = await bench.delivered()
            assert (told.response_status, told.home and told.home.error) == (None, "sender_hung_up")
            home.release.set()
            assert (await bench.hear(PassedOn)).answer.status == 200
        (stored,) = bench.stored()
        (forward,) = bench.found(stored.delivery_id).forwards
        assert (forward.status, forward.late) == (200, True)

    run(scenario)


def test_patterns_narrow_what_is_shown_not_what_is_passed_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler(status=500) as home, handler() as app:
            async with live(tmp_path, home.url, app.url, events="claim.*") as bench:
                assert (await bench.post(delivery())).status == 500
                assert bench.untold() == []
            assert (home.received.qsize(), app.received.qsize()) == (1, 0)
            assert [each.outcome for each in bench.stored()] == ["failed"]

    run(scenario)


def test_what_is_under_way_at_the_end_still_gets_its_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with handler(hold=True, status=202) as home, live(tmp_path, home.url) as bench:
            post = asyncio.create_task(bench.post(delivery()))
            await home.next()
            ending = asyncio.create_task(bench.receiver.finish())
            await asyncio.sleep(0)
            home.release.set()
            assert (await post).status == 202
            await ending

    run(scenario)


def test_the_handler_answers_while_the_home_url_listens_along(tmp_path: Path) -> None:
    """Outside production: whatever the home URL makes of it; duplicates go there, too."""

    async def scenario() -> None:
        given = delivery()
        async with (
            handler(status=500) as home,
            handler(status=201) as app,
            receiving(tmp_path, app.url, home=home.url) as bench,
        ):
            assert (await bench.post(given)).status == 201
            assert (await bench.post(given)).status == 200
            for _ in range(2):
                passed = await bench.hear(PassedOn)
                assert (passed.target, passed.answer.status) == (Target.HOME, 500)
            assert (await bench.delivered()).home is None
            assert (await bench.post(delivery(secret=OTHER_SECRET))).status == 401
            assert (home.received.qsize(), app.received.qsize()) == (2, 1)

    run(scenario)
