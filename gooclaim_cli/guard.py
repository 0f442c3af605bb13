"""Guarding a server against senders that are slow, endless or many.

uvicorn alone keeps a connection that never finishes its headers, and bounds neither their size nor
the number of connections. What is cut off here has not been acknowledged: a sender that means it
tries again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from gooclaim_cli.pipelining import PipeliningProtocol, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds for each phase of a connection, and sizes. `connections` are all of one `Gate`.

    A connection has `head_seconds` from its start (or its next request's first byte) to the end of
    the headers, `body_seconds` more for the body, `write_seconds` to take what is answered.
    """

    connections: int = 500
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    write_seconds: float = 10.0
    idle_seconds: int = 15
    head_bytes: int = 64 * 1024
    headers: int = 100


class Gate:
    """Counts connections. One too many costs the place of the one that has waited longest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[GuardedProtocol] = set()
        # Connections without a whole request, the longest-waiting first.
        self._waiting: dict[GuardedProtocol, None] = {}

    def enter(self, connection: "GuardedProtocol") -> bool:
        """Admit a connection; False where every place is taken by a request under way."""
        self._open.add(connection)
        self.wait(connection)
        if len(self._open) <= self._limit:
            return True
        longest = next(iter(self._waiting))
        self.leave(longest)
        longest.cut_off()
        return longest is not connection

    def wait(self, connection: "GuardedProtocol") -> None:
        """A connection waits for its next request."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def work(self, connection: "GuardedProtocol") -> None:
        """A connection's request is whole: it keeps its place until it is answered."""
        self._waiting.pop(connection, None)

    def leave(self, connection: "GuardedProtocol") -> None:
        """A connection ends."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)


class _Phase(Enum):
    """What a connection's sender is at."""

    HEAD = auto()
    BODY = auto()


_BAD_REQUEST: Final = 400
_TIMED_OUT: Final = 408
_HEAD_TOO_LARGE: Final = 431
_NOT_IMPLEMENTED: Final = 501
_CHUNK: Final = 16  # bytes that a chunk may take beside its content and as much again


class GuardedProtocol(PipeliningProtocol):
    """uvicorn's HTTP protocol with a deadline for each phase and a bound for each size.

    Once the server `is_leaving`, no connection is begun.
    """

    def __init__(
        self,
        *args: Any,
        limits: Limits,
        gate: Gate,
        is_leaving: Callable[[], bool],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._is_leaving = is_leaving
        self._limits = limits
        self._gate = gate
        self._due: asyncio.TimerHandle | None = None
        self._phase: _Phase | None = None  # None between requests
        self._watched: _Phase | None = None  # whose clock runs
        self._in_head = True
        self._head_bytes = 0
        self._beside = 0  # bytes of a body's framing, beyond what its chunks may take

    def connection_made(self, transport: Any) -> None:
        """Admit the connection, or end it."""
        super().connection_made(transport)
        if self._is_leaving():  # its handshake took longer than the server was there
            transport.abort()
        elif self._gate.enter(self):
            self._phase = _Phase.HEAD
            self._watch_phase()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._at_leisure()
        self._gate.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, as long as the headers stay within bounds."""
        if self._in_head and not self.refused:
            self._head_bytes += len(data)
            # One read may hold the start of the body, too: that is not counted against the head.
            if self._head_bytes > self._limits.head_bytes and b"\r\n\r\n" not in data:
                self._refuse(_HEAD_TOO_LARGE)
                return
        elif not self.refused:
            self._beside += len(data)
        super().data_received(data)
        # The parser keeps a body's trailers, and would do so without end.
        if self._beside > self._limits.head_bytes and not (self.refused or self._in_head):
            self._refuse(_HEAD_TOO_LARGE)
        self._watch_phase()

    def _watch_phase(self) -> None:
        """Start the clock of the phase that the read left us in. Most requests are whole by then.

        A phase's clock starts with it, and is not wound up again by each byte that drips in.
        """
        if self._phase is not self._watched:
            self._watched = self._phase
            self._at_leisure()
            if self._phase is _Phase.HEAD and not self.refused:
                self._within(self._limits.head_seconds)
            elif self._phase is _Phase.BODY and not self.refused:
                self._within(self._limits.body_seconds)

    def on_message_begin(self) -> None:
        """A request's first byte: the clock starts for its headers."""
        super().on_message_begin()
        self._phase = _Phase.HEAD

    def on_headers_complete(self) -> None:
        """The headers are whole: judge them, then give the body its time."""
        if self.refused:
            return
        self._in_head = False
        status = self._judge_head()
        if status is not None:
            self._refuse(status)
            return
        self._phase, self._beside = _Phase.BODY, 0
        super().on_headers_complete()

    def _judge_head(self) -> int | None:
        """The status that refuses a request by its headers; None where nothing is wrong."""
        if len(self.headers) > self._limits.headers or self._head_is_large():
            return _HEAD_TOO_LARGE
        if self.parser.should_upgrade():  # the parser would take the body for another protocol
            return _BAD_REQUEST
        coding = dict(self.headers).get(b"transfer-encoding", b"chunked")
        return None if coding.lower() == b"chunked" else _NOT_IMPLEMENTED

    def _head_is_large(self) -> bool:
        """Only where more was read than a head may have is it worth adding up."""
        if self._head_bytes <= self._limits.head_bytes:
            return False
        size = sum(len(name) + len(value) for name, value in self.headers) + len(self.url)
        return size > self._limits.head_bytes

    def on_body(self, body: bytes) -> None:
        """A part of the body: it may take as much again, and a chunk's size, in framing."""
        self._beside -= 2 * len(body) + _CHUNK
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: from now on it is ours to be quick."""
        if not self.refused:
            self._in_head, self._head_bytes, self._phase = True, 0, None
            self._gate.work(self)
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered: the connection waits for the next request."""
        self._gate.wait(self)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The sender does not take our answer: not for ever."""
        self._within(self._limits.write_seconds)
        super().pause_writing()

    def resume_writing(self) -> None:
        """It takes it again: what it was at has its time anew."""
        self._at_leisure()
        self._watched = None
        self._watch_phase()
        super().resume_writing()

    def cut_off(self) -> None:
        """End a connection that took too long, with an answer where one is still possible."""
        self._refuse(_TIMED_OUT)

    def _refuse(self, status: int) -> None:
        self._at_leisure()
        idle = self._in_head and not self._head_bytes
        # To a connection that has asked for nothing, nothing is said.
        self.refuse(b"" if idle else refusal(status))

    def _within(self, seconds: float) -> None:
        self._at_leisure()
        self._due = self.loop.call_later(seconds, self.cut_off)

    def _at_leisure(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
