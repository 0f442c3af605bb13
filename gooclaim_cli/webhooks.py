"""The tenant's webhook without a session: look at it, change it, see whether it answers.

A change has the same guards and the same journal as `listen`'s; should it be cut off in the middle,
`gooclaim restore` brings it to its end.
"""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from gooclaim_cli.accounts import environment_of
from gooclaim_cli.errors import UsageError
from gooclaim_cli.register_terms import require_consent
from gooclaim_cli.sessions import Holder
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.tenant.http import ApiProblem
from gooclaim_cli.tenant.journal import Entry
from gooclaim_cli.tenant.replacing import Replaced, replace
from gooclaim_cli.tenant.telling import Notify
from gooclaim_cli.tenant_access import Footing, footing, held, open_api
from gooclaim_cli.webhook_urls import is_session_url, require_webhook_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is configured, and what this machine has to do with it.

    `entry` is what a session of this machine has journaled; `holder` its process, None where it has
    been killed.
    """

    environment: Environment
    tenant_id: str
    found: Webhook | None
    entry: Entry | None = None
    holder: Holder | None = None

    @property
    def is_ours(self) -> bool:
        """Whether a session of this machine has registered it."""
        urls = self.entry.urls if self.entry else ()
        return self.found is not None and self.found.url in urls

    @property
    def is_session(self) -> bool:
        """Whether it is some session's."""
        return self.found is not None and is_session_url(self.found.url)


async def look(settings: Settings, notify: Notify, *, live: bool) -> Standing:
    """Look at it; nothing is changed. Raises ConfigurationError or ApiProblem."""
    async with _opened(settings, notify, live=live) as (environment, base):
        found = await base.registration.look()
        name = base.journal.path.stem
        return Standing(
            environment=environment,
            tenant_id=settings.tenant_id or "",
            found=found,
            entry=base.journal.read(),
            holder=base.locks.holder(name) if base.locks.is_held(name) else None,
        )


async def set_url(
    settings: Settings,
    url: str,
    notify: Notify,
    *,
    live: bool,
    events: tuple[str, ...] = (),
    take_over: bool = False,
    accept_secret_rotation: bool = False,
) -> Replaced:
    """Configure a URL for good, with these events (none: those that are subscribed).

    What a killed session of this machine had left behind is settled with it. Raises UsageError,
    ConfigurationError where a session is in the way, and ApiProblem.
    """
    require_webhook_url(url)
    if is_session_url(url):
        raise UsageError(
            f"{url} is a gooclaim session's: it would stay there when the session has ended",
            "that session registers it itself, and undoes it: gooclaim listen",
        )
    async with _opened(settings, notify, live=live) as (environment, base):
        require_consent(environment, given=accept_secret_rotation)
        hint = "end that one first: it would put the old URL back when it ends"
        with held(base, settings.tenant_id, hint, now=time.time()):
            try:
                return await replace(base.tenancy, url, events, take_over=take_over)
            except ApiProblem as error:
                if base.journal.path.exists() and error.passing:
                    error.hint = "whether it was changed is not known: gooclaim restore finishes it"
                raise


@contextlib.asynccontextmanager
async def _opened(
    settings: Settings, notify: Notify, *, live: bool
) -> AsyncIterator[tuple[Environment, Footing]]:
    environment = environment_of(settings, live=live)
    state: Path = settings.places.data
    async with open_api(settings, notify) as api:
        yield environment, footing(api, settings, environment, state=state, notify=notify)
