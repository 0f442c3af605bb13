"""A delivery as a row of the history: how it is carried to whoever writes it, and inserted.

What is text in the file is made text here, before it is carried: whoever writes has the less to do.
"""

import json
import sqlite3
from typing import Final

import msgspec

from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.records import Outcome

_encode = msgspec.json.Encoder().encode
_INSERT: Final = (
    "INSERT INTO delivery (delivery_id, scope, received_at, event_id, event_type, tenant_id,"
    " idempotency_key, attempt, disposition, outcome, reasons, response_status, size, body_sha256,"
    " headers, body, body_kept)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class DeliveryRow(msgspec.Struct, frozen=True, array_like=True):
    """A delivery without what claiming its key decides. `keeps_body`: not only its hash.

    `reasons` and `headers` are JSON, as `as_json` makes it.
    """

    delivery_id: str
    scope: str
    received_at: float
    event_id: str | None
    event_type: str | None
    tenant_id: str | None
    idempotency_key: str | None
    reasons: str
    size: int
    headers: str
    body: bytes
    keeps_body: bool


def as_json(value: object) -> str:
    """As it is stored. Text that UTF-8 cannot hold stays what it is: its row cannot be written."""
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False)


def insert(
    connection: sqlite3.Connection,
    row: DeliveryRow,
    digest: str,
    found: Claim,
    outcome: Outcome,
    status: int | None,
) -> None:
    """Store a delivery, with what its claim made of it and what it was answered (None: not yet)."""
    connection.execute(
        _INSERT,
        (
            row.delivery_id,
            row.scope,
            row.received_at,
            row.event_id,
            row.event_type,
            row.tenant_id,
            row.idempotency_key,
            found.attempt,
            found.disposition._value_,
            outcome._value_,
            row.reasons,
            status,
            row.size,
            digest,
            row.headers,
            row.body if row.keeps_body else b"",
            row.keeps_body or not row.body,
        ),
    )
