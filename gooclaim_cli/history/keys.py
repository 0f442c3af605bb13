"""The life of an idempotency key: in flight, processed, failed.

Pure decisions; `ledger` does the reading and writing inside a transaction.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from gooclaim_cli.happenings import Disposition

KEY_LIFETIME: Final = 7 * 86400.0  # the contract: keys are kept for at least seven days


class KeyState(StrEnum):
    """Where a key is in its life."""

    IN_FLIGHT = "in_flight"
    PROCESSED = "processed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that was seen before. `held`: in flight, and the process that claimed it lives."""

    state: KeyState
    held: bool
    body_sha256: str
    attempts: int
    updated_at: float


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What a delivery may do with its key.

    FRESH and RETRY own the key now and must settle it; DUPLICATE and IN_FLIGHT leave it alone.
    `other_body`: an earlier delivery of the same key had another body.
    """

    disposition: Disposition
    attempt: int
    other_body: bool

    @property
    def owns_key(self) -> bool:
        """Whether this delivery must settle the key."""
        return self.disposition in (Disposition.FRESH, Disposition.RETRY)


def decide(known: KnownKey | None, *, body_sha256: str, now: float) -> Claim:
    """Judge a delivery by what is known of its key. A processed key is forgotten after 7 days."""
    if known is None or (not known.held and now - known.updated_at > KEY_LIFETIME):
        return Claim(Disposition.FRESH, 1, other_body=False)
    if known.held:
        disposition = Disposition.IN_FLIGHT
    elif known.state is KeyState.PROCESSED:
        disposition = Disposition.DUPLICATE
    else:  # failed, or claimed by a process that is gone
        disposition = Disposition.RETRY
    return Claim(disposition, known.attempts + 1, other_body=known.body_sha256 != body_sha256)


def state_after(status: int | None) -> KeyState:
    """What a claimed key is once Gooclaim was answered with this status (None: it hung up)."""
    return KeyState.PROCESSED if status in range(200, 300) else KeyState.FAILED
