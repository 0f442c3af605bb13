"""The line of one delivery: aligned columns, then what became of it, in the room there is.

Owns the wording of that line; its columns are those of every list (`layout`). Pure: values in,
rich Text out.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from gooclaim_cli.happenings import Delivered, Disposition, HandlerAnswer
from gooclaim_cli.render.escape import clip, visible
from gooclaim_cli.render.layout import Layout, duration, status_style
from gooclaim_cli.render.terminal import wrap_words

_INDENT: Final = "    "
_DEADLINE: Final = "deadline_exceeded"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the line's end: as it is best said, and in fewer cells."""

    long: str
    short: str
    style: str


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
            yield _Piece(f"try {seen.attempt}", f"try {seen.attempt}", "yellow")
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
        # "in flight → 503", "try 2 → 502": an arrow belongs to what stands before it.
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
