"""gooclaim_cli.sending: what leaves, byte for byte, and what comes back."""

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gooclaim_cli.sending import Outcome, Outgoing, Sender, SendFailure

from .servers import (
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


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scenario()

    asyncio.run(main())


async def exchange(
    behave: Behave,
    *,
    path: str = "/hooks",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"{}",
    within: float | None = None,
    **options: Any,
) -> tuple[Outcome, RawServer]:
    """Send once to a server that behaves like this."""
    async with raw_server(behave) as server, Sender(**options) as sender:
        outcome = await sender.send(Outgoing(server.url(path), headers, body), within=within)
    return outcome, server


def sent(
    *, path: str = "/hooks", headers: tuple[tuple[str, str], ...] = (), body: bytes = b"{}"
) -> tuple[bytes, list[bytes], bytes]:
    """Request line, header lines and body as a server saw them; Host is checked and taken out."""

    async def scenario() -> tuple[bytes, int]:
        _, server = await exchange(answering(), path=path, headers=headers, body=body)
        return await server.next(), server.port

    raw, port = asyncio.run(scenario())
    head, _, content = raw.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    lines.remove(b"Host: 127.0.0.1:%d" % port)
    return line, lines, content


def outcome_of(behave: Behave, **options: Any) -> Outcome:
    """What becomes of one request to a server that behaves like this."""

    async def scenario() -> Outcome:
        outcome, _ = await exchange(behave, **options)
        return outcome

    return asyncio.run(scenario())


def test_nothing_is_added() -> None:
    """Host and Content-Length are computed; no User-Agent, no Accept, nothing else is there."""
    line, lines, body = sent(headers=(("X-A", "1"),), body=b'{"a": 1}\r\n')
    assert line == b"POST /hooks HTTP/1.1"
    assert lines == [b"X-A: 1", b"Content-Length: 10"]
    assert body == b'{"a": 1}\r\n'


def test_headers_leave_as_they_came() -> None:
    """In order, repeated ones too, spaces and UTF-8 in values untouched."""
    given = (
        ("content-type", "application/json; charset=utf-8"),
        ("X-One", "1"),
        ("x-two", "नमस्ते".encode().decode("latin-1")),
        ("X-One", ""),
        ("User-Agent", "Gooclaim/1.0"),
        ("Accept-Encoding", "gzip"),
        ("X-One", 'a, b;  c="d"\te'),
        ("Cookie", "a=b; c=d"),
    )
    _, lines, _ = sent(headers=given)
    expected = [f"{name}: {value}".encode("latin-1") for name, value in given]
    assert lines == [*expected, b"Content-Length: 2"]


def test_a_name_in_several_spellings_loses_no_value() -> None:
    _, lines, _ = sent(headers=(("X-A", "1"), ("x-a", "2"), ("X-B", "3"), ("X-A", "4")))
    assert lines == [b"X-A: 1", b"x-a: 2", b"X-B: 3", b"X-A: 4", b"Content-Length: 2"]


def test_bytes_that_are_not_utf_8_leave_as_they_came() -> None:
    """Text beyond latin-1, which only a person can have typed, leaves as UTF-8."""
    _, lines, _ = sent(headers=(("X-A", "\xff\xe9"),))
    assert lines[0] == b"X-A: \xff\xe9"
    _, lines, _ = sent(headers=(("X-B", "दावा"),))
    assert lines[0] == "X-B: दावा".encode()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a%20b/%2F%2f/.././/c",
        "/hooks?a=%41&&b=+&a=1;2",
        "/hooks?next=http://x/?y",
        "/%zz%",
        "/~'()*!$&,;=:@[]{}|^",
    ],
)
def test_the_url_is_sent_as_it_is(path: str) -> None:
    line, _, _ = sent(path=path)
    assert line == b"POST %b HTTP/1.1" % path.encode()


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff\r\n\r\n", bytes(range(256)) * 20_000, b'{"a":"\\u0000"}']
)
def test_bodies_leave_byte_for_byte(body: bytes) -> None:
    _, lines, content = sent(body=body)
    assert content == body
    assert lines == [b"Content-Length: %d" % len(body)]


def test_an_answer_comes_back_whole() -> None:
    """Status, header lines as they were, and the body."""
    answer = b"HTTP/1.1 299 Fine\r\nX-A: 1\r\nx-a:  \xe9 \r\nContent-Length: 3\r\n\r\n\x00\xff\n"
    outcome = outcome_of(answering(answer))
    assert (outcome.status, outcome.failure, outcome.message) == (299, None, "")
    assert outcome.headers == (("X-A", "1"), ("x-a", "\xe9"), ("Content-Length", "3"))
    assert (outcome.body, outcome.cut, outcome.succeeded) == (b"\x00\xff\n", False, True)
    assert 0 < outcome.ms < 10_000


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            200,
            b"abc",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n", 201, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 500\r\nContent-Length: 1\r\n\r\nx", 500, b"x"),
        (b"HTTP/1.1 999 Strange\r\nContent-Length: 0\r\n\r\n", 999, b""),
    ],
)
def test_forms_of_answers(answer: bytes, status: int, body: bytes) -> None:
    outcome = outcome_of(answering(answer))
    assert (outcome.status, outcome.body, outcome.failure) == (status, body, None)
    assert outcome.succeeded is (status < 300)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="a system without it")
def test_an_answer_in_two_parts_does_not_wait_for_an_acknowledgement() -> None:
    """As many a server sends it; the system would acknowledge the first part 40 ms later."""

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = writer.get_extra_info("socket")
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)  # asyncio sets it
        head, separator, body = OK.partition(b"\r\n\r\n")
        writer.write(head + separator)
        writer.write(body)
        await writer.drain()

    async def scenario() -> None:
        async with raw_server(behave) as server, Sender() as sender:
            outgoing = Outgoing(server.url(), (), b"{}")
            outcomes = [await sender.send(outgoing) for _ in range(20)]
        assert min(each.ms for each in outcomes[5:]) < 40  # the first are acknowledged at once

    run(scenario)


def test_an_answer_that_ends_with_the_connection() -> None:
    outcome = outcome_of(closing_after(b"HTTP/1.0 200 OK\r\n\r\nuntil the end"))
    assert (outcome.status, outcome.body, outcome.failure) == (200, b"until the end", None)


def test_a_compressed_answer_stays_compressed() -> None:
    body = gzip.compress(b"text", mtime=0)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert outcome_of(answering(head + body)).body == body


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """Neither to another endpoint nor to itself."""

    async def scenario() -> None:
        async with raw_server(answering()) as other:
            head = (
                f"HTTP/1.1 {status} Moved\r\nLocation: {other.url()}\r\nContent-Length: 0\r\n\r\n"
            )
            outcome, server = await exchange(answering(head.encode()))
            assert (outcome.status, outcome.failure, outcome.succeeded) == (status, None, False)
            assert (server.requests.qsize(), other.requests.qsize()) == (1, 0)

    run(scenario)


def test_cookies_are_not_kept() -> None:
    async def scenario() -> None:
        cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(answering(cookie)) as server, Sender() as sender:
            for _ in range(2):
                await sender.send(Outgoing(server.url(), (), b""))
                assert b"cookie" not in (await server.next()).lower()

    run(scenario)


def test_a_connection_is_used_again() -> None:
    async def scenario() -> None:
        async with raw_server(answering()) as server, Sender() as sender:
            for _ in range(5):
                assert (await sender.send(Outgoing(server.url(), (), b"{}"))).succeeded
            assert len(server.connections) == 1

    run(scenario)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        OK + OK,
        OK + b"garbage",
    ],
)
def test_a_connection_that_cannot_be_used_again_is_not(answer: bytes) -> None:
    """It says so, or more came than was asked for: that must not answer the next request."""

    async def scenario() -> None:
        async with raw_server(answering(answer)) as server, Sender() as sender:
            for _ in range(3):
                outcome = await sender.send(Outgoing(server.url(), (), b"{}"))
                assert (outcome.status, outcome.failure) == (200, None)
            assert len(server.connections) == 3

    run(scenario)


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    """An endpoint may close it after any answer; the next request opens another one."""

    async def scenario() -> None:
        async with raw_server(closing_after(OK)) as server, Sender() as sender:
            for _ in range(5):
                assert (await sender.send(Outgoing(server.url(), (), b"{}"))).succeeded
                await asyncio.gather(*server.connections)
                await asyncio.sleep(0)  # the turn in which its end is seen
            assert server.requests.qsize() == 5

    run(scenario)


def test_many_at_once() -> None:
    """No request waits for another one's answer: all are there before the first is answered."""

    async def scenario() -> None:
        everybody = asyncio.Barrier(90)

        async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await everybody.wait()
            writer.write(OK)

        async with raw_server(behave) as server, Sender() as sender:
            sends = [sender.send(Outgoing(server.url(), (), b"%d" % n)) for n in range(90)]
            outcomes = await asyncio.gather(*sends)
            assert all(outcome.succeeded for outcome in outcomes)

    run(scenario)


def test_nothing_listens() -> None:
    async def scenario() -> None:
        async with Sender() as sender:
            port = free_port()
            outcome = await sender.send(Outgoing(f"http://127.0.0.1:{port}/", (), b""))
            assert outcome.failure is SendFailure.CONNECTION_REFUSED
            assert outcome.message == f"nothing listens on 127.0.0.1:{port}"
            assert (outcome.status, outcome.succeeded) == (None, False)

    run(scenario)


HALF_HEAD = b"HTTP/1.1 200 OK\r\nContent-Le"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
OPEN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"


@pytest.mark.parametrize(
    ("behave", "failure"),
    [
        (closing_after(b""), SendFailure.CONNECTION_RESET),
        (resetting_after(b""), SendFailure.CONNECTION_RESET),
        (closing_after(HALF_HEAD), SendFailure.CONNECTION_RESET),
        (closing_after(b"SSH-2.0-OpenSSH_9.6\r\n"), SendFailure.ANSWER_MALFORMED),
        (closing_after(b"\x15\x03\x03\x00\x02\x02\x46"), SendFailure.ANSWER_MALFORMED),
        (closing_after(b"HTTP/1.1 abc OK\r\n\r\n"), SendFailure.ANSWER_MALFORMED),
        (closing_after(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), SendFailure.ANSWER_MALFORMED),
        (
            closing_after(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
            SendFailure.ANSWER_MALFORMED,
        ),
        (closing_after(b"HTTP/1.1 150 Odd\r\n\r\n"), SendFailure.CONNECTION_RESET),
        (closing_after(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), SendFailure.ANSWER_MALFORMED),
        (
            closing_after(b"HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
            SendFailure.ANSWER_MALFORMED,
        ),
    ],
)
def test_no_answer_at_all(behave: Behave, failure: SendFailure) -> None:
    """Whatever an endpoint does, it is an outcome with a stable code and never an exception."""
    outcome = outcome_of(behave)
    assert (outcome.status, outcome.failure, outcome.succeeded) == (None, failure, False)
    assert outcome.message


@pytest.mark.parametrize(
    "behave",
    [
        closing_after(SHORT),
        closing_after(OPEN_CHUNKS),
        resetting_after(SHORT),
    ],
)
def test_half_an_answer(behave: Behave) -> None:
    """The status line came, the rest broke off: that is no success."""
    outcome = outcome_of(behave)
    assert (outcome.status, outcome.failure) == (200, SendFailure.ANSWER_TRUNCATED)
    assert outcome.body in (b"half", b"")
    assert not outcome.succeeded


def test_an_answer_that_turns_to_garbage() -> None:
    outcome = outcome_of(closing_after(OPEN_CHUNKS + b"zz\r\n"))
    assert outcome.failure in (SendFailure.ANSWER_MALFORMED, SendFailure.ANSWER_TRUNCATED)
    assert not outcome.succeeded


@pytest.mark.parametrize("begun", [b"", HALF_HEAD, SHORT])
def test_an_endpoint_that_never_answers(begun: bytes) -> None:
    """At the limit the wait is over and the connection is closed, which the server sees."""
    outcome = outcome_of(silent_after(begun), within=0.1)
    assert outcome.failure is SendFailure.TIMED_OUT
    assert outcome.message == "no answer within 0.1 s"
    assert outcome.status == (200 if begun == SHORT else None)
    assert not outcome.succeeded
    assert 90 < outcome.ms < 5_000


def test_a_cancelled_request_closes_its_connection() -> None:
    async def scenario() -> None:
        async with raw_server(silent_after()) as server, Sender() as sender:
            sending = asyncio.create_task(sender.send(Outgoing(server.url(), (), b"{}")))
            await server.next()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            async with asyncio.timeout(5):
                await asyncio.gather(*server.connections)

    run(scenario)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_an_endless_answer_is_cut_and_closed(head: bytes) -> None:
    """No more than the limit is kept, and the endpoint's connection is closed on it."""
    written = 0

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(head)
        block = b"x" * 65_536
        while True:  # until the connection is gone
            writer.write(b"10000\r\n%b\r\n" % block if b"chunked" in head else block)
            await writer.drain()
            written += len(block)

    outcome = outcome_of(behave, answer_limit=100_000)
    assert (outcome.status, outcome.failure) == (200, None)
    assert (len(outcome.body), outcome.cut) == (100_000, True)
    assert set(outcome.body) == {ord("x")}
    assert written < 100 * 1024 * 1024


@pytest.mark.parametrize("trailers", [b"X-A: b\r\n" * 8192, b"a" * 65_536])
def test_trailers_are_no_headers_and_have_an_end(trailers: bytes) -> None:
    """What comes behind the body is not kept, and not read for ever."""
    written = 0

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(OPEN_CHUNKS + b"0\r\nX-Late: ")
        while True:  # until the connection is gone
            writer.write(trailers)
            await writer.drain()
            written += len(trailers)

    outcome = outcome_of(behave)
    assert (outcome.status, outcome.failure) == (200, SendFailure.ANSWER_TRUNCATED)
    assert outcome.headers == (("Transfer-Encoding", "chunked"),)
    assert written < 100 * 1024 * 1024
    whole = outcome_of(closing_after(OPEN_CHUNKS + b"0\r\nX-Late: 1\r\n\r\n"))
    assert (whole.succeeded, whole.body, whole.headers) == (True, b"half", outcome.headers)


@pytest.mark.parametrize(("size", "cut"), [(9, False), (10, False), (11, True)])
def test_the_answers_limit(size: int, cut: bool) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size)
    outcome = outcome_of(answering(answer), answer_limit=10)
    assert (outcome.body, outcome.cut) == (b"x" * min(size, 10), cut)


def test_an_answer_that_does_not_wait_for_the_body() -> None:
    """An endpoint that refuses and closes before it has read everything is no crash."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        async with server, Sender() as sender:
            port = server.sockets[0].getsockname()[1]
            url = f"http://127.0.0.1:{port}/"
            outcome = await sender.send(Outgoing(url, (), b"x" * 20_000_000), within=10)
            told = outcome.status == 413 or outcome.failure is SendFailure.CONNECTION_RESET
            assert told, outcome

    run(scenario)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/hooks",
        "hooks",
        "http://",
        "ftp://127.0.0.1/",
        "http://[bad/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://a..b/",
        "http://" + "a" * 70 + "/",
        "http://\udc80/",
    ],
)
def test_urls_that_cannot_be_sent_to(url: str) -> None:
    async def scenario() -> None:
        async with Sender() as sender:
            outcome = await sender.send(Outgoing(url, (), b""))
            assert outcome.failure is SendFailure.REQUEST_INVALID
            assert outcome.message.startswith("the request to ")

    run(scenario)


@pytest.mark.parametrize(
    "header",
    [
        *(("X-A", value) for value in ("a\r\nX-Evil: 1", "a\nb", "a\rb", "\x00", "\udc80")),
        *((name, "1") for name in ("", "X A", "X:A", "X-A\r\nX", "दावा", "\udc80")),
    ],
)
def test_headers_that_cannot_be_sent(header: tuple[str, str]) -> None:
    """What would split a header never leaves."""

    async def scenario() -> None:
        outcome, server = await exchange(answering(), headers=(header,))
        assert outcome.failure is SendFailure.REQUEST_INVALID
        assert server.requests.empty()

    run(scenario)


def test_a_password_in_a_url_is_not_told() -> None:
    async def scenario() -> None:
        async with Sender() as sender:
            url = f"http://user:hunter2@127.0.0.1:{free_port()}/"
            outcome = await sender.send(Outgoing(url, (), b""))
            assert "hunter2" not in outcome.message

    run(scenario)


def test_success_is_a_2xx_and_nothing_else() -> None:
    assert [status for status in range(1000) if Outcome(status, 1.0).succeeded] == [
        *range(200, 300)
    ]
    assert not Outcome(None, 1.0).succeeded
    assert not Outcome(200, 1.0, SendFailure.ANSWER_TRUNCATED).succeeded
