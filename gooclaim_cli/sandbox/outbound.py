"""What the outbound engine sends, and what became of it: values, and the bounded list of them."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

DELIVERIES_KEPT: Final = 10_000
_ATTEMPTS_KEPT: Final = 100


class DeliveryState(StrEnum):
    """Where an event stands. Stable: part of the machine output."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD_LETTER = "dead_letter"
    # Not sent: no URL was configured when its turn came, or the subscription leaves its type out.
    UNCONFIGURED = "unconfigured"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt: `error` is a code of `SendFailure`, `next_in` the seconds until the next."""

    number: int
    at: str
    status: int | None
    ms: float
    error: str | None
    detail: str | None
    next_in: float | None


@dataclass(frozen=True, slots=True)
class OutboundEvent:
    """An event that is to be sent: the same body and key at every attempt."""

    event_id: str
    event_type: str
    idempotency_key: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundDelivery:
    """How far an event has come. `url` is where the last attempt went."""

    event_id: str
    event_type: str
    idempotency_key: str
    url: str | None = None
    state: DeliveryState = DeliveryState.PENDING
    attempts: tuple[Attempt, ...] = ()

    def after(self, attempt: Attempt, url: str, state: DeliveryState) -> "OutboundDelivery":
        """Return it with one attempt more; of very many, the oldest are dropped."""
        attempts = (*self.attempts, attempt)[-_ATTEMPTS_KEPT:]
        return replace(self, attempts=attempts, url=url, state=state)


@dataclass(slots=True, eq=False)
class Passage:
    """An event on its way: the report is replaced as it goes on."""

    event: OutboundEvent
    report: OutboundDelivery


class Ledger:
    """The passages of a run, in order. Beyond `limit`, the oldest that have ended are forgotten."""

    def __init__(
        self,
        *,
        limit: int = DELIVERIES_KEPT,
        observe: Callable[[OutboundDelivery], None] | None = None,
    ) -> None:
        self._limit = limit
        self._observe = observe
        self._passages: OrderedDict[Passage, None] = OrderedDict()
        self._pending: set[Passage] = set()

    @property
    def full(self) -> bool:
        """Whether as many events are on their way as can be kept."""
        return len(self._pending) >= self._limit

    def __iter__(self) -> Iterator[Passage]:
        return iter(self._passages)

    def open(self, event: OutboundEvent) -> Passage:
        """Begin a passage."""
        report = OutboundDelivery(
            event_id=event.event_id,
            event_type=event.event_type,
            idempotency_key=event.idempotency_key,
        )
        passage = Passage(event, report)
        self._passages[passage] = None
        self._pending.add(passage)
        self._forget()
        return passage

    def report(self, passage: Passage, report: OutboundDelivery) -> None:
        """Note how far a passage has come, and tell whoever observes."""
        passage.report = report
        if report.state is DeliveryState.PENDING:
            self._pending.add(passage)
        else:
            self._pending.discard(passage)
        if self._observe is not None:
            self._observe(report)

    def with_key(self, idempotency_key: str) -> Passage | None:
        """Find the latest passage of an idempotency key."""
        matches = (
            p for p in reversed(self._passages) if p.event.idempotency_key == idempotency_key
        )
        return next(matches, None)

    def dead_letter(self, event_id: str) -> Passage | None:
        """Find the dead letter of an event."""
        return next((p for p in self.dead_letters() if p.event.event_id == event_id), None)

    def dead_letters(self) -> Iterator[Passage]:
        """The events whose final attempt failed."""
        return (p for p in self._passages if p.report.state is DeliveryState.DEAD_LETTER)

    def _forget(self) -> None:
        if len(self._passages) > self._limit:
            oldest = next((each for each in self._passages if each not in self._pending), None)
            if oldest is not None:
                del self._passages[oldest]
