"""The tenant's configuration and what was done to it: for a person, and as JSON."""

from typing import Any

from rich.console import Console

from gooclaim_cli.render.errors import message_lines
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.terminal import write_lines
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.environment import environment_of
from gooclaim_cli.tenant.telling import described, left_alone
from gooclaim_cli.tenant.undoing import Step, Undone


def restore_object(
    undone: Undone | None, settings: Settings, *, at: float, dry_run: bool
) -> dict[str, Any]:
    """The JSON object of `gooclaim restore`."""
    home = undone.entry.home if undone else None
    found = undone.found if undone else None
    step = undone.step if undone else Step.NOTHING
    return {
        "kind": "restore",
        "at": rfc3339(at),
        "environment": environment_of(settings.api_url),
        "tenant_id": settings.tenant_id,
        "left_behind": undone is not None,
        "action": step,
        "dry_run": dry_run,
        "restored": step is Step.NOTHING or (not dry_run and step in (Step.PUT, Step.DELETE)),
        "session_url": undone.entry.ours if undone else None,
        "home_url": home.url if home else None,
        "found_url": found.url if found else None,
        "found_updated_at": found.updated_at if found else None,
    }


def show_restore(undone: Undone | None, console: Console, *, dry_run: bool) -> None:
    """Write what `gooclaim restore` did, or (a dry run) would do."""
    message, hint = _restore_text(undone, dry_run=dry_run)
    write_lines(console, message_lines("", message, hint, console, style=""))


def _restore_text(undone: Undone | None, *, dry_run: bool) -> tuple[str, str]:
    if undone is None:
        return "Nothing to restore: no session has left the tenant's URL changed.", ""
    home = undone.entry.home.url if undone.entry.home else ""
    now = described(undone.found, undone.entry.urls)
    match undone.step:
        case Step.NOTHING:
            return f"Nothing to restore: {home or 'nothing'} is configured, as it was before.", ""
        case Step.PUT:
            return f"{'Would put' if dry_run else 'Put'} back {home} in place of {now}.", ""
        case Step.DELETE:
            return f"{'Would remove' if dry_run else 'Removed'} {now}: nothing belongs there.", ""
        case Step.LEAVE | Step.WAIT:
            tell = left_alone(undone)
            force = "to put back what was there all the same: gooclaim restore --force"
            return f"Not restored: {tell.message}", f"{tell.hint}\n{force}"
