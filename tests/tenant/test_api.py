"""Calls of the API: tokens, retries, and what becomes of answers that are no answers."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gooclaim_cli.errors import ApiError, ConfigurationError, ExitCode
from gooclaim_cli.tenant.api import EVENT_TYPES_PATH, TenantApi
from gooclaim_cli.tenant.http import ApiProblem, CredentialsError, open_client
from gooclaim_cli.tenant.tokens import TOKEN_PATH

from .support import (
    GRANTED,
    NOW,
    OURS,
    TOKEN,
    Answer,
    Relay,
    Script,
    Seen,
    granting,
    listening,
    relaying,
    scripted,
    world,
)

SECRET = "client-secret-that-nobody-may-see"
AT_ONCE = ("Retry-After", "0")
BUSY = Answer(429, headers=(AT_ONCE,))
BROKEN = Answer(503, headers=(AT_ONCE,))
UNAUTHORIZED = Answer(401)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def talking_to(script: Script) -> AsyncIterator[tuple[TenantApi, Relay]]:
    """Our view of an API that a script plays."""
    async with relaying(before=script) as relay, open_client(relay.url) as client:
        yield api_of(client), relay


def api_of(client: httpx.AsyncClient, **members: Any) -> TenantApi:
    given: dict[str, Any] = {
        "client_id": "c",
        "client_secret": SECRET,
        "tenant_id": "tnt_x",
        "backoff": 0.0,
    }
    return TenantApi(client, **given | members)


def said(problem: ApiProblem) -> str:
    """All that an error tells, also to whoever prints the exception itself."""
    return f"{problem.message} {problem.hint} {problem} {problem!r}"


def test_one_token_serves_many_calls_and_is_renewed_shortly_before_it_expires(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        clock = Clock()
        async with world(tmp_path, clock=clock) as here:
            for _ in range(5):
                await here.api.get(EVENT_TYPES_PATH)
            assert here.relay.tokens == 1
            clock.now += 3600 - 61
            await here.api.get_webhook()
            assert here.relay.tokens == 1
            clock.now += 1
            for _ in range(2):
                await here.api.get_webhook()
            assert here.relay.tokens == 2

    asyncio.run(scenario())


def test_a_token_that_was_refused_is_replaced_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        script = scripted(None, UNAUTHORIZED, None)
        async with world(tmp_path, before=script) as here:
            assert await here.api.get_webhook() is None
            assert await here.api.get_webhook() is None
            assert here.relay.tokens == 2
            first, refused, again = here.relay.calls("GET")
            assert first.headers["authorization"] == refused.headers["authorization"]
            assert again.headers["authorization"] != refused.headers["authorization"]

    asyncio.run(scenario())


def test_an_expired_token_is_replaced_in_the_middle_of_a_session(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path, token_lifetime=60, clock=lambda: NOW) as here:
            token: list[str] = []

            async def expire(seen: Seen) -> Answer | None:
                given = seen.headers.get("authorization", "")
                return UNAUTHORIZED if given in token else None

            await here.api.get(EVENT_TYPES_PATH)
            token.append(here.relay.calls("GET")[0].headers["authorization"])
            here.relay.before = expire
            await here.api.get(EVENT_TYPES_PATH)
            assert here.relay.tokens == 2

    asyncio.run(scenario())


def test_wrong_credentials_are_not_tried_in_a_loop(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path, client_id="somebody-else") as here:
            with pytest.raises(CredentialsError) as refused:
                await here.api.get_webhook()
            assert refused.value.exit_code == ExitCode.CONFIGURATION
            assert refused.value.status == 401
            assert "GOOCLAIM_CLIENT_SECRET" in refused.value.hint
            assert [each.path for each in here.relay.seen] == [TOKEN_PATH]
            assert here.sandbox.ready.client_secret not in said(refused.value)

    asyncio.run(scenario())


def test_a_call_that_is_always_unauthorized_ends_after_one_new_token() -> None:
    async def scenario() -> None:
        async with talking_to(granting(scripted(UNAUTHORIZED))) as (api, relay):
            with pytest.raises(CredentialsError):
                await api.get_webhook()
            assert (relay.tokens, len(relay.calls("GET"))) == (2, 2)

    asyncio.run(scenario())


def test_a_client_without_the_scope_is_told_which_one_it_needs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path, client_id="{}_readonly") as here:
            with pytest.raises(CredentialsError, match="403") as refused:
                await here.api.get_webhook()
            assert refused.value.exit_code == ExitCode.CONFIGURATION
            assert "tenant:admin" in refused.value.hint
            assert "Console" in refused.value.hint
            assert (here.relay.tokens, len(here.relay.calls("GET"))) == (1, 1)

    asyncio.run(scenario())


def test_an_api_that_is_down_is_a_network_error() -> None:
    async def scenario() -> None:
        async with relaying(before=scripted(None)) as relay:
            url = relay.url
        async with open_client(url) as client:
            with pytest.raises(ApiProblem, match=r"127\.0\.0\.1 cannot be reached") as refused:
                await api_of(client).get_webhook()
        assert refused.value.exit_code == ExitCode.NETWORK
        assert isinstance(refused.value, ApiError)
        assert "GOOCLAIM_API_URL" in refused.value.hint
        assert SECRET not in said(refused.value)

    asyncio.run(scenario())


@pytest.mark.parametrize("passing", [BUSY, BROKEN])
def test_a_problem_that_passes_is_waited_for_as_the_server_says(
    tmp_path: Path, passing: Answer
) -> None:
    async def scenario() -> None:
        async with world(tmp_path, before=scripted(passing, passing, None)) as here:
            made = await here.api.put_webhook(OURS, ("*",), etag=None, idempotency_key="key-1")
            assert made.url == OURS
            puts = here.relay.calls("PUT")
            assert [put.headers["idempotency-key"] for put in puts] == ["key-1"] * 3
            assert len({put.body for put in puts}) == 1
            retries = [(problem.status, wait) for problem, wait in here.retries]
            assert retries == [(passing.status, 0.0)] * 2
            assert here.relay.tokens == 1

    asyncio.run(scenario())


def test_a_token_call_that_is_rate_limited_is_waited_for(tmp_path: Path) -> None:
    answers = [BUSY, None]

    async def before(seen: Seen) -> Answer | None:
        return answers.pop(0) if seen.path == TOKEN_PATH else None

    async def scenario() -> None:
        async with world(tmp_path, before=before) as here:
            assert await here.api.get_webhook() is None
            assert here.relay.tokens == 2
            assert [problem.status for problem, _ in here.retries] == [429]

    asyncio.run(scenario())


def test_a_problem_that_does_not_pass_is_told_in_the_end() -> None:
    async def scenario() -> None:
        detail = Answer.json({"detail": "come back later", "error_code": "busy"}, 503)
        answer = Answer(503, detail.body, (AT_ONCE,))
        async with talking_to(granting(scripted(answer))) as (api, relay):
            with pytest.raises(ApiProblem) as refused:
                await api.get(EVENT_TYPES_PATH)
            assert refused.value.message == f"GET {EVENT_TYPES_PATH}: 503 come back later (busy)"
            assert refused.value.exit_code == ExitCode.NETWORK
            assert len(relay.calls("GET")) == 4

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [301, 400, 409, 412, 422, 428])
def test_a_refusal_is_final_at_once(status: int) -> None:
    async def scenario() -> None:
        refusal = Answer(status, headers=(("Location", "https://elsewhere.example"),))
        async with talking_to(granting(scripted(refusal))) as (api, relay):
            with pytest.raises(ApiProblem) as refused:
                await api.put_webhook(OURS, (), etag='"1"', idempotency_key="k")
            assert refused.value.status == status
            assert len(relay.calls("PUT")) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("told", ["nan", "-1", "inf", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_does_not_hurt(
    told: str,
) -> None:
    async def scenario() -> None:
        script = granting(scripted(Answer(429, headers=(("Retry-After", told),)), GRANTED))
        async with talking_to(script) as (api, relay):
            await api.get("/v1/x")
            assert len(relay.calls("GET")) == 2

    asyncio.run(scenario())


def test_a_put_whose_answer_is_lost_is_asked_for_again(
    tmp_path: Path,
) -> None:
    """The sandbox makes a new secret at each change: the answer tells whether there was one."""

    async def scenario() -> None:
        async with world(tmp_path, lose={"PUT": 2}, rotate_secret_on_put=True) as here:
            made = await here.api.put_webhook(OURS, ("*",), etag=None, idempotency_key="key-1")
            assert [put.headers["idempotency-key"] for put in here.relay.calls("PUT")] == [
                "key-1"
            ] * 3
            again = await here.direct.put_webhook(OURS, ("*",), etag=None, idempotency_key="key-1")
            assert made == again
            assert made.secret not in (None, here.sandbox.ready.signing_secret)
            present = await here.direct.get_webhook()
            assert present is not None
            assert (present.etag, present.updated_at) == (made.etag, made.updated_at)
            assert [problem.status for problem, _ in here.retries] == [None, None]

    asyncio.run(scenario())


DEEP = b'{"url":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
GARBAGE = {
    "no JSON": b"<html>Welcome to the airport's network</html>",
    "nothing": b"",
    "not an object": b"[]",
    "not UTF-8": b'{"url":"\xff"}',
    "cut off": b'{"url":"https://a.example","events":["*"',
    "too deep": DEEP,
    "another shape": b'{"status":"ok"}',
    "a URL that is no text": b'{"url":1,"events":[]}',
    "events that are no list": b'{"url":"https://a.example","events":"*"}',
    "events that are no texts": b'{"url":"https://a.example","events":[{"name":"*"}]}',
    "too long": b'{"url":"' + b"x" * 2_000_000 + b'","events":[]}',
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_an_answer_that_is_none_is_a_problem(body: bytes) -> None:
    async def scenario() -> None:
        async with talking_to(granting(scripted(Answer(200, body)))) as (api, relay):
            with pytest.raises(ApiProblem, match="/v1/tenants/tnt_x/webhook") as refused:
                await api.get_webhook()
            assert refused.value.exit_code == ExitCode.NETWORK
            assert refused.value.hint
            assert len(refused.value.message) < 200
            assert TOKEN not in said(refused.value)
            assert len(relay.calls("GET")) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_token_answer_that_is_none_is_a_problem(body: bytes) -> None:
    async def scenario() -> None:
        async def always(_seen: Seen) -> Answer | None:
            return Answer(200, body)

        async with talking_to(always) as (api, relay):
            with pytest.raises(ApiProblem, match=TOKEN_PATH) as refused:
                await api.get_webhook()
            assert "GOOCLAIM_API_URL" in refused.value.hint
            assert relay.tokens == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("token", ["", "a\r\nX-Evil: 1", "a b", "\u00fc", 7, None])
def test_a_token_that_cannot_be_sent_is_a_problem_and_never_repeated(token: object) -> None:
    async def scenario() -> None:
        async def always(_seen: Seen) -> Answer | None:
            return Answer.json({"access_token": token, "expires_in": 3600})

        async with talking_to(always) as (api, relay):
            with pytest.raises(ApiProblem, match="the answer holds no token") as refused:
                await api.get_webhook()
            assert "X-Evil" not in said(refused.value)
            assert not relay.calls("GET")

    asyncio.run(scenario())


def test_a_small_answer_that_unpacks_to_a_huge_one_is_a_problem() -> None:
    async def scenario() -> None:
        packed = gzip.compress(b'{"url":"' + b"x" * 20_000_000)
        bomb = Answer(200, packed, (("Content-Encoding", "gzip"),))
        async with talking_to(granting(scripted(bomb))) as (api, _):
            with pytest.raises(ApiProblem, match="too long"):
                await api.get_webhook()

    asyncio.run(scenario())


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_refusal_whose_details_are_garbage_is_told_by_its_status(body: bytes) -> None:
    async def scenario() -> None:
        async with talking_to(granting(scripted(Answer(422, body)))) as (api, _):
            with pytest.raises(ApiProblem) as refused:
                await api.put_webhook(OURS, (), etag=None, idempotency_key="k")
            assert refused.value.status in (422, None)
            assert len(refused.value.message) < 200

    asyncio.run(scenario())


@pytest.mark.parametrize("detail", [{"a": 1}, [[]], 7, "", None, "x" * 5000])
def test_details_of_any_shape_are_told_shortly(detail: object) -> None:
    async def scenario() -> None:
        answer = Answer.json({"detail": detail, "error_code": detail}, 422)
        async with talking_to(granting(scripted(answer))) as (api, _):
            with pytest.raises(ApiProblem, match=r"PUT .*: 422") as refused:
                await api.put_webhook(OURS, (), etag=None, idempotency_key="k")
            assert len(refused.value.message) < 500

    asyncio.run(scenario())


def test_what_a_server_repeats_of_our_secrets_is_not_passed_on() -> None:
    """A refusal that quotes what it was sent, at every kind of call."""
    long_token = TOKEN * 20

    async def echo(seen: Seen) -> Answer | None:
        if seen.path == TOKEN_PATH and b"whole" in seen.body:
            return Answer.json({"access_token": long_token, "expires_in": 3600})
        quoted = f"you sent {seen.headers.get('authorization')} {seen.body.decode()}"
        return Answer.json({"detail": quoted, "error_code": quoted}, 400)

    async def scenario(call: Callable[[TenantApi], Any], client_id: str) -> None:
        async with relaying(before=echo) as relay, open_client(relay.url) as client:
            with pytest.raises(ApiProblem, match="400 you sent") as refused:
                await call(api_of(client, client_id=client_id))
            assert TOKEN not in said(refused.value)
            assert SECRET not in said(refused.value)

    asyncio.run(scenario(lambda api: api.get_webhook(), "refused"))
    asyncio.run(scenario(lambda api: api.get_webhook(), "whole"))
    asyncio.run(scenario(lambda api: api.delete_webhook(etag='"1"'), "whole"))
    put = lambda api: api.put_webhook(OURS, (), etag=None, idempotency_key="k")  # noqa: E731
    asyncio.run(scenario(put, "whole"))


def test_an_answer_that_trickles_in_is_given_up() -> None:
    """Each piece comes in time, the whole never."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        tick = loop.call_soon(lambda: None)

        def write() -> None:
            nonlocal tick
            writer.write(b" ")
            tick = loop.call_later(0.02, write)

        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        write()
        with contextlib.suppress(ConnectionError):
            await reader.read()  # until the client has gone
        tick.cancel()

    async def scenario() -> None:
        async with (
            listening(drip) as url,
            httpx.AsyncClient(base_url=url, timeout=0.1, trust_env=False) as client,
        ):
            with pytest.raises(ApiProblem, match="no answer in time"):
                await api_of(client).get_webhook()

    asyncio.run(scenario())


def test_a_tenant_id_stays_one_segment_of_the_path() -> None:
    async def scenario() -> None:
        script = granting(scripted(Answer(404)))
        async with relaying(before=script) as relay, open_client(relay.url) as client:
            assert await api_of(client, tenant_id="a/../b?c#d").get_webhook() is None
            (call,) = relay.calls("GET")
            assert call.path == "/v1/tenants/a%2F..%2Fb%3Fc%23d/webhook"

    asyncio.run(scenario())


def test_the_path_of_the_configuration_is_a_setting() -> None:
    async def scenario() -> None:
        script = granting(scripted(Answer(404)))
        async with relaying(before=script) as relay, open_client(relay.url) as client:
            api = api_of(client, webhook_path="/v2/{tenant_id}/hook")
            assert await api.get_webhook() is None
            with pytest.raises(ApiProblem, match="404, no such tenant"):
                await api.put_webhook(OURS, (), etag=None, idempotency_key="k")
            with pytest.raises(ApiProblem, match="there is no such thing"):
                await api.get("/v1/nothing")
            assert relay.calls("GET")[0].path == "/v2/tnt_x/hook"

    asyncio.run(scenario())


def test_a_client_is_not_made_for_what_is_no_address() -> None:
    with pytest.raises(ConfigurationError, match="no address"):
        open_client("http://localhost:1\n")


def test_proxies_are_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that nothing listens on would make the call fail."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def scenario() -> None:
        async with talking_to(granting(scripted(Answer(404)))) as (api, _):
            assert await api.get_webhook() is None

    asyncio.run(scenario())
