"""Claiming an idempotency key: what `keys` decides, read and written inside a transaction."""

import sqlite3
from collections.abc import Callable

from gooclaim_cli.history.keys import Claim, KeyState, KnownKey, decide


class Claims:
    """The claims of one session. `is_gone` tells whether another session no longer runs."""

    def __init__(self, owner: str, is_gone: Callable[[str], bool]) -> None:
        self._owner = owner
        self._is_gone = is_gone

    def claim(
        self,
        connection: sqlite3.Connection,
        *,
        scope: str,
        key: str | None,
        delivery_id: str,
        body_sha256: str,
        now: float,
    ) -> Claim:
        """Judge a delivery and note it. Most keys are new: those cost one statement."""
        claimed = (scope, key, KeyState.IN_FLIGHT.value, self._owner, delivery_id, body_sha256)
        inserted = connection.execute(
            "INSERT OR IGNORE INTO idempotency_key VALUES (?, ?, ?, ?, ?, ?, 1, ?)", (*claimed, now)
        )
        if inserted.rowcount == 1:
            return decide(None, body_sha256=body_sha256, now=now)
        claim = decide(self._known(connection, scope, key), body_sha256=body_sha256, now=now)
        if claim.owns_key:
            connection.execute(
                "REPLACE INTO idempotency_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*claimed, claim.attempt, now),
            )
        else:
            connection.execute(
                "UPDATE idempotency_key SET attempts = ? WHERE scope = ? AND key = ?",
                (claim.attempt, scope, key),
            )
        return claim

    def _known(
        self, connection: sqlite3.Connection, scope: str, key: str | None
    ) -> KnownKey | None:
        row = connection.execute(
            "SELECT state, owner, body_sha256, attempts, updated_at FROM idempotency_key"
            " WHERE scope = ? AND key = ?",
            (scope, key),
        ).fetchone()
        if row is None:
            return None
        state = KeyState(row[0])
        held = state is KeyState.IN_FLIGHT and self._is_running(row[1])
        return KnownKey(state, held, row[2], row[3], row[4])

    def _is_running(self, owner: str) -> bool:
        return owner == self._owner or not self._is_gone(owner)
