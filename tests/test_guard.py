"""Hostile senders over raw sockets: each shape has a stated answer, and none keeps others out."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gooclaim_cli.guard import Limits
from gooclaim_cli.serving import serve

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"
WHOLE = HEAD + b"Content-Length: 3\r\n\r\nabc"
QUICK = Limits(head_seconds=0.3, body_seconds=0.3, idle_seconds=1, write_seconds=0.3)
PATIENCE = 10.0

# What arrives, and the status that it is answered; None: the connection ends without a word.
ANSWERS: dict[str, tuple[bytes, int | None]] = {
    "a whole request": (WHOLE, 200),
    "both lengths": (
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two lengths": (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "one length twice": (HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a negative length": (HEAD + b"Content-Length: -3\r\n\r\nabc", 400),
    "a signed length": (HEAD + b"Content-Length: +3\r\n\r\nabc", 400),
    "no chunk size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
    "an overlong chunk": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
        400,
    ),
    "an absurd chunk size": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n",
        400,
    ),
    "a chunk extension": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        200,
    ),
    "a trailer": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A: b\r\n\r\n",
        200,
    ),
    "chunks of a byte": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 30_000 + b"0\r\n\r\n",
        200,
    ),
    "a huge trailer": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: " + b"a" * 600_000,
        431,
    ),
    "thousands of trailers": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: a\r\n" * 80_000,
        431,
    ),
    "chunked twice": (HEAD + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n", 400),
    "an unknown coding": (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "two codings": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "bare LF": (b"POST /x HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc", 400),
    "bare CR": (b"POST /x HTTP/1.1\rHost: a\rContent-Length: 3\r\rabc", 400),
    "a folded header": (HEAD + b"X-A: 1\r\n 2\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a space before the colon": (HEAD + b"Content-Length : 3\r\n\r\nabc", 400),
    "NUL in a header": (HEAD + b"X-A: a\0b\r\nContent-Length: 3\r\n\r\nabc", 400),
    "bytes beyond ASCII in a header": (HEAD + b"X-A: \xff\r\nContent-Length: 3\r\n\r\nabc", 200),
    "an unknown method": (b"BREW /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "CONNECT": (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an absolute target": (b"POST http://other/x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 200),
    "expecting 100-continue": (HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", 100),
    "a WebSocket": (HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400),
    "an upgrade with a body": (
        HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
        400,
    ),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "an unknown version": (b"POST /x HTTP/3.7\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a huge header": (HEAD + b"X-A: " + b"a" * 100_000 + b"\r\n", 431),
    "a huge header at once": (HEAD + b"X-A: " + b"a" * 66_000 + b"\r\n\r\n", 431),
    "thousands of headers": (HEAD + b"X-A: a\r\n" * 3000 + b"\r\n", 431),
    "a huge target": (b"POST /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", 431),
    "headers that never end": (b"POST /x HTTP/1.1\r\nHost:", 408),
    "a body that never ends": (HEAD + b"Content-Length: 10\r\n\r\nabc", 408),
    "nothing at all": (b"", None),
}


async def count(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, answer 200 with its length."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = b"%d" % size
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def connection(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A raw connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def status_of(port: int, sent: bytes) -> int | None:
    """The first status that comes back, within seconds; None where the connection just ends."""
    async with asyncio.timeout(PATIENCE), connection(port) as (reader, writer):
        writer.write(sent)
        try:
            line = await reader.readline()
        except ConnectionResetError:
            line = b""
    return int(line.split()[1]) if line else None


@pytest.mark.parametrize("name", ANSWERS)
def test_each_shape_has_its_answer(name: str) -> None:
    """Whatever the bytes, the answer is the stated one, and comes on time."""
    sent, expected = ANSWERS[name]

    async def main() -> int | None:
        async with serve(count, limits=QUICK) as port:
            return await status_of(port, sent)

    assert asyncio.run(main()) == expected


def test_pipelined_requests_are_answered_in_turn() -> None:
    """Three in one packet: three answers, each with its own body's length."""

    async def main() -> bytes:
        async with serve(count, limits=QUICK) as port, connection(port) as (reader, writer):
            last = HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nabcde"
            writer.write(WHOLE + WHOLE + last + b"POST /hidden HTTP/1.1\r\n\r\n")
            async with asyncio.timeout(PATIENCE):
                return await reader.read()

    answers = asyncio.run(main()).split(b"HTTP/1.1 200 OK")[1:]
    assert [each[-1:] for each in answers] == [b"3", b"3", b"5"]


def test_an_idle_connection_is_closed() -> None:
    """Keep-alive is not for ever."""

    async def main() -> bytes:
        async with serve(count, limits=QUICK) as port, connection(port) as (reader, writer):
            writer.write(WHOLE)
            async with asyncio.timeout(PATIENCE):
                return await reader.read()

    assert asyncio.run(main()).endswith(b"3")


def test_a_later_request_has_its_own_clock() -> None:
    """The second request on a connection may not dawdle either."""

    async def main() -> bytes:
        async with serve(count, limits=QUICK) as port, connection(port) as (reader, writer):
            writer.write(WHOLE)
            async with asyncio.timeout(PATIENCE):
                await reader.readuntil(b"\r\n\r\n3")
                writer.write(b"POST /x HTT")
                return await reader.read()

    assert asyncio.run(main()).startswith(b"HTTP/1.1 408")


def test_a_sender_that_takes_no_answer_is_cut_off() -> None:
    """A large answer that nobody reads does not keep its connection."""
    body = b"x" * 30_000_000

    async def main() -> int:
        ended = asyncio.Event()

        async def large(_scope: Any, receive: Any, send: Any) -> None:
            await receive()
            headers = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body"})  # waits until the rest is taken
            ended.set()

        async with serve(large, limits=QUICK) as port, connection(port) as (reader, writer):
            writer.write(WHOLE)
            async with asyncio.timeout(PATIENCE):
                await ended.wait()
            with contextlib.suppress(ConnectionResetError):
                return len(await reader.read())
            return 0

    assert asyncio.run(main()) < len(body)


def test_who_takes_an_answer_late_has_no_longer_for_the_next_request() -> None:
    """The time for an answer to be taken stands beside the one for what is sent meanwhile."""
    body = b"x" * 30_000_000

    async def large(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def main() -> bytes:
        limits = Limits(head_seconds=0.3, write_seconds=5.0)
        async with serve(large, limits=limits) as port, connection(port) as (reader, writer):
            writer.write(WHOLE + b"POST /x")
            async with asyncio.timeout(PATIENCE):
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(body))
                writer.write(b" HTT")
                return await reader.read()

    assert asyncio.run(main()).startswith(b"HTTP/1.1 408")


def test_the_longest_waiting_connection_makes_room() -> None:
    """At the limit, a newcomer gets in; who waits longest without a request goes."""

    async def main() -> tuple[bytes, int | None]:
        limits = Limits(connections=3)
        async with serve(count, limits=limits) as port, contextlib.AsyncExitStack() as stack:
            slow = [await stack.enter_async_context(connection(port)) for _ in range(3)]
            for _reader, writer in slow:
                writer.write(b"POST /x HTTP/1.1\r\n")
                await writer.drain()
            status = await status_of(port, WHOLE)
            async with asyncio.timeout(PATIENCE):
                return await slow[0][0].readline(), status

    gone, status = asyncio.run(main())
    assert gone.startswith(b"HTTP/1.1 408")
    assert status == 200


def test_a_thousand_slow_connections_keep_nobody_out() -> None:
    """With them all open, a whole request is answered within a second."""

    async def main() -> tuple[int | None, float]:
        limits = Limits(connections=200)
        async with serve(count, limits=limits) as port, contextlib.AsyncExitStack() as stack:
            for _ in range(10):
                opened = await asyncio.gather(
                    *(asyncio.open_connection("127.0.0.1", port) for _ in range(100))
                )
                for _reader, writer in opened:
                    stack.callback(writer.close)
                    writer.write(b"POST /x HTTP/1.1\r\nHost:")
            started = time.monotonic()
            return await status_of(port, WHOLE), time.monotonic() - started

    status, seconds = asyncio.run(main())
    assert status == 200
    assert seconds < 1
