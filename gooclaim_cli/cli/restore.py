"""`gooclaim restore`: undo what a session that was killed has left in the configuration."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import options

if TYPE_CHECKING:
    from gooclaim_cli.settings import Settings
    from gooclaim_cli.tenant.undoing import Undone

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def restore(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Put the old URL back even over one that somebody else has set since."
        ),
    ] = False,
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Put the old URL back, where a session was killed before it could.

    The next gooclaim listen does the same before it registers.
    """
    import time

    from gooclaim_cli.cli.accounting import account_of
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.errors import ExitCode
    from gooclaim_cli.render import registration as shown
    from gooclaim_cli.render.json_lines import write_object

    account = account_of(profile, api_url, as_json=as_json)
    undone = run(_restore(account, dry_run=dry_run, force=force, as_json=as_json))
    if as_json:
        done = shown.restore_object(undone, account, at=time.time(), dry_run=dry_run)
        write_object(done, sys.stdout)
    else:
        shown.show_restore(undone, output_console(), dry_run=dry_run)
    restored = undone is None or undone.restored
    raise typer.Exit(ExitCode.OK if restored else ExitCode.REFUSED)


async def _restore(
    settings: "Settings", *, dry_run: bool, force: bool, as_json: bool
) -> "Undone | None":
    from gooclaim_cli.cli.notices import notifier
    from gooclaim_cli.restoring import restore

    return await restore(settings, notifier(as_json=as_json), dry_run=dry_run, force=force)
