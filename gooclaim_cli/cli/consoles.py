"""The two consoles of a command. NO_COLOR, pipes and widths are rich's to find out."""

import os
import sys
from typing import Final

from rich.console import Console

_WIDE: Final = 200  # what goes to a program or a file is not shortened to a terminal's width


def output_console() -> Console:
    """Standard output."""
    narrow = sys.stdout.isatty() or os.environ.get("COLUMNS")
    width = None if narrow else _WIDE
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def error_console() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, markup=False, highlight=False, emoji=False)
