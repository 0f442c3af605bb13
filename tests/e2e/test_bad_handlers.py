"""Handlers that misbehave, each in its own way, behind a real `gooclaim listen`."""

import asyncio
import contextlib
import http.client
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import trustme

from gooclaim_cli.wire import SigningSecret, sign_delivery
from tests.cli.beside import beside
from tests.e2e.support import GOOCLAIM, Program, environment, running
from tests.sending.servers import (
    OK,
    Behave,
    RawServer,
    answering,
    closing_after,
    free_port,
    raw_server,
    resetting_after,
    silent_after,
)

SECRET: Final = "whsec_obviously_fake"
GIB: Final = 1024 * 1024 * 1024
HEAD: Final = b"HTTP/1.1 200 OK\r\n"


def flooding(head: bytes, piece: bytes, count: int, written: list[int]) -> Behave:
    """Answer with a head and so many pieces, or as many as are taken; note the bytes so far."""

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for number in range(count):
            written.append(number * len(piece))
            writer.write(piece)
            await writer.drain()  # an OSError where it is cut off: that ends the connection

    return behave


def closing_at_the_next_request() -> Behave:
    """Answer the first request of a connection and keep it; at the next one, close it."""
    answered: set[asyncio.StreamWriter] = set()

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer in answered:
            writer.close()
            return
        answered.add(writer)
        writer.write(OK)
        await writer.drain()

    return behave


FLOOD: Final[list[int]] = []
# What a handler does, and what deliveries in turn are answered, with the handler's error.
SHAPES: Final[dict[str, tuple[Behave, tuple[int, ...], str | None]]] = {
    "resets": (resetting_after(), (502, 502), "connection_reset"),
    "says_nothing": (closing_after(b""), (502, 502), "connection_reset"),
    "half_a_head": (closing_after(HEAD + b"Content-Le"), (502, 502), "connection_reset"),
    "half_an_answer": (
        closing_after(HEAD + b"Content-Length: 9\r\n\r\nhalf"),
        (502, 502),
        "answer_truncated",
    ),
    "resets_within": (
        resetting_after(HEAD + b"Content-Length: 9\r\n\r\nhalf"),
        (502, 502),
        "answer_truncated",
    ),
    "never_answers": (silent_after(), (504,), "deadline_exceeded"),
    "never_ends": (
        silent_after(HEAD + b"Content-Length: 9\r\n\r\nhalf"),
        (504,),
        "deadline_exceeded",
    ),
    "speaks_ssh": (answering(b"SSH-2.0-OpenSSH_9.6\r\n"), (502, 502), "answer_malformed"),
    "answers_a_hundredfold": (
        answering(HEAD + b"Content-Length: 2\r\n\r\nok" + b"x" * 200),
        (200, 200),
        None,
    ),
    "closes_when_idle": (closing_after(OK), (200, 200), None),
    "closes_at_the_next_request": (closing_at_the_next_request(), (200, 502), "connection_reset"),
    "endless_headers": (
        flooding(HEAD, b"X-A: " + b"a" * 1000 + b"\r\n", 10_000, FLOOD),
        (502, 502),
        "answer_malformed",
    ),
    "a_gibibyte": (
        flooding(HEAD + b"Content-Length: %d\r\n\r\n" % GIB, b"x" * 65_536, GIB // 65_536, FLOOD),
        (200, 200),
        None,
    ),
}


@asynccontextmanager
async def handlers(cacert: Path) -> AsyncIterator[dict[str, RawServer]]:
    """Serve all of them, and some with TLS: whose authority nobody knows, and for another name."""
    known, unknown = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(str(cacert))
    certificates = {
        "unknown_authority": unknown.issue_cert("127.0.0.1"),
        "another_name": known.issue_cert("other.example.test"),
        "trusted": known.issue_cert("127.0.0.1"),
    }
    async with AsyncExitStack() as stack:
        found = {
            name: await stack.enter_async_context(raw_server(behave))
            for name, (behave, _, _) in SHAPES.items()
        }
        for name, certificate in certificates.items():
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            certificate.configure_cert(tls)
            found[name] = await stack.enter_async_context(raw_server(answering(), tls=tls))
        yield found


class Session:
    """A session that every handler is behind, by an event type of its own."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.url = program.told("ready")["local_url"]
        self.count = 0

    def post(self, event_type: str) -> tuple[int, bytes, str | None]:
        """Send a delivery; return the status and body of its answer, and the handler's error."""
        self.count += 1
        envelope = {
            "event_id": f"evt_{self.count}",
            "event_type": event_type,
            "tenant_id": "tnt_a",
            "occurred_at": "2026-05-20T10:14:25Z",
            "data": {},
        }
        sent = sign_delivery(
            json.dumps(envelope).encode(),
            SigningSecret(SECRET),
            event_type=event_type,
            idempotency_key=f"idem_{self.count}",
            timestamp=int(time.time()),
        )
        parts = urlsplit(self.url)
        with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=20)) as connection:
            connection.request("POST", parts.path, sent.body, dict(sent.headers))
            response = connection.getresponse()
            answer = response.status, response.read()
        told = self.program.told("delivery", event_id=f"evt_{self.count}")
        assert told["response_status"] == answer[0]
        return *answer, told["handler"]["error"]

    @property
    def peak(self) -> int:
        """The most memory that it has had, in KiB."""
        status = Path(f"/proc/{self.program.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Session, dict[str, RawServer]]]:
    folder = tmp_path_factory.mktemp("bad")
    cacert = folder / "ca.pem"
    env = environment(folder / "home", GOOCLAIM_SIGNING_SECRET=SECRET)
    listen = [*GOOCLAIM, "listen", "--tunnel", "none", "--json", "--deadline", "1500ms"]
    with contextlib.ExitStack() as stack:
        # The session ends first: the servers wait for their connections.
        servers = stack.enter_context(beside(handlers(cacert)))
        for name, server in servers.items():
            listen += ["-f", f"odd.{name}={server.url()}"]
        listen += ["-f", f"odd.refuses=http://127.0.0.1:{free_port()}/", "--cacert", str(cacert)]
        program = stack.enter_context(running(listen, env))
        session = Session(program)
        session.post("odd.trusted")  # the first delivery waits for the process that writes
        yield session, servers
        code, _, err = program.end()
        assert (code, err) == (0, "")


@pytest.mark.parametrize("name", SHAPES)
def test_a_handler_that_misbehaves(world: tuple[Session, dict[str, RawServer]], name: str) -> None:
    """Never a success that was none, and no delivery is sent twice: it may have been processed."""
    session, servers = world
    _, statuses, error = SHAPES[name]
    before = servers[name].requests.qsize()
    answers = [session.post(f"odd.{name}") for _ in statuses]
    assert tuple(status for status, _, _ in answers) == statuses
    assert [failed for status, _, failed in answers if status != 200] == [
        error for status in statuses if status != 200
    ]
    assert servers[name].requests.qsize() - before == len(statuses)


def test_a_handler_that_is_not_there(world: tuple[Session, dict[str, RawServer]]) -> None:
    assert world[0].post("odd.refuses") == (502, b"", "connection_refused")


@pytest.mark.parametrize("name", ["unknown_authority", "another_name"])
def test_a_wrong_certificate(world: tuple[Session, dict[str, RawServer]], name: str) -> None:
    """Nothing is sent to whom it is not known to be."""
    session, servers = world
    assert session.post(f"odd.{name}") == (502, b"", "tls_failed")
    assert servers[name].requests.empty()


def test_the_right_certificate(world: tuple[Session, dict[str, RawServer]]) -> None:
    assert world[0].post("odd.trusted") == (200, b"ok", None)


def test_what_is_longer_than_it_said_is_cut(world: tuple[Session, dict[str, RawServer]]) -> None:
    """The bytes behind the answer are nobody's."""
    assert world[0].post("odd.answers_a_hundredfold") == (200, b"ok", None)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told by /proc")
def test_a_gibibyte_is_neither_kept_nor_read(world: tuple[Session, dict[str, RawServer]]) -> None:
    """A MiB of it is read, none of it passed on, and the handler is cut off."""
    session, _ = world
    before = session.peak
    FLOOD.clear()
    for _ in range(5):
        assert session.post("odd.a_gibibyte") == (200, b"", None)
    assert max(FLOOD) < GIB / 16
    assert session.peak - before < 32 * 1024
