"""A history with one delivery of every kind, written as a session writes it."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from gooclaim_cli.happenings import HandlerAnswer
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.records import Outcome
from gooclaim_cli.wire import Delivery, SigningSecret, sign_delivery, verify

SECRET = SigningSecret("whsec_test")
HANDLER = "http://localhost:3000/hooks"


@dataclass
class History:
    """Writes deliveries, one after the other."""

    ledger: Ledger
    now: float = field(default_factory=time.time)

    async def received(
        self,
        name: str,
        *,
        event_type: str = "workflow.completed",
        outcome: Outcome = Outcome.DELIVERED,
        status: int = 200,
        age: float = 0.0,
        key: str | None = None,
    ) -> bytes:
        """Store a good delivery that a handler answered; return its body."""
        at = self.now - age
        body = body_of(name, event_type)
        delivery = sign_delivery(
            body,
            SECRET,
            event_type=event_type,
            idempotency_key=key or f"idem_{name}",
            timestamp=int(at),
        )
        verdict = verify(delivery, [SECRET], now=at)
        arrival = Arrival(
            delivery_id=f"dlv_{name}",
            received_at=at,
            delivery=delivery,
            verdict=verdict,
            idempotency_key=key or f"idem_{name}",
            size=len(body),
        )
        await self.ledger.take(arrival, now=at)
        answer = HandlerAnswer(HANDLER, status, 42.0, None, "", (("X-A", "1"),), b"\xffno")
        self.ledger.record_forward(arrival.delivery_id, answer, started_at=at, late=False)
        self.ledger.settle(arrival, status=status, outcome=outcome, now=at)
        return body

    def rejected(self, name: str, body: bytes) -> None:
        """Store a delivery that was not verified."""
        delivery = Delivery((("X-Gooclaim-Signature", "00"),), body)
        arrival = Arrival(
            delivery_id=f"dlv_{name}",
            received_at=self.now,
            delivery=delivery,
            verdict=verify(delivery, [SECRET], now=self.now),
            idempotency_key=None,
            size=len(body),
        )
        self.ledger.store_rejected(arrival, status=400)


def body_of(name: str, event_type: str) -> bytes:
    """An envelope whose bytes no encoder would write again."""
    return (
        f'{{"event_id":"evt_{name}","event_type":"{event_type}","tenant_id":"tnt_x",'
        '"occurred_at":"2026-05-20T10:14:25Z","data":{"n": 1.50,  "text":"\\u00fc \u00fc"}}\n'
    ).encode()


def open_ledger(home: Path, *, keep_bodies: bool = True) -> Ledger:
    return Ledger(
        home / "history.db",
        environment="sandbox",
        owner="test",
        is_gone=lambda _owner: False,
        keep_bodies=keep_bodies,
    )


RAW = b'\xff\x00\r\n\x1b[31m{"not": json'


def fill(home: Path) -> dict[str, bytes]:
    """Store one of each kind; return their bodies by name."""

    async def store() -> dict[str, bytes]:
        history = History(open_ledger(home))
        bodies = {
            "OLD": await history.received("OLD", age=7200.0),
            "GOOD": await history.received("GOOD", age=60.0),
            "FAILED": await history.received(
                "FAILED", event_type="pending_docs.uploaded", outcome=Outcome.FAILED, status=500
            ),
            "TWICE": await history.received("TWICE", key="idem_GOOD", outcome=Outcome.DUPLICATE),
            "BAD": RAW,
        }
        history.rejected("BAD", RAW)
        await history.ledger.close()
        return bodies

    return asyncio.run(store())


def fill_without_bodies(home: Path, name: str) -> bytes:
    """Store a delivery as it is where bodies are not kept; return the body that it had."""

    async def store() -> bytes:
        history = History(open_ledger(home, keep_bodies=False))
        body = await history.received(name)
        await history.ledger.close()
        return body

    return asyncio.run(store())


def fill_many(home: Path, count: int) -> None:
    """Store so many rejected deliveries."""

    async def store() -> None:
        history = History(open_ledger(home))
        for number in range(count):
            history.rejected(f"{number:06}", b"{}")
        await history.ledger.close()

    asyncio.run(store())
