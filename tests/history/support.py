"""Deliveries to store, and a ledger to store them in."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gooclaim_cli.happenings import HandlerAnswer
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.reading import Filter, HistoryReader
from gooclaim_cli.history.records import DeliveryDetail, StoredDelivery
from gooclaim_cli.wire import Delivery, Event, Finding, Reason, Verdict, decode_event

NOW = 1_779_272_065.25
WEEK = 7 * 86_400.0
_numbers = itertools.count(1)


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


async def turns(count: int = 20) -> None:
    """Let the event loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


def body_of(number: int = 1, event_type: str = "workflow.completed") -> bytes:
    return (
        b'{ "event_id":"evt_%d", "event_type":"%b", "tenant_id":"tnt_xyz",\r\n'
        b'  "occurred_at":"2026-05-20T10:14:25Z", "data":{"n":1.50} }\n'
    ) % (number, event_type.encode())


def arrival(key: str | None = "idem_1", *, body: bytes | None = None, **members: Any) -> Arrival:
    """A verified delivery with an id of its own."""
    content = body_of() if body is None else body
    event: Event = decode_event(content)
    given: dict[str, Any] = {
        "delivery_id": f"dlv_{next(_numbers):06}",
        "received_at": NOW,
        "delivery": Delivery((("Content-Type", "application/json"),), content),
        "verdict": Verdict((), event, 0),
        "idempotency_key": key,
        "size": len(content),
    }
    return Arrival(**given | members)


def rejected(**members: Any) -> Arrival:
    """A delivery that is no envelope and whose signature does not match."""
    findings = (
        Finding(Reason.SIGNATURE_MISMATCH, "no"),
        Finding(Reason.ENVELOPE_INVALID, "a"),
        Finding(Reason.ENVELOPE_INVALID, "b"),
    )
    given: dict[str, Any] = {
        "delivery_id": f"dlv_{next(_numbers):06}",
        "received_at": NOW,
        "delivery": Delivery((("X-A", "\xff"), ("x-a", "2")), b"\x00\xff{"),
        "verdict": Verdict(findings, None, None),
        "idempotency_key": None,
        "size": 3,
    }
    return Arrival(**given | members)


def answer(status: int | None = 200, **members: Any) -> HandlerAnswer:
    given: dict[str, Any] = {
        "url": "http://localhost:3000/hooks",
        "status": status,
        "ms": 42.5,
        "error": None,
        "message": "",
        "headers": (("X-A", "1"), ("x-a", "\xff")),
        "body": b"\x00done\xff",
    }
    return HandlerAnswer(**given | members)


@asynccontextmanager
async def ledger_of(
    path: Path, *, owner: str = "session_1", gone: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[Ledger]:
    """A ledger that is closed at the end; the sessions in `gone` run no longer."""
    given: dict[str, Any] = {"environment": "development", "is_gone": lambda each: each in gone}
    ledger = Ledger(path, owner=owner, **given | options)
    try:
        yield ledger
    finally:
        await ledger.close()


def listed(path: Path, **wanted: Any) -> list[StoredDelivery]:
    with HistoryReader(path) as reader:
        return list(reader.list(Filter(**wanted)))


def found(path: Path, wanted: str) -> DeliveryDetail:
    with HistoryReader(path) as reader:
        return reader.find(wanted)
