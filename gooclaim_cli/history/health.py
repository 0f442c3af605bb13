"""How the history's file is, looked at without changing anything."""

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.schema import MIGRATIONS
from gooclaim_cli.history.trouble import damaged, translated


@dataclass(frozen=True, slots=True)
class Health:
    """`deliveries` None: there is no history yet. `size` is in bytes, with the write-ahead log."""

    deliveries: int | None
    size: int = 0


def examine(path: Path) -> Health:
    """Look at a history. Raises StorageError: damaged, of a newer version, or not to be written."""
    folder = next(each for each in path.parents if each.exists())
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise StorageError(
            f"the history {path} cannot be written", "make the file and its folder writable"
        )
    if not path.exists():
        return Health(None)
    read_only = f"{path.as_uri()}?mode=ro"
    with translated(path), contextlib.closing(sqlite3.connect(read_only, uri=True)) as db:
        ((version,),) = db.execute("PRAGMA user_version")
        if version > len(MIGRATIONS):
            raise StorageError(
                f"the history {path} is of a newer version of gooclaim", "update gooclaim"
            )
        ((verdict,),) = db.execute("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise damaged(path, verdict)
        ((count,),) = db.execute("SELECT count(*) FROM delivery")
    files = (path.with_name(path.name + suffix) for suffix in ("", "-wal"))
    return Health(count, sum(file.stat().st_size for file in files if file.exists()))
