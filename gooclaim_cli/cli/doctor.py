"""`gooclaim doctor`: is everything there that `listen` needs?"""

import os
import sys
import time
from typing import Annotated

import typer

from gooclaim_cli.cli import options

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
    from gooclaim_cli import checkup, settings
    from gooclaim_cli.checkup import Check, State
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.errors import ConfigurationError, ExitCode
    from gooclaim_cli.examination import Asked, examine
    from gooclaim_cli.render import checkup as shown
    from gooclaim_cli.render.json_lines import write_object
    from gooclaim_cli.render.terminal import has_colour

    console = output_console()
    terminal = checkup.terminal(
        is_terminal=console.is_terminal,
        width=console.width,
        encoding=console.encoding,
        colour=has_colour(console),
    )
    try:
        found = settings.load({"profile": profile, "api_url": api_url})
        asked = Asked(forward_to=tuple(forward_to or ()), bind=bind, port=port, live=live)
        checks = run(examine(found, asked, os.environ))
    except ConfigurationError as error:  # without settings there is nothing else to look at
        checks = [Check("settings", State.FAILED, error.message, error.hint)]
    checks.append(terminal)
    now = time.time()
    if as_json:
        for check in checks:
            write_object(shown.check_object(check, at=now), sys.stdout)
        write_object(shown.summary_object(checks, at=now), sys.stdout)
    else:
        shown.show_checks(checks, console)
    raise typer.Exit(ExitCode.REFUSED if checkup.failed(checks) else ExitCode.OK)
