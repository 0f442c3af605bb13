"""Ledger: the writing side of the history: deliveries, forwards and idempotency keys.

What must be durable before Gooclaim is answered is awaited; a forward's outcome rides on a later
commit.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from gooclaim_cli.happenings import Disposition, HandlerAnswer
from gooclaim_cli.history.claims import Claims
from gooclaim_cli.history.group_commit import GroupCommit
from gooclaim_cli.history.keys import KEY_LIFETIME, Claim, KeyState
from gooclaim_cli.history.records import ForwardKind, Outcome
from gooclaim_cli.history.recovery import open_or_set_aside
from gooclaim_cli.history.trimming import Trimmer
from gooclaim_cli.wire import Delivery, Verdict

_STORED_ANSWER: Final = 64 * 1024
_OVERHEAD: Final = 4096  # about what a delivery takes beside its body
_LARGEST: Final = 2**63 - 1  # an integer of SQLite's; a sender may declare any length


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to be stored, with what verifying found. `size` is that of the body as it came."""

    delivery_id: str
    received_at: float
    delivery: Delivery
    verdict: Verdict
    idempotency_key: str | None
    size: int


class _Settlements(NamedTuple):
    """What many deliveries were answered: the parameters of two statements."""

    deliveries: list[tuple[int | None, str, str]]
    keys: list[tuple[str, float, str, str | None, str]]


class Ledger:
    """Writes the history of one session. Use from one event loop; `close` writes what is left.

    Keys are scoped by `environment` and the event's tenant; `owner` names this session in the keys
    it claims, `is_gone` tells whether another session is no longer running. `set_aside` is where a
    damaged history was put, None where there was none. Without `keep_bodies`, of a body only its
    size and hash are written. Raises StorageError.
    """

    def __init__(
        self,
        path: Path,
        *,
        environment: str,
        owner: str,
        is_gone: Callable[[str], bool],
        synchronous: str = "FULL",
        keep_bodies: bool = True,
    ) -> None:
        self._environment = environment
        self._keep_bodies = keep_bodies
        self._claims = Claims(owner, is_gone)
        self._trimmer = Trimmer()
        self._settlements: _Settlements | None = None
        connection, self.set_aside = open_or_set_aside(path, synchronous=synchronous)
        self._commits = GroupCommit(connection, path)

    async def take(self, arrival: Arrival, *, now: float) -> Claim:
        """Claim the key and store the delivery, in one transaction, durable on return.

        Raises StorageError: then nothing was stored and nothing may be acknowledged.
        """
        digest = hashlib.sha256(arrival.delivery.body).hexdigest()

        def run(connection: sqlite3.Connection) -> Claim:
            claim = self._claims.claim(
                connection,
                scope=self._scope(arrival),
                key=arrival.idempotency_key,
                delivery_id=arrival.delivery_id,
                body_sha256=digest,
                now=now,
            )
            self._insert(connection, arrival, digest, claim)
            return claim

        return await self._commits.submit(run)

    def store_rejected(self, arrival: Arrival, *, status: int) -> None:
        """Store a delivery that was not verified: it touches no key. Rides on a later commit.

        The oldest of these go for the newest (`trimming`).
        """
        digest = hashlib.sha256(arrival.delivery.body).hexdigest()
        claim = Claim(Disposition.REJECTED, 0, other_body=False)
        size = len(arrival.delivery.body)

        def run(connection: sqlite3.Connection) -> None:
            self._insert(connection, arrival, digest, claim, Outcome.REJECTED, status)
            self._trimmer.stored(connection, size)

        self._commits.enqueue(run, weight=size + _OVERHEAD)

    def store_capture(self, arrival: Arrival) -> None:
        """Store a delivery that came from a file: it touches no key. Rides on a later commit."""
        digest = hashlib.sha256(arrival.delivery.body).hexdigest()
        claim = Claim(Disposition.FRESH, 0, other_body=False)
        self._commits.enqueue(
            lambda connection: self._insert(connection, arrival, digest, claim, Outcome.CAPTURE)
        )

    def settle(self, arrival: Arrival, *, status: int | None, outcome: Outcome, now: float) -> None:
        """Note what Gooclaim was answered (None: it hung up), and free a claimed key."""
        state = KeyState.PROCESSED if status in range(200, 300) else KeyState.FAILED
        key = (state.value, now, self._scope(arrival), arrival.idempotency_key, arrival.delivery_id)
        if self._settlements is None:  # one operation writes all that come before it runs
            self._settlements = settlements = _Settlements([], [])
            self._commits.enqueue(
                lambda connection: self._write_settlements(connection, settlements)
            )
        self._settlements.deliveries.append((status, outcome.value, arrival.delivery_id))
        self._settlements.keys.append(key)

    def _write_settlements(
        self, connection: sqlite3.Connection, settlements: "_Settlements"
    ) -> None:
        if self._settlements is settlements:
            self._settlements = None
        connection.executemany(
            "UPDATE delivery SET response_status = ?, outcome = ? WHERE delivery_id = ?",
            settlements.deliveries,
        )
        connection.executemany(
            "UPDATE idempotency_key SET state = ?, updated_at = ?"
            " WHERE scope = ? AND key = ? AND claimant = ?",
            settlements.keys,
        )

    def record_forward(
        self,
        delivery_id: str,
        answer: HandlerAnswer,
        *,
        started_at: float,
        late: bool,
        kind: ForwardKind = "live",
    ) -> None:
        """Note one forward and its outcome. Of the answer's body, 64 KiB are kept."""
        body, body_kept = self._kept(answer.body[:_STORED_ANSWER])
        row = (
            delivery_id,
            kind,
            answer.url,
            started_at,
            answer.status,
            answer.ms,
            answer.error,
            answer.message,
            late,
            _json(answer.headers),
            body,
            body_kept,
        )
        self._commits.enqueue(
            lambda connection: connection.execute(
                "INSERT INTO forward (delivery_id, kind, url, started_at, status, ms, error,"
                " message, late, headers, body, body_kept)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        )

    def forget_old_keys(self, now: float) -> None:
        """Drop keys that nothing has touched for seven days."""
        self._commits.enqueue(
            lambda connection: connection.execute(
                "DELETE FROM idempotency_key WHERE updated_at < ? AND state <> ?",
                (now - KEY_LIFETIME, KeyState.IN_FLIGHT),
            )
        )

    async def close(self) -> None:
        """Write what is queued and close the file. Raises StorageError if it cannot be written."""
        await self._commits.close()

    def _scope(self, arrival: Arrival) -> str:
        event = arrival.verdict.event
        return f"{self._environment}/{event.tenant_id if event else ''}"

    def _insert(
        self,
        connection: sqlite3.Connection,
        arrival: Arrival,
        digest: str,
        claim: Claim,
        outcome: Outcome = Outcome.PENDING,
        status: int | None = None,
    ) -> None:
        event = arrival.verdict.event
        connection.execute(
            "INSERT INTO delivery (delivery_id, scope, received_at, event_id, event_type,"
            " tenant_id, idempotency_key, attempt, disposition, outcome, reasons,"
            " response_status, size, body_sha256, headers, body, body_kept)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                arrival.delivery_id,
                self._scope(arrival),
                arrival.received_at,
                event.event_id if event else None,
                event.event_type if event else None,
                event.tenant_id if event else None,
                arrival.idempotency_key,
                claim.attempt,
                claim.disposition.value,
                outcome.value,
                _json(list(dict.fromkeys(arrival.verdict.codes))),
                status,
                min(arrival.size, _LARGEST),
                digest,
                _json(arrival.delivery.headers),
                *self._kept(arrival.delivery.body),
            ),
        )

    def _kept(self, body: bytes) -> tuple[bytes, bool]:
        """What is stored of a body, and whether that is all of it."""
        return (body, True) if self._keep_bodies or not body else (b"", False)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
