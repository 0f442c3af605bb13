"""The reading side of the history: listing and looking up, from any process at any time."""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.history.records import DeliveryDetail, Outcome, StoredDelivery, StoredForward
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.history.trouble import damaged, translated
from gooclaim_cli.wire import Delivery

_COLUMNS: Final = (
    "delivery_id, received_at, event_id, event_type, tenant_id, idempotency_key, attempt,"
    " disposition, outcome, reasons, response_status, size, body_sha256, body_kept"
)
_HIGHEST: Final = "\U0010ffff"
_CUTS: Final = ("…", "...", "~")  # what stands in a shortened id
_SHORTEST_ENDING: Final = 6
_COUNTED: Final = 1000  # what fits: more are not told apart
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list: `event_type` is a glob, `since` UNIX seconds, `limit` None for all."""

    event_type: str | None = None
    outcome: Outcome | None = None
    idempotency_key: str | None = None
    since: float | None = None
    limit: int | None = None

    @property
    def conditions(self) -> tuple[str, list[str | float]]:
        """What is to hold, in SQL, and the values that stand in it as `?`."""
        parts, values = ["1"], list[str | float]()
        if self.event_type is not None:
            parts.append("event_type GLOB ?")
            values.append(self.event_type.replace("[!", "[^"))  # as SQLite has it
        if self.outcome is not None:
            parts.append(f"outcome = '{self.outcome.value}'")  # as the partial index has it
        if self.idempotency_key is not None:
            parts.append("idempotency_key = ?")
            values.append(self.idempotency_key)
        if self.since is not None:
            # Rows are in the order of their arrival, but for a clock that was set back.
            parts.append(
                "id >= (SELECT min(id) FROM delivery INDEXED BY delivery_by_time"
                " WHERE received_at >= ?)"
            )
            parts.append("+received_at >= ?")
            values += [self.since, self.since]
        return " AND ".join(parts), values


class NotInHistoryError(GooclaimError):
    """Nothing in the history is called so."""


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
        where, values = wanted.conditions
        rows = self._query(
            f"SELECT {_COLUMNS} FROM delivery WHERE {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - our own text
            (*values, -1 if wanted.limit is None else wanted.limit),
        )
        return (self._made(_stored, row) for row in rows)

    def details(self, wanted: Filter) -> Iterator[tuple[float, DeliveryDetail]]:
        """Yield deliveries in full, the oldest first, all as they are at the start.

        Each comes with the share of the history that has been gone through, from 0 to 1.
        """
        if self._connection is None:
            return
        where, values = wanted.conditions
        with translated(self._path):
            self._connection.execute("BEGIN")  # a snapshot, until the end
        first, last = next(
            self._query("SELECT (SELECT min(id) FROM delivery), (SELECT max(id) FROM delivery)", ())
        )
        if wanted.limit is not None:
            newest = f"SELECT id FROM delivery WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - our own text
            (start,) = next(self._query(f"SELECT min(id) FROM ({newest})", (*values, wanted.limit)))  # noqa: S608
            if start is None:
                return
            first = start
            where, values = f"id >= ? AND {where}", [start, *values]
        rows = self._query(
            f"SELECT id, {_COLUMNS}, headers, body FROM delivery WHERE {where} ORDER BY id",  # noqa: S608 - our own text
            tuple(values),
        )
        for row in rows:
            share = (row["id"] - first + 1) / (last - first + 1)
            yield share, self._detail(row)

    def find(self, wanted: str) -> DeliveryDetail:
        """Look up by delivery id, event id or idempotency key, whole or the start of one.

        Where nothing begins so, as a list shortens it (`evt_…7F3KX9QA`), or by its ending. Of
        several attempts of one event the newest is taken. Raises NotInHistoryError where nothing
        matches, GooclaimError where a part fits several events.
        """
        ways = [("start", wanted, "")]
        for cut in _CUTS:
            start, found, end = wanted.partition(cut)
            if found and end:
                ways.append(("short form", start, end))
        if len(wanted) >= _SHORTEST_ENDING:
            ways.append(("end", "", wanted))
        for what, start, end in ways:
            for column in ("delivery_id", "event_id", "idempotency_key"):
                names = self._names(column, start, end)
                if len(names) == 1 or wanted in names:
                    return self._newest(column, names[0])
                if names:
                    raise GooclaimError(
                        f"{wanted!r} is the {what} of several ids in the history:"
                        f" {', '.join(names[:3])}",
                        _fit(len(names)),
                    )
        raise NotInHistoryError(
            f"nothing in the history is called {wanted!r}", "gooclaim history lists what there is"
        )

    def _names(self, column: str, start: str, end: str) -> tuple[str, ...]:
        """The first different values that begin and end so, `start` itself before all."""
        where = f"{column} >= ? AND {column} < ?"
        values: list[str | int] = [start, start + _HIGHEST]
        if end:
            where += f" AND substr({column}, {-len(end)}) = ? AND length({column}) >= ?"
            values += [end, len(start + end)]
        rows = self._query(
            f"SELECT DISTINCT {column} FROM delivery"  # noqa: S608 - our own text
            f" WHERE {where} ORDER BY {column} LIMIT {_COUNTED}",
            tuple(values),
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
            stored=self._made(_stored, row),
            delivery=self._made(_delivery, row),
            forwards=tuple(self._made(_forward, each) for each in forwards),
        )

    def _made(self, make: Callable[[sqlite3.Row], T], row: sqlite3.Row) -> T:
        """Make a value of a row. What no session wrote so is damage."""
        try:
            return make(row)
        except (ValueError, TypeError) as error:
            raise damaged(self._path, f"a row cannot be read ({error})") from None

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


def _fit(count: int) -> str:
    """What to do where so many ids fit. Those of one day begin alike."""
    said = f"{count:,} or more" if count >= _COUNTED else f"{count}"
    return f"{said} fit: give more of the id, or its end, as gooclaim history shows it"


def _stored(row: sqlite3.Row) -> StoredDelivery:
    columns = {name: row[name] for name in _COLUMNS.replace(",", "").split()}
    reasons = tuple(json.loads(row["reasons"]))
    return StoredDelivery(**columns | {"reasons": reasons, "body_kept": bool(row["body_kept"])})


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(_headers(row["headers"]), row["body"])


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
        body_kept=bool(row["body_kept"]),
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))
