"""`gooclaim history export`: what was received, as JSON lines, to verify or replay elsewhere."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gooclaim_cli.cli.history_filters import EventType, OutcomeName, Since, filter_of


def export(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|-",
            help="Where to; compressed where the name ends in .gz. -: standard output.",
        ),
    ] = Path("-"),
    event_type: EventType = None,
    outcome: OutcomeName = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0 for all.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write deliveries with headers, body and forwards as JSON lines, the oldest first.

    The file appears when it is complete, readable by you alone.
    """
    from gooclaim_cli import settings
    from gooclaim_cli.cli.consoles import error_console
    from gooclaim_cli.history.exporting import whole_file
    from gooclaim_cli.history.reading import HistoryReader
    from gooclaim_cli.render.history import detail_object
    from gooclaim_cli.render.json_lines import encode_object, write_object
    from gooclaim_cli.render.progress import progress_bar

    wanted = filter_of(event_type, outcome, since, limit)
    with HistoryReader(settings.load().places.history) as reader:
        details = reader.details(wanted)
        if str(file) == "-":
            for _share, each in details:
                write_object(detail_object(each), sys.stdout)
            return
        with (
            whole_file(file, replace=force) as stream,
            progress_bar(error_console(), "Exporting") as bar,
        ):
            for share, each in details:
                stream.write(f"{encode_object(detail_object(each))}\n".encode())
                bar.show(share)
