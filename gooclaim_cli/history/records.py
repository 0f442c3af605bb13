"""What the history gives back: stored deliveries and forwards, as small frozen values.

Text in them may come off the wire: it is escaped where it is shown, never here. Times are UNIX
seconds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gooclaim_cli.wire import Delivery


class Outcome(StrEnum):
    """What became of a delivery; PENDING until Gooclaim has been answered."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    IN_FLIGHT = "in_flight"
    REJECTED = "rejected"
    FILTERED = "filtered"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """What is known of a delivery without opening its body.

    `outcome` is the value of an `Outcome`.
    """

    delivery_id: str
    received_at: float
    event_id: str | None
    event_type: str | None
    tenant_id: str | None
    idempotency_key: str | None
    attempt: int
    disposition: str
    outcome: str
    reasons: tuple[str, ...]
    response_status: int | None
    size: int
    body_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForward:
    """One request of ours that carried a delivery to a handler, and what came of it.

    `late`: the answer came after the deadline. `headers` and `body` are the handler's answer.
    """

    url: str
    kind: Literal["live", "replay"]
    started_at: float
    status: int | None
    ms: float
    error: str | None
    message: str
    late: bool
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail:
    """Everything that is known of one delivery: as it crossed the wire, and where it went."""

    stored: StoredDelivery
    delivery: Delivery
    forwards: tuple[StoredForward, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was pruned. `gone_from_disk`: no file of the history holds its bytes any more."""

    deliveries: int
    total_bytes: int
    gone_from_disk: bool
