"""Undoing what a session has left behind, without a session."""

import time
from pathlib import Path

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.environment import Environment, environment_of
from gooclaim_cli.tenant.journal import Journal, other_entries
from gooclaim_cli.tenant.telling import Notify
from gooclaim_cli.tenant.undoing import Undone
from gooclaim_cli.tenant_access import footing, held, open_api, require_credentials


async def restore(
    settings: Settings, notify: Notify, *, dry_run: bool = False, force: bool = False
) -> Undone | None:
    """Undo it; None where nothing is left behind for this tenant. `dry_run` only looks.

    What somebody else has set since stays, unless `force`. Raises ConfigurationError where a
    session of this machine runs, or only another tenant has something left behind; ApiProblem.
    """
    environment = environment_of(settings.api_url)
    state = settings.places.data
    tenant_id = require_credentials(settings)[2]
    journal = Journal(state / "journal", environment=environment, tenant_id=tenant_id)
    if not journal.path.exists():
        _refuse_for_another_tenant(state, journal, environment, tenant_id)
        return None
    async with open_api(settings, notify) as api:
        base = footing(api, settings, environment, state=state, notify=notify)
        hint = "end that one: it puts the old URL back itself"
        with held(base, tenant_id, hint, now=time.time()):
            return await base.registration.restore(force=force, dry_run=dry_run, forget=False)


def _refuse_for_another_tenant(
    state: Path, journal: Journal, environment: Environment, tenant_id: str
) -> None:
    """Say so where it is another tenant whose session was killed. Raises ConfigurationError."""
    for _name, entry in other_entries(journal):
        raise ConfigurationError(
            f"nothing is left behind for {tenant_id} ({environment}), but for {entry.tenant_id}"
            f" at {entry.api_url}",
            f"set GOOCLAIM_TENANT_ID={entry.tenant_id}, GOOCLAIM_API_URL={entry.api_url} and the"
            " client that goes with them, then: gooclaim restore",
        )
