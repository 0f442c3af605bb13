"""gooclaim_cli.history.reading: listing and looking up."""

from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.history.reading import Filter, HistoryReader
from gooclaim_cli.history.records import Outcome

from .support import NOW, arrival, body_of, found, ledger_of, listed, rejected, run


def filled(path: Path, *arrivals: Any) -> Path:
    """A history with these deliveries, in this order."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            for each in arrivals:
                await ledger.take(each, now=NOW)

    run(scenario)
    return path


def event(number: int, *, event_type: str = "workflow.completed", **members: Any) -> Any:
    key = members.pop("key", f"idem_{number}")
    return arrival(key, body=body_of(number, event_type), **members)


def ids(path: Path, **wanted: Any) -> list[str | None]:
    return [each.event_id for each in listed(path, **wanted)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def test_a_history_that_does_not_exist_is_empty(path: Path) -> None:
    """Looking does not make one."""
    assert listed(path) == []
    with pytest.raises(GooclaimError, match="nothing in the history is called 'evt_1'"):
        found(path, "evt_1")
    assert not path.exists()


def test_the_newest_come_first(path: Path) -> None:
    filled(path, *(event(number) for number in range(1, 6)))
    assert ids(path) == ["evt_5", "evt_4", "evt_3", "evt_2", "evt_1"]
    assert ids(path, limit=2) == ["evt_5", "evt_4"]
    assert ids(path, limit=0) == []


def test_there_is_no_hidden_cap(path: Path) -> None:
    filled(path, *(event(number) for number in range(1, 301)))
    assert len(ids(path)) == 300


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("workflow.started", ["evt_1"]),
        ("workflow.*", ["evt_2", "evt_1"]),
        ("*", ["evt_3", "evt_2", "evt_1"]),
        ("*.?ploaded", ["evt_3"]),
        ("workflow.[!s]*", ["evt_2"]),
        ("workflow.[a-c]*", ["evt_2"]),
        ("Workflow.*", []),
        ("workflow", []),
        ("\udcff", []),
    ],
)
def test_event_types_by_pattern(path: Path, pattern: str, expected: list[str]) -> None:
    filled(
        path,
        event(1, event_type="workflow.started"),
        event(2, event_type="workflow.completed"),
        event(3, event_type="pending_docs.uploaded"),
    )
    assert ids(path, event_type=pattern) == expected


def test_filters_go_together(path: Path) -> None:
    """By outcome and time, each alone and all at once."""
    early, late = event(1), event(2, received_at=NOW + 60)

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            for each in (early, late):
                await ledger.take(each, now=NOW)
            ledger.settle(late, status=200, outcome=Outcome.DELIVERED, now=NOW)
            ledger.store_rejected(rejected(received_at=NOW + 60), status=401)

    run(scenario)
    assert ids(path, outcome=Outcome.DELIVERED) == ["evt_2"]
    assert ids(path, outcome=Outcome.PENDING) == ["evt_1"]
    assert ids(path, outcome=Outcome.REJECTED) == [None]
    assert ids(path, since=NOW + 60) == [None, "evt_2"]
    assert ids(path, since=NOW) == [None, "evt_2", "evt_1"]
    assert ids(path, event_type="*", outcome=Outcome.DELIVERED, since=NOW + 60, limit=5) == [
        "evt_2"
    ]
    assert ids(path, event_type="x", outcome=Outcome.DELIVERED) == []


def test_looking_up(path: Path) -> None:
    """By delivery id, event id or idempotency key, whole or in part."""
    one, two = event(31, delivery_id="dlv_abc1"), event(32, delivery_id="dlv_abd2", key="key-2")
    filled(path, one, two)
    for wanted in ("dlv_abc1", "dlv_abc", "evt_31", "idem_31", "idem"):
        assert found(path, wanted).stored.event_id == "evt_31"
    for wanted in ("dlv_abd2", "evt_32", "key-2", "key"):
        assert found(path, wanted).stored.event_id == "evt_32"


def test_a_start_that_fits_several(path: Path) -> None:
    """Some of them are named; a whole id that is the start of others is meant itself."""
    filled(path, *(event(number) for number in (13, 12, 11, 10, 1)))
    with pytest.raises(GooclaimError, match=r"several ids in the history: evt_1, evt_10, evt_11$"):
        found(path, "evt_")
    with pytest.raises(GooclaimError) as raised:
        found(path, "idem_")
    assert raised.value.hint.startswith("5 fit: give more of the id, or its end, ")
    assert found(path, "evt_1").stored.event_id == "evt_1"
    assert found(path, "evt_12").stored.event_id == "evt_12"


@pytest.mark.parametrize(
    "wanted", ["evt_2", "EVT_1", "vt_1", "%", "evt%", "' OR 1=1", "\udcff", "\x00"]
)
def test_what_is_not_there(path: Path, wanted: str) -> None:
    filled(path, event(1))
    with pytest.raises(GooclaimError, match="nothing in the history is called") as raised:
        found(path, wanted)
    assert raised.value.hint


def test_of_several_attempts_the_newest_is_taken(path: Path) -> None:
    filled(path, event(1), event(1), event(1))
    assert found(path, "evt_1").stored.attempt == 3
    assert found(path, "idem_1").stored.attempt == 3


def test_a_whole_id_is_found_behind_many_longer_ones(path: Path) -> None:
    """However many newer ids begin with it."""
    filled(path, event(1), *(event(number) for number in range(1000, 1080)))
    assert found(path, "evt_1").stored.event_id == "evt_1"
    assert found(path, "idem_1").stored.event_id == "evt_1"


def test_many_attempts_do_not_hide_another_event(path: Path) -> None:
    filled(path, event(10), *(event(11) for _ in range(60)))
    with pytest.raises(GooclaimError, match="evt_10, evt_11"):
        found(path, "evt_1")


def test_a_reader_sees_what_is_written_meanwhile(path: Path) -> None:
    """From the same process, while the ledger is open; closing it does not disturb the ledger."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            for number in range(1, 4):
                await ledger.take(event(number), now=NOW)
                assert len(listed(path)) == number
            with HistoryReader(path) as reader:
                before = reader.list(Filter())
                await ledger.take(event(4), now=NOW)
                assert len(list(before)) == 4

    run(scenario)


@pytest.mark.parametrize(
    "wanted", ["evt_…7F3KX9QA", "evt_...7F3KX9QA", "evt_~7F3KX9QA", "3KX9QA", "01K…A", "…7F3KX9QA"]
)
def test_an_id_as_a_list_shortens_it_or_its_ending(path: Path, wanted: str) -> None:
    ulids = ("01KAAAAAAAAAAAAAAA7F3KX9QA", "01JBBBBBBBBBBBBBBBB7F3KX9QB")
    bodies = [body_of(1).replace(b"evt_1", f"evt_{each}".encode()) for each in ulids]
    filled(
        path,
        *(arrival(f"key_{n}", body=each, delivery_id=f"dlv_{n}") for n, each in enumerate(bodies)),
    )
    if wanted == "01K…A":  # nothing is called so: ids have a prefix
        with pytest.raises(GooclaimError, match="nothing in the history"):
            found(path, wanted)
    else:
        assert found(path, wanted).stored.event_id == f"evt_{ulids[0]}"


def test_an_ending_that_fits_several_or_is_too_short(path: Path) -> None:
    """What begins as typed goes before what ends so."""
    filled(path, event(1, key="abcdef-1"), event(2, key="2-abcdef"), event(3, key="3-abcdef-9"))
    filled(path, event(4, key="4-abcdef-9"))
    assert found(path, "abcdef").stored.event_id == "evt_1"
    with pytest.raises(GooclaimError, match="is the end of several ids in the history: 3-a"):
        found(path, "abcdef-9")
    with pytest.raises(GooclaimError, match="is the short form of several"):
        found(path, "…def-9")
    with pytest.raises(GooclaimError, match="nothing in the history"):
        found(path, "def-9")
    with pytest.raises(GooclaimError, match="nothing in the history"):
        found(path, "4-abcdef…abcdef-9")  # overlapping


def test_since_is_exact_also_when_the_clock_was_set_back(path: Path) -> None:
    filled(
        path,
        *(event(n, received_at=NOW + at) for n, at in ((1, 0), (2, 100), (3, -50), (4, 60))),
    )
    assert ids(path, since=NOW) == ["evt_4", "evt_2", "evt_1"]
    assert ids(path, since=NOW + 60, limit=1) == ["evt_4"]
    assert ids(path, since=NOW + 101) == []


def test_all_in_full_with_the_oldest_first(path: Path) -> None:
    """One state of the history, also while more comes; the newest so many where a limit is set."""
    filled(path, *(event(number) for number in range(1, 6)))
    with HistoryReader(path) as reader:
        details = reader.details(Filter())
        share, first = next(details)
        filled(path, event(6))
        rest = list(details)
    assert (share, first.stored.event_id) == (0.2, "evt_1")
    assert [each.stored.event_id for _, each in rest] == [f"evt_{n}" for n in range(2, 6)]
    assert rest[-1][0] == 1.0
    with HistoryReader(path) as reader:
        newest = [each.stored.event_id for _, each in reader.details(Filter(limit=2))]
    assert newest == ["evt_5", "evt_6"]
    for wanted in (Filter(limit=0), Filter(event_type="no"), Filter(event_type="no", limit=3)):
        with HistoryReader(path) as reader:
            assert list(reader.details(wanted)) == []
    with HistoryReader(path.with_name("none")) as reader:
        assert list(reader.details(Filter())) == []
