"""What is told while changes are waited for: to a person, or as JSON lines to a program."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.text import Text

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.render.errors import show_error
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339, write_object
from gooclaim_cli.render.replaying import difference_lines
from gooclaim_cli.render.terminal import fold_width, wrap_words, write_lines


class WatchTeller(Protocol):
    """Is told what happens between shots; times are UNIX seconds."""

    def waiting(self, *, at: float) -> None:
        """A change is waited for."""

    def changed(self, paths: Sequence[Path], *, at: float) -> None:
        """These have changed."""

    def problem(self, error: GooclaimError, *, at: float) -> None:
        """Nothing could be fired."""

    def differs(self, fault: str | None, lines: tuple[str, ...], *, at: float) -> None:
        """How an answer differs from the one before; no lines: not at all."""


class WatchObjects:
    """Notices, and a `difference` an answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def waiting(self, *, at: float) -> None:
        """Write a notice."""
        self._notice("watching", "a change is waited for", "", at=at)

    def changed(self, paths: Sequence[Path], *, at: float) -> None:
        """Write a notice."""
        self._notice("changed", ", ".join(map(str, paths)), "", at=at)

    def problem(self, error: GooclaimError, *, at: float) -> None:
        """Write a notice."""
        self._notice("not_sent", error.message, error.hint, at=at, level="warning")

    def differs(self, fault: str | None, lines: tuple[str, ...], *, at: float) -> None:
        """Write a `difference`."""
        members: dict[str, Any] = {"kind": "difference", "at": rfc3339(at), "fault": fault}
        write_object(members | {"differs": bool(lines), "diff": list(lines)}, self._stream)

    def _notice(
        self, code: str, message: str, hint: str, *, at: float, level: str = "info"
    ) -> None:
        members = {"kind": "notice", "at": rfc3339(at), "level": level, "code": code}
        write_object(members | {"message": message, "hint": hint}, self._stream)


class WatchLines:
    """Lines between what is shown of the shots."""

    def __init__(self, console: Console, errors: Console) -> None:
        self._console = console
        self._errors = errors
        self._told = False

    def waiting(self, *, at: float) -> None:
        """Say once how it ends."""
        if not self._told:
            write_lines(self._console, [Text("Waiting for changes. Ctrl-C ends.", style="bold")])
        self._told = True

    def changed(self, paths: Sequence[Path], *, at: float) -> None:
        """Name them, as they are seen from here."""
        names = ", ".join(visible(_from_here(each)) for each in paths[:3])
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        sentence = f"Changed: {names}{more}"
        lines = wrap_words(sentence, width=fold_width(self._console), hanging="  ")
        write_lines(self._console, [Text(), *(Text(each, style="bold") for each in lines)])

    def problem(self, error: GooclaimError, *, at: float) -> None:
        """Say why nothing was fired."""
        show_error(error, self._errors)

    def differs(self, fault: str | None, lines: tuple[str, ...], *, at: float) -> None:
        """Show a diff; of faults, only of what differs."""
        if fault is not None and lines:
            write_lines(self._console, [Text(f"  {fault}:")])
        if fault is None or lines:
            last = "the answer is the last one"
            write_lines(self._console, list(difference_lines(lines, self._console, same=last)))


def _from_here(path: Path) -> str:
    """A path as it is shortest to read."""
    try:
        return min(os.path.relpath(path), str(path), key=len)
    except ValueError:  # another drive
        return str(path)
