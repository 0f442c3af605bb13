"""A disk without room: what waits is told, nothing is claimed, and all goes on when there is room.

SQLite is told that the file may not grow: for it, that is a full disk.
"""

from pathlib import Path

import pytest

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.here import Here
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.history.records import Outcome

from .support import NOW, answer, arrival, body_of, found, ledger_of, listed, rejected, run


def allow(ledger: Ledger, pages: int) -> None:
    """Let the file grow to so many pages, or not beyond what it has."""
    writer = ledger._commits._writer
    assert isinstance(writer, Here)
    writer._store.connection.execute(f"PRAGMA max_page_count = {pages}")


def test_what_was_not_stored_is_free_for_the_retry(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    large = body_of().replace(b"1.50", b'"' + b"x" * 100_000 + b'"')

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first = arrival("first")
            await ledger.take(first, now=NOW)
            allow(ledger, 1)
            refused = arrival("idem", body=large)
            with pytest.raises(StorageError, match="full") as raised:
                await ledger.take(refused, now=NOW)
            assert "make room" in raised.value.hint
            ledger.settle(refused, status=503, outcome=Outcome.FAILED, now=NOW)
            ledger.store_rejected(rejected(), status=401)
            allow(ledger, 1_000_000)
            claim = await ledger.take(arrival("idem", body=large), now=NOW)
            assert (claim.disposition, claim.attempt) == ("fresh", 1)

    run(scenario)
    assert sum(each.idempotency_key == "idem" for each in listed(path)) == 1


def test_what_may_wait_is_written_when_there_is_room(tmp_path: Path) -> None:
    """The outcome of a forward is kept until then."""
    path = tmp_path / "history.db"
    first = arrival("first")

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            await ledger.take(first, now=NOW)
            allow(ledger, 1)
            long = answer(body=b"x" * 60_000)
            ledger.record_forward(first.delivery_id, long, started_at=NOW, late=False)
            with pytest.raises(StorageError):
                await ledger.take(arrival("second"), now=NOW)
            allow(ledger, 1_000_000)
            ledger.settle(first, status=200, outcome=Outcome.DELIVERED, now=NOW)

    run(scenario)
    detail = found(path, first.delivery_id)
    assert (detail.stored.outcome, len(detail.forwards)) == ("delivered", 1)
