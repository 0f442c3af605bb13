"""How shots at a handler are shown: one in full, many as a table, and all as JSON lines.

The objects' names are those of the machine output, and stable.
"""

import time
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.firing.range import Fired
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.layout import duration, status_style
from gooclaim_cli.render.payload import payload_lines
from gooclaim_cli.render.terminal import (
    facts,
    fold,
    fold_width,
    glyphs_for,
    pad,
    wrap_words,
    write_lines,
)
from gooclaim_cli.sending import Outcome
from gooclaim_cli.wire.handling import DEADLINE, HANDLING, Arriving

_BODY_LINES: Final = 24
_BODY_LIMIT: Final = 64 * 1024
_FAULT_WIDTH: Final = len("concurrent-duplicates")
_RULE_WIDTH: Final = len("2xx, 409 or 5xx")
_MARK: Final = "HELD"
_READABLE: Final = 16  # cells that a last column needs
_LABEL: Final = len("Gooclaim")


def forward_object(fired: Fired) -> dict[str, Any]:
    """The `forward` of the machine output. Of the answer's body, what is text and not large."""
    outcome, sample = fired.outcome, fired.shot.sample
    return {
        "kind": "forward",
        "at": rfc3339(fired.at),
        "event_id": sample.event_id,
        "event_type": sample.event_type,
        "idempotency_key": sample.idempotency_key,
        "to": fired.to,
        "status": outcome.status,
        "ms": round(outcome.ms, 1),
        "error": outcome.failure.value if outcome.failure else None,
        "message": outcome.message or None,
        "fault": fired.fault,
        "expected": HANDLING[fired.shot.what].status,
        "held": fired.held,
        "attempt": fired.attempt,
        "next": None if fired.next_in is None else round(fired.next_in, 1),
        "body": _text_of(outcome.body),
    }


def summary_object(fired: Sequence[Fired], *, at: float) -> dict[str, Any]:
    """The `summary` of the machine output."""
    return {
        "kind": "summary",
        "at": rfc3339(at),
        "forwarded": len(fired),
        "held": sum(each.held for each in fired),
        "failed": sum(not each.held for each in fired),
    }


def show_fired(fired: Fired, console: Console, *, attempts: int) -> None:
    """Write one shot in full: where it went, the answer, and what Gooclaim would do next.

    `attempts` is how often Gooclaim tries.
    """
    width = fold_width(console)
    lines = _sample_lines(fired, width)
    lines += _row("Answer", answer_text(fired.outcome), _style(fired), width)
    lines += _body_lines(fired.outcome, console)
    if fired.fault is None:
        lines += _row("Gooclaim", _next(fired, attempts), "", width)
    if fired.fault is not None or not fired.held or fired.shot.what is not Arriving.GOOD:
        mark = glyphs_for(console).yes if fired.held else glyphs_for(console).no
        right = f"{mark} expected: {HANDLING[fired.shot.what].answers}"
        lines += _row("Handler", right, _colour(fired.held), width)
    if fired.fault is None and fired.outcome.status in (401, 403):
        asked = (
            "does it verify with the secret that this was signed with? That is --secret-file's,"
            " else, without --to, a running sandbox's, else the settings': gooclaim config list"
        )
        lines += _row("", asked, "", width)
    write_lines(console, [*lines, Text()])


def show_sample(fired: Fired, console: Console) -> None:
    """Write what is sent where."""
    write_lines(console, _sample_lines(fired, fold_width(console)))


def show_attempt(fired: Fired, console: Console, *, attempts: int) -> None:
    """Write one line of a delivery that is retried."""
    stamp = time.strftime("%H:%M:%S", time.localtime(fired.at))
    line = (
        Text()
        .append(f"{stamp}  {fired.attempt} of {attempts}  ", style="dim")
        .append(answer_text(fired.outcome), style=_style(fired))
        .append(f"  {_next_in_short(fired)}", style="dim")
    )
    write_lines(console, fold(line, width=fold_width(console)))


def show_heading(fired: Fired, console: Console) -> None:
    """Write what stands above the lines of a table."""
    heading = f"{'FAULT'.ljust(_FAULT_WIDTH)}  {'RIGHT'.ljust(_RULE_WIDTH)}  {_MARK}  ANSWERED"
    to = _row("To", visible(fired.to), "", fold_width(console))
    write_lines(console, [*to, Text(), Text(heading, style="dim")])


def show_row(volley: Sequence[Fired], console: Console) -> None:
    """Write one fault as a line of the table: what is right, what was answered, whether it was."""
    glyphs = glyphs_for(console)
    held = all(each.held for each in volley)
    rules = list(dict.fromkeys(HANDLING[each.shot.what].status for each in volley))
    answers = list(dict.fromkeys(answer_text(each.outcome, timed=False) for each in volley))
    head = (
        Text()
        .append(f"{pad(volley[0].fault or 'none', _FAULT_WIDTH)}  ")
        .append(f"{pad(', then '.join(rules), _RULE_WIDTH)}  ")
        .append(pad(glyphs.yes if held else glyphs.no, len(_MARK)), style=_colour(held))
        .append("  ")
    )
    said = Text(", ".join(answers), style=_colour(held))
    if any(each.outcome.status is not None for each in volley):
        said.append(f"  {duration(max(each.outcome.ms for each in volley), DEADLINE)}", "dim")
    write_lines(console, _beside_or_below(head, said, fold_width(console)))


def _beside_or_below(head: Text, said: Text, width: int | None) -> list[Text]:
    """What is said behind the head, broken at its spaces; below it where there is no room."""
    if width is None or head.cell_len + said.cell_len <= width:
        return [head.append_text(said)]
    is_beside = width - head.cell_len >= _READABLE
    margin = " " * (head.cell_len if is_beside else 2)
    rows = wrap_words(said.plain, width=width, indent=margin, hanging=margin)
    lines = [Text(row, style=said.style) for row in rows]
    if not is_beside:
        return [*fold(head, width=width), *lines]
    return [head.append(rows[0][len(margin) :], style=said.style), *lines[1:]]


def show_total(volleys: Sequence[Sequence[Fired]], console: Console) -> None:
    """Write how many held, and what is right where it was not."""
    wrong = [each for volley in volleys for each in volley if not each.held]
    held = sum(all(each.held for each in volley) for volley in volleys)
    lines = [Text(), Text(f"{held} of {len(volleys)} held.")]
    faults: dict[str, dict[str, None]] = {}  # by what is right, in their order
    for each in wrong:
        faults.setdefault(HANDLING[each.shot.what].answers, {})[each.fault or "none"] = None
    for right, names in faults.items():
        sentence = f"Right is: {right}. Not so with {', '.join(names)}."
        lines += [
            Text(part) for part in wrap_words(sentence, width=fold_width(console), hanging="  ")
        ]
    write_lines(console, lines)


def answer_text(outcome: Outcome, *, timed: bool = True) -> str:
    """An answer in words: `200, 12 ms`, or why there is none."""
    said = [] if outcome.status is None else [str(outcome.status)]
    if outcome.failure is not None:
        said.append(visible(outcome.message or outcome.failure.value))
    if timed:
        said.append(duration(outcome.ms, DEADLINE))
    return ", ".join(said)


def _sample_lines(fired: Fired, width: int | None) -> list[Text]:
    sample = fired.shot.sample
    rows = [
        ("Event", f"{visible(sample.event_type)} {visible(sample.event_id or '')}"),
        ("Key", visible(sample.idempotency_key)),
        ("To", visible(fired.to)),
        *([] if fired.fault is None else [("Fault", fired.fault)]),
    ]
    return [line for row in rows for line in _row(*row, "", width)]


def _row(label: str, value: str, style: str, width: int | None) -> list[Text]:
    return facts([(label.ljust(_LABEL), value)], width=width, style=style)


def _body_lines(outcome: Outcome, console: Console) -> list[Text]:
    indent = " " * (_LABEL + 2)
    lines = payload_lines((), outcome.body, console, indent=indent)
    rest = len(lines) - _BODY_LINES
    more = [Text(f"{indent}({rest} more lines)", style="dim")] if rest > 0 else []
    return lines[:_BODY_LINES] + more


def _next(fired: Fired, attempts: int) -> str:
    if fired.outcome.succeeded:
        return "counts it as delivered"
    if fired.next_in is None:
        return f"would give it up: a dead letter after {fired.attempt} attempts"
    return f"would try again in {_span(fired.next_in)}, attempt {fired.attempt + 1} of {attempts}"


def _next_in_short(fired: Fired) -> str:
    if fired.outcome.succeeded:
        return "delivered"
    return "dead letter" if fired.next_in is None else f"again in {_span(fired.next_in)}"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _style(fired: Fired) -> str:
    if fired.fault is not None:
        return _colour(fired.held)
    return status_style(fired.outcome.status if fired.outcome.failure is None else None)


def _colour(held: object) -> str:
    return "green" if held else "red"


def _text_of(body: bytes) -> str | None:
    if not body or len(body) > _BODY_LIMIT:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None
