"""`gooclaim history`: list and show what was received."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gooclaim_cli.cli.history_export import export
from gooclaim_cli.cli.history_filters import EventType, OutcomeName, Since, filter_of
from gooclaim_cli.cli.history_prune import prune
from gooclaim_cli.cli.options import AsJson
from gooclaim_cli.errors import UsageError

if TYPE_CHECKING:  # costs start-up
    from gooclaim_cli.history.reading import HistoryReader
    from gooclaim_cli.history.records import DeliveryDetail

_LIMIT: Final = 50
_TRIES: Final = 100

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.callback(invoke_without_command=True)
def history(
    context: typer.Context,
    event_type: EventType = None,
    outcome: OutcomeName = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0 for all.")] = _LIMIT,
    as_json: AsJson = False,
) -> None:
    """List the deliveries that were received, the newest first.

    One with all its details: gooclaim history show ID
    """
    if context.invoked_subcommand is not None:
        if as_json or limit != _LIMIT or any((event_type, outcome, since)):
            name = context.invoked_subcommand
            raise UsageError(
                f"an option in front of {name} is not one of {name}'s",
                f"write it behind: gooclaim history {name} --help lists what there is",
            )
        return
    from gooclaim_cli import settings
    from gooclaim_cli.history.reading import HistoryReader
    from gooclaim_cli.render import history as shown
    from gooclaim_cli.render.json_lines import write_object

    wanted = filter_of(event_type, outcome, since, limit)
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
            metavar="ID",
            help="A delivery id, event id or idempotency key; its beginning or end will do.",
        ),
    ],
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the body's exact bytes, nothing else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one delivery: its headers, its body, every forward, and all tries of its event."""
    from gooclaim_cli import settings
    from gooclaim_cli.history.reading import HistoryReader
    from gooclaim_cli.render import history as shown

    if raw and as_json:
        raise UsageError("--raw and --json exclude each other", "choose one of the two")
    with HistoryReader(settings.load().places.history) as reader:
        detail = reader.find(wanted)
        tries = () if raw else _tries_of(detail, reader)
    if raw:
        sys.stdout.buffer.write(detail.whole.body)
        sys.stdout.buffer.flush()
    elif as_json:
        from gooclaim_cli.render.json_lines import write_object

        write_object(shown.detail_object(detail, tries=tries), sys.stdout)
    else:
        from gooclaim_cli.cli.consoles import output_console

        shown.detail(detail, output_console(), tries=tries)


def _tries_of(detail: "DeliveryDetail", reader: "HistoryReader") -> "tuple[DeliveryDetail, ...]":
    """The deliveries under the same key, the oldest first; of very many, the newest."""
    from gooclaim_cli.history.reading import Filter

    key = detail.stored.idempotency_key
    if not key:
        return (detail,)
    found = list(reader.list(Filter(idempotency_key=key, limit=_TRIES)))
    return tuple(reader.find(each.delivery_id) for each in reversed(found))


app.command()(export)
app.command()(prune)
