"""Tokens: one for many calls, what they say of themselves, and calls at the same time."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.tenant.http import CredentialsError, open_client
from gooclaim_cli.tenant.tokens import TOKEN_PATH, Client, Tokens

from .support import Answer, Relay, Seen, relaying, world

SECRET = "client-secret-that-nobody-may-see"


def jwt(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.c2ln"


def asked(answer: Answer, use: Callable[[Tokens, Relay], Any]) -> None:
    """Use tokens that an API grants by this answer."""

    async def before(_seen: Seen) -> Answer | None:
        return answer

    async def scenario() -> None:
        async with relaying(before=before) as relay, open_client(relay.url) as http:
            await use(Tokens(http, Client("c", SECRET), backoff=0.0), relay)

    asyncio.run(scenario())


def test_a_sandboxs_token_tells_its_tenant_its_scopes_and_its_lifetime(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            token = await here.api.token()
            assert token.tenant_id == here.sandbox.ready.tenant_id
            assert token.scopes == ("workflow:read", "audit:read", "tenant:admin")
            assert token.is_admin
            assert token.lifetime == 3600
            assert token.value not in repr(token)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("value", "tenant_id"),
    [
        ("opaque", None),
        ("a.b.c", None),
        ("e30..c2ln", None),
        (jwt({"tenant_id": "tnt_a"}), "tnt_a"),
        (jwt({"tenant_id": 7}), None),
        (jwt({"sub": "c"}), None),
        (jwt(["tenant_id"]), None),
        (jwt("[" * 5000), None),
    ],
)
def test_what_a_token_says_of_itself_is_read_where_it_says_something(
    value: str, tenant_id: str | None
) -> None:
    async def use(tokens: Tokens, _relay: Relay) -> None:
        token = await tokens.get()
        assert (token.tenant_id, token.scopes, token.is_admin) == (tenant_id, (), False)

    asked(Answer.json({"access_token": value, "expires_in": 60}), use)


def test_calls_at_the_same_time_ask_for_one_token() -> None:
    async def use(tokens: Tokens, relay: Relay) -> None:
        first = await asyncio.gather(*(tokens.get() for _ in range(8)))
        assert len(set(map(id, first))) == relay.tokens == 1
        # All of them are refused it at once: one new one serves them all.
        again = await asyncio.gather(*(tokens.get(refused=first[0]) for _ in range(8)))
        assert len(set(map(id, again))) == 1
        assert relay.tokens == 2

    asked(Answer.json({"access_token": "t", "expires_in": 3600}), use)


def test_a_token_call_that_is_refused_is_asked_once() -> None:
    async def use(tokens: Tokens, relay: Relay) -> None:
        with pytest.raises(CredentialsError) as refused:
            await tokens.get()
        assert SECRET not in f"{refused.value.message} {refused.value.hint}"
        assert [each.path for each in relay.seen] == [TOKEN_PATH]

    asked(Answer.json({"detail": f"wrong: {SECRET}"}, 401), use)


@pytest.mark.parametrize(
    ("told", "lifetime"), [(60, 60.0), (0, 0.0), (-5, 0.0), (1e300, 31_536_000.0), (0.5, 0.5)]
)
def test_a_lifetime_that_cannot_be_meant_is_bounded(told: float, lifetime: float) -> None:
    async def use(tokens: Tokens, _relay: Relay) -> None:
        assert (await tokens.get()).lifetime == lifetime

    asked(Answer.json({"access_token": "t", "expires_in": told}), use)
