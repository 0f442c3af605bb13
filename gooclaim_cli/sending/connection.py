"""Connection: one HTTP/1.1 connection to an endpoint, which carries one request at a time.

httptools reads the answers. What goes wrong is one of the errors below, or an OSError.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias, cast

import httptools

from gooclaim_cli.futures import resolve

_HEAD_LIMIT: Final = 64 * 1024
_CHUNK: Final = 16  # bytes that a chunk may take beside its content and as much again
_MOST_INTERIM: Final = 16  # `100 Continue` and its like before the answer
_ACKNOWLEDGE: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)  # Linux has it
_WITHOUT_BODY: Final = frozenset((204, 304))
# What is called once an answer is whole, or with what went wrong. It must not raise.
Done: TypeAlias = Callable[[Exception | None], None]


class MalformedError(Exception):
    """What came is no HTTP."""


class TruncatedError(Exception):
    """The answer broke off behind its headers."""


class Answer:
    """What of an answer has arrived so far. `cut`: there is more of it than `limit` bytes."""

    __slots__ = ("body", "cut", "headers", "limit", "status")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.status: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.cut = False


class Connection(asyncio.Protocol):
    """`is_free`: it may carry another request. `free_since` is whoever keeps it to note."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_free = False
        self.free_since = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._done: Done | None = None
        self._failed: Exception | None = None
        self._answer = Answer(0)
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_only = False
        self._head_bytes = 0
        self._beside = 0  # bytes of the body's framing, beyond what its chunks may take
        self._interim = 0
        self._framed = True  # the answer says where it ends
        self._complete = False
        self._keeps = False

    @property
    def is_closing(self) -> bool:
        """Whether its end is known by now, if not told yet: no request can have gone with it."""
        return self.transport is None or self.transport.is_closing()

    def begin(self, request: bytes, answer: Answer, done: Done, *, head_only: bool = False) -> None:
        """Send a request; `done` is called once the answer is whole or cut, or has gone wrong.

        By then the connection is free, or closed. `head_only`: the answer ends with its headers
        (that to CONNECT). What can go wrong: MalformedError, TruncatedError, ConnectionError; the
        last is raised at once where the connection has ended.
        """
        if self.transport is None or self.is_closing:
            raise ConnectionResetError
        self.is_free = self._complete = self._keeps = False
        self._answer, self._head_only, self._done = answer, head_only, done
        self._head_bytes = self._beside = self._interim = 0
        self.transport.write(request)

    async def exchange(self, request: bytes, answer: Answer, *, head_only: bool = False) -> None:
        """Send a request and wait until the answer is whole, or cut. Raises what `begin` tells."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begin(request, answer, partial(resolve, waiting), head_only=head_only)
        try:
            await waiting
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """End the connection at once; nothing more is told of it."""
        self.is_free = False
        self._done = None
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer."""
        if self._done is None:
            self.close()  # nothing was asked for
            return
        if self._answer.status is None:
            self._head_bytes += len(data)
        else:
            self._beside += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._keeps = False
            if not self._complete:
                malformed = self._answer.status is None
                self._failed = MalformedError() if malformed else TruncatedError()
        if self._failed is not None or self._complete or self._answer.cut:
            self._end(self._failed)
        elif self._answer.status is None and self._head_bytes > _HEAD_LIMIT:
            self._end(MalformedError())
        elif self._beside > _HEAD_LIMIT:  # the parser keeps trailers, and would do so without end
            self._end(TruncatedError())
        elif _ACKNOWLEDGE is not None:
            self._acknowledge(_ACKNOWLEDGE)

    def _acknowledge(self, option: int) -> None:
        """Say at once that a part has come: many a server holds the next one back until then.

        Servers that write headers and body apart (http.server's, and others in plain words) have
        the body wait for the acknowledgement (RFC 896), and systems have that wait for 40 ms. What
        is told would be our slowness, not the handler's.
        """
        end = self.transport.get_extra_info("socket") if self.transport is not None else None
        if end is not None:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.IPPROTO_TCP, option, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended: for an answer without a length, that is its end."""
        self.is_free = False
        if self._answer.status is None:
            self._end(ConnectionResetError())
        elif self._framed or exc is not None:
            self._end(TruncatedError())
        else:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        """The answer is whole, or there will be none: tell, as the last thing that is done."""
        done = self._done
        if done is None or self.transport is None:
            return
        self._done = None
        if error is not None or not self._head_only:
            unsent = self.transport.get_write_buffer_size()
            self.is_free = error is None and self._keeps and not unsent
            if not self.is_free:
                self.close()
        done(error)

    def on_message_begin(self) -> None:
        """An answer begins; one behind the answer was not asked for."""
        if self._complete:
            self._keeps = False
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes behind a chunked body is none."""
        if self._answer.status is None:
            self._headers.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """The headers are whole: interim answers are passed over."""
        status = self._parser.get_status_code()
        if self._complete:
            return
        if 100 <= status < 200:
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                self._failed = MalformedError()
            return
        if self._head_bytes > _HEAD_LIMIT and self._size_of_head() > _HEAD_LIMIT:
            self._failed = MalformedError()
            return
        names = {name.lower() for name, _ in self._headers}
        self._framed = (
            b"content-length" in names or b"transfer-encoding" in names or status in _WITHOUT_BODY
        )
        self._answer.status = status
        self._answer.headers = tuple(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]
        )
        self._complete = self._head_only

    def _size_of_head(self) -> int:
        return sum(len(name) + len(value) for name, value in self._headers)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, up to the limit."""
        self._beside -= 2 * len(body) + _CHUNK
        if self._complete or self._answer.cut:
            return
        room = self._answer.limit - len(self._answer.body)
        self._answer.body += body[:room]
        self._answer.cut = len(body) > room

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._answer.status is not None and not self._complete:
            self._complete = True
            self._keeps = self._parser.should_keep_alive() and not self._answer.cut
