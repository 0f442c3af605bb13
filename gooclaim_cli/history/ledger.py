"""Ledger: the writing side of the history: deliveries, forwards and idempotency keys.

What must be durable before Gooclaim is answered is awaited; a forward's outcome rides on a later
commit.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gooclaim_cli.happenings import Disposition, HandlerAnswer
from gooclaim_cli.history.group_commit import GroupCommit
from gooclaim_cli.history.keys import KEY_LIFETIME, Claim, KeyState, KnownKey, decide
from gooclaim_cli.history.records import Outcome
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.wire import Delivery, Verdict

_STORED_ANSWER: Final = 64 * 1024
_LARGEST: Final = 2**63 - 1  # an integer of SQLite's; a sender may declare any length


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery to be stored, with what verifying found. `size` is that of the body as it came."""

    delivery_id: str
    received_at: float
    delivery: Delivery
    verdict: Verdict
    idempotency_key: str | None
    size: int


class Ledger:
    """Writes the history of one session. Use from one event loop; `close` writes what is left.

    Keys are scoped by `environment` and the event's tenant; `owner` names this session in the keys
    it claims, `is_gone` tells whether another session is no longer running.
    """

    def __init__(
        self,
        path: Path,
        *,
        environment: str,
        owner: str,
        is_gone: Callable[[str], bool],
        synchronous: str = "FULL",
    ) -> None:
        self._environment = environment
        self._owner = owner
        self._is_gone = is_gone
        self._commits = GroupCommit(open_database(path, synchronous=synchronous), path)

    async def take(self, arrival: Arrival, *, now: float) -> Claim:
        """Claim the key and store the delivery, in one transaction, durable on return.

        Raises StorageError: then nothing was stored and nothing may be acknowledged.
        """
        digest = hashlib.sha256(arrival.delivery.body).hexdigest()

        def run(connection: sqlite3.Connection) -> Claim:
            claim = self._claim(connection, arrival, digest, now)
            self._insert(connection, arrival, digest, claim)
            return claim

        return await self._commits.submit(run)

    def store_rejected(self, arrival: Arrival, *, status: int) -> None:
        """Store a delivery that was not verified: it touches no key. Rides on a later commit."""
        digest = hashlib.sha256(arrival.delivery.body).hexdigest()
        claim = Claim(Disposition.REJECTED, 0, other_body=False)
        self._commits.enqueue(
            lambda connection: self._insert(
                connection, arrival, digest, claim, Outcome.REJECTED, status
            )
        )

    def settle(self, arrival: Arrival, *, status: int | None, outcome: Outcome, now: float) -> None:
        """Note what Gooclaim was answered (None: it hung up), and free a claimed key."""
        state = KeyState.PROCESSED if status in range(200, 300) else KeyState.FAILED

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE delivery SET response_status = ?, outcome = ? WHERE delivery_id = ?",
                (status, outcome, arrival.delivery_id),
            )
            connection.execute(
                "UPDATE idempotency_key SET state = ?, updated_at = ?"
                " WHERE scope = ? AND key = ? AND claimant = ?",
                (
                    state,
                    now,
                    self._scope(arrival),
                    arrival.idempotency_key,
                    arrival.delivery_id,
                ),
            )

        self._commits.enqueue(run)

    def record_forward(
        self,
        delivery_id: str,
        answer: HandlerAnswer,
        *,
        started_at: float,
        late: bool,
        kind: str = "live",
    ) -> None:
        """Note one forward and its outcome. Of the answer's body, 64 KiB are kept."""
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
            json.dumps(answer.headers),
            answer.body[:_STORED_ANSWER],
        )
        self._commits.enqueue(
            lambda connection: connection.execute(
                "INSERT INTO forward (delivery_id, kind, url, started_at, status, ms, error,"
                " message, late, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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

    def _is_running(self, owner: str) -> bool:
        return owner == self._owner or not self._is_gone(owner)

    def _claim(
        self, connection: sqlite3.Connection, arrival: Arrival, digest: str, now: float
    ) -> Claim:
        scope, key = self._scope(arrival), arrival.idempotency_key
        row = connection.execute(
            "SELECT state, owner, body_sha256, attempts, updated_at FROM idempotency_key"
            " WHERE scope = ? AND key = ?",
            (scope, key),
        ).fetchone()
        known = None
        if row is not None:
            state = KeyState(row[0])
            held = state is KeyState.IN_FLIGHT and self._is_running(row[1])
            known = KnownKey(state, held, row[2], row[3], row[4])
        claim = decide(known, body_sha256=digest, now=now)
        if claim.owns_key:
            connection.execute(
                "INSERT OR REPLACE INTO idempotency_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    scope,
                    key,
                    KeyState.IN_FLIGHT,
                    self._owner,
                    arrival.delivery_id,
                    digest,
                    claim.attempt,
                    now,
                ),
            )
        else:
            connection.execute(
                "UPDATE idempotency_key SET attempts = ? WHERE scope = ? AND key = ?",
                (claim.attempt, scope, key),
            )
        return claim

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
            " response_status, size, body_sha256, headers, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                arrival.delivery_id,
                self._scope(arrival),
                arrival.received_at,
                event.event_id if event else None,
                event.event_type if event else None,
                event.tenant_id if event else None,
                arrival.idempotency_key,
                claim.attempt,
                claim.disposition,
                outcome,
                json.dumps(list(dict.fromkeys(arrival.verdict.codes))),
                status,
                min(arrival.size, _LARGEST),
                digest,
                json.dumps(arrival.delivery.headers),
                arrival.delivery.body,
            ),
        )
