"""Our own mistakes: a report file instead of a traceback.

The report names places in the code and types of errors; it holds no value, since a value could be
a secret or somebody's data.
"""

import contextlib
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from gooclaim_cli import __version__
from gooclaim_cli.errors import ExitCode


def report_bug(error: BaseException, *, show: bool = False) -> ExitCode:
    """Write the report, say where it is, and return the exit code.

    With `show` the whole traceback goes to stderr, values and all.
    """
    where = _file(describe(error))
    with contextlib.suppress(OSError):  # nobody reads it: the exit code is left
        sys.stderr.write(
            f"error: this is a fault of gooclaim itself ({type(error).__name__})\n"
            f"  {where}; please send it to Gooclaim's developer support\n"
            "  to see more, put --debug before the command: gooclaim --debug ...\n"
        )
        if show:
            traceback.print_exception(error)
    return ExitCode.BUG


class BugReports:
    """Reports of a program that goes on after a fault: a file for each kind of fault, once.

    With `show` each fault's whole traceback goes to stderr, values and all.
    """

    def __init__(self, *, show: bool = False) -> None:
        self._show = show
        self._known: dict[str, str] = {}

    def report(self, error: BaseException) -> str:
        """Write the report, unless there is one of the same places; say where it is."""
        text = describe(error)
        if text not in self._known:
            self._known[text] = _file(text)
        if self._show:
            with contextlib.suppress(OSError):
                traceback.print_exception(error)
        return f"{self._known[text]}; please send it to Gooclaim's developer support"


def _file(text: str) -> str:
    """Write a report and say where it is, or that it could not be written."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="gooclaim-bug-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError:
        return "no report could be written"
    return f"a report without any data is in {Path(file.name)}"


def describe(error: BaseException) -> str:
    """The report: versions, and the chain of errors with their places, without messages."""
    head = f"gooclaim {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return "\n".join([head, *_links(error)]) + "\n"


def _links(error: BaseException) -> Iterator[str]:
    """The places of an error, of those in its group, and of those that led to it."""
    link: BaseException | None = error
    while link is not None:
        yield f"{type(link).__module__}.{type(link).__qualname__}"
        for frame in traceback.extract_tb(link.__traceback__):
            yield f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}"
        if isinstance(link, BaseExceptionGroup):
            for member in link.exceptions:
                yield from _links(member)
        link = link.__cause__ or link.__context__
