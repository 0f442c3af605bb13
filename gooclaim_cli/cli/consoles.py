"""The two consoles of a command. NO_COLOR, pipes and widths are rich's to find out."""

import sys

from rich.console import Console


def output_console() -> Console:
    """Standard output."""
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)


def error_console() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, markup=False, highlight=False, emoji=False)
