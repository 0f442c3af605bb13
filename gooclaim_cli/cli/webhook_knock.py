"""`gooclaim webhook test`: does the configured URL answer as an endpoint?"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import options

if TYPE_CHECKING:
    from gooclaim_cli.knocking import Knock
    from gooclaim_cli.settings import Settings


def knock_at(
    cacert: Annotated[
        Path | None,
        typer.Option("--cacert", metavar="FILE", help="Trust these certificates, too."),
    ] = None,
    within: Annotated[
        str, typer.Option(metavar="SPAN", help="How long the endpoint may take.")
    ] = "5s",
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    live: options.Live = False,
    as_json: options.AsJson = False,
) -> None:
    """Send the configured URL one request that is not signed and no event.

    No endpoint may process it: a correct one refuses it with 4xx, which is what is looked for.
    """
    from gooclaim_cli.cli.accounting import account_of
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.errors import ExitCode
    from gooclaim_cli.render import webhooks as shown
    from gooclaim_cli.render.json_lines import write_object

    patience = options.seconds("--within", within)
    account = account_of(profile, api_url, as_json=as_json)
    knocked = run(_test(account, cacert, patience, live=live, as_json=as_json))
    if as_json:
        write_object(shown.knock_object(knocked, at=time.time()), sys.stdout)
    else:
        shown.show_knock(knocked, output_console())
    raise typer.Exit(ExitCode.OK if knocked.held else ExitCode.REFUSED)


async def _test(
    account: "Settings", cacert: Path | None, patience: float, *, live: bool, as_json: bool
) -> "Knock":
    from gooclaim_cli import webhooks
    from gooclaim_cli.cli.notices import notifier
    from gooclaim_cli.errors import GooclaimError
    from gooclaim_cli.knocking import knock

    standing = await webhooks.look(account, notifier(as_json=as_json), live=live)
    if standing.found is None:
        raise GooclaimError("no URL is configured", "configure one: gooclaim webhook set URL")
    return await knock(standing.found.url, cacert=cacert, within=patience)
