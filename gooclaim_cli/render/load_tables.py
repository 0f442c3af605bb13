"""The tables of a load's report: which answers came, and which were right.

Where their last columns would be too narrow to read, they stand below their row.
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from rich.text import Text

from gooclaim_cli.load.judging import expected
from gooclaim_cli.load.report import Report
from gooclaim_cli.load.tally import Judged
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.terminal import wrap_words
from gooclaim_cli.wire.handling import Arriving

_NO_ANSWER: Final = "no answer"
_RIGHT: Final = 15  # cells of the column
_READABLE: Final = 16  # cells that a last column needs
_INDENT: Final = "  "
_KINDS: Final = {
    Arriving.REPEATED: "repeated later",
    Arriving.REPEATED_AT_ONCE: "two at once",
    Arriving.RETRIED: "sent after a failure",
}


def answers(report: Report, width: int) -> Iterator[Text]:
    """How many answers there were of each status, and why there was none."""
    tally = report.tally
    yield Text(f"{'ANSWER':20}  {'REQUESTS':>8}", style="dim")
    for status in sorted(tally.statuses):
        yield Text(_share(str(status), tally.statuses[status], tally.done))
    for failure, count in tally.failures.most_common():
        said = visible(tally.messages[failure] or failure.value)
        line = _share(_NO_ANSWER, count, tally.done)
        yield from _beside_or_below(line, said, width, style="red")


def judged(report: Report, width: int) -> Iterator[Text]:
    """What was sent, how much of it was answered as is right, and what else came."""
    head = f"{'SENT':20}  {'REQUESTS':>8}  {'HELD':>8}"
    room = width - len(head) - 2 - _RIGHT - 2
    stacked = room < _READABLE
    yield Text(head if stacked else f"{head}  {'RIGHT':{_RIGHT}}  NOT SO", style="dim")
    for sent, each in report.judged():
        label = _KINDS.get(each.what, sent)
        line = f"{label:20}  {each.count:>8,}  {each.held:>8,}"
        rows = _stacked(line, each, width) if stacked else _columns(line, each, room)
        style = "red" if each.held < each.count else ""
        yield from (Text(row, style) for row in rows)


def _stacked(line: str, judged: Judged, width: int) -> Iterator[str]:
    yield line
    texts = [f"right: {expected(judged.what)}"]
    texts += [f"not so: {_wrong(judged)}"] if judged.wrong else []
    for text in texts:
        yield from wrap_words(text, width=width, indent=_INDENT, hanging=_INDENT * 2)


def _columns(line: str, judged: Judged, room: int) -> Iterator[str]:
    right = wrap_words(expected(judged.what), width=_RIGHT)
    wrong = wrap_words(_wrong(judged), width=room)
    for number, (left, other) in enumerate(zip_longest(right, wrong, fillvalue="")):
        yield f"{line if number == 0 else '':{len(line)}}  {left:{_RIGHT}}  {other}"


def _beside_or_below(line: str, text: str, width: int, *, style: str) -> Iterator[Text]:
    hanging = " " * (len(line) + 2)
    if width - len(hanging) >= _READABLE:
        lines = wrap_words(f"{line}  {text}", width=width, hanging=hanging)
    else:
        lines = [line, *wrap_words(text, width=width, indent=_INDENT, hanging=_INDENT)]
    yield from (Text(each, style) for each in lines)


def _share(label: str, count: int, done: int) -> str:
    return f"{label:20}  {count:>8,}  {count / done * 100:5.1f} %"


def _wrong(judged: Judged) -> str:
    return ", ".join(
        f"{_NO_ANSWER if status is None else status}: {count:,}"
        for status, count in judged.wrong.most_common()
    )
