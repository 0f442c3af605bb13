"""How verdicts on captures are shown to a person: a line each, what is wrong below, a summary.

A hundred thousand may come: the line of a good one is put together here, without rich.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.capture_files import Refused
from gooclaim_cli.checking import Checked, Counts
from gooclaim_cli.render.errors import message_lines
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.explanation import explanation, why
from gooclaim_cli.render.layout import Layout
from gooclaim_cli.render.terminal import fold_width, glyphs_for, has_colour, wrap_words, write_lines
from gooclaim_cli.wire import Event
from gooclaim_cli.wire.captures import Unreadable

_INDENT: Final = "    "
_GREEN: Final = "\x1b[32m"
_DIM: Final = "\x1b[2m"
_RESET: Final = "\x1b[0m"


@dataclass(slots=True)
class VerdictLines:
    """Writes verdicts as they come.

    `explain`: a bad one with all its findings. `live`: somebody waits for each, so each is flushed.
    `tried` gives the sources of the secrets that were tried.
    """

    console: Console
    errors: Console
    explain: bool = False
    live: bool = False
    tried: Callable[[], Iterable[str]] = tuple
    _types: dict[str | None, str] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _spaced: bool = False  # the last line was an empty one
    _layout: Layout = field(init=False)
    _good: tuple[str, str, str] = field(init=False)
    _end: str = field(init=False)
    _width: int = field(init=False)
    _write: Callable[[str], object] = field(init=False)

    def __post_init__(self) -> None:
        glyphs = glyphs_for(self.console)
        self._layout = Layout(self.console.width, glyphs, 0.0)
        colours = (_GREEN, _DIM, _RESET) if has_colour(self.console) else ("", "", "")
        self._good = (f"{colours[0]}{glyphs.yes}{colours[2]}", colours[1], colours[2])
        self._end = f"{colours[2]}{self._layout.gap}"
        self._width = len(self._layout.event_id(""))
        self._write = self.console.file.write

    def checked(self, checked: Checked) -> None:
        """Write a capture's verdict."""
        verdict = checked.verdict
        if not verdict.findings and not checked.notes and verdict.event is not None:
            self._spaced = False
            self._write_good(verdict.event, checked.capture.source)
            if self.live:
                self.console.file.flush()
        else:
            self._spaced = self.explain and not verdict.ok
            write_lines(self.console, self._lines(checked))

    def unreadable(self, found: Unreadable) -> None:
        """Write that a record among others could not be read."""
        self._spaced = False
        head = self._head(None, None, found.source, ok=False)
        write_lines(self.console, self._with_reason(head, visible(found.problem)))

    def refused(self, refused: Refused) -> None:
        """Write that a file is no capture."""
        error = refused.error
        self.console.file.flush()
        lines = message_lines("error: ", error.message, error.hint, self.errors, style="red")
        write_lines(self.errors, lines)

    def watching(self, folders: Sequence[str]) -> None:
        """Write what is watched."""
        self.errors.file.write(f"Watching {visible(', '.join(folders))}. Ctrl-C ends it.\n")
        self.errors.file.flush()

    def summary(self, counts: Counts) -> None:
        """Write how many there were."""
        if not self._spaced:
            write_lines(self.console, [Text()])
        write_lines(self.console, _summary(counts))
        if counts.none_matches:
            tried = visible(", ".join(self.tried()))
            said = f"None verifies: is it the right secret? Tried were: {tried}."
            width = fold_width(self.console)
            write_lines(self.console, map(Text, wrap_words(said, width=width)))

    def _write_good(self, event: Event, source: str) -> None:
        """Write one of many: what each line has is put together at the start."""
        column = self._types.get(event.event_type)
        if column is None:
            mark, dim, _ = self._good
            event_type, gap = self._layout.event_type(event.event_type), self._layout.gap
            column = self._types[event.event_type] = f"{mark} {event_type}{gap}{dim}"
        event_id = event.event_id
        if len(event_id) <= self._width and event_id.isascii() and event_id.isprintable():
            event_id = event_id.ljust(self._width)
        else:
            event_id = self._layout.event_id(event_id)
        if not source.isprintable():
            source = visible(source)
        self._write(f"{column}{event_id}{self._end}{source}\n")

    def _lines(self, checked: Checked) -> Iterator[Text]:
        event = checked.verdict.event
        event_type, event_id = (event.event_type, event.event_id) if event else (None, None)
        head = self._head(event_type, event_id, checked.capture.source, ok=checked.verdict.ok)
        if checked.verdict.ok or self.explain:
            yield head
        else:
            yield from self._with_reason(head, visible(why(checked)))
            yield from self._fix(checked)
        for note in checked.notes:
            yield from self._indented(f"note: {visible(note)}", style="dim")
        if self.explain and not checked.verdict.ok:
            yield from explanation(checked, width=fold_width(self.console), indent=_INDENT)

    def _fix(self, checked: Checked) -> Iterator[Text]:
        """What to do about it, once for each kind."""
        found = checked.diagnosis
        if found is not None and found.code not in self._told:
            self._told.add(found.code)
            yield from self._indented(f"fix: {visible(found.fix)}", style="dim")

    def _head(self, event_type: str | None, event_id: str | None, source: str, *, ok: bool) -> Text:
        layout = self._layout
        return (
            Text()
            .append(layout.glyphs.yes if ok else layout.glyphs.no, style="green" if ok else "red")
            .append(f" {layout.event_type(event_type)}{layout.gap}")
            .append(layout.event_id(event_id), style="dim")
            .append(f"{layout.gap}{visible(source)}")
        )

    def _with_reason(self, head: Text, reason: str) -> Iterator[Text]:
        """The reason behind the head, or below it where there is no room."""
        if head.cell_len + 2 + len(reason) <= self._layout.width:
            yield head.append(f": {reason}", style="red")
        else:
            yield head
            yield from self._indented(reason, style="red")

    def _indented(self, sentence: str, *, style: str) -> Iterator[Text]:
        width = fold_width(self.console)
        for line in wrap_words(sentence, width=width, indent=_INDENT, hanging=_INDENT):
            yield Text(line, style=style)


def _summary(counts: Counts) -> Iterator[Text]:
    parts = [f"{counts.verified:,} verified"]
    parts += [f"{counts.rejected:,} not verified"] if counts.rejected else []
    parts += [f"{counts.unreadable:,} unreadable"] if counts.unreadable else []
    if counts.refused:
        parts.append(f"{counts.refused:,} {'file' if counts.refused == 1 else 'files'} refused")
    word = "capture" if counts.captures == 1 else "captures"
    yield Text(f"{counts.captures:,} {word}: {', '.join(parts)}")
    if counts.interrupted:
        yield Text("Interrupted: there may be more, which was not checked.")
    if counts.too_old:
        yield Text("Saved captures grow old: --at received judges each as of its own time,")
        yield Text("where it has one; --no-expiry does not judge the time at all.")
