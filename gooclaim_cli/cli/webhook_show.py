"""`gooclaim webhook show`: what is configured, since when, and whose it is."""

import sys
import time

from gooclaim_cli.cli import options


def show(
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    live: options.Live = False,
    as_json: options.AsJson = False,
) -> None:
    """Show the URL that is configured, since when, and whether a session has put it there."""
    from gooclaim_cli import webhooks
    from gooclaim_cli.cli.accounting import account_of
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.cli.notices import notifier
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.render import webhooks as shown
    from gooclaim_cli.render.json_lines import write_object

    account = account_of(profile, api_url, as_json=as_json)
    standing = run(webhooks.look(account, notifier(as_json=as_json), live=live))
    if as_json:
        write_object(shown.standing_object(standing, at=time.time()), sys.stdout)
    else:
        shown.show_standing(standing, output_console())
