"""gooclaim_cli.sending: no exception of the HTTP library's, present or future, gets out."""

import asyncio
import ssl
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from gooclaim_cli.sending import Outcome, Outgoing, Sender

KEY = ConnectionKey("localhost", 80, False, True, None, None, None)
REQUEST = aiohttp.RequestInfo(
    URL("http://localhost/"), "POST", CIMultiDictProxy(CIMultiDict()), URL("http://localhost/")
)


def kinds(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


KINDS: list[type[Any]] = sorted(set(kinds(aiohttp.ClientError)), key=lambda kind: kind.__name__)


def example(kind: type[Any]) -> Exception:
    """An instance, as the library makes it."""
    made: Exception
    if issubclass(kind, aiohttp.ClientConnectorCertificateError):
        made = kind(KEY, ssl.SSLCertVerificationError("refused"))
    elif kind.__name__ == "UnixClientConnectorError":
        made = kind("/socket", KEY, OSError(2, "gone"))
    elif issubclass(kind, aiohttp.ClientConnectorError):
        made = kind(KEY, OSError(113, "no route to host"))
    elif issubclass(kind, aiohttp.ServerFingerprintMismatch):
        made = kind(b"a", b"b", "localhost", 80)
    elif issubclass(kind, aiohttp.ClientResponseError):
        made = kind(REQUEST, ())
    else:
        made = kind("what happened")
    return made


def outcome_of(error: Exception, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    async def fail(*_: object, **__: object) -> None:
        raise error

    async def scenario() -> Outcome:
        async with Sender() as sender:
            return await sender.send(Outgoing("http://localhost/", (), b""), within=5)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    return asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_every_exception_has_a_counterpart(
    kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = outcome_of(example(kind), monkeypatch)
    assert outcome.failure is not None
    assert outcome.message
    assert outcome.status is None


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "no space left on device"),
        ConnectionResetError(),
        BrokenPipeError(),
        ssl.SSLError("bad record mac"),
        TimeoutError(),
        ValueError("no header"),
        UnicodeEncodeError("ascii", "é", 0, 1, "no"),
    ],
)
def test_so_have_those_of_the_system(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome_of(error, monkeypatch).failure is not None
