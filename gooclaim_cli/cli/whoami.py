"""`gooclaim whoami`: the account that is used, what it may do, and until when."""

import sys

import typer

from gooclaim_cli.cli import options

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def whoami(
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    live: options.Live = False,
    as_json: options.AsJson = False,
) -> None:
    """Show which account is used, what it may do, and until when.

    It asks Gooclaim for a token, which proves that the credentials are good.
    """
    from gooclaim_cli import accounts, settings
    from gooclaim_cli.cli.notices import retry_teller, waiting_teller
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.render import accounts as shown

    found = settings.load({"profile": profile, "api_url": api_url})
    environment = accounts.environment_of(found, live=live)
    client = accounts.client_of(found, waiting_teller(as_json=as_json))
    tell_retry = retry_teller(as_json=as_json)
    who = run(accounts.who_is(found, environment, client, tell_retry))
    if as_json:
        from gooclaim_cli.render.json_lines import write_object

        write_object(shown.identity_object("whoami", who), sys.stdout)
    else:
        from gooclaim_cli.cli.consoles import output_console

        shown.show_identity(who, output_console())
