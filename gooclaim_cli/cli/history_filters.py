"""The options that narrow what is taken of the history, and the reading of their values."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gooclaim_cli.cli.options import seconds
from gooclaim_cli.errors import UsageError

if TYPE_CHECKING:
    from gooclaim_cli.history.reading import Filter
    from gooclaim_cli.history.records import Outcome

_MOST: Final = 2**63 - 1  # an integer of SQLite's

EventType = Annotated[
    str | None,
    typer.Option("--type", metavar="PATTERN", help="Only these event types: 'workflow.*'."),
]
OutcomeName = Annotated[
    str | None,
    typer.Option(
        "--outcome",
        metavar="OUTCOME",
        help="Only these: delivered, failed, duplicate, in_flight, rejected, filtered, capture or"
        " pending.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="SPAN|TIME",
        help="Only from then on: 2h, or 2026-05-20T10:14:25Z.",
    ),
]


def filter_of(
    event_type: str | None, outcome: str | None, since: str | None, limit: int
) -> "Filter":
    """Read the options' values. Raises UsageError."""
    from gooclaim_cli.history.reading import Filter

    return Filter(
        event_type=event_type,
        outcome=_outcome(outcome),
        since=since_time(since),
        limit=min(limit, _MOST) or None,
    )


def _outcome(text: str | None) -> "Outcome | None":
    from gooclaim_cli.history.records import Outcome

    if text is None:
        return None
    try:
        return Outcome(text)
    except ValueError:
        known = ", ".join(Outcome)
        raise UsageError(f"--outcome {text!r} is unknown", f"choose from {known}") from None


def since_time(text: str | None) -> float | None:
    """Read a span back from now, or a time; one without a zone is local. Raises UsageError."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        return time.time() - seconds("--since", text)
    except UsageError as error:
        raise UsageError(error.message, "write 30m, 2h, 7d or 2026-05-20T10:14:25Z") from None
