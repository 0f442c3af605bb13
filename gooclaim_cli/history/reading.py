"""The reading side of the history: listing and looking up, from any process at any time."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.history.records import DeliveryDetail, Outcome, StoredDelivery, StoredForward
from gooclaim_cli.history.schema import open_database, translated
from gooclaim_cli.wire import Delivery

_COLUMNS: Final = (
    "delivery_id, received_at, event_id, event_type, tenant_id, idempotency_key, attempt,"
    " disposition, outcome, reasons, response_status, size, body_sha256"
)
_HIGHEST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list: `event_type` is a glob, `since` UNIX seconds, `limit` None for all."""

    event_type: str | None = None
    outcome: Outcome | None = None
    since: float | None = None
    limit: int | None = None


class HistoryReader:
    """Looks things up; a context manager. A history that does not exist yet is an empty one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_database(path) if path.exists() else None

    def __enter__(self) -> "HistoryReader":
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def list(self, wanted: Filter) -> Iterator[StoredDelivery]:
        """Yield deliveries, the newest first."""
        pattern = wanted.event_type and wanted.event_type.replace("[!", "[^")  # as SQLite has it
        conditions = [
            (sql, value)
            for sql, value in (
                ("event_type GLOB ?", pattern),
                ("outcome = ?", wanted.outcome),
                ("received_at >= ?", wanted.since),
            )
            if value is not None
        ]
        where = f"WHERE {' AND '.join(sql for sql, _ in conditions)} " if conditions else ""
        limit = -1 if wanted.limit is None else wanted.limit
        rows = self._query(
            f"SELECT {_COLUMNS} FROM delivery {where}ORDER BY id DESC LIMIT ?",  # noqa: S608 - our own text
            (*(value for _, value in conditions), limit),
        )
        return map(_stored, rows)

    def find(self, wanted: str) -> DeliveryDetail:
        """Look up by delivery id, event id or idempotency key, whole or the start of one.

        Of several attempts of one event the newest is taken. Raises GooclaimError where nothing
        matches, or where the start fits several events.
        """
        for column in ("delivery_id", "event_id", "idempotency_key"):
            names = self._names(column, wanted)
            if len(names) == 1 or wanted in names:
                return self._newest(column, names[0])
            if names:
                raise GooclaimError(
                    f"{wanted!r} is the start of several ids in the history: {', '.join(names)}",
                    "give more of the id",
                )
        raise GooclaimError(
            f"nothing in the history is called {wanted!r}", "gooclaim history lists what there is"
        )

    def _names(self, column: str, start: str) -> tuple[str, ...]:
        """The first few different values that begin with `start`, itself before all others."""
        rows = self._query(
            f"SELECT DISTINCT {column} FROM delivery"  # noqa: S608 - our own text
            f" WHERE {column} >= ? AND {column} < ? ORDER BY {column} LIMIT 3",
            (start, start + _HIGHEST),
        )
        return tuple(row[column] for row in rows)

    def _newest(self, column: str, name: str) -> DeliveryDetail:
        (row,) = self._query(
            f"SELECT {_COLUMNS}, headers, body FROM delivery"  # noqa: S608 - our own text
            f" WHERE {column} = ? ORDER BY id DESC LIMIT 1",
            (name,),
        )
        return self._detail(row)

    def _detail(self, row: sqlite3.Row) -> DeliveryDetail:
        forwards = self._query(
            "SELECT * FROM forward WHERE delivery_id = ? ORDER BY id", (row["delivery_id"],)
        )
        return DeliveryDetail(
            stored=_stored(row),
            delivery=Delivery(_headers(row["headers"]), row["body"]),
            forwards=tuple(map(_forward, forwards)),
        )

    def _query(self, sql: str, values: tuple[Any, ...]) -> Iterator[sqlite3.Row]:
        if self._connection is None:
            return
        with translated(self._path):
            cursor = self._connection.cursor()
            cursor.row_factory = sqlite3.Row
            with contextlib.suppress(UnicodeEncodeError):  # lone surrogates: nothing is called so
                # Neither closed nor delegated to: who stops reading may have closed the connection.
                for row in cursor.execute(sql, values):  # noqa: UP028
                    yield row


def _stored(row: sqlite3.Row) -> StoredDelivery:
    columns = {name: row[name] for name in _COLUMNS.replace(",", "").split()}
    return StoredDelivery(**columns | {"reasons": tuple(json.loads(row["reasons"]))})


def _forward(row: sqlite3.Row) -> StoredForward:
    return StoredForward(
        url=row["url"],
        kind=row["kind"],
        started_at=row["started_at"],
        status=row["status"],
        ms=row["ms"],
        error=row["error"],
        message=row["message"],
        late=bool(row["late"]),
        headers=_headers(row["headers"]),
        body=row["body"],
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))
