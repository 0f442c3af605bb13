"""A receiver on a socket with a ledger behind it, and handlers for it, as the tests use them."""

import asyncio
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gooclaim_cli.happenings import Delivered, Handler, Happening, LateAnswer, Notice
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.history.reading import Filter, HistoryReader
from gooclaim_cli.history.records import DeliveryDetail, StoredDelivery
from gooclaim_cli.receiver import Forwarder, Receiver, ReceiverOptions
from gooclaim_cli.receiver.lanes import Carrier
from gooclaim_cli.receiver.passing_on import PassingOn
from gooclaim_cli.sending import Sender
from gooclaim_cli.serving import serve
from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, decode_event, sign_delivery

NOW = 1_779_272_065
PATH = "/gooclaim-cli/k3y"
SECRET = SigningSecret("whsec_receiver")
PATIENCE = 10.0
_numbers = itertools.count(1)


class Door:
    """Which entrance of the receiver is open: the direct one is where nothing is forwarded."""

    direct = True


T = TypeVar("T", bound=Happening)


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


def event_body(event_type: str = "workflow.completed", **members: Any) -> bytes:
    """An envelope of an event of its own."""
    given = {
        "event_id": f"evt_{next(_numbers):06}",
        "event_type": event_type,
        "tenant_id": "tnt_xyz",
        "occurred_at": "2026-05-20T10:14:25Z",
        "data": {"workflow_id": "wf_1"},
    }
    return json.dumps(given | members).encode()


def delivery(
    body: bytes | None = None,
    *,
    key: str | None = None,
    timestamp: int = NOW,
    secret: SigningSecret = SECRET,
    signed_content: SignedContent = SignedContent.BODY,
) -> Delivery:
    """A good delivery, with an idempotency key of its own where none is given."""
    content = event_body() if body is None else body
    return sign_delivery(
        content,
        secret,
        event_type=decode_event(content).event_type,
        idempotency_key=key or f"idem_{next(_numbers)}",
        timestamp=timestamp,
        signed_content=signed_content,
    )


def with_headers(given: Delivery, **headers: str | None) -> Delivery:
    """The same with headers replaced (None: left out) or added; underscores stand for hyphens."""
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    kept = [each for each in given.headers if each[0].lower() not in named]
    kept += [(name, value) for name, value in named.items() if value is not None]
    return Delivery(tuple(kept), given.body)


@dataclass(frozen=True)
class Response:
    """An answer as it crossed the wire: status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Connection:
    """A connection of Gooclaim's; every byte on it is the test's."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def response(self) -> Response:
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.rstrip().split("\r\n")
            pairs = (each.partition(": ") for each in lines)
            headers = {name.lower(): value for name, _, value in pairs}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Response(int(line.split()[1]), headers, body)

    async def ended(self) -> bytes:
        """What is left until the receiver closes."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@dataclass
class Bench:
    """A running receiver: what it told so far, and ways to send to it."""

    port: int
    history: Path
    receiver: Receiver
    told: asyncio.Queue[Happening]
    seen: list[Happening] = field(default_factory=list)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        connection = Connection(reader, writer)
        try:
            yield connection
        finally:
            writer.close()

    async def post(self, given: Delivery, *, path: str = PATH) -> Response:
        return await self.raw(request(given, path=path))

    async def raw(self, sent: bytes) -> Response:
        async with self.connection() as connection:
            await connection.send(sent)
            return await connection.response()

    async def hear(self, kind: type[T], holds: Callable[[T], bool] = lambda _: True) -> T:
        """Wait for a happening of a kind; those that came before count too, each once."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for position, each in enumerate(self.seen):
                    if isinstance(each, kind) and holds(each):
                        del self.seen[position]
                        return each
                self.seen.append(await self.told.get())

    async def delivered(self, given: Delivery | None = None) -> Delivered:
        return await self.hear(
            Delivered, lambda each: given is None or each.delivery.body == given.body
        )

    async def late(self) -> LateAnswer:
        return await self.hear(LateAnswer)

    async def notice(self, code: str) -> Notice:
        return await self.hear(Notice, lambda each: each.code == code)

    def untold(self) -> list[Happening]:
        """What was told and not yet asked for."""
        while not self.told.empty():
            self.seen.append(self.told.get_nowait())
        return self.seen

    def stored(self) -> list[StoredDelivery]:
        """The deliveries in the database, oldest first, as another connection sees them."""
        with HistoryReader(self.history) as reader:
            return list(reader.list(Filter()))[::-1]

    def found(self, wanted: str) -> DeliveryDetail:
        with HistoryReader(self.history) as reader:
            return reader.find(wanted)


def request(given: Delivery, *, path: str = PATH, method: str = "POST") -> bytes:
    """A delivery as a request; what its headers leave out is not put in, but Host and length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: tunnel.example"]
    lines += [f"{name}: {value}" for name, value in given.headers]
    lines += [f"Content-Length: {len(given.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + given.body


@asynccontextmanager
async def receiving(
    folder: Path,
    *handlers: Handler | str,
    replace: Sequence[tuple[str, str]] = (),
    at_once: int = 64,
    owner: str = "session",
    gone: Sequence[str] = (),
    secrets: Sequence[SigningSecret] = (SECRET,),
    clock: Callable[[], float] = lambda: float(NOW),
    report: Callable[[Exception], str] = lambda _error: "no report",
    home: str | None = None,
    copies: Sequence[str] = (),
    **options: Any,
) -> AsyncIterator[Bench]:
    """Run a receiver that forwards to these handlers (a URL: all events), and passes on."""
    known = [each if isinstance(each, Handler) else Handler("*", each) for each in handlers]
    history = folder / "history.sqlite3"
    told: asyncio.Queue[Happening] = asyncio.Queue()
    async with AsyncExitStack() as stack:
        ledger = Ledger(history, environment="test", owner=owner, is_gone=lambda each: each in gone)
        stack.push_async_callback(ledger.close)
        sender = await stack.enter_async_context(Sender())
        carrier = Carrier(sender, ledger, clock)
        passing_on = PassingOn(carrier, told.put_nowait, copies=copies)
        if home is not None:
            passing_on.to_home(home)
        receiver = Receiver(
            ReceiverOptions(path=PATH, **options),
            secrets=lambda: secrets,
            ledger=ledger,
            forwarder=Forwarder(sender, known, replace=replace, at_once=at_once),
            tell=told.put_nowait,
            report=report,
            clock=clock,
            passing_on=passing_on,
        )
        stack.push_async_callback(receiver.close)
        if not Door.direct:
            receiver.direct = None
        port = await stack.enter_async_context(serve(receiver))
        yield Bench(port, history, receiver, told)


@contextmanager
def stalled(history: Path) -> Iterator[None]:
    """Nothing can be written to a history."""
    other = sqlite3.connect(history, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def turns() -> None:
    """Let the event loop turn until what was sent has come to where it waits."""
    for _ in range(100):
        await asyncio.sleep(0)


@dataclass
class Answering:
    """A handler that answers what it is told to: a status, headers, a body.

    `received` has every request as it came. With `hold`, it answers when `release` is set.
    """

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    hold: bool = False
    url: str = ""
    received: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    during: Callable[[Delivery], None] = lambda _delivery: None

    async def next(self) -> Delivery:
        async with asyncio.timeout(PATIENCE):
            return await self.received.get()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        came = Delivery.from_raw(scope["headers"], body)
        self.during(came)
        self.received.put_nowait(came)
        if self.hold:
            await self.release.wait()
        answer = b"" if self.status in (204, 304) else self.body
        headers = list(self.headers)
        if self.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(answer)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def handler(**members: Any) -> AsyncIterator[Answering]:
    """Serve a handler of its own."""
    app = Answering(**members)
    async with serve(app) as port:
        app.url = f"http://127.0.0.1:{port}/hooks"
        try:
            yield app
        finally:
            app.release.set()
