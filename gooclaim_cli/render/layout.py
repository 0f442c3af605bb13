"""What lines about deliveries have in common: columns of event types and ids, times, colours.

Pure, and light: it knows no happening of a session.
"""

from dataclasses import dataclass
from typing import Final

from gooclaim_cli.render.escape import clip, clip_middle, visible
from gooclaim_cli.render.terminal import Glyphs, pad
from gooclaim_cli.wire import CATALOGUE

TYPE_WIDTH: Final = max(map(len, CATALOGUE))
_ID_WIDTH: Final = len("evt_") + 26
_SHORT_ID_WIDTH: Final = len("evt_…") + 8
_WIDE: Final = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """The room and the marks that lines are made with. `deadline` is in seconds."""

    width: int
    glyphs: Glyphs
    deadline: float

    @property
    def gap(self) -> str:
        """What stands between columns."""
        return "  " if self.width >= _WIDE else " "

    def event_type(self, event_type: str | None) -> str:
        """An event type as a column."""
        width = min(TYPE_WIDTH, max(6, TYPE_WIDTH - (80 - self.width)))
        return pad(clip(visible(event_type or "-"), width, mark=self.glyphs.cut), width)

    def event_id(self, event_id: str | None) -> str:
        """An event id as a column, shortened in the middle where there is little room."""
        width = _ID_WIDTH if self.width >= _WIDE else _SHORT_ID_WIDTH
        return pad(clip_middle(visible(event_id or "-"), width, mark=self.glyphs.cut), width)


def duration(ms: float, deadline: float) -> str:
    """How long an answer took; from a second on beside what was allowed: `42 ms`, `4.2 s / 5 s`."""
    if ms < 999.5:
        return f"{max(1, round(ms))} ms"
    return f"{ms / 1000:.1f} s / {deadline:g} s"


def status_style(status: int | None) -> str:
    """The colour of an HTTP status."""
    return "green" if status is not None and 200 <= status < 300 else "red"
