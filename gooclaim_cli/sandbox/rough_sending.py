"""Sending one request roughly: with a pause in the middle, or with an end there.

A raw TLS connection at the outermost edge: no client library breaks off in the middle of what it
sends. Whatever is sent properly goes through `gooclaim_cli.sending`.
"""

import asyncio
import contextlib
import re
import socket
import ssl
import time
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.sending import Outcome, Outgoing, SendFailure

_NOTICED_WITHIN: Final = 1.0
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])[ \r]")


async def send_roughly(
    outgoing: Outgoing, tls: ssl.SSLContext, *, late: float, half: bool, within: float
) -> Outcome:
    """Send a request's head, wait `late` seconds, send the body, and wait for the status.

    `half`: half of the body goes with the head, and instead of the rest the connection ends. The
    endpoint has `within` seconds beside the wait. Never raises for what the endpoint does.
    """
    started = time.perf_counter()
    status: int | None = None
    failure: tuple[SendFailure, str] | None = None
    try:
        async with asyncio.timeout(late + within):
            status = await _exchange(outgoing, tls, late=late, half=half)
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
    ms = (time.perf_counter() - started) * 1000
    return Outcome(status, ms, *failure) if failure else Outcome(status, ms)


async def _exchange(
    outgoing: Outgoing, tls: ssl.SSLContext, *, late: float, half: bool
) -> int | None:
    parts = urlsplit(outgoing.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=tls)
    middle = len(outgoing.body) // 2 if half else 0
    try:
        writer.transport.set_write_buffer_limits(high=0)  # drained means sent
        writer.write(_head(outgoing) + outgoing.body[:middle])
        await writer.drain()
        await asyncio.sleep(late)
        if half:
            await _break_off(reader, writer)
            return None
        writer.write(outgoing.body)
        await writer.drain()
        return await _status(reader)
    finally:
        writer.transport.abort()


async def _break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End our side without TLS's farewell; a reset at once could take back what has been sent."""
    plain = writer.get_extra_info("socket")
    with socket.fromfd(plain.fileno(), plain.family, plain.type) as ours:  # not every loop lets us
        ours.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_NOTICED_WITHIN):
            while await reader.read(65_536):
                pass


def _head(outgoing: Outgoing) -> bytes:
    parts = urlsplit(outgoing.url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in outgoing.headers]
    lines += [f"Content-Length: {len(outgoing.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def _status(reader: asyncio.StreamReader) -> int:
    """The final status that is answered: of an endpoint's answer, only that counts."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        found = _STATUS_LINE.match(head)
        if found is None:
            raise ValueError("no status line")
        if (status := int(found[1])) >= 200:
            return status
