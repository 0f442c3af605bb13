"""Requests that are late on purpose: every answer, and none, becomes an outcome."""

import asyncio
import ssl
from pathlib import Path

import pytest

from gooclaim_cli.sending import Outgoing, SendFailure
from gooclaim_cli.sending.rough import send_roughly
from gooclaim_cli.serving import bind

from .support import raw_endpoint, running

BODY = b"0123456789"


@pytest.mark.parametrize(
    ("answer", "status", "failure"),
    [
        (b"HTTP/1.1 202 Accepted\r\n\r\n", 202, None),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n", 503, None),
        (b"SSH-2.0-x\r\n\r\n", None, SendFailure.ANSWER_MALFORMED),
        (b"HTTP/1.1 2000\r\n\r\n", None, SendFailure.ANSWER_MALFORMED),
        (b"x" * 100_000, None, SendFailure.ANSWER_MALFORMED),
        (None, None, SendFailure.TIMED_OUT),
    ],
)
def test_answers_to_late_requests(
    tmp_path: Path, answer: bytes | None, status: int | None, failure: SendFailure | None
) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as harness:
            tls = ssl.create_default_context(cafile=harness.ready.ca_file)
            async with raw_endpoint(harness, answer) as (url, _received):
                outgoing = Outgoing(url, (), BODY)
                within = 10 if answer else 0.3
                outcome = await send_roughly(outgoing, tls, late=0.01, half=False, within=within)
            assert (outcome.status, outcome.failure) == (status, failure)
            assert outcome.succeeded is (status == 202)

    asyncio.run(scenario())


def test_late_requests_that_reach_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as harness:
            taken = bind("127.0.0.1", 0)
            port = taken.getsockname()[1]
            taken.close()
            plain = harness.ready.api_url.replace("http:", "https:")
            for url, failure in (
                (f"https://127.0.0.1:{port}", SendFailure.CONNECTION_REFUSED),
                (plain, SendFailure.TLS_FAILED),
            ):
                tls = ssl.create_default_context()
                outgoing = Outgoing(url, (), BODY)
                outcome = await send_roughly(outgoing, tls, late=0.0, half=False, within=2)
                assert (outcome.status, outcome.failure) == (None, failure)
                assert outcome.message

    asyncio.run(scenario())
