"""A session's hold on the tenant's configuration: the lock, what was left behind, our URL, the end.

Ties the parts of `tenant` together for a listening session, and asks the user where only the user
can know.
"""

from contextlib import AsyncExitStack

from gooclaim_cli import questions
from gooclaim_cli.errors import ApiError, ConfigurationError, GooclaimError
from gooclaim_cli.happenings import Level
from gooclaim_cli.register_terms import (
    NOT_REGISTERED,
    Circumstances,
    Registered,
    RegisterOptions,
    require_consent,
)
from gooclaim_cli.sessions import HeldError
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.api import TenantApi, Webhook
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.tenant.http import CredentialsError
from gooclaim_cli.tenant.journal import Journal, other_entries
from gooclaim_cli.tenant.lease import Lease
from gooclaim_cli.tenant.telling import no_admin_scope, not_put_right, put_back_by_hand
from gooclaim_cli.tenant.watching import Watch, watching
from gooclaim_cli.tenant_access import footing, held, open_api
from gooclaim_cli.wire import SigningSecret


class Registrar:
    """`prepare`, then `register` with the public URL; undoing both is the stack's."""

    def __init__(
        self, api: TenantApi, settings: Settings, options: RegisterOptions, here: Circumstances
    ) -> None:
        self.api = api
        self._settings = settings
        self._options = options
        self._here = here
        self._base = footing(
            api,
            settings,
            here.environment,
            state=here.state,
            notify=here.notify,
            clock=here.clock,
            approve=here.approve,
        )
        self._secrets = self._base.secrets
        within = options.restore_within
        self._lease = Lease(self._base.registration, here.notify, within=within)
        self.registered = False

    @property
    def secrets(self) -> tuple[SigningSecret, ...]:
        """What deliveries are verified with."""
        return self._secrets.accepted

    @property
    def restored(self) -> bool | None:
        """As `Summary` explains it."""
        return self._lease.restored if self.registered or self._lease.failure else None

    @property
    def failure(self) -> ApiError | None:
        """Why the configuration could not be put back."""
        return self._lease.failure

    @property
    def holds(self) -> bool:
        """Whether there is still something to be undone."""
        return self._lease.holds

    def left_behind(self) -> str:
        """What a process that ends now leaves to be done; lines for a person."""
        entry = self._lease.entry
        if entry is None:
            return "the tenant's URL may have been changed; to put it right: gooclaim restore"
        return (
            f"the tenant's URL is still {entry.ours}, which nobody answers any more\n"
            "  to put it right: gooclaim restore\n"
            f"  from another machine: {put_back_by_hand(entry.home)}"
        )

    async def prepare(self, stack: AsyncExitStack) -> None:
        """Be this machine's only session for the tenant, and put right what others left behind.

        Raises ConfigurationError or ApiProblem.
        """
        require_consent(self._here.environment, given=self._options.accept_secret_rotation)
        hint = "end that one first, or listen beside it with --no-register"
        stack.enter_context(
            held(self._base, self._settings.tenant_id, hint, now=self._here.clock())
        )
        try:
            await self._recover()
        except CredentialsError as error:
            if error.status != 403:  # told as soon as we register
                raise
        await self.api.token()  # had while the tunnel opens: registering is two calls more

    async def recover_beside(self) -> None:
        """Put right what was left behind, for a session that does not register."""
        try:
            with self._base.hold(now=self._here.clock()):
                await self._recover()
        except HeldError:
            pass  # a session that runs is not left behind
        except GooclaimError as error:
            not_put_right(error).to(self._here.notify)

    async def _recover(self) -> None:
        others = [
            entry.tenant_id
            for name, entry in other_entries(self._base.journal)
            if not self._base.locks.is_held(name)
        ]
        if others:
            self._here.notify(
                Level.WARNING,
                "journal_of_other_tenant",
                "an earlier session has not undone its registration, of another tenant or"
                f" environment: {', '.join(others)}",
                "with the settings for that one: gooclaim restore",
            )
        await self._lease.recover()

    async def register(self, stack: AsyncExitStack, url: str) -> Registered:
        """Register and take the secret that the answer brings, unless that is not allowed.

        Raises ApiProblem, OtherSessionError, and ConfigurationError where no secret is known, or
        where that is not allowed in production.
        """
        stack.push_async_callback(self._lease.end)
        take_over = self._home_of if self._options.take_over else None
        try:
            await self._lease.begin(url, take_over)
            self.registered = True
        except CredentialsError as error:
            if error.status != 403:
                raise
            if self._here.environment is Environment.PRODUCTION:
                raise ConfigurationError(
                    "in production a URL that gooclaim cannot take out again is not put in by hand",
                    "use a client with the scope tenant:admin",
                ) from None
            no_admin_scope(error.message).to(self._here.notify)
            await self._lease.end()
        if not self._secrets.fall_back():
            self._secrets.accept(await questions.signing_secret(self._options.ask))
        if self.registered and self._options.watch_every is not None:
            watch = Watch(
                self._lease,
                self._here.notify,
                every=self._options.watch_every,
                take_back=self._options.take_back,
            )
            await stack.enter_async_context(watching(watch, self._here.fail))
        entry = self._lease.entry
        if not self.registered or entry is None:
            return NOT_REGISTERED
        return Registered(
            done=True,
            home_url=entry.home.url if entry.home else None,
            home_known=entry.home_known,
        )

    async def move(self, url: str) -> bool:
        """Put another URL of ours in place of ours; False where ours is not there.

        Raises ApiProblem.
        """
        return self.registered and await self._lease.move(url) is not None

    async def _home_of(self, found: Webhook) -> str | None:
        return await questions.home_url(
            found,
            configured=self._settings.home_url,
            ask=self._options.ask,
            notify=self._here.notify,
        )


async def start_registrar(
    stack: AsyncExitStack,
    settings: Settings,
    options: RegisterOptions,
    here: Circumstances,
    *,
    registers: bool,
    needs_api: bool,
) -> Registrar | None:
    """Open the tenant's API for as long as the stack, and put right what was left behind.

    None where the API is not needed for anything. Raises GooclaimError.
    """
    if not (registers or needs_api or _has_left_behind(settings, here)):
        return None
    opened = open_api(settings, here.notify, tolerance=here.tolerance, clock=here.clock)
    registrar = Registrar(await stack.enter_async_context(opened), settings, options, here)
    if registers:
        await registrar.prepare(stack)
    else:
        await registrar.recover_beside()
    return registrar


def _has_left_behind(settings: Settings, here: Circumstances) -> bool:
    """Whether a session of before has something to be undone, which these settings can undo."""
    tenant_id = settings.tenant_id
    if not (settings.client_id and settings.client_secret and tenant_id):
        return False
    folder = here.state / "journal"
    return Journal(folder, environment=here.environment, tenant_id=tenant_id).path.exists()
