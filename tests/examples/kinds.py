"""Which examples there are, what each needs, and how each is told to wait and to fail."""

import importlib.util
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.examples.running import EXAMPLES

Age = Callable[[Path, str, float], None]

LEASE: Final = 10 * 60.0
KEEP: Final = 7 * 24 * 60 * 60.0

# What a test puts into the work: it waits and fails as the event's data tell it to.
_PYTHON: Final = """\
    import pathlib, time

    told = event.data if hasattr(event, "data") else event["data"]
    if "waits_for" in told:
        log.info("waiting")
        while not pathlib.Path(told["waits_for"]).exists():
            time.sleep(0.01)
    if "fails_until" in told and not pathlib.Path(told["fails_until"]).exists():
        raise ValueError("somebody's number is 9876543210")
"""


def _row(table: str, key: str) -> Age:
    """Age a key in a SQLite inbox."""

    def age(folder: Path, value: str, seconds: float) -> None:
        database = sqlite3.connect(folder / "inbox.db")
        statement = f"UPDATE {table} SET due = due - ? WHERE {key} = ?"
        with database:
            assert database.execute(statement, (seconds, value)).rowcount == 1
        database.close()

    return age


_IN_SQLITE: Final = _row("inbox", "key")


@dataclass(frozen=True, slots=True)
class Kind:
    """An example: its heading in the README, and its file with the work.

    `before` is the line there that `trial` is put before. `age` lets seconds pass for a key of the
    inbox in a folder. `modules` and `programs` are what it needs.
    """

    heading: str
    file: str
    before: str
    trial: str = _PYTHON
    age: Age = _IN_SQLITE
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.heading.replace(" ", "-")

    @property
    def missing(self) -> list[str]:
        """What is not installed of what it needs."""
        modules = (name for name in self.modules if importlib.util.find_spec(name) is None)
        return [*modules, *(name for name in self.programs if shutil.which(name) is None)]

    @property
    def folder(self) -> Path:
        """Its own folder."""
        return EXAMPLES / self.file.partition("/")[0]

    def copy(self, to: Path, *, on_trial: bool) -> Path:
        """Copy it, with what is installed for it; returns its folder."""
        source, folder = self.folder, to / "examples" / self.folder.name
        left_out = shutil.ignore_patterns(".venv", "node_modules", "inbox*", "__pycache__")
        shutil.copytree(source, folder, ignore=left_out)
        (folder / ".venv").symlink_to(sys.prefix)
        if (source / "node_modules").exists():
            (folder / "node_modules").symlink_to(source / "node_modules")
        if on_trial:
            work = to / "examples" / self.file
            text = work.read_text("utf-8")
            assert text.count(self.before) == 1
            work.write_text(text.replace(self.before, self.trial + self.before), "utf-8")
        return folder


FASTAPI: Final = Kind(
    "FastAPI",
    "fastapi/handler.py",
    '    log.info("processed',
    modules=("fastapi", "uvicorn"),
)
KINDS: Final = (FASTAPI,)
MAY_SKIP: Final = not os.environ.get("GOOCLAIM_TESTS_SKIP_NOTHING")
