"""The Tenant Config API, over HTTP: every status of the contract."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.errors import UsageError
from gooclaim_cli.wire import CATALOGUE

from .support import Clock, refusal, running

URL = "https://cms.example.com/hooks"
OTHER = "https://other.example.com/hooks?a=b"
DAY = 24 * 3600.0


def test_a_configuration_comes_changes_and_goes(tmp_path: Path) -> None:
    """None, put, read, changed, removed, none again; every change has its own ETag."""

    async def scenario() -> None:
        async with running(tmp_path, clock=Clock()) as harness:
            get, webhook = harness.http.get, harness.webhook
            assert refusal(await get(webhook)) == (404, "webhook_not_configured")
            made = await harness.put(URL, ["workflow.*"], If_None_Match="*")
            assert made.status_code == 200
            read = await get(webhook)
            expected = {
                "url": URL,
                "events": ["workflow.*"],
                "updated_at": "2026-05-20T10:14:25.000Z",
            }
            assert read.json() == expected
            assert made.json() == {**expected, "signing_secret": harness.ready.signing_secret}
            assert read.headers["ETag"] == made.headers["ETag"]
            again = await harness.put(URL, ["workflow.*"], If_Match=made.headers["ETag"])
            assert again.headers["ETag"] != made.headers["ETag"]
            changed = await harness.put(OTHER, [], If_Match=again.headers["ETag"])
            assert (await get(webhook)).json() == {**expected, "url": OTHER, "events": []}
            etag = {"If-Match": changed.headers["ETag"]}
            removed = await harness.http.delete(webhook, headers=etag)
            assert (removed.status_code, removed.content) == (204, b"")
            assert refusal(await get(webhook)) == (404, "webhook_not_configured")
            gone = await harness.http.delete(webhook)
            assert refusal(gone) == (404, "webhook_not_configured")

    asyncio.run(scenario())


def test_preconditions_are_kept(tmp_path: Path) -> None:
    """A change for another state than the present one is a 412, one for no state a 428."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            failed = (412, "precondition_failed")
            assert refusal(await harness.put(URL, If_Match='"old"')) == failed
            assert refusal(await harness.put(URL, If_Match="*")) == failed
            assert refusal(await harness.put(URL)) == (428, "precondition_required")
            etag = (await harness.put(URL, If_None_Match="*")).headers["ETag"]
            assert refusal(await harness.put(OTHER, If_None_Match="*")) == failed
            assert refusal(await harness.put(OTHER, If_Match='"old"')) == failed
            assert refusal(await harness.put(OTHER)) == (428, "precondition_required")
            stale = await harness.http.delete(harness.webhook, headers={"If-Match": '"old"'})
            assert refusal(stale) == failed
            assert (await harness.http.get(harness.webhook)).json()["url"] == URL
            assert (await harness.put(OTHER, If_Match=f'"old", {etag}')).status_code == 200
            assert refusal(await harness.put(URL, If_Match=etag)) == failed
            assert (await harness.put(URL, If_Match="*")).status_code == 200
            assert (await harness.http.delete(harness.webhook)).status_code == 204

    asyncio.run(scenario())


def test_of_changes_at_once_one_is_applied(tmp_path: Path) -> None:
    """Eight callers that saw the same state: the first one wins, seven learn of it."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            for configured in (False, True):
                present = await harness.http.get(harness.webhook)
                etag = present.headers.get("ETag", "")
                headers = {"If_Match": etag} if configured else {"If_None_Match": "*"}
                urls = [f"https://cms{number}.example.com/" for number in range(8)]
                answers = await asyncio.gather(*(harness.put(url, None, **headers) for url in urls))
                statuses = [answer.status_code for answer in answers]
                assert sorted(statuses) == [200] + [412] * 7
                present = await harness.http.get(harness.webhook)
                assert present.json()["url"] == urls[statuses.index(200)]

    asyncio.run(scenario())


@pytest.mark.parametrize("rotate", [False, True])
def test_a_repeated_put_has_the_same_answer(tmp_path: Path, rotate: bool) -> None:
    """The same key gives the same answer for a day, although the ETag has moved on since."""

    async def scenario() -> None:
        clock = Clock()
        options: dict[str, Any] = {"rotate_secret_on_put": rotate, "token_lifetime": 2 * DAY}
        async with running(tmp_path, clock=clock, **options) as harness:
            first = await harness.put(URL, If_None_Match="*", Idempotency_Key="key-1")
            second = await harness.put(OTHER, If_Match=first.headers["ETag"])
            clock.now += DAY - 1
            repeated = await harness.put(URL, If_None_Match="*", Idempotency_Key="key-1")
            assert repeated.status_code == first.status_code == 200
            assert repeated.content == first.content
            assert repeated.headers["ETag"] == first.headers["ETag"]
            present = await harness.http.get(harness.webhook)
            assert present.headers["ETag"] == second.headers["ETag"]
            reused = await harness.put(OTHER, If_None_Match="*", Idempotency_Key="key-1")
            assert refusal(reused) == (422, "idempotency_key_reused")
            clock.now += 1
            late = await harness.put(URL, If_None_Match="*", Idempotency_Key="key-1")
            assert late.status_code == 412
            secrets = {each.json()["signing_secret"] for each in (first, second)}
            assert len(secrets) == (2 if rotate else 1)
            assert (harness.ready.signing_secret in secrets) is not rotate

    asyncio.run(scenario())


def test_a_repeated_put_at_the_same_time_is_applied_once(tmp_path: Path) -> None:
    """Four copies of one call at once get one answer."""

    async def scenario() -> None:
        async with running(tmp_path, rotate_secret_on_put=True) as harness:
            answers = await asyncio.gather(
                *(harness.put(URL, If_None_Match="*", Idempotency_Key="k") for _ in range(4))
            )
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1

    asyncio.run(scenario())


def test_a_refused_put_is_judged_anew(tmp_path: Path) -> None:
    """A refusal changed nothing: its key is still free. A repeated DELETE is a 204 again."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            key = "key-1"
            refused = await harness.put(URL, If_Match='"old"', Idempotency_Key=key)
            assert refused.status_code == 412
            applied = await harness.put(URL, If_None_Match="*", Idempotency_Key=key)
            assert applied.status_code == 200
            again = {"Idempotency-Key": "key-2"}
            for _ in range(2):
                removed = await harness.http.delete(harness.webhook, headers=again)
                assert removed.status_code == 204
            mixed = await harness.put(URL, If_None_Match="*", Idempotency_Key="key-2")
            assert refusal(mixed) == (422, "idempotency_key_reused")

    asyncio.run(scenario())


def test_what_cannot_be_configured_is_refused(tmp_path: Path) -> None:
    """A URL that is not HTTPS is 422, as is a body of another shape; a huge one is 413."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            for url in ("http://localhost:8000/", "ftp://a/", "https://", "cms.example.com", ""):
                refused = await harness.put(url, If_None_Match="*")
                assert refusal(refused) == (422, "url_refused")
            put, webhook = harness.http.put, harness.webhook
            bodies: list[Any] = [
                {"url": URL},
                {"events": ["*"]},
                {"url": URL, "events": "*"},
                {"url": URL, "events": [1]},
                {"url": None, "events": []},
                [],
            ]
            for body in bodies:
                refused = await put(webhook, json=body, headers={"If-None-Match": "*"})
                assert refusal(refused) == (422, "validation_failed")
            assert refusal(await put(webhook, content=b"{")) == (400, "malformed_json")
            huge = await put(webhook, content=b" " * 65_537)
            assert refusal(huge) == (413, "body_too_large")
            assert (await harness.http.get(webhook)).status_code == 404

    asyncio.run(scenario())


def test_a_client_without_the_scope_may_not(tmp_path: Path) -> None:
    """Without tenant:admin the webhook is 403; the catalogue is there for everybody."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            await harness.authorize(f"{harness.ready.client_id}_readonly")
            forbidden = (403, "insufficient_scope")
            assert refusal(await harness.http.get(harness.webhook)) == forbidden
            assert refusal(await harness.put(URL, If_None_Match="*")) == forbidden
            assert refusal(await harness.http.delete(harness.webhook)) == forbidden
            types = (await harness.http.get("/v1/webhooks/event-types")).json()["event_types"]
            assert [each["name"] for each in types] == list(CATALOGUE)
            assert all(each.keys() == {"name", "description"} for each in types)

    asyncio.run(scenario())


def test_another_tenant_does_not_exist(tmp_path: Path) -> None:
    """A tenant sees only its own data."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            for method in ("GET", "PUT", "DELETE"):
                response = await harness.http.request(method, "/v1/tenants/tnt_other/webhook")
                assert refusal(response) == (404, "tenant_not_found")

    asyncio.run(scenario())


def test_what_is_not_part_of_the_api_is_a_problem_too(tmp_path: Path) -> None:
    """Unknown paths and methods have the same form of error as all others."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            for path in ("/", "/v1", "/v1/webhooks/event-types/", "/v1/tenants/webhook"):
                assert refusal(await harness.http.get(path)) == (404, "not_found")
            wrong = await harness.http.post(harness.webhook)
            assert refusal(wrong) == (405, "method_not_allowed")
            assert wrong.headers["Allow"]

    asyncio.run(scenario())


def test_a_tenant_can_have_had_a_home(tmp_path: Path) -> None:
    """The home URL is there from the start, and a PUT must know its ETag."""

    async def scenario() -> None:
        async with running(tmp_path, home_url=URL) as harness:
            home = await harness.http.get(harness.webhook)
            assert (home.json()["url"], home.json()["events"]) == (URL, ["*"])
            assert (await harness.put(OTHER, If_None_Match="*")).status_code == 412
            changed = await harness.put(OTHER, If_Match=home.headers["ETag"])
            assert changed.status_code == 200
            with pytest.raises(UsageError, match="must begin with https"):
                harness.sandbox.preconfigure("http://localhost")
            harness.sandbox.preconfigure(URL, ["workflow.completed"])
            assert (await harness.put(OTHER, If_Match=changed.headers["ETag"])).status_code == 412
            present = await harness.http.get(harness.webhook)
            assert present.json()["events"] == ["workflow.completed"]

    asyncio.run(scenario())
