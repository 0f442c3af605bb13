"""`gooclaim history`: list and show what was received."""

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli.options import AsJson, seconds
from gooclaim_cli.errors import UsageError

if TYPE_CHECKING:
    from gooclaim_cli.history.records import Outcome

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.callback(invoke_without_command=True)
def history(
    context: typer.Context,
    event_type: Annotated[
        str | None,
        typer.Option("--type", metavar="PATTERN", help="Only these event types: 'workflow.*'."),
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            metavar="OUTCOME",
            help="Only these: delivered, failed, duplicate, in_flight, rejected, filtered or"
            " pending.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="SPAN|TIME", help="Only from then on: 2h, or 2026-05-20T10:14:25Z."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0 for all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the deliveries that were received, the newest first.

    One with all its details: gooclaim history show ID
    """
    if context.invoked_subcommand is not None:
        return
    from gooclaim_cli import settings
    from gooclaim_cli.history.reading import Filter, HistoryReader
    from gooclaim_cli.render import history as shown
    from gooclaim_cli.render.json_lines import write_object

    wanted = Filter(
        event_type=event_type,
        outcome=_outcome(outcome),
        since=_since(since),
        limit=limit or None,
    )
    with HistoryReader(settings.load().places.history) as reader:
        deliveries = reader.list(wanted)
        if as_json:
            for each in deliveries:
                write_object(shown.delivery_object(each), sys.stdout)
            return
        from gooclaim_cli.cli.consoles import output_console

        shown.list_lines(deliveries, output_console())


@app.command()
def show(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A delivery id, event id or idempotency key, or its beginning."
        ),
    ],
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the body's exact bytes, nothing else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one delivery: its headers, its body, and every forward of it."""
    from gooclaim_cli import settings
    from gooclaim_cli.history.reading import HistoryReader
    from gooclaim_cli.render import history as shown

    if raw and as_json:
        raise UsageError("--raw and --json exclude each other", "choose one of the two")
    with HistoryReader(settings.load().places.history) as reader:
        detail = reader.find(wanted)
    if raw:
        sys.stdout.buffer.write(detail.delivery.body)
        sys.stdout.buffer.flush()
    elif as_json:
        from gooclaim_cli.render.json_lines import write_object

        write_object(shown.detail_object(detail), sys.stdout)
    else:
        from gooclaim_cli.cli.consoles import output_console

        shown.detail(detail, output_console())


def _outcome(text: str | None) -> "Outcome | None":
    from gooclaim_cli.history.records import Outcome

    if text is None:
        return None
    try:
        return Outcome(text)
    except ValueError:
        known = ", ".join(Outcome)
        raise UsageError(f"--outcome {text!r} is unknown", f"choose from {known}") from None


def _since(text: str | None) -> float | None:
    """A span back from now, or a time; one without a zone is local."""
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
