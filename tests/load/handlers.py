"""Handlers under load: a real server in an event loop of its own, whose answers a test decides."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gooclaim_cli.serving import serve
from gooclaim_cli.wire import IDEMPOTENCY_KEY_HEADER, Delivery, SigningSecret, verify
from tests.cli.beside import beside

SECRET = "whsec_obviously_fake"
ENV = {"GOOCLAIM_SIGNING_SECRET": SECRET}
Decide = Callable[[Delivery], Awaitable[int]]


@dataclass
class Handler:
    """A handler that was started, and what it got."""

    port: int = 0
    seen: list[Delivery] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        return [each.value(IDEMPOTENCY_KEY_HEADER) or "" for each in self.seen]


@contextlib.contextmanager
def handler(decide: Decide) -> Iterator[Handler]:
    """Serve until the test is done."""
    shown = Handler()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        delivery = Delivery.from_raw(scope["headers"], body)
        shown.seen.append(delivery)
        status = await decide(delivery)
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    with beside(serve(app)) as port:
        shown.port = port
        yield shown


def always(status: int) -> Decide:
    """One that answers at once, whatever comes."""

    async def decide(_: Delivery) -> int:
        return status

    return decide


class Careful:
    """One that keeps the rules: verifies, and processes each key once.

    `in_flight` is what it answers while the first of a key is under way, for so many seconds;
    `processed` what it answers afterwards.
    """

    def __init__(self, *, seconds: float = 0.0, in_flight: int = 503, processed: int = 200) -> None:
        self._seconds = seconds
        self._in_flight = in_flight
        self._processed = processed
        self._under_way: set[str] = set()
        self.done: list[str] = []

    async def __call__(self, delivery: Delivery) -> int:
        if not verify(delivery, [SigningSecret(SECRET)], now=time.time()).ok:
            return 401
        key = delivery.value(IDEMPOTENCY_KEY_HEADER) or ""
        if key in self.done:
            return self._processed
        if key in self._under_way:
            return self._in_flight
        self._under_way.add(key)
        if self._seconds:
            await asyncio.sleep(self._seconds)
        self._under_way.discard(key)
        self.done.append(key)
        return 200


class Stalling:
    """One that answers at once, but for the request with this number, from 1."""

    def __init__(self, number: int, seconds: float) -> None:
        self._number = number
        self._seconds = seconds
        self._seen = 0

    async def __call__(self, _: Delivery) -> int:
        self._seen += 1
        if self._seen == self._number:
            await asyncio.sleep(self._seconds)
        return 200
