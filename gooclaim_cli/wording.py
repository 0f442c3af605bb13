"""Putting several things into one sentence. Pure."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """Name all: `a`, `a and b`, `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
