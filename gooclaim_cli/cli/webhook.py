"""`gooclaim webhook`: the tenant's webhook, without listening. One module a command below it."""

import typer

from gooclaim_cli.cli.webhook_knock import knock_at
from gooclaim_cli.cli.webhook_secret import secret
from gooclaim_cli.cli.webhook_set import set_
from gooclaim_cli.cli.webhook_show import show

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


@app.callback()
def webhook() -> None:
    """Look at and change the webhook of the tenant, without listening."""


app.command()(show)
app.command("set")(set_)
app.command("test")(knock_at)
app.command()(secret)
