"""How the history is, looked at without a change."""

import os
import sqlite3
from pathlib import Path

import pytest

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.health import Health, examine
from gooclaim_cli.history.schema import open_database


def test_one_that_is_not_there_yet_is_well(tmp_path: Path) -> None:
    assert examine(tmp_path / "deep" / "history.db") == Health(None)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_whole_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    open_database(path).close()
    before = path.read_bytes()
    found = examine(path)
    assert found.deliveries == 0
    assert found.size >= len(before)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database, but long enough" * 100])
def test_a_damaged_one_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        examine(path)


def test_one_of_a_newer_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StorageError, match="newer version"):
        examine(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may")
def test_one_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    open_database(path).close()
    path.chmod(0o400)
    with pytest.raises(StorageError, match="cannot be written"):
        examine(path)
