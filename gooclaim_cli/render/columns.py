"""The line of one delivery: aligned columns, then what became of it, in the room there is.

Owns the layout and wording of that line; its columns also serve the history. Pure:
values in, rich Text out.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from gooclaim_cli.happenings import Delivered, Disposition, HandlerAnswer
from gooclaim_cli.render.escape import clip, clip_middle, visible
from gooclaim_cli.render.terminal import Glyphs, pad, wrap_words
from gooclaim_cli.wire import CATALOGUE

TYPE_WIDTH: Final = max(map(len, CATALOGUE))
_ID_WIDTH: Final = len("evt_") + 26
_SHORT_ID_WIDTH: Final = len("evt_…") + 8
_WIDE: Final = 100
_INDENT: Final = "    "
_DEADLINE: Final = "deadline_exceeded"


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


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the line's end: as it is best said, and in fewer cells."""

    long: str
    short: str
    style: str


def duration(ms: float, deadline: float) -> str:
    """How long an answer took; from a second on beside what was allowed: `42 ms`, `4.2 s / 5 s`."""
    if ms < 999.5:
        return f"{max(1, round(ms))} ms"
    return f"{ms / 1000:.1f} s / {deadline:g} s"


def status_style(status: int | None) -> str:
    """The colour of an HTTP status."""
    return "green" if status is not None and 200 <= status < 300 else "red"


def delivery_lines(seen: Delivered, layout: Layout) -> list[Text]:
    """One line, and an indented one for each sentence that does not fit on it."""
    head = _head(seen, layout)
    pieces = list(_pieces(seen, layout))
    notes = _notes(seen)
    room = layout.width - head.cell_len
    ends = (
        _end(pieces, notes, layout.gap, _long),
        _end(pieces, notes, " ", _long),
        _end(pieces, [], layout.gap, _long),
        _end(pieces, [], " ", _short),
    )
    for position, end in enumerate(ends):
        if end.cell_len <= room:
            rest = notes if position > 1 else []
            return [head.append_text(end), *_indented(rest, layout)]
    spilled = _end(pieces, [], " ", _short).plain.strip()
    return [*_clipped(head, layout), *_indented([spilled, *notes], layout)]


def _head(seen: Delivered, layout: Layout) -> Text:
    rejected = seen.disposition is Disposition.REJECTED
    mark, word = (layout.glyphs.no, "rejected") if rejected else (layout.glyphs.yes, "verified")
    gap = layout.gap
    return (
        Text()
        .append(time.strftime("%H:%M:%S", time.localtime(seen.at)), style="dim")
        .append(f"{gap}{layout.event_type(seen.event_type)}{gap}")
        .append(layout.event_id(seen.event_id), style="dim")
        .append(f"{gap}{mark} {word}", style="red" if rejected else "green")
    )


def _pieces(seen: Delivered, layout: Layout) -> Iterator[_Piece]:
    if seen.home is not None:
        yield from _answer_piece(seen.home, layout, "home ")
    if seen.handler is not None:
        yield from _answer_piece(seen.handler, layout, "handler " if seen.home else "")
    match seen.disposition:
        case Disposition.RETRY:
            yield _Piece(f"attempt {seen.attempt}", f"try {seen.attempt}", "yellow")
        case Disposition.DUPLICATE:
            yield _Piece("duplicate", "duplicate", "yellow")
        case Disposition.IN_FLIGHT:
            yield _Piece("in flight", "in flight", "yellow")
    if _answer_is_news(seen):
        answer = f"{layout.glyphs.arrow} {seen.response_status or 'hung up'}"
        counts = seen.home or seen.handler
        late = counts is not None and counts.error == _DEADLINE
        yield _Piece(
            f"{answer} deadline" if late else answer, answer, status_style(seen.response_status)
        )


def _answer_piece(answer: HandlerAnswer, layout: Layout, whose: str) -> Iterator[_Piece]:
    if answer.status is None:
        return
    status, took = answer.status, duration(answer.ms, layout.deadline)
    style = status_style(status)
    if answer.ms > layout.deadline * 500 and style == "green":
        style = "yellow"
    short = f"{whose}{status}" if whose else f"{status} {took.replace(' s / ', '/')}"
    yield _Piece(f"{whose}{status} {took}", short, style)


def _answer_is_news(seen: Delivered) -> bool:
    """Whether what Gooclaim was answered does not go without saying."""
    counts = seen.home or seen.handler
    if counts is not None:
        return counts.status != seen.response_status
    return seen.disposition is not Disposition.DUPLICATE or seen.response_status != 200


def _notes(seen: Delivered) -> list[str]:
    notes = [visible(finding.detail) for finding in seen.findings]
    for answer in (seen.home, seen.handler):
        if answer is not None and answer.error is not None and answer.message:
            notes.append(visible(answer.message))
    return list(dict.fromkeys(notes))


def _long(piece: _Piece) -> str:
    return piece.long


def _short(piece: _Piece) -> str:
    return piece.short


def _end(pieces: list[_Piece], notes: list[str], gap: str, form: Callable[[_Piece], str]) -> Text:
    end = Text()
    for piece in pieces:
        # "in flight → 503", "attempt 2 → 502": an arrow belongs to what stands before it.
        end.append(" " if end.plain and form(piece)[:1] in "→-" else gap)
        end.append(form(piece), style=piece.style)
    if notes:
        end.append(f" {'; '.join(notes)}", style="dim")
    return end


def _indented(sentences: list[str], layout: Layout) -> list[Text]:
    return [
        Text(line, style="dim")
        for sentence in sentences
        if sentence
        for line in wrap_words(sentence, width=layout.width, indent=_INDENT, hanging=_INDENT)
    ]


def _clipped(head: Text, layout: Layout) -> list[Text]:
    if cell_len(head.plain) <= layout.width:
        return [head]
    return [Text(clip(head.plain, layout.width, mark=layout.glyphs.cut))]
