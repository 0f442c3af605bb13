"""The outbound engine, against real HTTPS endpoints."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from gooclaim_cli.sandbox import DeliveryState, OutboundDelivery
from gooclaim_cli.serving import bind
from gooclaim_cli.wire import EVENT_HEADER, SignedContent, SigningSecret, verify

from .support import Clock, Harness, endpoint, key_of, refusal, running, timestamp_of

ONCE: dict[str, Any] = {"retry_schedule": ()}


def brief(report: OutboundDelivery) -> tuple[str, list[tuple[int | None, str | None]]]:
    return report.state.value, [(each.status, each.error) for each in report.attempts]


@asynccontextmanager
async def hearing(folder: Path, *statuses: int, **options: Any) -> AsyncIterator[Harness]:
    async with running(folder, **options) as harness, endpoint(harness, *statuses) as app:
        harness.sandbox.preconfigure(app.url)
        yield harness


@pytest.mark.parametrize("content", list(SignedContent))
def test_what_is_sent_verifies(tmp_path: Path, content: SignedContent) -> None:
    """A delivery has the contract's headers and a signature that verifies, in either form."""

    async def scenario() -> None:
        clock = Clock()
        async with (
            running(tmp_path, clock=clock, signed_content=content) as harness,
            endpoint(harness, host="localhost") as app,
        ):
            await harness.configure(app.url)
            sent = await harness.emit(event_type="claim.fraud_suspect", data={"lookups": 12})
            delivery = await app.next()
            secret = SigningSecret(harness.ready.signing_secret)
            tenant = harness.ready.tenant_id
            verdict = verify(
                delivery, [secret], now=clock.now, signed_content=content, tenant_id=tenant
            )
            assert verdict.ok, verdict.findings
            assert verdict.event is not None
            assert verdict.event.event_id == sent["event_id"]
            assert verdict.event.data["lookups"] == 12
            assert key_of(delivery) == sent["idempotency_key"]
            assert delivery.value(EVENT_HEADER) == "claim.fraud_suspect"
            assert timestamp_of(delivery) == int(clock.now)
            report = await harness.settled(sent["event_id"])
            assert brief(report) == ("delivered", [(200, None)])
            assert report.url == app.url

    asyncio.run(scenario())


def test_success_is_a_2xx_and_nothing_else(tmp_path: Path) -> None:
    """3xx are not followed; they, 4xx and 5xx are failures like no answer at all."""

    async def scenario() -> None:
        statuses = (200, 204, 299, 301, 307, 304, 400, 401, 404, 409, 410, 429, 500, 503)
        async with hearing(tmp_path, *statuses, **ONCE) as harness:
            for status in statuses:
                sent = await harness.emit()
                state = "delivered" if status < 300 else "dead_letter"
                report = await harness.settled(sent["event_id"])
                assert brief(report) == (state, [(status, None)])

    asyncio.run(scenario())


def test_an_endpoint_has_a_deadline(tmp_path: Path) -> None:
    """An endpoint that does not answer in time has failed; its request is given up.

    The time begins with the connection: it is long enough for a request to come in on any machine.
    """

    async def scenario() -> None:
        async with (
            running(tmp_path, deadline=0.4, **ONCE) as harness,
            endpoint(harness, 0) as app,
        ):
            harness.sandbox.preconfigure(app.url)
            sent = await harness.emit()
            report = await harness.settled(sent["event_id"])
            assert brief(report) == ("dead_letter", [(None, "timed_out")])
            assert report.attempts[0].ms >= 400
            async with asyncio.timeout(5):
                await app.abandoned.wait()

    asyncio.run(scenario())


def test_only_verified_https_will_do(tmp_path: Path) -> None:
    """A certificate of another authority fails, as do plain HTTP and a port with nobody there."""

    async def scenario() -> None:
        async with (
            running(tmp_path, **ONCE) as harness,
            endpoint(harness, tls=server_tls(trustme.CA(), "127.0.0.1")) as stranger,
        ):
            taken = bind("127.0.0.1", 0)
            port = taken.getsockname()[1]
            taken.close()
            for url, failure in (
                (stranger.url, "tls_failed"),
                (f"https://127.0.0.1:{port}/", "connection_refused"),
                (harness.ready.api_url.replace("http:", "https:"), "tls_failed"),
            ):
                harness.sandbox.preconfigure(url)
                report = await harness.settled((await harness.emit())["event_id"])
                assert report.state is DeliveryState.DEAD_LETTER
                assert report.attempts[0].status is None
                assert report.attempts[0].error == failure
                assert report.attempts[0].detail
            assert stranger.received.empty()

    asyncio.run(scenario())


def test_further_authorities_can_be_trusted(tmp_path: Path) -> None:
    """An endpoint whose authority is named in `trust` counts, but not under another's name."""

    async def scenario() -> None:
        authority = trustme.CA()
        file = tmp_path / "authority.pem"
        authority.cert_pem.write_to_path(file)
        async with (
            running(tmp_path, trust=(file,), **ONCE) as harness,
            endpoint(harness, tls=server_tls(authority, "127.0.0.1")) as named,
            endpoint(harness, tls=server_tls(authority, "cms.example.com")) as misnamed,
        ):
            harness.sandbox.preconfigure(named.url)
            report = await harness.settled((await harness.emit())["event_id"])
            assert brief(report) == ("delivered", [(200, None)])
            harness.sandbox.preconfigure(misnamed.url)
            report = await harness.settled((await harness.emit())["event_id"])
            assert brief(report) == ("dead_letter", [(None, "tls_failed")])

    asyncio.run(scenario())


def test_a_retry_is_the_same_event_signed_anew(tmp_path: Path) -> None:
    """Body and key stay, the timestamp is each attempt's own; the report tells the schedule."""

    async def scenario() -> None:
        clock = Clock(step=1.0)
        async with (
            running(tmp_path, clock=clock, jitter=0.5) as harness,
            endpoint(harness, 500, 302, 200) as app,
        ):
            harness.sandbox.preconfigure(app.url)
            sent = await harness.emit()
            attempts = [await app.next() for _ in range(3)]
            assert len({attempt.body for attempt in attempts}) == 1
            assert {key_of(attempt) for attempt in attempts} == {sent["idempotency_key"]}
            times = [timestamp_of(attempt) for attempt in attempts]
            assert times == sorted(set(times))
            secret = SigningSecret(harness.ready.signing_secret)
            assert all(verify(each, [secret], now=clock.now).ok for each in attempts)
            report = await harness.settled(sent["event_id"])
            assert [each.number for each in report.attempts] == [1, 2, 3]
            assert [each.status for each in report.attempts] == [500, 302, 200]
            first, second, last = (each.next_in for each in report.attempts)
            assert first is not None
            assert second is not None
            assert 0.01 <= first <= 0.015
            assert 0.02 <= second <= 0.03
            assert last is None

    asyncio.run(scenario())


def test_a_dead_letter_can_be_replayed(tmp_path: Path) -> None:
    """After the final attempt an event is a dead letter; a replay starts the schedule anew."""

    async def scenario() -> None:
        async with (
            running(tmp_path) as harness,
            endpoint(harness, 500, 500, 500, 500, 200) as app,
        ):
            harness.sandbox.preconfigure(app.url)
            sent = await harness.emit()
            report = await harness.settled(sent["event_id"])
            assert brief(report) == ("dead_letter", [(500, None)] * 3)
            assert report.attempts[-1].next_in is None
            dead = await harness.listed("dead-letters")
            assert [each["event_id"] for each in dead] == [sent["event_id"]]
            path = f"/v1/sandbox/dead-letters/{sent['event_id']}/replay"
            replayed = await harness.http.post(path)
            assert (replayed.status_code, replayed.json()) == (202, sent)
            report = await harness.settled(sent["event_id"])
            assert report.state is DeliveryState.DELIVERED
            assert [each.number for each in report.attempts] == [1, 2, 3, 4, 5]
            deliveries = [await app.next() for _ in range(5)]
            assert len({(each.body, key_of(each)) for each in deliveries}) == 1
            assert await harness.listed("dead-letters") == []
            again = await harness.http.post(path)
            assert refusal(again) == (404, "dead_letter_not_found")

    asyncio.run(scenario())


def test_the_subscription_is_honoured(tmp_path: Path) -> None:
    """Types that the tenant has not subscribed to are not sent; nor is anything without a URL."""

    async def scenario() -> None:
        async with running(tmp_path) as harness, endpoint(harness) as app:
            sent = await harness.emit()
            report = await harness.settled(sent["event_id"])
            assert brief(report) == ("unconfigured", [])
            for events, event_type, state in (
                (["workflow.*"], "workflow.started", "delivered"),
                (["workflow.*"], "claim.fraud_suspect", "unsubscribed"),
                (["claim.fraud_suspect"], "claim.fraud_suspect", "delivered"),
                (["Claim.fraud_suspect"], "claim.fraud_suspect", "unsubscribed"),
                ([], "workflow.started", "unsubscribed"),
            ):
                await harness.configure(app.url, events)
                sent = await harness.emit(event_type=event_type)
                report = await harness.settled(sent["event_id"])
                assert report.state == state
            assert app.received.qsize() == 2

    asyncio.run(scenario())


def test_attempts_follow_the_configuration(tmp_path: Path) -> None:
    """A retry goes to the URL and is signed with the secret of its own time."""

    async def scenario() -> None:
        async with (
            running(tmp_path, rotate_secret_on_put=True, retry_schedule=(0.2,)) as harness,
            endpoint(harness, 500) as old,
            endpoint(harness, 200) as new,
        ):
            before = await harness.configure(old.url)
            sent = await harness.emit()
            first = await old.next()
            after = await harness.configure(new.url)
            second = await new.next()
            secrets = [SigningSecret(each["signing_secret"]) for each in (before, after)]
            now = timestamp_of(second)
            assert verify(first, secrets, now=now).secret == 0
            assert verify(second, secrets, now=now).secret == 1
            report = await harness.settled(sent["event_id"])
            assert report.url == new.url

    asyncio.run(scenario())


def test_events_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """While one endpoint's request hangs, other events are delivered."""

    async def scenario() -> None:
        async with AsyncExitStack() as endpoints, running(tmp_path) as harness:
            app = await endpoints.enter_async_context(endpoint(harness, 0, 0, 200))
            harness.sandbox.preconfigure(app.url)
            hanging = [await harness.emit() for _ in range(2)]
            for _ in hanging:
                await app.next()
            sent = await harness.emit()
            assert (await harness.settled(sent["event_id"])).state is DeliveryState.DELIVERED
            states = {each["event_id"]: each["state"] for each in await harness.listed()}
            assert [states[each["event_id"]] for each in hanging] == ["pending", "pending"]

    asyncio.run(scenario())


def test_a_sandbox_stops_while_an_endpoint_hangs(tmp_path: Path) -> None:
    """Requests under way and waits for a retry are cancelled with the sandbox."""

    async def scenario() -> None:
        async with AsyncExitStack() as endpoints:
            async with running(tmp_path, retry_schedule=(3600,)) as harness:
                app = await endpoints.enter_async_context(endpoint(harness, 500, 0))
                harness.sandbox.preconfigure(app.url)
                await harness.emit()
                await harness.report(lambda each: len(each.attempts) == 1)
                await harness.emit()
                for _ in range(2):
                    await app.next()
            async with asyncio.timeout(5):
                await app.abandoned.wait()
            with pytest.raises(httpx.ConnectError):
                async with httpx.AsyncClient(verify=False, trust_env=False) as http:
                    await http.get(harness.ready.api_url)

    asyncio.run(scenario())


def server_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context
