"""Whether a URL answers as an endpoint, found out by a request that no endpoint may process."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from gooclaim_cli.knocking import Knock, judge, knock
from gooclaim_cli.sending.outcome import Outcome, SendFailure
from gooclaim_cli.serving import serve

URL = "https://cms.example.test/hooks"


def judged(status: int | None, failure: SendFailure | None = None) -> Knock:
    return judge(URL, Outcome(status, 12.0, failure, "told" if failure else ""))


@pytest.mark.parametrize("status", [400, 401, 403, 409, 415, 422, 429])
def test_whoever_refuses_it_is_an_endpoint(status: int) -> None:
    assert judged(status).held
    assert judged(status).message.startswith(f"{status}: ")


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (200, "anybody"),
        (204, "anybody"),
        (302, "redirects"),
        (404, "nothing"),
        (405, "no POST"),
        (410, "gone"),
        (500, "fails"),
        (503, "fails"),
    ],
)
def test_every_other_answer_is_told_and_what_to_do(status: int, word: str) -> None:
    found = judged(status)
    assert not found.held
    assert word in found.message
    assert found.hint


@pytest.mark.parametrize("failure", list(SendFailure))
def test_without_an_answer_it_is_none(failure: SendFailure) -> None:
    found = judged(200 if failure is SendFailure.ANSWER_TRUNCATED else None, failure)
    assert not found.held
    assert found.message == "told"


@asynccontextmanager
async def endpoint(folder: Path, seen: list[dict[str, Any]]) -> AsyncIterator[tuple[str, Path]]:
    """An HTTPS endpoint that refuses; its URL, and the file of its authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        seen.append({"method": scope["method"], "body": body, **headers})
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serve(app, tls=tls) as port:
        yield f"https://localhost:{port}/hooks", folder / "ca.pem"


def test_it_is_sent_without_a_signature_and_without_an_event(tmp_path: Path) -> None:
    async def scenario() -> None:
        seen: list[dict[str, Any]] = []
        async with endpoint(tmp_path, seen) as (url, cacert):
            assert (await knock(url, cacert=cacert)).held
            distrusted = await knock(url)
            assert not distrusted.held
            assert distrusted.outcome is not None
            assert distrusted.outcome.failure is SendFailure.TLS_FAILED
        (request,) = seen
        assert request["method"] == "POST"
        assert not [name for name in request if name.startswith("x-gooclaim")]
        assert b"event_type" not in request["body"]
        assert b"to be refused" in request["body"]

    asyncio.run(scenario())


def test_what_is_not_https_is_not_even_asked() -> None:
    found = asyncio.run(knock("http://localhost:1/hooks"))
    assert (found.held, found.outcome) == (False, None)
    assert "https" in found.message
