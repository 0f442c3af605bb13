"""Renderer: whoever shows a session's happenings, to a person or to a program."""

from typing import Protocol

from gooclaim_cli.happenings import Happening


class Renderer(Protocol):
    """Is told what happened, one value at a time, and asks nothing."""

    def show(self, happening: Happening) -> None:
        """Show one happening. An OSError of the stream (a closed pipe) goes through."""

    def flush(self) -> None:
        """Pass on what was shown, at the latest now. An OSError of the stream goes through."""
