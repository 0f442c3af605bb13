"""Signed deliveries under load from several connections, and what each was answered.

A few requests go out twice at the same time, some again later: duplicates are normal.
"""

import asyncio
import contextlib
import hashlib
import time
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from gooclaim_cli.fixtures import make_event
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import CATALOGUE, SigningSecret, decode_event, sign_delivery

ANSWER_WITHIN = 10.0
TENANT = "tnt_soak"


@dataclass(slots=True, eq=False)
class Sent:
    """A delivery that was sent, once or more; each try adds what came back (None: nothing)."""

    event_id: str
    event_type: str
    key: str
    body: bytes = field(repr=False)
    statuses: list[int | None] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def acknowledged(self) -> bool:
        return any(status is not None and 200 <= status < 300 for status in self.statuses)


def new_delivery(random: Random) -> Sent:
    """Make a delivery nobody has seen."""
    event_type = random.choice(list(CATALOGUE))
    data = {"padding": "x" * random.choice((0, 100, 5_000, 60_000))}
    now = time.time()
    body = make_event(event_type, tenant_id=TENANT, now=now, random=random, data=data)
    key = f"idem_{new_ulid(now, random)}{random.randrange(10)}"
    return Sent(decode_event(body).event_id, event_type, key, body)


class Connection:
    """One keep-alive connection to the receiver. Opens itself anew where it was cut."""

    def __init__(self, url: str, secret: SigningSecret) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname, parts.port
        self._path = parts.path
        self._secret = secret
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, sent: Sent) -> int | None:
        """Send once, signed now; note and return the status, None where no whole answer came."""
        status = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                status = await self._exchange(sent)
        except (OSError, EOFError, TimeoutError):
            self.close()
        sent.statuses.append(status)
        return status

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._streams = None

    async def _exchange(self, sent: Sent) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        delivery = sign_delivery(
            sent.body,
            self._secret,
            event_type=sent.event_type,
            idempotency_key=sent.key,
            timestamp=int(time.time()),
        )
        lines = [f"POST {self._path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in delivery.headers]
        head = "\r\n".join([*lines, f"Content-Length: {len(delivery.body)}", "", ""])
        writer.write(head.encode("latin-1") + delivery.body)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = answer.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        return int(answer.split(b" ", 2)[1])


async def load(
    url: str, secret: SigningSecret, random: Random, *, connections: int, most: int
) -> list[Sent]:
    """Send from all connections until the receiver is gone, `most` new deliveries at most."""
    out: list[Sent] = []

    async def keep_sending() -> None:
        one, other = Connection(url, secret), Connection(url, secret)
        with contextlib.closing(one), contextlib.closing(other):
            while len(out) < most:
                again = out and random.random() < 0.1
                sent = random.choice(out[-200:]) if again else new_delivery(random)
                if not again:
                    out.append(sent)
                if random.random() < 0.1:
                    statuses = list(await asyncio.gather(one.send(sent), other.send(sent)))
                else:
                    statuses = [await one.send(sent)]
                if None in statuses:
                    return

    await asyncio.gather(*(keep_sending() for _ in range(connections)))
    return out
