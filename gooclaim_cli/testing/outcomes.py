"""What became of an event that the sandbox was asked to send: waiting for it, without sleeping."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gooclaim_cli.sandbox import OutboundDelivery

OUTCOME_WITHIN: Final = 10.0
_PENDING: Final = "pending"


class Progress:
    """Wakes whoever waits for a delivery to go on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def note(self, _delivery: "OutboundDelivery") -> None:
        """Something has happened to a delivery."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    @property
    def count(self) -> int:
        """How often something has happened."""
        return self._count

    def wait_beyond(self, count: int, *, within: float) -> None:
        """Wait until more than `count` has happened, `within` seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > count, max(0.0, within))


@dataclass(frozen=True, slots=True)
class EmittedEvent:
    """An event that the sandbox was asked to send."""

    _deliveries: "Callable[[], tuple[OutboundDelivery, ...]]" = field(repr=False)
    _progress: Progress = field(repr=False)
    event_id: str
    event_type: str
    idempotency_key: str

    def outcome(self, *, within: float = OUTCOME_WITHIN) -> "OutboundDelivery":
        """Wait until it is delivered or given up, and return it with its attempts.

        `within` is in seconds. Raises TimeoutError. An event that is delivered twice has ended when
        both have, and the first is returned.
        """
        __tracebackhide__ = True
        until = time.monotonic() + within
        while True:
            seen = self._progress.count
            mine = [each for each in self._deliveries() if each.event_id == self.event_id]
            if mine and all(each.state != _PENDING for each in mine):
                return mine[0]
            if time.monotonic() >= until:
                raise TimeoutError(_unfinished(self, mine, within))
            self._progress.wait_beyond(seen, within=until - time.monotonic())


def _unfinished(
    event: EmittedEvent, deliveries: "Sequence[OutboundDelivery]", within: float
) -> str:
    attempts = [
        f"attempt {each.number}: {each.status if each.error is None else each.error}"
        for delivery in deliveries
        for each in delivery.attempts
    ]
    told = "; ".join(attempts) or "no attempt has ended"
    return f"{event.event_type} {event.event_id} was still under way after {within:g} s: {told}"
