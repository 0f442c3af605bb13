"""Waiting for what another program does, where nothing tells of it: look again and again."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], what: str, *, within: float) -> T:
    """Look until there is something, and return it; an error says what was waited for in vain."""
    end = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:g} s: {what}")
        time.sleep(0.01)
    return found
