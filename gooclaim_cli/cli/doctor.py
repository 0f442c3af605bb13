"""`gooclaim doctor`: is everything there that `listen` needs?"""

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from gooclaim_cli.checkup import Check
    from gooclaim_cli.examination import Asked

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def doctor(
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    live: options.Live = False,
    forward_to: Annotated[
        list[str] | None,
        typer.Option(
            "--forward-to",
            "-f",
            metavar="[PATTERN=]ADDRESS",
            help="A handler that must be reachable. Repeatable.",
            show_default="that of the settings",
        ),
    ] = None,
    bind: Annotated[
        str, typer.Option(metavar="ADDRESS", help="An address to serve on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="A port that must be free.", show_default="any"),
    ] = 0,
    as_json: options.AsJson = False,
) -> None:
    """Check everything that listening needs, and say how to mend what fails.

    Nothing is changed. Ends with 1 if anything fails.
    """
    from gooclaim_cli import checkup
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.errors import ExitCode
    from gooclaim_cli.examination import Asked
    from gooclaim_cli.render.terminal import has_colour

    asked = Asked(forward_to=tuple(forward_to or ()), bind=bind, port=port, live=live)
    console = output_console()
    terminal = checkup.terminal(
        is_terminal=console.is_terminal,
        width=console.width,
        encoding=console.encoding,
        colour=has_colour(console),
    )
    checks = [*_checks({"profile": profile, "api_url": api_url}, asked), terminal]
    _show(checks, console, as_json=as_json)
    raise typer.Exit(ExitCode.REFUSED if checkup.failed(checks) else ExitCode.OK)


def _checks(flags: dict[str, str | None], asked: "Asked") -> "list[Check]":
    from gooclaim_cli import checkup, settings
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.errors import ConfigurationError
    from gooclaim_cli.examination import examine

    try:
        return run(examine(settings.load(flags), asked, os.environ))
    except ConfigurationError as error:  # without settings there is nothing else to look at
        return [checkup.failure("settings", error)]


def _show(checks: "list[Check]", console: "Console", *, as_json: bool) -> None:
    from gooclaim_cli.render import checkup as shown
    from gooclaim_cli.render.json_lines import write_object

    if not as_json:
        shown.show_checks(checks, console)
        return
    now = time.time()
    for check in checks:
        write_object(shown.check_object(check, at=now), sys.stdout)
    write_object(shown.summary_object(checks, at=now), sys.stdout)
