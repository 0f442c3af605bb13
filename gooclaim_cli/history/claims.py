"""Claiming an idempotency key: what `keys` decides, read and written inside a transaction."""

import sqlite3
from collections.abc import Mapping
from typing import TypeAlias

from gooclaim_cli.history.keys import Claim, KeyState, KnownKey, decide

# scope, key, the state that the claim gives it, the session that claims, its delivery
Claimant: TypeAlias = tuple[str, str | None, str, str, str]


def claim(
    connection: sqlite3.Connection,
    claimant: Claimant,
    *,
    body_sha256: str,
    now: float,
    running: Mapping[str, bool],
) -> Claim | str:
    """Judge a delivery and note it. Most keys are new: those cost one statement.

    `running` says of other sessions whether they run; where that of a key's holder is missing,
    nothing is noted and its name is returned.
    """
    claimed = (*claimant, body_sha256)
    inserted = connection.execute(
        "INSERT OR IGNORE INTO idempotency_key VALUES (?, ?, ?, ?, ?, ?, 1, ?)", (*claimed, now)
    )
    if inserted.rowcount == 1:
        return decide(None, body_sha256=body_sha256, now=now)
    scope, key, _state, owner, _delivery = claimant
    known = _known(connection, scope, key, {**running, owner: True})
    if isinstance(known, str):
        return known
    found = decide(known, body_sha256=body_sha256, now=now)
    if found.owns_key:
        connection.execute(
            "REPLACE INTO idempotency_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*claimed, found.attempt, now),
        )
    else:
        connection.execute(
            "UPDATE idempotency_key SET attempts = ? WHERE scope = ? AND key = ?",
            (found.attempt, scope, key),
        )
    return found


def _known(
    connection: sqlite3.Connection, scope: str, key: str | None, running: Mapping[str, bool]
) -> KnownKey | str | None:
    row = connection.execute(
        "SELECT state, owner, body_sha256, attempts, updated_at FROM idempotency_key"
        " WHERE scope = ? AND key = ?",
        (scope, key),
    ).fetchone()
    if row is None:
        return None
    state, owner = KeyState(row[0]), str(row[1])
    if state is not KeyState.IN_FLIGHT:
        return KnownKey(state, False, *row[2:])
    if owner not in running:
        return owner
    return KnownKey(state, running[owner], *row[2:])
