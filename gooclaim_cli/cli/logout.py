"""`gooclaim logout`: forget the secret that login keeps."""

import os
import sys
import time

import typer

from gooclaim_cli.cli import options

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def logout(profile: options.Profile = None, as_json: options.AsJson = False) -> None:
    """Log out: forget the secret that login keeps.

    Which client and tenant it was stays in config.toml, for the next login.
    """
    from gooclaim_cli import accounts
    from gooclaim_cli.cli.notices import waiting_teller
    from gooclaim_cli.render import accounts as shown

    done = accounts.log_out({"profile": profile}, os.environ, waiting_teller(as_json=as_json))
    if as_json:
        from gooclaim_cli.render.json_lines import write_object

        write_object(shown.logout_object(done, at=time.time()), sys.stdout)
    else:
        from gooclaim_cli.cli.consoles import output_console

        shown.show_logout(done, output_console())
