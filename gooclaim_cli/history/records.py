"""What the history gives back: stored deliveries and forwards, as small frozen values.

Text in them may come off the wire: it is escaped where it is shown, never here. Times are UNIX
seconds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.happenings import Disposition
from gooclaim_cli.wire import Delivery

ForwardKind = Literal["live", "replay", "pass_on", "copy"]


class Outcome(StrEnum):
    """What became of a delivery; PENDING until Gooclaim has been answered.

    CAPTURE: it never came, but was replayed from a file.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    IN_FLIGHT = "in_flight"
    REJECTED = "rejected"
    FILTERED = "filtered"
    CAPTURE = "capture"


def outcome_of(disposition: Disposition, status: int | None, *, shown: bool) -> Outcome:
    """What became of a delivery that was answered so (None: it hung up), in one word.

    `shown` is False where the session leaves out events of its type.
    """
    if not shown:
        return Outcome.FILTERED
    if disposition is Disposition.DUPLICATE:
        return Outcome.DUPLICATE
    if disposition is Disposition.IN_FLIGHT:
        return Outcome.IN_FLIGHT
    return Outcome.DELIVERED if status in range(200, 300) else Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """What is known of a delivery without opening its body.

    `outcome` is the value of an `Outcome`. Where not `body_kept`, `size` and `body_sha256` are all
    that is left of the body.
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
    body_kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForward:
    """One request of ours that carried a delivery to a handler, and what came of it.

    `kind`: to a handler (`live`, `replay`), to the home URL (`pass_on`), to a colleague (`copy`).
    `late`: the answer came after the deadline. `headers` and `body` are the endpoint's answer;
    where not `body_kept`, `body` is empty and says nothing.
    """

    url: str
    kind: ForwardKind
    started_at: float
    status: int | None
    ms: float
    error: str | None
    message: str
    late: bool
    headers: tuple[tuple[str, str], ...]
    body: bytes
    body_kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail:
    """Everything that is known of one delivery: as it crossed the wire, and where it went.

    `delivery` has an empty body where none was kept: whoever needs its bytes takes `whole`.
    """

    stored: StoredDelivery
    delivery: Delivery
    forwards: tuple[StoredForward, ...]

    @property
    def whole(self) -> Delivery:
        """The delivery with its body. Raises GooclaimError where the body was not kept."""
        if not self.stored.body_kept:
            raise GooclaimError(
                f"the body of {self.stored.delivery_id} was not kept: only its size"
                f" ({self.stored.size:,} bytes) and its hash are known",
                "in production bodies are kept only where listen is told --keep-bodies",
            )
        return self.delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was pruned. `gone_from_disk`: no file of the history holds its bytes any more."""

    deliveries: int
    total_bytes: int
    gone_from_disk: bool
