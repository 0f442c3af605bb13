"""gooclaim_cli.history: what is stored, and the life of a key, in a real database."""

import asyncio
import hashlib
import sqlite3
from pathlib import Path

import pytest

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.happenings import Disposition
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.records import Outcome
from gooclaim_cli.wire import Delivery

from .support import (
    NOW,
    WEEK,
    answer,
    arrival,
    body_of,
    found,
    ledger_of,
    listed,
    rejected,
    run,
    turns,
)

FRESH, RETRY = Disposition.FRESH, Disposition.RETRY
DUPLICATE, IN_FLIGHT = Disposition.DUPLICATE, Disposition.IN_FLIGHT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite3"


def claim(disposition: Disposition, attempt: int, *, other_body: bool = False) -> Claim:
    return Claim(disposition, attempt, other_body=other_body)


def test_a_delivery_comes_back_as_it_was(path: Path) -> None:
    """Headers in order, body to the byte, and what verifying found."""
    headers = (("X-A", "\xff\x01"), ("x-a", ""), ("X-A", "नमस्ते".encode().decode("latin-1")))
    body = body_of().replace(b"1.50", b'"\\u0000 \xe2\x82\xb9 \\/"')
    given = arrival(body=body, delivery=Delivery(headers, body), received_at=NOW)

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            assert await ledger.take(given, now=NOW) == claim(FRESH, 1)

    run(scenario)
    detail = found(path, given.delivery_id)
    assert detail.delivery == given.delivery
    assert detail.forwards == ()
    (stored,) = listed(path)
    assert stored == detail.stored
    assert (stored.received_at, stored.size) == (NOW, len(body))
    assert stored.body_sha256 == hashlib.sha256(body).hexdigest()
    assert (stored.event_id, stored.event_type) == ("evt_1", "workflow.completed")
    assert (stored.tenant_id, stored.idempotency_key) == ("tnt_xyz", "idem_1")
    assert (stored.attempt, stored.disposition) == (1, "fresh")
    assert (stored.outcome, stored.response_status, stored.reasons) == ("pending", None, ())


def test_a_rejected_delivery_comes_back_too(path: Path) -> None:
    """Its reasons are named once each; it touches no key."""
    given = rejected()

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            ledger.store_rejected(given, status=400)

    run(scenario)
    detail = found(path, given.delivery_id)
    assert detail.delivery == given.delivery
    stored = detail.stored
    assert stored.reasons == ("signature_mismatch", "envelope_invalid")
    assert (stored.disposition, stored.outcome) == ("rejected", "rejected")
    assert (stored.attempt, stored.response_status, stored.event_id) == (0, 400, None)


def test_forwards_come_back_in_order(path: Path) -> None:
    given = arrival()

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            await ledger.take(given, now=NOW)
            ledger.record_forward(given.delivery_id, answer(), started_at=NOW, late=False)
            gone = answer(None, error="connection_refused", message="nothing listens", body=b"")
            ledger.record_forward(
                given.delivery_id, gone, started_at=NOW + 1, late=True, kind="replay"
            )

    run(scenario)
    first, second = found(path, given.delivery_id).forwards
    assert (first.url, first.kind, first.late) == ("http://localhost:3000/hooks", "live", False)
    assert (first.status, first.ms, first.error, first.started_at) == (200, 42.5, None, NOW)
    assert (first.headers, first.body) == (answer().headers, answer().body)
    assert (second.kind, second.late, second.status) == ("replay", True, None)
    assert (second.error, second.message) == ("connection_refused", "nothing listens")


def test_a_long_answer_is_stored_in_part(path: Path) -> None:
    given = arrival()

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            await ledger.take(given, now=NOW)
            long = answer(body=b"x" * 100_000)
            ledger.record_forward(given.delivery_id, long, started_at=NOW, late=False)

    run(scenario)
    (forward,) = found(path, given.delivery_id).forwards
    assert forward.body == b"x" * 65_536


def test_the_life_of_a_key(path: Path) -> None:
    """In flight, failed, retried, processed, and then only duplicates."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first, second = arrival(), arrival()
            assert await ledger.take(first, now=NOW) == claim(FRESH, 1)
            assert await ledger.take(arrival(), now=NOW) == claim(IN_FLIGHT, 2)
            ledger.settle(first, status=500, outcome=Outcome.FAILED, now=NOW)
            assert await ledger.take(second, now=NOW) == claim(RETRY, 3)
            ledger.settle(second, status=204, outcome=Outcome.DELIVERED, now=NOW)
            assert await ledger.take(arrival(), now=NOW) == claim(DUPLICATE, 4)
            assert await ledger.take(arrival(), now=NOW) == claim(DUPLICATE, 5)

    run(scenario)
    states = [(each.outcome, each.response_status, each.attempt) for each in listed(path)]
    assert states[::-1] == [
        ("failed", 500, 1),
        ("pending", None, 2),
        ("delivered", 204, 3),
        ("pending", None, 4),
        ("pending", None, 5),
    ]


@pytest.mark.parametrize("status", [None, 199, 300, 302, 400, 500, 503, 504])
def test_only_a_2xx_processes_a_key(path: Path, status: int | None) -> None:
    """None: the sender hung up before it was answered."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first = arrival()
            await ledger.take(first, now=NOW)
            ledger.settle(first, status=status, outcome=Outcome.FAILED, now=NOW)
            assert (await ledger.take(arrival(), now=NOW)).disposition is RETRY

    run(scenario)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_does(path: Path, status: int) -> None:
    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first = arrival()
            await ledger.take(first, now=NOW)
            ledger.settle(first, status=status, outcome=Outcome.DELIVERED, now=NOW)
            assert (await ledger.take(arrival(), now=NOW)).disposition is DUPLICATE

    run(scenario)


def test_four_at_once(path: Path) -> None:
    """Of deliveries of one key that come together, exactly one owns it."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            claims = await asyncio.gather(*(ledger.take(arrival(), now=NOW) for _ in range(4)))
            assert [each.disposition for each in claims] == [FRESH, *[IN_FLIGHT] * 3]
            assert [each.attempt for each in claims] == [1, 2, 3, 4]

    run(scenario)


@pytest.mark.parametrize("verified", [True, False])
def test_it_says_whether_it_keeps_up(
    path: Path, verified: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for a disk that hangs is held in memory, and should have an end."""
    monkeypatch.setattr("gooclaim_cli.history.ledger._MOST_TO_STORE", 8_000)

    async def scenario() -> None:
        async with ledger_of(path) as ledger:

            async def store(key: str) -> None:
                if verified:
                    await ledger.take(arrival(key), now=NOW)
                else:
                    await ledger.take_unverified(rejected())

            def keeps_up() -> bool:
                return ledger.keeps_up

            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            first = asyncio.create_task(store("first"))
            await turns()
            assert keeps_up()
            second = asyncio.create_task(store("second"))
            await turns()
            assert not keeps_up()
            other.execute("ROLLBACK")
            other.close()
            await asyncio.gather(first, second)
            await turns()
            assert keeps_up()

    run(scenario)


def test_only_the_claimant_settles(path: Path) -> None:
    """What another delivery of the key was answered does not free or process it."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first, second = arrival(), arrival()
            await ledger.take(first, now=NOW)
            await ledger.take(second, now=NOW)
            for status in (503, 200):
                ledger.settle(second, status=status, outcome=Outcome.IN_FLIGHT, now=NOW)
                assert (await ledger.take(arrival(), now=NOW)).disposition is IN_FLIGHT

    run(scenario)


def test_a_late_settlement_does_not_undo_the_retrys(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first, second = arrival(), arrival()
            await ledger.take(first, now=NOW)
            ledger.settle(first, status=504, outcome=Outcome.FAILED, now=NOW)
            await ledger.take(second, now=NOW)
            ledger.settle(second, status=200, outcome=Outcome.DELIVERED, now=NOW)
            ledger.settle(first, status=500, outcome=Outcome.FAILED, now=NOW)
            assert (await ledger.take(arrival(), now=NOW)).disposition is DUPLICATE

    run(scenario)


def test_the_same_key_with_another_body(path: Path) -> None:
    """It is told in every state; a body is compared with that of the last claim."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first = arrival()
            other = arrival(body=body_of(2))
            await ledger.take(first, now=NOW)
            assert await ledger.take(other, now=NOW) == claim(IN_FLIGHT, 2, other_body=True)
            ledger.settle(first, status=500, outcome=Outcome.FAILED, now=NOW)
            third = arrival(body=body_of(2))
            assert await ledger.take(third, now=NOW) == claim(RETRY, 3, other_body=True)
            ledger.settle(third, status=200, outcome=Outcome.DELIVERED, now=NOW)
            assert await ledger.take(arrival(), now=NOW) == claim(DUPLICATE, 4, other_body=True)

    run(scenario)


def test_keys_are_scoped_by_environment_and_tenant(path: Path) -> None:
    """The same key elsewhere is another key; the event id does not matter."""

    async def scenario() -> None:
        elsewhere = body_of().replace(b"tnt_xyz", b"tnt_abc")
        async with ledger_of(path) as ledger, ledger_of(path, environment="sandbox") as other:
            assert (await ledger.take(arrival(), now=NOW)).disposition is FRESH
            assert (await ledger.take(arrival(body=elsewhere), now=NOW)).disposition is FRESH
            assert (await ledger.take(arrival("idem_2"), now=NOW)).disposition is FRESH
            assert (await other.take(arrival(), now=NOW)).disposition is FRESH
            assert (await other.take(arrival(body=body_of(2)), now=NOW)).disposition is IN_FLIGHT

    run(scenario)


def test_another_sessions_claim(path: Path) -> None:
    """It holds while that session runs, and is free once it is gone."""

    async def scenario() -> None:
        async with ledger_of(path, owner="first") as first:
            await first.take(arrival(), now=NOW)
            async with ledger_of(path, owner="second") as second:
                assert (await second.take(arrival(), now=NOW)).disposition is IN_FLIGHT
        async with ledger_of(path, owner="third", gone=("first",)) as third:
            assert await third.take(arrival(), now=NOW) == claim(RETRY, 3)

    run(scenario)


def test_ones_own_claim_is_never_taken_for_a_dead_ones(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path, owner="me", gone=("me",)) as ledger:
            await ledger.take(arrival(), now=NOW)
            assert (await ledger.take(arrival(), now=NOW)).disposition is IN_FLIGHT

    run(scenario)


def test_a_key_is_forgotten_after_seven_days(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            first = arrival()
            await ledger.take(first, now=NOW)
            ledger.settle(first, status=200, outcome=Outcome.DELIVERED, now=NOW)
            assert (await ledger.take(arrival(), now=NOW + WEEK)).disposition is DUPLICATE
            assert await ledger.take(arrival(), now=NOW + WEEK + 1) == claim(FRESH, 1)

    run(scenario)


def test_old_keys_are_dropped_but_those_in_flight(path: Path) -> None:
    """The keys go, the deliveries stay."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            old, young = arrival("old"), arrival("young")
            await ledger.take(arrival("held"), now=NOW)
            for each, now in ((old, NOW), (young, NOW + WEEK)):
                await ledger.take(each, now=now)
                ledger.settle(each, status=200, outcome=Outcome.DELIVERED, now=now)
            ledger.forget_old_keys(NOW + WEEK + 1)

    run(scenario)
    connection = sqlite3.connect(path)
    keys = [row[0] for row in connection.execute("SELECT key FROM idempotency_key ORDER BY key")]
    connection.close()
    assert keys == ["held", "young"]
    assert len(listed(path)) == 3


def test_where_bodies_are_not_kept_their_size_and_hash_are(path: Path) -> None:
    """Not a byte of them is in any file, that of an answer and of a rejected delivery included."""

    async def scenario() -> None:
        async with ledger_of(path, keep_bodies=False) as ledger:
            first, bad = arrival("idem_1"), rejected(delivery=Delivery((), b"not for the disk"))
            await ledger.take(first, now=NOW)
            given = answer(body=b"neither is this")
            ledger.record_forward(first.delivery_id, given, started_at=NOW, late=False)
            empty = answer(204, body=b"")
            ledger.record_forward(first.delivery_id, empty, started_at=NOW, late=False)
            ledger.store_rejected(bad, status=401)
            other = await ledger.take(arrival("idem_1", body=body_of(2)), now=NOW)
            assert other.other_body  # the hash is enough to tell

    run(scenario)
    kept = found(path, "evt_1")
    assert (kept.stored.size, kept.stored.body_kept) == (len(body_of()), False)
    assert kept.stored.body_sha256 == hashlib.sha256(body_of()).hexdigest()
    assert [each.body_kept for each in kept.forwards] == [False, True]
    with pytest.raises(GooclaimError, match="was not kept") as refused:
        _ = kept.whole
    assert "--keep-bodies" in refused.value.hint
    written = b"".join(each.read_bytes() for each in path.parent.iterdir())
    for body in (body_of(), b"not for the disk", b"neither is this"):
        assert body not in written
