"""What doctor shows: a line a check, and the fix below each that needs one."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.checkup import Check, State
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.terminal import fold_width, glyphs_for, wrap_words, write_lines

_STYLES: Final = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.FAILED: "red",
    State.SKIPPED: "dim",
}


def check_object(check: Check, *, at: float) -> dict[str, Any]:
    """The members of one check."""
    return {
        "kind": "check",
        "at": rfc3339(at),
        "name": check.name,
        "state": check.state.value,
        "found": check.found,
        "fix": check.fix,
    }


def summary_object(checks: Sequence[Check], *, at: float) -> dict[str, Any]:
    """How many went how."""
    counts = {state.value: sum(c.state is state for c in checks) for state in State}
    return {"kind": "summary", "at": rfc3339(at), **counts}


def show_checks(checks: Sequence[Check], console: Console) -> None:
    """Write them all, and what it comes to."""
    glyphs, width = glyphs_for(console), fold_width(console)
    marks = {State.OK: glyphs.yes, State.FAILED: glyphs.no, State.WARNING: "!", State.SKIPPED: "-"}
    mark_width = max(map(len, marks.values()))
    label_width = max(len(check.name) for check in checks)
    margin = " " * (mark_width + label_width + 3)
    lines = []
    for check in checks:
        first, *others = wrap_words(
            visible(check.found), width=width, indent=margin, hanging=margin
        )
        line = Text(marks[check.state].ljust(mark_width), style=_STYLES[check.state])
        line.append(f" {check.name.ljust(label_width)}  ", style="dim")
        lines += [line.append(first[len(margin) :], style="none"), *map(Text, others)]
        arrow = f"{margin}{glyphs.arrow} "
        for part in check.fix.splitlines():
            fix = wrap_words(visible(part), width=width, indent=arrow, hanging=" " * len(arrow))
            lines += [Text(each, style="bold") for each in fix]
    write_lines(console, [*lines, Text(), _verdict(checks)])


def _verdict(checks: Sequence[Check]) -> Text:
    failed = sum(check.state is State.FAILED for check in checks)
    warnings = sum(check.state is State.WARNING for check in checks)
    if failed:
        return Text(f"{failed} of {len(checks)} checks failed.", style="bold red")
    if warnings:
        return Text(f"Nothing failed; {warnings} to look at.", style="yellow")
    return Text("All is well.", style="green")
