"""How replays are shown: the plan, a line or all of each, and JSON lines."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.text import Text

from gooclaim_cli.firing.range import Fired
from gooclaim_cli.firing.replaying import Replayed
from gooclaim_cli.firing.replays import Original, sample_of
from gooclaim_cli.render import firing
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339, write_object
from gooclaim_cli.render.layout import Layout
from gooclaim_cli.render.terminal import (
    fold,
    fold_width,
    glyphs_for,
    wrap_words,
    write_lines,
)
from gooclaim_cli.wire.handling import DEADLINE

_SHOWN: Final = 10
_SAME: Final = "the answer is the recorded one"


def plan_lines(
    originals: Sequence[Original], targets: Sequence[str], how: str, console: Console
) -> Iterator[Text]:
    """Say what is to be sent where and how, with the first few of many."""
    count = len(originals)
    what = "1 event" if count == 1 else f"{count:,} events"
    sentence = f"Replay {what} to {visible(', '.join(targets))}, {how}."
    yield from (Text(part) for part in wrap_words(sentence, width=fold_width(console)))
    layout = Layout(console.width, glyphs_for(console), DEADLINE)
    for original in originals[:_SHOWN]:
        yield _plan_line(original, layout)
    if count > _SHOWN:
        yield Text(f"  and {count - _SHOWN:,} more", style="dim")
    yield Text()


def question(count: int) -> str:
    """Ask whether to send."""
    return f"Send {count:,} events? [y/N] "


def plan_object(
    originals: Sequence[Original], targets: Sequence[str], *, at: float
) -> dict[str, Any]:
    """The `plan` of the machine output, with every event that would be sent."""
    samples = [(each, sample_of(each)) for each in originals]
    return {
        "kind": "plan",
        "at": rfc3339(at),
        "to": list(targets),
        "events": [
            {
                "source": original.source,
                "delivery_id": original.delivery_id,
                "event_id": sample.event_id,
                "event_type": sample.event_type,
                "idempotency_key": sample.idempotency_key or None,
            }
            for original, sample in samples
        ],
    }


class ReplayObjects:
    """One object a replay, then a summary. `diff`: with the lines in which answers differ."""

    def __init__(self, stream: TextIO, *, diff: bool) -> None:
        self._stream = stream
        self._diff = diff

    def show(self, replayed: Replayed, delivery_id: str) -> None:
        """Write an object."""
        recorded = replayed.original.answer
        members = firing.forward_object(replayed.fired) | {
            "delivery_id": delivery_id,
            "source": replayed.original.source,
            "recorded": recorded.status if recorded else None,
            "differs": None if replayed.differs is None else bool(replayed.differs),
        }
        if self._diff:
            members["diff"] = None if replayed.differs is None else list(replayed.differs)
        write_object(members, self._stream)

    def end(self, fired: Sequence[Fired]) -> None:
        """Write the summary."""
        write_object(firing.summary_object(fired, at=time.time()), self._stream)


class ReplayLines:
    """One replay in full, several a line each. `diff`: with the lines in which answers differ."""

    def __init__(self, console: Console, *, several: bool, diff: bool, attempts: int) -> None:
        self._console = console
        self._several = several
        self._diff = diff
        self._attempts = attempts

    def show(self, replayed: Replayed, delivery_id: str) -> None:
        """Write it."""
        console = self._console
        if self._several:
            write_lines(console, fold(self._line(replayed.fired), width=fold_width(console)))
        else:
            firing.show_fired(replayed.fired, console, attempts=self._attempts)
        if self._diff:
            write_lines(console, list(difference_lines(replayed.differs, console)))

    def end(self, fired: Sequence[Fired]) -> None:
        """Write how many did what is right."""
        if self._several:
            held = sum(each.held for each in fired)
            write_lines(
                self._console, [Text(), Text(f"{held} of {len(fired)} were answered as is right.")]
            )

    def _line(self, fired: Fired) -> Text:
        glyphs = glyphs_for(self._console)
        layout = Layout(self._console.width, glyphs, DEADLINE)
        sample = fired.shot.sample
        return (
            Text()
            .append(time.strftime("%H:%M:%S", time.localtime(fired.at)), style="dim")
            .append(f"{layout.gap}{layout.event_type(sample.event_type)}{layout.gap}")
            .append(layout.event_id(sample.event_id), style="dim")
            .append(f"{layout.gap}{glyphs.yes if fired.held else glyphs.no} ")
            .append(firing.answer_text(fired.outcome), style="green" if fired.held else "red")
        )


def pin_object(test: Path, body: Path, *, at: float) -> dict[str, Any]:
    """The `test` of the machine output: which files were written."""
    return {"kind": "test", "at": rfc3339(at), "test": str(test), "body": str(body)}


def pin_lines(test: Path) -> Iterator[Text]:
    """Say what was written, and how it is run."""
    yield Text(f"Wrote {visible(str(test))}. Run it beside the handler:")
    yield Text(f"  GOOCLAIM_SIGNING_SECRET=... pytest {visible(str(test))}")


def difference_lines(
    differs: tuple[str, ...] | None, console: Console, *, same: str = _SAME
) -> Iterator[Text]:
    """Lay out the lines of a diff, or say `same`."""
    if differs is None:
        yield Text("  no answer was recorded to compare with", style="dim")
    elif not differs:
        yield Text(f"  {same}", style="dim")
    for line in differs or ():
        style = {"+": "green", "-": "red"}.get(line[:1], "dim")
        yield from fold(Text(f"  {visible(line)}", style=style), width=fold_width(console))


def _plan_line(original: Original, layout: Layout) -> Text:
    sample = sample_of(original)
    at = original.received_at
    stamp = "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    line = Text(f"  {stamp:<19}  ", style="dim")
    return line.append(
        f"{layout.event_type(sample.event_type)}  {layout.event_id(sample.event_id)}"
    )
