"""Operations: each change of the history as a value that can be carried to whoever writes it.

An operation runs inside a transaction of its writer's (`writing`); what it
returns is its result, what it raises sinks it alone.
"""

import sqlite3
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol, TypeAlias

import msgspec

from gooclaim_cli.happenings import Disposition
from gooclaim_cli.history.claims import claim
from gooclaim_cli.history.keys import KEY_LIFETIME, Claim, KeyState, state_after
from gooclaim_cli.history.records import Outcome, outcome_of
from gooclaim_cli.history.rows import DeliveryRow, insert
from gooclaim_cli.history.trimming import Trimmer

_REJECTED: Final = Claim(Disposition.REJECTED, 0, other_body=False)
_UNTOUCHED: Final = Claim(Disposition.FRESH, 0, other_body=False)


@dataclass(slots=True)
class Store:
    """An open history, as a writer has it."""

    connection: sqlite3.Connection
    trimmer: Trimmer = field(default_factory=Trimmer)


class Operation(Protocol):
    """What a writer runs."""

    def run(self, store: Store) -> object:
        """Make the change; return what whoever waits for it is to know."""


class HeldBy(msgspec.Struct, frozen=True, array_like=True, tag="held"):
    """The key is in flight with a session that may have ended: nothing is done yet."""

    owner: str


class Claimed(msgspec.Struct, frozen=True, array_like=True, tag="claimed"):
    """The delivery is stored, and this is what it may do with its key."""

    claim: Claim


class Take(msgspec.Struct, frozen=True, array_like=True, tag="take"):
    """Claim a key and store the delivery.

    `answer` is the status that Gooclaim will be told whatever becomes of the key, where that is
    known already: the delivery is settled with it at once. `shown` is what `outcome_of` asks.
    `running` says of other sessions whether they run.
    """

    row: DeliveryRow
    owner: str
    now: float
    answer: int | None
    shown: bool
    running: dict[str, bool]

    def run(self, store: Store) -> Claimed | HeldBy:
        """Claim and insert."""
        row, digest = self.row, sha256(self.row.body).hexdigest()
        state = KeyState.IN_FLIGHT if self.answer is None else state_after(self.answer)
        found = claim(
            store.connection,
            (row.scope, row.idempotency_key, state.value, self.owner, row.delivery_id),
            body_sha256=digest,
            now=self.now,
            running=self.running,
        )
        if isinstance(found, str):
            return HeldBy(found)
        status, outcome = self.answer, Outcome.PENDING
        if found.disposition is Disposition.IN_FLIGHT:
            status = None
        if status is not None:
            outcome = outcome_of(found.disposition, status, shown=self.shown)
        insert(store.connection, row, digest, found, outcome, status)
        return Claimed(found)


class StoreRejected(msgspec.Struct, frozen=True, array_like=True, tag="rejected"):
    """Store a delivery that was not verified: it touches no key. `status` None: unanswered yet."""

    row: DeliveryRow
    status: int | None

    def run(self, store: Store) -> None:
        """Insert it; the oldest of these go for the newest."""
        digest = sha256(self.row.body).hexdigest()
        insert(store.connection, self.row, digest, _REJECTED, Outcome.REJECTED, self.status)
        store.trimmer.stored(store.connection, len(self.row.body))


class StoreCapture(msgspec.Struct, frozen=True, array_like=True, tag="capture"):
    """Store a delivery that came from a file: it touches no key."""

    row: DeliveryRow

    def run(self, store: Store) -> None:
        """Insert it."""
        digest = sha256(self.row.body).hexdigest()
        insert(store.connection, self.row, digest, _UNTOUCHED, Outcome.CAPTURE, None)


class Settle(msgspec.Struct, frozen=True, array_like=True, tag="settle"):
    """Note what Gooclaim was answered (None: it hung up), and free a claimed key."""

    delivery_id: str
    scope: str
    idempotency_key: str | None
    status: int | None
    outcome: str
    now: float

    def run(self, store: Store) -> None:
        """Update the delivery; the key only where this delivery still has the claim."""
        store.connection.execute(
            "UPDATE delivery SET response_status = ?, outcome = ? WHERE delivery_id = ?",
            (self.status, self.outcome, self.delivery_id),
        )
        store.connection.execute(
            "UPDATE idempotency_key SET state = ?, updated_at = ?"
            " WHERE scope = ? AND key = ? AND claimant = ?",
            (
                state_after(self.status).value,
                self.now,
                self.scope,
                self.idempotency_key,
                self.delivery_id,
            ),
        )


class RecordForward(msgspec.Struct, frozen=True, array_like=True, tag="forward"):
    """Note one request of ours that carried a delivery, and its outcome; headers `as_json`."""

    delivery_id: str
    kind: str
    url: str
    started_at: float
    status: int | None
    ms: float
    error: str | None
    message: str
    late: bool
    headers: str
    body: bytes
    body_kept: bool

    def run(self, store: Store) -> None:
        """Insert it."""
        store.connection.execute(
            "INSERT INTO forward (delivery_id, kind, url, started_at, status, ms, error, message,"
            " late, headers, body, body_kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.delivery_id,
                self.kind,
                self.url,
                self.started_at,
                self.status,
                self.ms,
                self.error,
                self.message,
                self.late,
                self.headers,
                self.body,
                self.body_kept,
            ),
        )


class ForgetKeys(msgspec.Struct, frozen=True, array_like=True, tag="forget"):
    """Drop keys that nothing has touched for seven days."""

    now: float

    def run(self, store: Store) -> None:
        """Delete all but those in flight."""
        store.connection.execute(
            "DELETE FROM idempotency_key WHERE updated_at < ? AND state <> ?",
            (self.now - KEY_LIFETIME, KeyState.IN_FLIGHT.value),
        )


class Nothing(msgspec.Struct, frozen=True, array_like=True, tag="nothing"):
    """Change nothing: whoever waits for it waits for all that was queued before."""

    def run(self, store: Store) -> None:
        """Do nothing."""


class Unwritable(msgspec.Struct, frozen=True, array_like=True, tag="unwritable"):
    """Stands for an operation with text that UTF-8 cannot hold."""

    reason: str

    def run(self, store: Store) -> None:
        """Fail, alone."""
        raise ValueError(self.reason)


Carried: TypeAlias = (
    Take | StoreRejected | StoreCapture | Settle | RecordForward | ForgetKeys | Nothing | Unwritable
)
Result: TypeAlias = Claimed | HeldBy | None
