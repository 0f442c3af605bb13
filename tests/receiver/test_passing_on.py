"""Passing on: unchanged, in lanes that are bounded and disturb nobody, every one recorded."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gooclaim_cli.happenings import Happening, Notice, PassedOn, Target
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.reading import HistoryReader
from gooclaim_cli.history.records import StoredForward
from gooclaim_cli.receiver import lanes
from gooclaim_cli.receiver.lanes import COPY_HEADER, Carrier
from gooclaim_cli.receiver.passing_on import PassingOn
from gooclaim_cli.sending import Sender
from gooclaim_cli.wire import Delivery, verify

from .support import NOW, PATIENCE, SECRET, delivery, handler, run, with_headers

SILENT = "http://127.0.0.1:{port}/"


@dataclass
class Bench:
    """Deliveries to pass on, and what was told of it."""

    ledger: Ledger
    passing_on: PassingOn
    told: asyncio.Queue[Happening] = field(default_factory=asyncio.Queue)
    count: int = 0

    async def take(self, given: Delivery | None = None) -> Arrival:
        """Store a delivery, as the receiver does before it passes it on."""
        self.count += 1
        came = given or delivery()
        arrival = Arrival(
            delivery_id=f"dlv_{self.count:04}",
            received_at=float(NOW),
            delivery=came,
            verdict=verify(came, [SECRET], now=float(NOW)),
            idempotency_key=f"idem_{self.count}",
            size=len(came.body),
        )
        await self.ledger.take(arrival, now=float(NOW))
        return arrival

    async def offer(self, given: Delivery | None = None) -> Arrival:
        arrival = await self.take(given)
        self.passing_on.offer(arrival)
        return arrival

    async def hear(self, holds: Callable[[Happening], bool]) -> Happening:
        async with asyncio.timeout(PATIENCE):
            while True:
                happening = await self.told.get()
                if holds(happening):
                    return happening

    async def answered(self, arrival: Arrival, target: Target) -> PassedOn:
        """Wait for what an endpoint made of a delivery."""
        wanted = arrival.delivery_id, target
        heard = await self.hear(
            lambda each: isinstance(each, PassedOn) and (each.delivery_id, each.target) == wanted
        )
        assert isinstance(heard, PassedOn)
        return heard


@asynccontextmanager
async def bench(
    path: Path, *, home: str | None = None, copies: tuple[str, ...] = (), within: float = 30.0
) -> AsyncIterator[Bench]:
    """A ledger and the lanes; both are closed at the end."""
    told: asyncio.Queue[Happening] = asyncio.Queue()
    ledger = Ledger(path, environment="test", owner="o", is_gone=lambda _: False)
    async with Sender() as sender:
        carrier = Carrier(sender, ledger, lambda: float(NOW))
        passing_on = PassingOn(carrier, told.put_nowait, copies=copies, within=within)
        if home is not None:
            passing_on.to_home(home)
        try:
            yield Bench(ledger, passing_on, told)
            await passing_on.finish()
        finally:
            await passing_on.close()
            await ledger.close()


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """An endpoint that takes connections and never answers."""
    ended = asyncio.Event()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield SILENT.format(port=server.sockets[0].getsockname()[1])
    finally:
        ended.set()
        server.close()


def forwards(path: Path, delivery_id: str) -> list[StoredForward]:
    with HistoryReader(path) as reader:
        return list(reader.find(delivery_id).forwards)


def end_to_end(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    kept = [(name.lower(), value) for name, value in headers]
    return [each for each in kept if each[0] not in ("host", "content-length")]


def test_bytes_and_headers_arrive_unchanged(tmp_path: Path) -> None:
    """At home as they came, at a colleague's with one mark; both are in the history by kind."""
    path = tmp_path / "history.db"

    async def scenario() -> None:
        given = delivery()
        odd = (("X-Odd", "a"), ("x-odd", "b,  c"), ("Accept", "*/*"), ("User-Agent", "G/1"))
        hop = (("Connection", "X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "5"))
        given = Delivery((*given.headers, *odd, *hop), given.body + b" \n\r\n")
        async with handler() as home, handler(status=500, body=b"no") as colleague:
            async with bench(path, home=home.url, copies=(colleague.url,)) as it:
                arrival = await it.offer(given)
                at_home, copied = await home.next(), await colleague.next()
                assert at_home.body == copied.body == given.body
                sent = end_to_end(given.headers)[: -len(hop)]
                assert end_to_end(at_home.headers) == sent
                assert end_to_end(copied.headers) == [*sent, (COPY_HEADER.lower(), "1")]
                assert (await it.answered(arrival, Target.COPY)).answer.status == 500
            assert [(each.kind, each.url, each.status) for each in forwards(path, "dlv_0001")] in (
                [("pass_on", home.url, 200), ("copy", colleague.url, 500)],
                [("copy", colleague.url, 500), ("pass_on", home.url, 200)],
            )

    run(scenario)


def test_of_a_copy_no_copy_is_made(tmp_path: Path) -> None:
    """Two colleagues may copy to one another."""

    async def scenario() -> None:
        async with (
            handler() as home,
            handler() as colleague,
            bench(tmp_path / "history.db", home=home.url, copies=(colleague.url,)) as it,
        ):
            marked = await it.offer(with_headers(delivery(), **{COPY_HEADER: "1"}))
            await it.answered(marked, Target.HOME)
            fresh = await it.offer()
            await it.answered(fresh, Target.COPY)
            assert (await colleague.next()).body == fresh.delivery.body
            assert colleague.received.empty()

    run(scenario)


def test_a_dead_and_a_silent_endpoint_disturb_nobody(
    tmp_path: Path, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fails by itself; the third gets everything meanwhile."""
    monkeypatch.setattr(lanes, "_LAST_MOMENT", 0.0)
    path = tmp_path / "history.db"
    dead = f"http://127.0.0.1:{unused_port}/"

    async def scenario() -> None:
        async with silent() as hanging, handler() as good:
            async with bench(path, copies=(dead, hanging, good.url), within=0.2) as it:
                arrivals = [await it.offer() for _ in range(40)]
                came = [await good.next() for _ in arrivals]
                assert {each.body for each in came} == {each.delivery.body for each in arrivals}
                notices = [await it.hear(lambda each: isinstance(each, Notice)) for _ in range(2)]
                texts = sorted(str(getattr(each, "message", "")) for each in notices)
                assert any("nothing listens on" in text for text in texts)
                assert any("no answer within 0.2 s" in text for text in texts)
            kinds = {each.url: each.error for each in forwards(path, "dlv_0001")}
            assert kinds == {dead: "connection_refused", hanging: "timed_out", good.url: None}
            left = [each.error for each in forwards(path, "dlv_0040") if each.url == hanging]
            assert left == ["session_ended"]  # as many as were under way had to give up first

    run(scenario)


def test_a_lane_is_bounded_and_what_it_drops_is_told_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.db"
    monkeypatch.setattr(lanes, "AT_ONCE", 2)
    monkeypatch.setattr(lanes, "MOST_WAITING", 3)

    async def scenario() -> None:
        async with handler(hold=True) as slow:
            async with bench(path, home=slow.url) as it:
                arrivals = [await it.offer() for _ in range(8)]
                notice = await it.hear(lambda each: isinstance(each, Notice))
                assert isinstance(notice, Notice)
                assert (notice.code, slow.url in notice.message) == ("pass_on_full", True)
                slow.release.set()
                for each in arrivals[:5]:
                    assert (await it.answered(each, Target.HOME)).answer.status == 200
                later = await it.offer()
                assert (await it.answered(later, Target.HOME)).answer.status == 200
            for number in range(1, 9):
                (only,) = forwards(path, f"dlv_{number:04}")
                assert (only.kind, only.error) == (
                    ("pass_on", None) if number <= 5 else ("pass_on", "queue_full")
                )

    run(scenario)


def test_a_lane_is_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "AT_ONCE", 1)
    monkeypatch.setattr(lanes, "MOST_BYTES", 350)

    async def scenario() -> None:
        async with (
            handler(hold=True) as slow,
            bench(tmp_path / "history.db", copies=(slow.url,)) as it,
        ):
            arrivals = [await it.offer() for _ in range(4)]
            assert len(arrivals[0].delivery.body) * 2 <= 350
            dropped = await it.answered(arrivals[3], Target.COPY)
            assert dropped.answer.error == "queue_full"
            slow.release.set()
            await it.answered(arrivals[2], Target.COPY)

    run(scenario)


def test_what_is_left_at_the_end_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under way or waiting: the history says that it did not arrive."""
    path = tmp_path / "history.db"
    monkeypatch.setattr(lanes, "AT_ONCE", 1)
    monkeypatch.setattr(lanes, "_LAST_MOMENT", 0.01)

    async def scenario() -> None:
        async with handler(hold=True) as slow, bench(path, home=slow.url) as it:
            for _ in range(2):
                await it.offer()
            await slow.next()

    run(scenario)
    for number in (1, 2):
        (only,) = forwards(path, f"dlv_000{number}")
        assert (only.kind, only.status, only.error) == ("pass_on", None, "session_ended")


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
