"""Sending one request roughly: with a pause in the middle, or with an end there.

A raw connection at the outermost edge: no client library pauses or breaks off in the middle of
what it sends. Whatever is sent properly goes through `Sender`.
"""

import asyncio
import contextlib
import re
import socket
import ssl
import time
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.sending.outcome import Outcome, SendFailure
from gooclaim_cli.sending.request import Outgoing

_NOTICED_WITHIN: Final = 1.0
_ENDED_WITHIN: Final = 0.25
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])[ \r]")


async def send_roughly(
    outgoing: Outgoing, tls: ssl.SSLContext | None, *, late: float, half: bool, within: float
) -> Outcome:
    """Send a request's head, wait `late` seconds, send the body, and wait for the status.

    `half`: half of the body goes with the head, and instead of the rest the connection ends. The
    endpoint has `within` seconds beside the wait. `tls` is for an https endpoint. Never raises for
    what the endpoint does.
    """
    started = time.perf_counter()
    answered: float | None = None
    status: int | None = None
    failure: tuple[SendFailure, str] | None = None
    try:
        async with asyncio.timeout(late + within):
            status, answered = await _exchange(outgoing, tls, late=late, half=half)
        if half:
            sent = len(outgoing.body) // 2
            failure = (
                SendFailure.CONNECTION_RESET,
                f"dropped on purpose after {sent} of {len(outgoing.body)} bytes of the body",
            )
    except TimeoutError:
        failure = SendFailure.TIMED_OUT, f"no answer within {late + within:g} s"
    except ssl.SSLError as error:
        failure = SendFailure.TLS_FAILED, f"no TLS connection: {error}"
    except ConnectionRefusedError:
        failure = SendFailure.CONNECTION_REFUSED, "nothing listens there"
    except (OSError, EOFError):
        failure = SendFailure.CONNECTION_RESET, "the endpoint closed the connection"
    except (ValueError, asyncio.LimitOverrunError):
        failure = SendFailure.ANSWER_MALFORMED, "the answer is something other than HTTP"
    ms = ((answered or time.perf_counter()) - started) * 1000
    return Outcome(status, ms, *failure) if failure else Outcome(status, ms)


async def _exchange(
    outgoing: Outgoing, tls: ssl.SSLContext | None, *, late: float, half: bool
) -> tuple[int | None, float]:
    """The status, and when it was there."""
    parts = urlsplit(outgoing.url)
    secure = parts.scheme.lower() == "https"
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(
        parts.hostname, port, ssl=tls or secure if secure else None
    )
    middle = len(outgoing.body) // 2 if half else 0
    try:
        writer.transport.set_write_buffer_limits(high=0)  # drained means sent
        writer.write(_head(outgoing) + outgoing.body[:middle])
        await writer.drain()
        await asyncio.sleep(late)
        if half:
            await _break_off(reader, writer)
            return None, time.perf_counter()
        writer.write(outgoing.body)
        await writer.drain()
        status = await _status(reader)
        answered = time.perf_counter()
        await _until_closed(reader, within=_ENDED_WITHIN)  # it may still be writing
        return status, answered
    finally:
        writer.transport.abort()


async def _break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End our side without TLS's farewell; a reset at once could take back what has been sent."""
    plain = writer.get_extra_info("socket")
    with socket.fromfd(plain.fileno(), plain.family, plain.type) as ours:  # not every loop lets us
        ours.shutdown(socket.SHUT_WR)
    await _until_closed(reader, within=_NOTICED_WITHIN)


async def _until_closed(reader: asyncio.StreamReader, *, within: float) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(within):
            while await reader.read(65_536):
                pass


def _head(outgoing: Outgoing) -> bytes:
    parts = urlsplit(outgoing.url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in outgoing.headers]
    lines.append("Connection: close")
    lines += [f"Content-Length: {len(outgoing.body)}", "", ""]
    head = "\r\n".join(lines)
    try:
        return head.encode("latin-1")
    except UnicodeEncodeError:  # text that was not held as latin-1
        return head.encode("utf-8")


async def _status(reader: asyncio.StreamReader) -> int:
    """The final status that is answered: of an endpoint's answer, only that counts."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        found = _STATUS_LINE.match(head)
        if found is None:
            raise ValueError("no status line")
        if (status := int(found[1])) >= 200:
            return status
