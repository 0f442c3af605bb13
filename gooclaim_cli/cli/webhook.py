"""`gooclaim webhook`: the tenant's webhook, without listening. One module a command below it."""

import typer

from gooclaim_cli.cli.webhook_secret import secret

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


@app.callback()
def webhook() -> None:
    """Look at the webhook of the tenant: its signing secret."""


app.command()(secret)
