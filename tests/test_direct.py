"""gooclaim_cli.direct: what an app takes at once differs in nothing on the wire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gooclaim_cli.direct import Request
from gooclaim_cli.serving import serve
from tests.test_guard import ANSWERS, HEAD, PATIENCE, QUICK, WHOLE, connection, count, status_of

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LAST = HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nabcde"


class Entrance:
    """Answers with the length of the body, as `take` says: at once, later, or not at all."""

    def __init__(self, take: Callable[[Request], bool], largest: int) -> None:
        self.largest = largest
        self.taken: asyncio.Queue[Request] = asyncio.Queue()
        self._take = take

    def __call__(self, request: Request) -> bool:
        self.taken.put_nowait(request)
        return self._take(request)

    async def next(self) -> Request:
        async with asyncio.timeout(PATIENCE):
            return await self.taken.get()


class App:
    """Counts, by the direct entrance or the ordinary one. `ordinary` are what came by that."""

    def __init__(self, take: Callable[[Request], bool], largest: int = 1024 * 1024) -> None:
        self.direct = Entrance(take, largest)
        self.ordinary = 0
        self.called = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.ordinary += 1
        self.called.set()
        await count(scope, receive, send)


def at_once(request: Request) -> bool:
    return request.answer(200, (), b"%d" % len(request.body))


def later(request: Request) -> bool:
    asyncio.get_running_loop().call_soon(at_once, request)
    return True


def hold(_request: Request) -> bool:
    return True


def decline(_request: Request) -> bool:
    return False


WAYS = pytest.mark.parametrize("take", [at_once, later, decline])


@asynccontextmanager
async def served(app: App) -> AsyncIterator[Streams]:
    """A raw connection to the app."""
    async with serve(app, limits=QUICK) as port, connection(port) as streams:
        async with asyncio.timeout(PATIENCE):
            yield streams


def answers(content: bytes) -> list[bytes]:
    """The bodies of the answers, which are all 200."""
    return [each.partition(b"\r\n\r\n")[2] for each in content.split(b"HTTP/1.1 200 OK\r\n")[1:]]


def test_each_shape_has_the_answer_that_it_has_elsewhere() -> None:
    """Smuggling, slow and broken requests: an app with the entrance changes none of the answers."""

    async def main() -> dict[str, int | None]:
        async with serve(App(later), limits=QUICK) as port:
            found = await asyncio.gather(*(status_of(port, sent) for sent, _ in ANSWERS.values()))
        return dict(zip(ANSWERS, found, strict=True))

    assert asyncio.run(main()) == {name: status for name, (_, status) in ANSWERS.items()}


@WAYS
def test_a_body_in_pieces(take: Callable[[Request], bool]) -> None:
    """However it is cut, head and body, the request is the same; a connection carries many."""

    async def main() -> list[bytes]:
        async with served(App(take)) as (reader, writer):
            found = []
            for at in range(1, len(WHOLE)):
                writer.write(WHOLE[:at])
                await writer.drain()
                writer.write(WHOLE[at:])
                found.append(await reader.readuntil(b"\r\n\r\n3"))
            return found

    assert all(each.startswith(b"HTTP/1.1 200 ") for each in asyncio.run(main()))


@WAYS
def test_pipelined_requests_are_answered_in_turn(take: Callable[[Request], bool]) -> None:
    """Three in one packet; what follows the last one, which closes, is nobody's."""

    async def main() -> bytes:
        async with served(App(take)) as (reader, writer):
            writer.write(WHOLE + WHOLE + LAST + b"POST /hidden HTTP/1.1\r\n\r\n")
            return await reader.read()

    assert answers(asyncio.run(main())) == [b"3", b"3", b"5"]


def test_a_request_behind_one_that_waits_goes_the_ordinary_way() -> None:
    """Its answer comes second, though it is there first."""

    async def main() -> bytes:
        app = App(hold)
        async with served(app) as (reader, writer):
            writer.write(WHOLE + LAST)
            first = await app.direct.next()
            assert app.ordinary == 0
            assert at_once(first)
            content = await reader.read()
            assert (app.ordinary, app.direct.taken.qsize()) == (1, 0)
            return content

    assert answers(asyncio.run(main())) == [b"3", b"5"]


def test_what_is_answered_is_what_an_asgi_app_would_have_answered() -> None:
    """Byte for byte, but for the time; also to HTTP/1.0."""
    requests = LAST, LAST.replace(b"HTTP/1.1", b"HTTP/1.0"), LAST.replace(b"close", b"Close")

    async def main(take: Callable[[Request], bool]) -> list[bytes]:
        lines = []
        async with serve(App(take), limits=QUICK) as port, asyncio.timeout(PATIENCE):
            for each in requests:
                async with connection(port) as (reader, writer):
                    writer.write(each)
                    lines += (await reader.read()).split(b"\r\n")
        return [each for each in lines if not each.startswith(b"date: ")]

    answered = asyncio.run(main(at_once))
    assert answered == asyncio.run(main(decline))
    assert answered.count(b"HTTP/1.1 200 OK") == len(requests)


def test_headers_and_an_answer_that_closes() -> None:
    async def main() -> bytes:
        def refuse(request: Request) -> bool:
            headers = ((b"retry-after", b"1"), (b"connection", b"close"))
            assert request.answer(503, headers)
            return not request.answer(200)  # a second answer is none

        async with served(App(refuse)) as (reader, writer):
            writer.write(WHOLE + WHOLE)
            return await reader.read()

    (head, body) = asyncio.run(main()).split(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 503 Service Unavailable"
    assert lines.count(b"connection: close") == 1
    assert {b"retry-after: 1", b"content-length: 0"} < set(lines)
    assert body == b""


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        HEAD + b"Content-Length: 11\r\n\r\nabc",
        HEAD + b"Content-Length: 00000000000000003\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_not_for_the_entrance(sent: bytes) -> None:
    """Nothing waits for the rest of it: an app has it as soon as its headers are there."""

    async def main() -> None:
        app = App(at_once, largest=10)
        async with served(app) as (_reader, writer):
            writer.write(sent)
            await app.called.wait()
            assert app.direct.taken.empty()

    asyncio.run(main())


def test_expecting_100_continue() -> None:
    async def main() -> bytes:
        async with served(App(at_once)) as (reader, writer):
            writer.write(LAST[:-5].replace(b"Host", b"Expect: 100-continue\r\nHost"))
            assert (await reader.readline()) == b"HTTP/1.1 100 Continue\r\n"
            writer.write(b"abcde")
            return await reader.read()

    assert answers(asyncio.run(main())) == [b"5"]


def test_a_sender_that_hangs_up_before_the_answer() -> None:
    """Whoever answers is told that nobody heard it."""

    async def main() -> bool:
        app = App(hold)
        async with serve(app, limits=QUICK) as port:
            async with connection(port) as (_reader, writer):
                writer.write(WHOLE)
                request = await app.direct.next()
            for _ in range(100):  # turns of the event loop
                await asyncio.sleep(0)
            return at_once(request)

    assert not asyncio.run(main())


def test_a_sender_that_takes_no_answers_is_cut_off() -> None:
    """Where the way back is full, its requests wait there, and not for ever."""

    async def main() -> int:
        app = App(lambda request: request.answer(200, (), b"x" * 10_000_000))
        async with served(app) as (reader, writer):
            writer.write(WHOLE * 100)
            await app.called.wait()
            with contextlib.suppress(ConnectionResetError):
                while await reader.read(1 << 20):
                    pass
        return app.direct.taken.qsize()

    assert asyncio.run(main()) < 10


def test_the_end_waits_for_a_request_that_was_taken() -> None:
    """For the grace that there is; and its sender is told that the connection ends."""

    async def main() -> bytes:
        app = App(hold)
        async with serve(app, limits=QUICK) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(WHOLE)
            request = await app.direct.next()
            asyncio.get_running_loop().call_later(0.05, at_once, request)
        async with asyncio.timeout(PATIENCE):
            content = await reader.read()
        writer.close()
        return content

    content = asyncio.run(main())
    assert answers(content) == [b"3"]
    assert b"connection: close\r\n" in content


def test_the_end_waits_for_the_rest_of_a_request() -> None:
    """One that is declined then, too, ends its connection."""

    async def main() -> bytes:
        app = App(decline)
        async with serve(app, limits=QUICK) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(WHOLE + WHOLE[:-1])
            await reader.readuntil(b"\r\n\r\n3")
            asyncio.get_running_loop().call_later(0.05, writer.write, WHOLE[-1:])
        async with asyncio.timeout(PATIENCE):
            content = await reader.read()
        writer.close()
        return content

    content = asyncio.run(main())
    assert answers(content) == [b"3"]
    assert b"connection: close\r\n" in content
