"""What `gooclaim webhook` shows: what is configured, what was changed, whether it answers."""

from typing import Any

from rich.console import Console

from gooclaim_cli.knocking import Knock
from gooclaim_cli.render.errors import message_lines
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.terminal import facts, fold_width, write_lines
from gooclaim_cli.sessions import holder_text
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.environment import environment_of
from gooclaim_cli.tenant.replacing import Replaced
from gooclaim_cli.webhooks import Standing
from gooclaim_cli.wire.handling import HANDLING, Arriving


def standing_object(standing: Standing, *, at: float) -> dict[str, Any]:
    """The members of a `webhook`."""
    found, entry, holder = standing.found, standing.entry, standing.holder
    return {
        "kind": "webhook",
        "at": rfc3339(at),
        "environment": standing.environment,
        "tenant_id": standing.tenant_id,
        "url": found.url if found else None,
        "events": list(found.events) if found else [],
        "updated_at": found.updated_at if found else None,
        "session": standing.is_session,
        "session_here": standing.is_ours,
        "process": holder.pid if holder and standing.is_ours else None,
        "home_url": entry.home.url if entry and entry.home else None,
    }


def show_standing(standing: Standing, console: Console) -> None:
    """Write what is configured."""
    found = standing.found
    rows = [
        ("Environment", visible(standing.environment)),
        ("Tenant", visible(standing.tenant_id)),
        ("URL", visible(found.url) if found else "none is configured"),
    ]
    if found is not None:
        rows += [("Events", visible(", ".join(found.events))), ("Since", visible(found.updated_at))]
    if whose := _whose(standing):
        rows.append(("Session", whose))
    write_lines(console, facts(rows, width=fold_width(console)))


def _whose(standing: Standing) -> str:
    entry = standing.entry
    home = visible(entry.home.url) if entry and entry.home else "nothing"
    if standing.is_ours and standing.holder is not None:
        return f"of this machine, {holder_text(standing.holder)}; it puts back {home}"
    if standing.is_ours:
        return f"of this machine, and dead; {home} is put back by: gooclaim restore"
    if standing.is_session:
        return "of another machine, or one whose journal is gone"
    if entry is not None and standing.holder is not None:
        return f"{holder_text(standing.holder)} listens here, but has lost the URL to this one"
    return ""


def replaced_object(replaced: Replaced, settings: Settings, *, at: float) -> dict[str, Any]:
    """The members of a `webhook_set`. The signing secret is not among them."""
    before, after = replaced.before, replaced.after
    return {
        "kind": "webhook_set",
        "at": rfc3339(at),
        "environment": environment_of(settings.api_url),
        "tenant_id": settings.tenant_id,
        "changed": replaced.changed,
        "url": after.url,
        "events": list(after.events),
        "updated_at": after.updated_at,
        "previous_url": before.url if before else None,
    }


def show_replaced(replaced: Replaced, console: Console) -> None:
    """Write what was changed."""
    before, after = replaced.before, replaced.after
    if not replaced.changed:
        message = f"{after.url} is configured already; nothing was changed."
    elif before is None:
        message = f"Configured {after.url}; nothing was configured before."
    else:
        message = f"Configured {after.url} in place of {before.url}."
    hint = f"events: {', '.join(after.events)}"
    write_lines(console, message_lines("", message, hint, console, style=""))


def knock_object(knocked: Knock, *, at: float) -> dict[str, Any]:
    """The members of a `webhook_test`."""
    outcome = knocked.outcome
    return {
        "kind": "webhook_test",
        "at": rfc3339(at),
        "url": knocked.url,
        "status": outcome.status if outcome else None,
        "ms": round(outcome.ms, 1) if outcome else None,
        "error": outcome.failure if outcome else None,
        "expected": HANDLING[Arriving.UNSIGNED].status,
        "held": knocked.held,
        "message": knocked.message,
    }


def show_knock(knocked: Knock, console: Console) -> None:
    """Write whether the URL answers as an endpoint."""
    outcome = knocked.outcome
    took = f" ({max(1, round(outcome.ms))} ms)" if outcome and outcome.status else ""
    verdict = "Answers as an endpoint" if knocked.held else "Does not answer as an endpoint"
    hint = f"{knocked.message}{took}\n{knocked.hint}"
    style = "green" if knocked.held else "red"
    write_lines(console, message_lines("", f"{verdict}: {knocked.url}", hint, console, style=style))
