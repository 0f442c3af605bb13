"""`gooclaim history prune`: delete what was received, for good."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli.options import AsJson, seconds
from gooclaim_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gooclaim_cli.history.pruning import Doomed, Pruning
    from gooclaim_cli.history.records import Pruned


def prune(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="SPAN", help="Those received longer ago: 7d."),
    ] = None,
    event_type: Annotated[
        str | None,
        typer.Option("--type", metavar="PATTERN", help="Those of these event types: 'claim.*'."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how many deliveries and bytes would go.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete deliveries with their forwards and bodies, for good.

    With --older-than and --type: what fits both. What is under way stays.
    """
    from gooclaim_cli import settings
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.history.pruning import Pruning, Wanted
    from gooclaim_cli.render import history as shown
    from gooclaim_cli.render.json_lines import write_object
    from gooclaim_cli.render.terminal import write_lines

    if everything == (older_than is not None or event_type is not None):
        raise UsageError(
            "--all goes without --older-than and --type"
            if everything
            else "nothing says what to prune",
            "write --older-than 7d, --type 'claim.*' or --all",
        )
    if not (dry_run or yes) and (as_json or not sys.stdin.isatty()):
        raise UsageError(
            "deliveries would be deleted for good, and nobody is there to be asked",
            "add --yes to delete them, or --dry-run to look first",
        )
    now = time.time()
    before = None if older_than is None else now - seconds("--older-than", older_than, zero=True)
    with Pruning(settings.load().places.history) as pruning:
        doomed = pruning.find(Wanted(before=before, event_type=event_type), now=now)
        if doomed and not dry_run and not yes:
            _confirm(doomed)
        done = doomed.report() if dry_run else _prune(pruning, doomed)
    if as_json:
        write_object(shown.pruned_object(done, at=time.time(), dry_run=dry_run), sys.stdout)
    else:
        write_lines(output_console(), shown.pruned_lines(done, dry_run=dry_run))


def _prune(pruning: "Pruning", doomed: "Doomed") -> "Pruned":
    from gooclaim_cli.cli.consoles import error_console
    from gooclaim_cli.render.progress import progress_bar

    with progress_bar(error_console(), "Deleting") as bar:
        return pruning.run(doomed, bar.show)


def _confirm(doomed: "Doomed") -> None:
    """Ask on the terminal; a no ends the command."""
    from gooclaim_cli.render.history import prune_question

    sys.stderr.write(prune_question(len(doomed), doomed.total_bytes))
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        sys.stderr.write("Nothing was deleted.\n")
        raise typer.Exit(ExitCode.REFUSED)
