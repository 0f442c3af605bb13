"""The two consoles of a command. NO_COLOR, pipes and widths are rich's to find out."""

import os
import sys
from typing import Final, TextIO

from rich.console import Console

_WIDE: Final = 200  # what goes to a program or a file is not shortened to a terminal's width


def output_console(file: TextIO | None = None) -> Console:
    """Standard output, or what stands in for it."""
    narrow = sys.stdout.isatty() or os.environ.get("COLUMNS")
    width = None if narrow else _WIDE
    return Console(file=file or sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def error_console(file: TextIO | None = None) -> Console:
    """Standard error, or what stands in for it."""
    return Console(file=file or sys.stderr, markup=False, highlight=False, emoji=False)
