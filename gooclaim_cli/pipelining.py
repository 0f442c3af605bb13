"""Requests that are sent before the one before them is answered: kept in order, and bounded.

uvicorn reads on after each answer, and whenever an app asks for more of a request or waits for its
sender to go; with many requests in one read, what waits would grow without end. And what it says of
a request that it cannot read would stand where the answer to an earlier one belongs.
"""

import asyncio
from collections import deque
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gooclaim_cli.direct import DirectProtocol


class _UnlessSomeWait(FlowControl):
    """Reads on only once none of the requests that were read waits for its turn."""

    def __init__(self, transport: asyncio.Transport, waiting: deque[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless some wait."""
        if not self._waiting:
            super().resume_reading()


class PipeliningProtocol(DirectProtocol):
    """uvicorn's HTTP protocol, with at most `most_waiting` requests that wait for their turn.

    What is said of a request that is refused comes in its turn, too.
    """

    most_waiting = 32

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.refused = False
        self._in_body = False
        self._last_words: bytes | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin a connection."""
        super().connection_made(transport)
        self.flow = _UnlessSomeWait(transport, self.pipeline)

    def data_received(self, data: bytes) -> None:
        """Read, until something is refused."""
        if not self.refused:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """A request that comes in one read with the one before: the connection is not idle."""
        self._unset_keepalive_if_required()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request has begun; it may have to wait."""
        if self.refused:
            return
        self._in_body = True
        super().on_headers_complete()
        if len(self.pipeline) > self.most_waiting:
            self.refuse(b"")

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body."""
        if not self.refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self.refused:
            self._in_body = False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """One is answered: it is the next one's turn, or that of what there is to say at last."""
        if self._last_words is not None and not self.pipeline:
            if not self.transport.is_closing():
                self.transport.write(self._last_words)
                self.transport.close()
            return
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        if not self.refused:
            self.refuse(refusal(400))

    def refuse(self, words: bytes) -> None:
        """Read nothing more, say these words in their turn, and end the connection."""
        self.refused = True
        if self.flow.write_paused:  # closing would wait until all is written
            self.transport.abort()
        if self.transport.is_closing():
            return
        if self._in_body and self.pipeline:  # it is itself the last of those that wait
            self.pipeline.popleft()
            self._last_words = words
        elif not self._in_body and self.cycle is not None and not self.cycle.response_complete:
            self._last_words = words
        else:
            begun = self.cycle is not None and self.cycle.response_started
            if not begun or self.cycle.response_complete:
                self.transport.write(words)
            self.transport.close()


def refusal(status: int) -> bytes:
    """What is said to a sender whose connection ends with it."""
    return STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n"
