"""The banner of a production session: never out of sight.

Nothing is drawn over what was already shown, so it cannot stand still: it is written again before
other lines push it off the screen. It says the same without colour.
"""

import time
from typing import Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from gooclaim_cli.happenings import Ready
from gooclaim_cli.render.escape import clip, visible
from gooclaim_cli.render.terminal import glyphs_for

_STYLE: Final = "bold white on red"
_TALLEST: Final = 24  # rows that any terminal has; a file has no edge, and is given as many


class Banner:
    """Counts the rows of a screen that lines have taken since the banner was last in it."""

    def __init__(self, ready: Ready, console: Console) -> None:
        self._console = console
        self._text = _text(ready)
        self._rows = 0

    def lines(self) -> list[Text]:
        """The banner, as it is to be written now."""
        shown = clip(self._text, self._console.width, mark=glyphs_for(self._console).cut)
        return [Text(shown, style=_STYLE)]

    def would_leave(self, lines: list[Text]) -> bool:
        """Whether these lines, which are about to be written, may push it off the screen.

        The cursor stands on a row of its own below them.
        """
        width = max(1, self._console.width)
        rows = sum(max(1, -(-line.cell_len // width)) for line in lines)
        due = self._rows + rows > self._room
        self._rows = rows if due else self._rows + rows
        return due

    def has_left(self) -> bool:
        """Whether what was written last was so long that it is out of sight all the same."""
        gone = self._rows > self._room
        self._rows = 0 if gone else self._rows
        return gone

    @property
    def _room(self) -> int:
        return min(self._console.height, _TALLEST) - 2


def _text(ready: Ready) -> str:
    ends = ""
    if ready.ends_at is not None:
        ends = f"until {time.strftime('%H:%M', time.localtime(ready.ends_at))}, "
    home = visible(urlsplit(ready.home_url or "").hostname or "-")
    return f"!! PRODUCTION !! {ends}answered by {home}, {visible(ready.tenant_id or '-')}"
