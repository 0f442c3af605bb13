"""Reading a request's body from an ASGI server, within bounds.

Bodies up to `_SMALL` are always read; larger ones only while all together are below
`_MOST_READ_AT_ONCE`: slow senders of large bodies can neither fill the memory nor keep real events
out.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

_SMALL: Final = 64 * 1024
_MOST_READ_AT_ONCE: Final = 32 * 1024 * 1024
Receive = Callable[[], Awaitable[Any]]


class TooLargeError(Exception):
    """The body is larger than allowed; `size` is what is known of its length."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class CrowdedError(Exception):
    """Too many large bodies are being read at once."""


class HungUpError(Exception):
    """The sender went away before its request was whole."""


class BodyReader:
    """Reads bodies of at most `limit` bytes, of all connections of one server."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._reading = 0  # bytes of bodies that are not whole yet

    async def read(self, headers: Sequence[tuple[bytes, bytes]], receive: Receive) -> bytes:
        """Read the whole body. A declared length is believed at once.

        Raises TooLargeError, CrowdedError, HungUpError.
        """
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value) > self._limit:
                raise TooLargeError(int(value))
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            body: bytes = message.get("body", b"")  # most come whole
            if len(body) > self._limit:
                raise TooLargeError(len(body))
            return body
        return await self._read_parts(message, receive)

    async def _read_parts(self, message: Any, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] != "http.request":
                    raise HungUpError
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                self._reading += len(chunk)
                if size > self._limit:
                    raise TooLargeError(size)
                if size > _SMALL and self._reading > _MOST_READ_AT_ONCE:
                    raise CrowdedError
                if not message.get("more_body", False):
                    return b"".join(chunks)
                message = await receive()
        finally:
            self._reading -= size
