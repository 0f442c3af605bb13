"""The token call and the bearer check, over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from .support import ADMIN_SCOPE, Clock, refusal, running


def test_credentials_get_a_token(tmp_path: Path) -> None:
    """The answer has the contract's members; the second client has no admin scope."""

    async def scenario() -> None:
        async with running(tmp_path, token_lifetime=1800) as harness:
            response = await harness.ask_token()
            assert response.status_code == 200
            members = response.json()
            assert members.pop("access_token").count(".") == 2
            assert members == {"token_type": "Bearer", "expires_in": 1800, "scope": ADMIN_SCOPE}
            assert response.headers["Cache-Control"] == "no-store"
            readonly = await harness.ask_token(f"{harness.ready.client_id}_readonly")
            assert readonly.json()["scope"] == "workflow:read audit:read"

    asyncio.run(scenario())


def test_wrong_token_calls_are_refused(tmp_path: Path) -> None:
    """Wrong credentials are 401, another grant or no JSON 400, missing members 422."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            wrong = (401, "invalid_credentials")
            assert refusal(await harness.ask_token(secret="not-the-secret-ü")) == wrong
            assert refusal(await harness.ask_token("client_nobody")) == wrong
            post = harness.http.post
            grant = {"grant_type": "password", "client_id": "a", "client_secret": "b"}
            response = await post("/v1/auth/token", json=grant)
            assert refusal(response) == (400, "unsupported_grant_type")
            for content in (b"{", b"\xff", b"", b'{"a":' + b"[" * 10_000):
                response = await post("/v1/auth/token", content=content)
                assert refusal(response) == (400, "malformed_json")
            bad: list[Any] = [{}, {**grant, "client_secret": 1}, []]
            for members in bad:
                response = await post("/v1/auth/token", json=members)
                assert refusal(response) == (422, "validation_failed")

    asyncio.run(scenario())


def test_too_many_token_calls_are_told_when_to_come_again(tmp_path: Path) -> None:
    """Each client has so many calls a minute, guesses included; after Retry-After one is free."""

    async def scenario() -> None:
        clock = Clock()
        async with running(tmp_path, clock=clock, token_rate=3) as harness:  # one call was made
            clock.now += 20
            assert (await harness.ask_token()).status_code == 200
            assert (await harness.ask_token(secret="wrong")).status_code == 401
            limited = await harness.ask_token()
            assert refusal(limited) == (429, "rate_limited")
            assert limited.headers["Retry-After"] == "40"
            other = await harness.ask_token(f"{harness.ready.client_id}_readonly")
            assert other.status_code == 200
            clock.now += 40
            assert (await harness.ask_token()).status_code == 200
            assert (await harness.ask_token()).status_code == 429

    asyncio.run(scenario())


def test_every_other_call_needs_a_token(tmp_path: Path) -> None:
    """Without a good token each call of the API is a 401, whatever else is wrong with it."""

    async def scenario() -> None:
        clock = Clock()
        async with running(tmp_path, clock=clock, token_lifetime=100) as harness:
            good = harness.http.headers["Authorization"]
            calls = [
                ("GET", harness.webhook),
                ("PUT", harness.webhook),
                ("DELETE", harness.webhook),
                ("GET", "/v1/webhooks/event-types"),
                ("POST", "/v1/sandbox/events"),
                ("GET", "/v1/sandbox/deliveries"),
                ("GET", "/v1/sandbox/dead-letters"),
                ("POST", "/v1/sandbox/dead-letters/evt_1/replay"),
                ("GET", "/v1/sandbox/endpoint-certificate"),
            ]
            for method, path in calls:
                for header, code in (
                    ("", "token_missing"),
                    ("Basic abc", "token_missing"),
                    ("Bearer", "token_missing"),
                    ("Bearer abc", "token_invalid"),
                    ("Bearer a.b.c", "token_invalid"),
                    (good[:-4] + "AAAA", "token_invalid"),
                ):
                    headers = {"Authorization": header}
                    response = await harness.http.request(method, path, headers=headers)
                    assert refusal(response) == (401, code)
                    assert response.headers["WWW-Authenticate"] == "Bearer"
            clock.now += 99
            assert (await harness.http.get("/v1/webhooks/event-types")).status_code == 200
            clock.now += 1
            expired = await harness.http.get("/v1/webhooks/event-types")
            assert refusal(expired) == (401, "token_invalid")

    asyncio.run(scenario())


def test_a_token_of_another_run_is_worth_nothing(tmp_path: Path) -> None:
    """Two runs at once have nothing in common: ids, credentials, secrets, tokens."""

    async def scenario() -> None:
        async with running(tmp_path) as one, running(tmp_path) as two:
            assert one.ready.tenant_id.startswith("tnt_sandbox_")
            for name in ("tenant_id", "client_id", "client_secret", "signing_secret", "api_url"):
                assert getattr(one.ready, name) != getattr(two.ready, name)
            assert one.ready.client_secret not in repr(one.sandbox)
            assert one.ready.signing_secret not in repr(one.sandbox)
            headers = {"Authorization": one.http.headers["Authorization"]}
            response = await two.http.get("/v1/webhooks/event-types", headers=headers)
            assert refusal(response) == (401, "token_invalid")

    asyncio.run(scenario())
