"""Which examples there are, what each needs, and how each is told to wait and to fail."""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.examples.inboxes import FileInbox, Inbox, SqliteInbox
from tests.examples.running import EXAMPLES

LEASE: Final = 10 * 60.0
KEEP: Final = 7 * 24 * 60 * 60.0

# What a test puts into the work: it waits and fails as the event's data tell it to.
_PYTHON: Final = """\
    import pathlib
    import time

    told = event.data if hasattr(event, "data") else event["data"]
    if "waits_for" in told:
        log.info("waiting for %s", told["waits_for"])
        while not pathlib.Path(told["waits_for"]).exists():
            time.sleep(0.01)
    if "fails_until" in told and not pathlib.Path(told["fails_until"]).exists():
        raise ValueError("somebody's number is 9876543210")
"""


_TABLE: Final = SqliteInbox()


@dataclass(frozen=True, slots=True)
class Kind:
    """An example: its heading in the README, and its file with the work.

    `before` is the line there that `trial` is put before. `modules` (Python's), `packages` (Node's)
    and `programs` are what it needs.
    """

    heading: str
    file: str
    before: str
    trial: str = _PYTHON
    inbox: Inbox = _TABLE
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.heading.replace(" ", "-")

    @property
    def missing(self) -> list[str]:
        """What is not installed of what it needs."""
        if sys.platform == "win32":
            return ["a shell, which the README's commands are for,"]
        modules = (name for name in self.modules if importlib.util.find_spec(name) is None)
        installed = self.folder / "node_modules"
        packages = (name for name in self.packages if not (installed / name).exists())
        programs = (name for name in self.programs if shutil.which(name) is None)
        return [*modules, *packages, *programs]

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


_JAVASCRIPT: Final = """\
  const { existsSync } = await import("node:fs");
  const told = event.data;
  if (told.waits_for) log("waiting for", told.waits_for);
  while (told.waits_for && !existsSync(told.waits_for)) await breathe();
  if (told.fails_until && !existsSync(told.fails_until)) {
    throw new Error("somebody's number is 9876543210");
  }
"""
_JAVA: Final = """\
        Map<?, ?> told = (Map<?, ?>) event.get("data");
        if (told.get("waits_for") instanceof String gate) {
            log("waiting for %s", gate);
            while (!Files.exists(Path.of(gate))) {
                Thread.sleep(10);
            }
        }
        if (told.get("fails_until") instanceof String file && !Files.exists(Path.of(file))) {
            throw new IllegalStateException("somebody's number is 9876543210");
        }
"""


FASTAPI: Final = Kind(
    "FastAPI",
    "fastapi/handler.py",
    '    log.info("processed',
    modules=("fastapi", "uvicorn"),
)
FLASK: Final = Kind(
    "Flask",
    "flask/handler.py",
    '    log.info("processed',
    modules=("flask", "gunicorn"),
)
DJANGO: Final = Kind(
    "Django",
    "django/gooclaim_inbox/management/commands/process_events.py",
    '    log.info("processed',
    inbox=SqliteInbox("gooclaim_inbox_delivery"),
    modules=("django", "gunicorn"),
)
EXPRESS: Final = Kind(
    "Express",
    "express/handler.js",
    '  log("processed',
    trial=_JAVASCRIPT,
    packages=("express", "better-sqlite3"),
    programs=("node",),
)
JAVA: Final = Kind(
    "Java",
    "java/Handler.java",
    '        log("processed',
    trial=_JAVA,
    inbox=FileInbox(),
    programs=("java", "javac"),
)
KINDS: Final = (FASTAPI, FLASK, DJANGO, EXPRESS, JAVA)
MAY_SKIP: Final = not os.environ.get("GOOCLAIM_TESTS_SKIP_NOTHING")
