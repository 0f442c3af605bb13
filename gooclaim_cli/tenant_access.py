"""A tenant's API and registration, put together from the settings."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.happenings import Level
from gooclaim_cli.sessions import HeldError, Sessions, holder_text
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.api import TenantApi
from gooclaim_cli.tenant.clock import ClockCheck
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.tenant.http import ApiProblem, open_client
from gooclaim_cli.tenant.journal import Journal
from gooclaim_cli.tenant.registration import Registration
from gooclaim_cli.tenant.secret_file import SecretFile
from gooclaim_cli.tenant.signing_secrets import SigningSecrets
from gooclaim_cli.tenant.telling import Notify
from gooclaim_cli.tenant.tenancy import Approve, Tenancy, approve_all
from gooclaim_cli.wording import listed

_TOLERANCE = 300.0


@contextlib.asynccontextmanager
async def open_api(
    settings: Settings,
    notify: Notify,
    *,
    tolerance: float = _TOLERANCE,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[TenantApi]:
    """Yield the API as the tenant uses it. Raises ConfigurationError where a credential is missing.

    `tolerance`: how far a delivery's timestamp may be off, in seconds.
    """
    client_id, client_secret, tenant_id = require_credentials(settings)
    check = ClockCheck(notify, tolerance=tolerance, clock=clock)

    def tell_retry(problem: ApiProblem, wait: float) -> None:
        notify(Level.INFO, "api_retry", f"{problem.message}; again in {wait:.1f} s", "")

    async with open_client(settings.api_url, check.hooks) as client:
        yield TenantApi(
            client,
            client_id=client_id,
            client_secret=client_secret,
            tenant_id=tenant_id,
            webhook_path=settings.webhook_config_path,
            on_retry=tell_retry,
        )


@dataclass(frozen=True, slots=True)
class Footing:
    """What every change of a tenant's configuration stands on. `locks` name the journal's stem."""

    tenancy: Tenancy
    locks: Sessions
    secrets: SigningSecrets
    registration: Registration

    @property
    def journal(self) -> Journal:
        """What has not been undone."""
        return self.tenancy.journal

    def hold(self, *, now: float) -> contextlib.AbstractContextManager[None]:
        """Be the only process of this machine that changes it. Raises HeldError."""
        return self.locks.hold_alone(self.journal.path.stem, now=now)


def require_credentials(settings: Settings) -> tuple[str, str, str]:
    """The client id, its secret and the tenant id. Raises ConfigurationError naming the missing."""
    wanted = {
        "GOOCLAIM_CLIENT_ID": settings.client_id,
        "GOOCLAIM_CLIENT_SECRET": settings.client_secret,
        "GOOCLAIM_TENANT_ID": settings.tenant_id,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing or not (settings.client_id and settings.client_secret and settings.tenant_id):
        raise ConfigurationError(
            f"to register with Gooclaim, {listed(missing)} must be set",
            "log in (gooclaim login), or set them in the environment or in"
            f" {settings.places.config}; without an account: gooclaim listen --sandbox",
        )
    return settings.client_id, settings.client_secret, settings.tenant_id


@contextlib.contextmanager
def held(base: Footing, tenant_id: str | None, hint: str, *, now: float) -> Iterator[None]:
    """Be the only one, or say who is. Raises ConfigurationError."""
    try:
        with base.hold(now=now):
            yield
    except HeldError as error:
        raise ConfigurationError(
            f"another gooclaim on this machine is registered for {tenant_id}:"
            f" {holder_text(error.holder)}",
            hint,
        ) from None


def footing(
    api: TenantApi,
    settings: Settings,
    environment: Environment,
    *,
    state: Path,
    notify: Notify,
    clock: Callable[[], float] = time.time,
    approve: Approve = approve_all,
) -> Footing:
    """Put it together; `state` is the folder of journals, locks and secrets."""
    tenant_id = settings.tenant_id or ""
    journal = Journal(state / "journal", environment=environment, tenant_id=tenant_id)
    secret_file = SecretFile(state / "secrets" / journal.path.name)
    secrets = SigningSecrets(secret_file, settings.signing_secrets, notify)
    tenancy = Tenancy(
        api=api,
        journal=journal,
        api_url=settings.api_url,
        tenant_id=tenant_id,
        clock=clock,
        keep=secrets.take,
        approve=approve,
    )
    return Footing(tenancy, Sessions(state / "leases"), secrets, Registration(tenancy))
