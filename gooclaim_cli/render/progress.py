"""A bar for what takes a while: on a terminal, and only once it has taken more than a second."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE: Final = 1.0
_EVERY: Final = 0.1


@dataclass(slots=True)
class Bar:
    """Told the share that is done, from 0 to 1, as often as one likes."""

    _console: Console
    _label: str
    _next: float
    _bar: "tuple[Progress, TaskID] | None" = None

    def show(self, share: float) -> None:
        """Show the share, where a bar is wanted."""
        now = time.monotonic()
        if now < self._next or not self._console.is_terminal:
            return
        self._next = now + _EVERY
        if self._bar is None:
            from rich.progress import Progress  # costs start-up

            progress = Progress(console=self._console, transient=True)
            progress.start()
            self._bar = progress, progress.add_task(self._label, total=1.0)
        progress, task = self._bar
        progress.update(task, completed=share)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar[0].stop()


@contextlib.contextmanager
def progress_bar(console: Console, label: str) -> Iterator[Bar]:
    """Yield a bar that is gone at the end."""
    bar = Bar(console, label, time.monotonic() + _PATIENCE)
    try:
        yield bar
    finally:
        bar.end()
