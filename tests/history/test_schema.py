"""gooclaim_cli.history.schema: the file, its permissions, its migrations, several processes."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.history.reading import HistoryReader
from gooclaim_cli.history.schema import MIGRATIONS, open_database

from .support import NOW, arrival, found, ledger_of, listed, run

posix_modes = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "data" / "history.sqlite3"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


@posix_modes
@pytest.mark.parametrize("umask", [0o022, 0o000, 0o077])
def test_only_the_owner_may_read(path: Path, umask: int) -> None:
    """The database, what SQLite puts beside it, and the folder, whatever the umask is."""

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            await ledger.take(arrival(), now=NOW)
            files = {each.name: mode(each) for each in path.parent.iterdir()}
            assert files == dict.fromkeys(
                ("history.sqlite3", "history.sqlite3-wal", "history.sqlite3-shm"), 0o600
            )
            assert mode(path.parent) == 0o700

    before = os.umask(umask)
    try:
        run(scenario)
    finally:
        os.umask(before)


def test_a_fresh_file_has_every_migration(path: Path) -> None:
    open_database(path).close()
    assert version(path) == len(MIGRATIONS)
    open_database(path).close()
    assert version(path) == len(MIGRATIONS)


def test_an_empty_file_becomes_a_history(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    open_database(path).close()
    assert version(path) == len(MIGRATIONS)


def test_a_history_of_before_keeps_every_row(path: Path) -> None:
    """A released migration is never edited: what an earlier version wrote is read as it was."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    for script in MIGRATIONS[:2]:
        connection.executescript(script)
    connection.execute("PRAGMA user_version = 2")
    connection.execute(
        "INSERT INTO delivery VALUES (1, 'dlv_old', 'sandbox/tnt_x', 1.5, 'evt_old', 'x.y',"
        " 'tnt_x', 'idem_old', 1, 'fresh', 'delivered', '[]', 200, 3, 'abc',"
        " '[[\"X-A\",\"1\"]]', x'7b7d0a')"
    )
    connection.execute(
        "INSERT INTO forward VALUES (1, 'dlv_old', 'live', 'http://localhost/', 1.5, 200, 2.5,"
        " NULL, '', 0, '[]', x'00ff')"
    )
    connection.commit()
    connection.close()
    old = found(path, "dlv_old")
    assert (old.stored.event_id, old.stored.body_kept, old.delivery.body) == (
        "evt_old",
        True,
        b"{}\n",
    )
    assert [(each.body, each.body_kept) for each in old.forwards] == [(b"\x00\xff", True)]
    assert version(path) == len(MIGRATIONS)


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_newer_history_is_left_alone(path: Path, journal: str) -> None:
    """It is told with both versions, and no byte of it is changed."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("CREATE TABLE of_the_future (x)")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = path.read_bytes()
    for opening in (open_database, HistoryReader):
        with pytest.raises(StorageError, match="written by a newer gooclaim") as raised:
            opening(path)
        assert f"its schema is {len(MIGRATIONS) + 1}" in raised.value.message
        assert str(path) in raised.value.message
        assert raised.value.hint.startswith("upgrade gooclaim")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_no_database(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="is damaged") as raised:
        open_database(path)
    assert str(path) in raised.value.message
    assert path.read_bytes() == b"no database at all" * 100


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write the history"):
        open_database(tmp_path / "file" / "history.sqlite3")


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        open_database(tmp_path)


def test_a_failed_migration_leaves_nothing(path: Path) -> None:
    """A table that is already there by another's doing: the file stays as it was."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE forward (x)")
    connection.close()
    with pytest.raises(StorageError):
        open_database(path)
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    connection.close()
    assert tables == ["forward"]
    assert version(path) == 0


OPENING = """
import asyncio, pathlib, sys
from tests.history.support import arrival, ledger_of, NOW

async def main(path, name, count):
    print("here", flush=True)
    sys.stdin.readline()
    async with ledger_of(path, owner=name) as ledger:
        for number in range(count):
            given = arrival(f"{name}_{number}", delivery_id=f"dlv_{name}_{number}")
            claim = await ledger.take(given, now=NOW)
            assert claim.attempt == 1, claim
        shared = arrival("shared", delivery_id=f"dlv_{name}_shared")
        print((await ledger.take(shared, now=NOW)).disposition, flush=True)

asyncio.run(main(pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


def test_several_processes_at_once(path: Path) -> None:
    """They open a fresh file together and write together: nothing is lost, one key is one key."""
    names, count = ["a", "b", "c", "d"], 20
    root = Path(__file__).parents[2]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING, str(path), name, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=root,
        )
        for name in names
    ]
    for each in programs:
        assert each.stdout is not None
        assert each.stdout.readline() == "here\n"
    for each in programs:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    ended = [each.communicate(timeout=30) for each in programs]
    assert [error for _, error in ended] == [""] * len(names)
    assert sorted(said.strip() for said, _ in ended) == ["fresh", *["in_flight"] * 3]
    stored = {each.delivery_id for each in listed(path)}
    assert stored == {f"dlv_{name}_{n}" for name in names for n in [*range(count), "shared"]}


def test_two_ledgers_in_one_process(path: Path) -> None:
    async def scenario() -> None:
        async with ledger_of(path, owner="a") as a, ledger_of(path, owner="b") as b:
            for number in range(20):
                for ledger in (a, b):
                    await ledger.take(arrival(f"idem_{number}_{id(ledger)}"), now=NOW)

    run(scenario)
    assert len(listed(path)) == 40


def test_opening_again_keeps_this_process_locks(path: Path) -> None:
    """A database that this process has open is not opened and closed beside SQLite's back.

    POSIX drops all of a process's locks on a file when it closes any descriptor of it.
    """
    probe = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute(sys.argv[2])"
    connection = open_database(path)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError):
        open_database(path, busy_ms=0)
    command = [sys.executable, "-c", probe, str(path), "BEGIN IMMEDIATE"]
    beside = subprocess.run(command, capture_output=True, text=True, check=False)
    connection.close()
    assert "database is locked" in beside.stderr


def test_a_ledger_of_a_database_that_is_locked(path: Path) -> None:
    """What keeps the file for itself for long is told, with the file's name."""
    other = open_database(path)
    other.execute("PRAGMA user_version = 0")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        open_database(path, busy_ms=10)
    other.close()


def test_how_durable_a_commit_is(path: Path) -> None:
    for wanted, number in (("FULL", 2), ("NORMAL", 1)):
        connection = open_database(path, synchronous=wanted)
        assert connection.execute("PRAGMA synchronous").fetchone() == (number,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
        connection.close()


def test_the_ledger_tells_that_its_file_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        Ledger(tmp_path / "file" / "x", environment="d", owner="o", is_gone=lambda _: False)
