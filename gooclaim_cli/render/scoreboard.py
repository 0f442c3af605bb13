"""Who shows what was fired, volley by volley: to a person, or as JSON lines to a program."""

import time
from collections.abc import Sequence
from typing import Protocol, TextIO

from rich.console import Console

from gooclaim_cli.firing.range import Fired
from gooclaim_cli.render import firing
from gooclaim_cli.render.json_lines import write_object


class Scoreboard(Protocol):
    """Is told what was fired, and asks nothing. An OSError of the stream goes through."""

    def show(self, volley: Sequence[Fired]) -> None:
        """Show what became of a volley."""

    def end(self, volleys: Sequence[Sequence[Fired]]) -> None:
        """Show what all of them came to."""


class JsonScoreboard:
    """One object a request, then a summary."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, volley: Sequence[Fired]) -> None:
        """Write an object for each request."""
        for fired in volley:
            write_object(firing.forward_object(fired), self._stream)

    def end(self, volleys: Sequence[Sequence[Fired]]) -> None:
        """Write the summary."""
        fired = [each for volley in volleys for each in volley]
        write_object(firing.summary_object(fired, at=time.time()), self._stream)


class FullScoreboard:
    """Each request in full. `attempts` is how often Gooclaim tries."""

    def __init__(self, console: Console, attempts: int) -> None:
        self._console = console
        self._attempts = attempts

    def show(self, volley: Sequence[Fired]) -> None:
        """Write some lines a request."""
        for fired in volley:
            firing.show_fired(fired, self._console, attempts=self._attempts)

    def end(self, volleys: Sequence[Sequence[Fired]]) -> None:
        """All is said."""


class AttemptScoreboard(FullScoreboard):
    """One event that is tried again and again: a line an attempt."""

    def show(self, volley: Sequence[Fired]) -> None:
        """Write a line; before the first, what is sent where."""
        for fired in volley:
            if fired.attempt == 1:
                firing.show_sample(fired, self._console)
            firing.show_attempt(fired, self._console, attempts=self._attempts)


class TableScoreboard:
    """Many faults: a line each."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = False

    def show(self, volley: Sequence[Fired]) -> None:
        """Write a line; before the first, the heading."""
        if not self._begun:
            firing.show_heading(volley[0], self._console)
        self._begun = True
        firing.show_row(volley, self._console)

    def end(self, volleys: Sequence[Sequence[Fired]]) -> None:
        """Write how many held."""
        firing.show_total(volleys, self._console)
