"""The direct entrance: an app may take a request that is whole at once, without a task of its own.

A task, an ASGI scope and its messages cost more than what a receiver does with most deliveries
(tests/bench/bench_receive.py). What the app does not take, and what is no short request to be
answered in turn, goes the ordinary way, from which nothing here differs on the wire.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_CLOSES: Final = (b"connection", b"close")
# Larger bodies are read as they come.
_DIGITS: Final = 8
_SMALL: Final = 64 * 1024


class Entrance(Protocol):
    """An app's attribute `direct`: it is given each short request that is whole.

    Bodies of more than `largest` bytes are not for it.
    """

    largest: int

    def __call__(self, request: "Request") -> bool:
        """Take it, and answer it now or later; False: it goes the ordinary way. Never raises."""


class Request:
    """A request; whole, once an entrance is given it. Stands where uvicorn has its cycle.

    Header names are in lower case, as uvicorn has them; `target` is as it came. `when_gone` is
    called where the sender goes before it is answered.
    """

    __slots__ = (
        "_protocol",
        "body",
        "disconnected",
        "headers",
        "keep_alive",
        "method",
        "response_complete",
        "response_started",
        "target",
        "when_gone",
    )

    def __init__(self, protocol: "DirectProtocol") -> None:
        parser = protocol.parser
        self._protocol = protocol
        self.method: bytes = parser.get_method()
        self.target: bytes = protocol.url
        self.headers: list[tuple[bytes, bytes]] = protocol.headers
        self.body = b""
        self.keep_alive: bool = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        self.disconnected = self.response_started = self.response_complete = False
        self.when_gone: Callable[[], None] | None = None

    @property
    def message_event(self) -> "Request":
        """What uvicorn sets where a task that waits for more would have to look."""
        return self

    def set(self) -> None:
        """Look: the connection may be lost."""
        if self.disconnected and self.when_gone is not None:
            self.when_gone()

    def answer(
        self, status: int, headers: Sequence[tuple[bytes, bytes]] = (), body: bytes = b""
    ) -> bool:
        """Answer it, once; False where its sender is gone. Header names are in lower case."""
        protocol = self._protocol
        if self.disconnected or self.response_complete or protocol.transport.is_closing():
            return False
        all_headers = (*protocol.server_state.default_headers, *headers)
        self.keep_alive &= _CLOSES not in headers
        head = _head(status, all_headers, len(body), self.keep_alive)
        protocol.transport.write(head + body)
        self.response_started = self.response_complete = True
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()
        return True


@lru_cache(maxsize=8)  # most answers are alike; one of the headers is the time, in seconds
def _head(
    status: int, headers: tuple[tuple[bytes, bytes], ...], length: int, keep_alive: bool
) -> bytes:
    content = [STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in headers)]
    if status not in (204, 304):  # these have no body, and so no length (RFC 9110, 8.6)
        content.append(b"content-length: %d\r\n" % length)
    if not keep_alive and _CLOSES not in headers:
        content.append(b"%b: %b\r\n" % _CLOSES)
    return b"".join((*content, b"\r\n"))


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with the direct entrance of an app that has one."""

    cycle: Any  # uvicorn's, or a Request

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._direct: Entrance | None = getattr(self.app, "direct", None)
        self._length: bytes | None = None
        self._largest = min(_SMALL, self._direct.largest) if self._direct is not None else 0

    def on_message_begin(self) -> None:
        """Begin a request; what an ASGI app would be told of it is made once it is needed."""
        if self._direct is None:
            super().on_message_begin()
        else:
            self.url, self.headers, self.expect_100_continue = b"", [], False
            self._length = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, as uvicorn does, and the length that it declares."""
        name = name.lower()
        if name == b"content-length":
            self._length = value
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Wait for the body of a short request, where nobody waits before it is whole."""
        if self._direct is None:
            super().on_headers_complete()
        elif self._is_short() and (self.cycle is None or self.cycle.response_complete):
            self.cycle = Request(self)
            return
        else:
            self._begin_ordinarily(self.headers)
        self.headers = []  # what comes behind a chunked body is no header (RFC 9110, 6.5.1)

    def _is_short(self) -> bool:
        if self._length is None or len(self._length) > _DIGITS or self.expect_100_continue:
            return False
        return int(self._length) <= self._largest

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        request = self.cycle
        if type(request) is not Request:
            super().on_body(body)
        elif not request.response_complete:
            request.body += body

    def on_message_complete(self) -> None:
        """The request is whole: let the app have it."""
        request = self.cycle
        if type(request) is not Request or self._direct is None:
            super().on_message_complete()
        elif not request.response_complete and (
            self.flow.write_paused or not self._direct(request)
        ):
            self._leave_ordinarily(request)
            super().on_message_complete()

    def _leave_ordinarily(self, request: Request) -> None:
        """Have an app's task take a request from here on."""
        self.cycle = None
        self._begin_ordinarily(request.headers)
        self.cycle.keep_alive &= request.keep_alive  # the server may be ending
        super().on_body(request.body)

    def _begin_ordinarily(self, headers: list[tuple[bytes, bytes]]) -> None:
        url, expects = self.url, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()
