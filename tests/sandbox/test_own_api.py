"""The sandbox's own endpoints, beside the contract's."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.sandbox import SandboxOptions, run_sandbox
from gooclaim_cli.wire import CATALOGUE, decode_event

from .support import Clock, Harness, endpoint, key_of, refusal, running


def test_a_delivery_is_listed_with_its_attempts(tmp_path: Path) -> None:
    """The list has one entry an event, in order, each with the stable members."""

    async def scenario() -> None:
        async with (
            running(tmp_path, clock=Clock()) as harness,
            endpoint(harness, 503, 200) as app,
        ):
            sent = await harness.emit()
            await harness.settled(sent["event_id"])
            harness.sandbox.preconfigure(app.url)
            later = await harness.emit(event_type="x.of_a_later_version", data={"a": 1})
            await harness.settled(later["event_id"])
            first, second = await harness.listed()
            assert first == {
                **sent,
                "event_type": "workflow.completed",
                "url": None,
                "state": "unconfigured",
                "attempts": [],
            }
            attempts = second.pop("attempts")
            assert all(each.pop("ms") >= 0 for each in attempts)
            at = "2026-05-20T10:14:25.000Z"
            none = {"error": None, "detail": None}
            assert attempts == [
                {"number": 1, "at": at, "status": 503, "next_in": 0.01, **none},
                {"number": 2, "at": at, "status": 200, "next_in": None, **none},
            ]
            assert second == {**later, "url": app.url, "state": "delivered"}

    asyncio.run(scenario())


def test_a_key_sent_again_is_a_duplicate(tmp_path: Path) -> None:
    """The same key for the same event repeats its bytes; for another event it does not."""

    async def scenario() -> None:
        async with running(tmp_path) as harness, endpoint(harness) as app:
            harness.sandbox.preconfigure(app.url)
            data = {"workflow_id": "wf_1"}
            for members in ({"data": data}, {"data": data}, {}, {"data": {"workflow_id": "wf_2"}}):
                await harness.emit(idempotency_key="key-1", **members)
            await harness.emit(idempotency_key="key-1", event_type="workflow.started")
            bodies = [(await app.next()) for _ in range(5)]
            assert {key_of(each) for each in bodies} == {"key-1"}
            ids = [decode_event(each.body).event_id for each in bodies]
            assert len({each.body for each in bodies}) == 3
            assert sorted(ids.count(each) for each in set(ids)) == [1, 1, 3]
            assert len(await harness.listed()) == 5

    asyncio.run(scenario())


def test_what_is_no_event_is_refused(tmp_path: Path) -> None:
    """Types and keys must fit into a header, data is an object, the body is bounded."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            post = harness.http.post
            bad: list[Any] = [
                {"event_type": "a\nb"},
                {"event_type": "workflow.started\n"},
                {"event_type": ""},
                {"event_type": 1},
                {"idempotency_key": "ü"},
                {"idempotency_key": "x" * 201},
                {"data": []},
                [],
            ]
            for members in bad:
                refused = await post("/v1/sandbox/events", json=members)
                assert refusal(refused) == (422, "validation_failed")
            refused = await post("/v1/sandbox/events", content=b"{")
            assert refusal(refused) == (400, "malformed_json")
            refused = await post("/v1/sandbox/events", json={"data": {"a": "x" * 65_536}})
            assert refusal(refused) == (413, "body_too_large")
            unknown = await post("/v1/sandbox/dead-letters/evt_none/replay")
            assert refusal(unknown) == (404, "dead_letter_not_found")
            assert await harness.listed() == []

    asyncio.run(scenario())


def test_more_events_than_can_be_kept_are_refused(tmp_path: Path) -> None:
    """While that many are on their way, one more is a 429; ended ones make room."""

    async def scenario() -> None:
        options: dict[str, Any] = {"deliveries_kept": 2, "retry_schedule": (3600,)}
        async with running(tmp_path, **options) as harness, endpoint(harness, 500) as app:
            for _ in range(3):
                await harness.settled((await harness.emit())["event_id"])
            harness.sandbox.preconfigure(app.url)
            for _ in range(2):
                await harness.emit()
            full = await harness.http.post("/v1/sandbox/events", json={})
            assert refusal(full) == (429, "too_many_pending")
            assert full.headers["Retry-After"]
            states = [each["state"] for each in await harness.listed()]
            assert states == ["pending", "pending"]

    asyncio.run(scenario())


def test_endpoint_certificates_are_of_the_sandbox(tmp_path: Path) -> None:
    """Each call makes a new one; the authority is the one in the file that `ready` names."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            path = "/v1/sandbox/endpoint-certificate"
            one, two = [(await harness.http.get(path)).json() for _ in range(2)]
            assert one.keys() == {"certificate", "private_key", "ca"}
            assert one["ca"] == two["ca"] == ca_text(harness)
            assert one["private_key"] != two["private_key"]
            context = ssl.create_default_context(cafile=harness.ready.ca_file)
            async with endpoint(harness, host="localhost") as app:
                port = int(app.url.split(":")[2].split("/")[0])
                for name in ("localhost", "127.0.0.1", "::1"):
                    _, writer = await asyncio.open_connection(
                        "127.0.0.1", port, ssl=context, server_hostname=name
                    )
                    writer.close()
                    await writer.wait_closed()

    asyncio.run(scenario())


def test_the_stream_begins_with_the_first_put(tmp_path: Path) -> None:
    """Nothing is sent to the home URL; then the nine types of the catalogue come first."""

    async def scenario() -> None:
        home = "https://cms.example.com/hooks"
        options: dict[str, Any] = {"emit": True, "emit_every": 0.01, "home_url": home}
        async with running(tmp_path, **options) as harness, endpoint(harness) as app:
            assert await harness.listed() == []
            await harness.configure(app.url)
            for _ in range(12):
                await app.next()
            listed = await harness.listed()
            assert {each["event_type"] for each in listed[:9]} == set(CATALOGUE)
            assert len({each["idempotency_key"] for each in listed}) == len(listed)
            assert all(each["url"] == app.url for each in listed[:9])

    asyncio.run(scenario())


def test_the_stream_pauses_without_a_url(tmp_path: Path) -> None:
    """Once the configuration is removed nothing is made any more, until there is one again."""

    async def scenario() -> None:
        async with (
            running(tmp_path, emit=True, emit_every=0.01) as harness,
            endpoint(harness) as app,
        ):
            await harness.configure(app.url)
            await app.next()
            await harness.http.delete(harness.webhook)
            made = len(await harness.listed())
            assert len(await harness.listed()) == made
            await harness.configure(app.url)
            while not app.received.empty():
                app.received.get_nowait()
            for _ in range(3):
                await app.next()
            assert len(await harness.listed()) > made

    asyncio.run(scenario())


def test_two_runs_share_no_ids(tmp_path: Path) -> None:
    """Nothing of one run looks like a duplicate in the next."""

    async def once() -> set[str]:
        async with (
            running(tmp_path, clock=Clock(), emit=True, emit_every=0.01) as harness,
            endpoint(harness) as app,
        ):
            await harness.configure(app.url)
            ids = {harness.ready.tenant_id}
            for _ in range(9):
                delivery = await app.next()
                ids |= {decode_event(delivery.body).event_id, str(key_of(delivery))}
            return ids

    first, second = asyncio.run(once()), asyncio.run(once())
    assert len(first) == len(second) == 19
    assert not first & second


def test_a_sandbox_that_cannot_run_says_why(tmp_path: Path) -> None:
    """A port that is taken, a folder that is not there, a file without certificates."""

    async def start(folder: Path, **options: Any) -> None:
        async with running(folder, **options):
            raise AssertionError("it started")

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            port = int(harness.ready.api_url.rpartition(":")[2])
            with pytest.raises(ConfigurationError, match="cannot listen"):
                await start(tmp_path, port=port)
        with pytest.raises(ConfigurationError, match=r"sandbox-ca\.pem"):
            await start(tmp_path / "missing")
        empty = tmp_path / "empty.pem"
        empty.touch()
        for file in (empty, tmp_path / "missing.pem"):
            with pytest.raises(ConfigurationError, match="no certificates"):
                await start(tmp_path, trust=(file,))

    asyncio.run(scenario())


def test_an_error_of_the_caller_comes_out_as_it_is(tmp_path: Path) -> None:
    """What is raised inside the context is not wrapped in a group."""

    async def scenario() -> None:
        async with run_sandbox(SandboxOptions(), folder=tmp_path):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scenario())


def ca_text(harness: Harness) -> str:
    file = Path(harness.ready.ca_file)
    assert file.parent == harness.folder
    return file.read_text()
