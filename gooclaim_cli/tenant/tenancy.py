"""Tenancy: one tenant's configuration, as this machine changes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.tenant.api import TenantApi, Webhook
from gooclaim_cli.tenant.journal import Entry, HomeWebhook, Journal, Sent

ALL_EVENTS: Final = ("*",)
# Somebody was faster: what is there is read again, so often.
CHANGED: Final = (409, 412)
TRIES: Final = 3

Approve = Callable[[Entry], None]


def _ignore(_answer: Webhook, _home: HomeWebhook | None) -> None:
    """Keep nothing."""


def approve_all(_entry: Entry) -> None:
    """Let every registration be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """What every change goes by.

    `keep` hears of every answer to a PUT before anything else happens, with what belongs there: it
    may hold a new signing secret. `approve` is shown what is about to be registered, and raises
    where that must not be.
    """

    api: TenantApi
    journal: Journal
    api_url: str
    tenant_id: str
    clock: Callable[[], float]
    keep: Callable[[Webhook, HomeWebhook | None], None] = _ignore
    approve: Approve = approve_all

    async def put(self, wanted: HomeWebhook, sent: Sent) -> Webhook:
        """Configure what is wanted, if all is as `sent` says. Raises ApiProblem."""
        return await self.api.put_webhook(
            wanted.url, wanted.events, etag=sent.etag, idempotency_key=sent.key
        )

    def require_same_api(self, entry: Entry) -> None:
        """Refuse to undo here what was done elsewhere. Raises ConfigurationError."""
        if entry.api_url != self.api_url:
            raise ConfigurationError(
                f"what is to be undone was done at {entry.api_url}, not at {self.api_url}",
                f"set GOOCLAIM_API_URL to {entry.api_url}, then: gooclaim restore",
            )
