"""gooclaim_cli.history.recovery: a damaged file is set aside, and nothing else is."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.reading import Filter, HistoryReader
from gooclaim_cli.history.recovery import open_or_set_aside
from gooclaim_cli.history.schema import MIGRATIONS, open_database
from gooclaim_cli.history.trouble import DamagedError

from .support import NOW, arrival, body_of, found, ledger_of, listed, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history with 300 deliveries."""
    path = tmp_path / "history.db"

    async def scenario() -> None:
        async with ledger_of(path, synchronous="NORMAL") as ledger:
            for number in range(300):
                await ledger.take(arrival(f"idem_{number}", body=body_of(number)), now=NOW)

    run(scenario)
    return path


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(5000))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_oddly(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 100)


def garbage_in_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(content)


def zeros_in_front(path: Path) -> None:
    path.write_bytes(b"\x00" * 4096 + path.read_bytes()[4096:])


DAMAGES = [garbage, cut, cut_oddly, garbage_in_the_middle, zeros_in_front]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_history_is_set_aside_by_a_session(
    path: Path, damage: Callable[[Path], None]
) -> None:
    damage(path)
    content = path.read_bytes()

    async def scenario() -> None:
        async with ledger_of(path) as ledger:
            assert ledger.set_aside is not None
            assert re.fullmatch(r"history\.db\.corrupt-\d{8}T\d{6}Z", ledger.set_aside.name)
            assert ledger.set_aside.read_bytes() == content
            assert (await ledger.take(arrival(), now=NOW)).attempt == 1

    run(scenario)
    assert len(listed(path)) == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_who_reads_is_told_and_changes_nothing(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    content = path.read_bytes()

    def read() -> None:
        with HistoryReader(path) as reader:
            list(reader.details(Filter()))

    with pytest.raises(DamagedError, match="is damaged") as raised:
        read()
    assert str(path) in raised.value.message
    assert "gooclaim listen" in raised.value.hint
    assert path.read_bytes() == content
    assert not list(path.parent.glob("*corrupt*"))


def test_a_row_that_no_session_wrote_so_is_damage(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE delivery SET reasons = '{', headers = '[1]' WHERE event_id = 'evt_7'"
    )
    connection.commit()
    connection.close()
    for looking in (lambda: listed(path), lambda: found(path, "evt_7")):
        with pytest.raises(DamagedError, match="a row cannot be read"):
            looking()


def test_two_in_one_second_have_names_of_their_own(path: Path) -> None:
    names = []
    for _ in range(3):
        path.write_bytes(b"no database")
        connection, aside = open_or_set_aside(path, now=lambda: NOW)
        connection.close()
        names.append(aside.name if aside else "")
    stamp = "history.db.corrupt-20260520T101425Z"
    assert names == [stamp, f"{stamp}-2", f"{stamp}-3"]


def test_sessions_that_start_together_set_one_aside(path: Path) -> None:
    """The second finds what the first has begun."""
    path.write_bytes(b"no database at all" * 1000)
    program = (
        "import pathlib, sys; from gooclaim_cli.history.recovery import open_or_set_aside;"
        "print('here', flush=True); sys.stdin.readline();"
        "c, aside = open_or_set_aside(pathlib.Path(sys.argv[1]));"
        "c.execute('CREATE TABLE IF NOT EXISTS mine (x)');"
        "print('aside' if aside else 'opened')"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "here\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    said = sorted(each.communicate(timeout=30)[0].strip() for each in running)
    assert said == ["aside", "opened", "opened"]
    assert len(list(path.parent.glob("*.corrupt-*"))) == 1


def test_a_sound_history_is_not_set_aside(path: Path) -> None:
    """Nor one of a newer version, or one that another process keeps."""
    connection, aside = open_or_set_aside(path)
    assert aside is None
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StorageError, match="newer gooclaim"):
        open_or_set_aside(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="kept by another process") as raised:
        open_or_set_aside(path)
    assert "end it" in raised.value.hint
    connection.close()
    assert not list(path.parent.glob("*corrupt*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_files_that_others_could_read_are_kept_from_them(path: Path) -> None:
    connection = open_database(path)  # -wal and -shm are there
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    for each in files:
        each.chmod(0o664)
    open_database(path).close()
    assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o600] * 3
    connection.close()
    path.chmod(0o444)
    open_database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_the_first_histories_are_brought_up_to_date_with_every_row(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in filter(str.strip, MIGRATIONS[0].split(";")):
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    connection.executemany(
        "INSERT INTO delivery (delivery_id, scope, received_at, attempt, disposition, outcome,"
        " reasons, size, body_sha256, headers, body)"
        " VALUES (?, 's', ?, 1, 'fresh', 'failed', '[]', 3, 'x', '[]', 'abc')",
        ((f"dlv_{number}", NOW) for number in range(20)),
    )
    before = connection.execute("SELECT * FROM delivery").fetchall()
    connection.close()
    connection = open_database(path)
    after = connection.execute("SELECT * FROM delivery").fetchall()
    assert [row[: len(before[0])] for row in after] == before
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"delivery_by_time", "delivery_by_outcome"} <= names
    connection.close()
