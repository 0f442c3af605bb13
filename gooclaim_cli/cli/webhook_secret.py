"""`gooclaim webhook secret`: the signing secrets that deliveries are verified with."""

import sys
import time
from typing import Annotated

import typer

from gooclaim_cli.cli import options


def secret(
    reveal: Annotated[bool, typer.Option("--reveal", help="Show it as it is.")] = False,
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the signing secret: the one that is set, and the one that Gooclaim's API told.

    Only its end is shown, to tell it from another. Nothing is asked of the API.
    """
    from gooclaim_cli import settings
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.errors import ConfigurationError
    from gooclaim_cli.known_secrets import known_secrets
    from gooclaim_cli.render import settings as shown
    from gooclaim_cli.render.json_lines import write_object

    found = settings.load({"profile": profile, "api_url": api_url})
    known = known_secrets(found)
    if not known:
        raise ConfigurationError(
            "no signing secret is known: none is set, and the API has told none",
            "set GOOCLAIM_SIGNING_SECRET to the one that the Console shows, or keep it:"
            " gooclaim config set signing_secret",
        )
    if as_json:
        for each in shown.secret_objects(known, at=time.time(), reveal=reveal):
            write_object(each, sys.stdout)
    else:
        shown.show_secrets(known, output_console(), reveal=reveal)
