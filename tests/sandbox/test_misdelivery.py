"""Deliveries that misbehave on purpose, over real TLS."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.sandbox import Behaviour, DeliveryState
from gooclaim_cli.serving import serve
from gooclaim_cli.wire import Reason, SigningSecret, verify

from .support import (
    Clock,
    Endpoint,
    Harness,
    certified,
    endpoint,
    key_of,
    raw_endpoint,
    running,
    timestamp_of,
)

ONCE: dict[str, Any] = {"retry_schedule": ()}
BEHAVIOUR = "/v1/sandbox/behaviour"


@asynccontextmanager
async def hearing(
    folder: Path, behaviour: Behaviour, *statuses: int, **options: Any
) -> AsyncIterator[tuple[Harness, Endpoint]]:
    async with (
        running(folder, behaviour=behaviour, **options) as harness,
        endpoint(harness, *statuses) as app,
    ):
        harness.sandbox.preconfigure(app.url)
        yield harness, app


def test_duplicates_have_the_same_key_and_body(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with hearing(tmp_path, Behaviour(duplicates=1)) as (harness, app):
            for _ in range(5):
                sent = await harness.emit()
                pair = [await app.next(), await app.next()]
                assert {key_of(each) for each in pair} == {sent["idempotency_key"]}
                assert pair[0].body == pair[1].body
                for _ in pair:
                    report = await harness.settled(sent["event_id"])
                    assert report.state is DeliveryState.DELIVERED
            assert len(await harness.listed()) == 10
            assert app.received.empty()

    asyncio.run(scenario())


def test_events_overtake_each_other(tmp_path: Path) -> None:
    """Held back until the next one was tried, whatever that one was answered."""

    async def scenario() -> None:
        async with hearing(tmp_path, Behaviour(reorder=1), 500, 200, **ONCE) as (harness, app):
            sent = [await harness.emit() for _ in range(4)]
            came = [key_of(await app.next()) for _ in sent]
            keys = [each["idempotency_key"] for each in sent]
            assert sorted(str(key) for key in came) == sorted(keys)
            assert came.index(keys[1]) < came.index(keys[0])
            assert came.index(keys[3]) < came.index(keys[2])

    asyncio.run(scenario())


def test_one_that_is_held_back_goes_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no other event comes, it does not wait for ever."""
    monkeypatch.setattr("gooclaim_cli.sandbox.engine._HELD_AT_MOST", 0.05)

    async def scenario() -> None:
        async with hearing(tmp_path, Behaviour(reorder=1)) as (harness, _app):
            for _ in range(2):
                report = await harness.settled((await harness.emit())["event_id"])
                assert report.state is DeliveryState.DELIVERED

    asyncio.run(scenario())


def test_timestamps_and_secrets_can_be_wrong(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Clock()
        wrong = Behaviour(clock_skew=-301.0, wrong_secret=True)
        async with hearing(tmp_path, wrong, clock=clock) as (harness, app):
            secrets = [SigningSecret(harness.ready.signing_secret)]
            await harness.emit()
            delivery = await app.next()
            assert timestamp_of(delivery) == int(clock.now) - 301
            codes = verify(delivery, secrets, now=clock.now).codes
            assert set(codes) == {Reason.SIGNATURE_MISMATCH, Reason.TIMESTAMP_TOO_OLD}
            assert (await harness.http.post(BEHAVIOUR)).status_code == 200
            await harness.emit()
            assert verify(await app.next(), secrets, now=clock.now).ok

    asyncio.run(scenario())


def test_a_burst_is_so_many_events_for_one(tmp_path: Path) -> None:
    """Also in the stream; but not where the caller gave a key."""

    async def scenario() -> None:
        async with hearing(tmp_path, Behaviour(burst=7)) as (harness, app):
            await harness.emit(event_type="workflow.started")
            came = [await app.next() for _ in range(7)]
            assert len({key_of(each) for each in came}) == 7
            await harness.emit(idempotency_key="key-1")
            for _ in range(8):
                await harness.report(lambda each: each.state is DeliveryState.DELIVERED)
            assert len(await harness.listed()) == 8
        async with hearing(tmp_path, Behaviour(burst=9), emit=True) as (harness, app):
            await harness.configure(app.url)  # the next event of the stream is a second away
            for _ in range(9):
                await harness.report(lambda each: each.state is DeliveryState.DELIVERED)

    asyncio.run(scenario())


def test_the_body_can_be_late(tmp_path: Path) -> None:
    """The wait is not the endpoint's: its deadline begins when the request is whole."""
    heads: list[float] = []
    waits: list[float] = []
    taken = Endpoint(204)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heads.append(time.monotonic())

        async def timed() -> Any:
            message = await receive()
            waits.append(time.monotonic() - heads[-1])
            return message

        await taken(scope, timed, send)

    async def scenario() -> None:
        async with (
            running(tmp_path, behaviour=Behaviour(late=0.8), deadline=0.75) as harness,
            serve(app, tls=await certified(harness)) as port,
        ):
            harness.sandbox.preconfigure(f"https://localhost:{port}/hooks")
            sent = await harness.emit()
            report = await harness.settled(sent["event_id"])
        assert [each.status for each in report.attempts] == [204]
        assert report.attempts[0].ms > 800
        assert max(waits) > 0.4
        delivery = await taken.next()
        secret = SigningSecret(harness.ready.signing_secret)
        assert verify(delivery, [secret], now=time.time()).ok

    asyncio.run(scenario())


@pytest.mark.parametrize(("loop", "late"), [("asyncio", 0.05), ("uvloop", 0.0)])
def test_connections_can_be_dropped_in_the_middle(tmp_path: Path, loop: str, late: float) -> None:
    """Half of the body comes, then the end. It is a failed attempt: the retry gets through."""

    async def scenario() -> None:
        async with running(
            tmp_path, behaviour=Behaviour(drop=1, late=late), retry_schedule=(0.5, 0.5)
        ) as harness:
            async with raw_endpoint(harness) as (url, received):
                harness.sandbox.preconfigure(url)
                sent = await harness.emit(data={"padding": "x" * 10_000})
                report = await harness.report(lambda each: len(each.attempts) == 1)
                assert report.attempts[0].error == "connection_reset"
                assert "on purpose" in str(report.attempts[0].detail)
                async with asyncio.timeout(5):
                    head, _, body = (await received.get()).partition(b"\r\n\r\n")
                declared = int(head.split(b"Content-Length: ")[1])
                assert head.startswith(b"POST /hooks?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
                assert len(body) == declared // 2
            async with endpoint(harness) as app:
                harness.sandbox.preconfigure(app.url)
                await harness.http.post(BEHAVIOUR, json={"drop": 0})
                report = await harness.settled(sent["event_id"])
                assert report.state is DeliveryState.DELIVERED
                assert len((await app.next()).body) == declared

    with asyncio.Runner(loop_factory=pytest.importorskip(loop).new_event_loop) as runner:
        runner.run(scenario())
