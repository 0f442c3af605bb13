"""`gooclaim webhook set`: configure a URL for good."""

import sys
import time
from typing import Annotated

import typer

from gooclaim_cli.cli import options, registration_options


def set_(
    url: Annotated[str, typer.Argument(metavar="URL", help="The endpoint: an https:// URL.")],
    events: Annotated[
        list[str] | None,
        typer.Option(
            "--events",
            metavar="PATTERN",
            help="Subscribe to these event types. Repeatable.",
            show_default="those that are subscribed",
        ),
    ] = None,
    take_over: registration_options.TakeOver = False,
    accept_secret_rotation: registration_options.AcceptRotation = False,
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    live: options.Live = False,
    as_json: options.AsJson = False,
) -> None:
    """Configure this URL for good, in place of what is there.

    Where the signing secret changes with it, that is told.
    """
    from gooclaim_cli import webhooks
    from gooclaim_cli.cli.accounting import account_of
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.cli.notices import notifier
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.render import webhooks as shown
    from gooclaim_cli.render.json_lines import write_object

    account = account_of(profile, api_url, as_json=as_json)
    change = webhooks.set_url(
        account,
        url,
        notifier(as_json=as_json),
        live=live,
        events=tuple(events or ()),
        take_over=take_over,
        accept_secret_rotation=accept_secret_rotation,
    )
    replaced = run(change)
    if as_json:
        write_object(shown.replaced_object(replaced, account, at=time.time()), sys.stdout)
    else:
        shown.show_replaced(replaced, output_console())
