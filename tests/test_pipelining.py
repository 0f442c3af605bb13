"""gooclaim_cli.pipelining: requests sent before the answers are kept in order, and bounded."""

import asyncio
import itertools
from typing import Any

import pytest

from gooclaim_cli.direct import Request
from gooclaim_cli.guard import Limits
from gooclaim_cli.serving import serve
from tests.test_direct import LAST, App, answers, at_once, hold, later, served
from tests.test_guard import ANSWERS, PATIENCE, WHOLE, connection, count

REFUSED = [
    name
    for name, (sent, status) in ANSWERS.items()
    if status in (400, 431, 501) and len(sent) < 64 * 1024
]


class Holding:
    """Waits behind the body until `released`, then answers with its length. No direct entrance."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.released = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.called.set()

        async def receive_and_wait() -> Any:
            message = await receive()
            await self.released.wait()
            return message

        await count(scope, receive_and_wait, send)


class Mixed(App):
    """Holds the first request, taken by the direct entrance; those behind it wait as `Holding`."""

    def __init__(self) -> None:
        ways = itertools.chain([hold], itertools.repeat(at_once))
        super().__init__(lambda request: next(ways)(request))
        self.behind = Holding()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.behind(scope, receive, send)


async def turns() -> None:
    """Let everything that can go on go on."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_does_not_stand_where_another_answer_belongs(name: str) -> None:
    """Behind a request that is not answered yet, it waits for its turn."""

    async def main() -> bytes:
        app = App(hold)
        async with served(app) as (reader, writer):
            writer.write(WHOLE + ANSWERS[name][0])
            first = await app.direct.next()
            await turns()
            assert at_once(first)
            return await reader.read()

    lines = [line for line in asyncio.run(main()).split(b"\r\n") if b"HTTP/1.1 " in line]
    assert [int(line.partition(b"HTTP/1.1 ")[2][:3]) for line in lines] == [200, ANSWERS[name][1]]


def test_a_refusal_behind_one_that_an_app_is_at() -> None:
    """The same by the ordinary way, for a head and for a body that cannot be read."""

    async def main(bad: bytes) -> bytes:
        app = Holding()
        async with serve(app) as port, connection(port) as (reader, writer):
            async with asyncio.timeout(PATIENCE):
                writer.write(WHOLE + bad)
                await app.called.wait()
                await turns()
                app.released.set()
                return await reader.read()

    for name in ("an unknown method", "no chunk size", "thousands of headers"):
        found = asyncio.run(main(ANSWERS[name][0]))
        assert found.startswith(b"HTTP/1.1 200 OK\r\n"), name
        assert b"\r\n\r\n3HTTP/1.1 %d " % (ANSWERS[name][1] or 0) in found, name


def test_while_some_wait_no_more_are_read() -> None:
    """What is sent further waits with the sender, and is answered in its turn."""

    async def main() -> list[bytes]:
        app = Mixed()
        async with served(app) as (reader, writer):
            writer.write(WHOLE * 20)
            first = await app.direct.next()
            writer.write(WHOLE * 19 + LAST)
            await writer.drain()
            assert at_once(first)
            await app.behind.called.wait()  # it has asked for its body, and reading might go on
            await turns()
            app.behind.released.set()
            return answers(await reader.read())

    assert asyncio.run(main()) == [b"3"] * 39 + [b"5"]


def test_too_many_at_once_are_not_held() -> None:
    """Some are answered, and the connection ends: who means the others sends them again."""

    async def main() -> list[bytes]:
        async with served(App(later)) as (reader, writer):
            writer.write(WHOLE * 1000)
            return answers(await reader.read())

    found = asyncio.run(main())
    assert 30 < len(found) < 1000
    assert set(found) == {b"3"}


def test_a_request_in_one_read_with_an_answered_one_is_not_idle() -> None:
    """The time that a connection may be idle does not run while a request is under way."""

    def take(request: Request) -> bool:
        return at_once(request) if len(request.body) == 3 else hold(request)

    async def main() -> list[bytes]:
        app = App(take)
        async with (
            serve(app, limits=Limits(idle_seconds=0)) as port,
            connection(port) as (reader, writer),
            asyncio.timeout(PATIENCE),
        ):
            writer.write(WHOLE + LAST)
            await app.direct.next()
            second = await app.direct.next()
            await turns()
            assert at_once(second)
            return answers(await reader.read())

    assert asyncio.run(main()) == [b"3", b"5"]
