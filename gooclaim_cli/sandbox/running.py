"""Starts a sandbox's parts in order and stops them in reverse: its composition root."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

from starlette.applications import Starlette

from gooclaim_cli.happenings import SandboxFacts
from gooclaim_cli.sandbox.access import Access
from gooclaim_cli.sandbox.answers import Answers
from gooclaim_cli.sandbox.behaviour import Conduct
from gooclaim_cli.sandbox.certificates import CertificateAuthority
from gooclaim_cli.sandbox.config_api import ConfigApi
from gooclaim_cli.sandbox.configuration import Configuration
from gooclaim_cli.sandbox.emission import Emitter
from gooclaim_cli.sandbox.engine import DeliveryRules, OutboundEngine
from gooclaim_cli.sandbox.misconduct import Misconduct
from gooclaim_cli.sandbox.options import SandboxOptions
from gooclaim_cli.sandbox.outbound import Ledger, OutboundDelivery, OutboundEvent
from gooclaim_cli.sandbox.own_api import SandboxApi
from gooclaim_cli.sandbox.owned_tasks import owned_tasks
from gooclaim_cli.sandbox.problems import problem_handlers
from gooclaim_cli.sandbox.tenants import Tenant
from gooclaim_cli.sandbox.tokens import TokenIssuer
from gooclaim_cli.sending import Sender
from gooclaim_cli.serving import serve
from gooclaim_cli.webhook_urls import require_webhook_url
from gooclaim_cli.wire import SignedContent, SigningSecret

_EVERYTHING: Final = ("*",)
# Of an endpoint's answer only the status counts.
_ANSWER_LIMIT: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that runs.

    `sender` and `tls` are what it sends with, `rules` what it keeps to.
    """

    ready: SandboxFacts
    sender: Sender
    tls: ssl.SSLContext
    rules: DeliveryRules
    _configuration: Configuration = field(repr=False)
    _engine: OutboundEngine = field(repr=False)

    @property
    def url(self) -> str | None:
        """What is configured now."""
        webhook = self._configuration.webhook
        return None if webhook is None else webhook.url

    @property
    def signing_secret(self) -> SigningSecret:
        """What is signed with now."""
        return self._configuration.signing_secret

    async def deliver(self, event: OutboundEvent) -> OutboundDelivery:
        """Send an event as Gooclaim does; return how it stands once it was tried."""
        return await self._engine.deliver(event)

    def preconfigure(self, url: str, events: Sequence[str] = _EVERYTHING) -> None:
        """Set the URL that the tenant had before. Raises UsageError for one that cannot be.

        Unlike a PUT, it starts no stream and makes no new secret.
        """
        require_webhook_url(url)
        self._configuration.preconfigure(url, events)


@asynccontextmanager
async def run_sandbox(
    options: SandboxOptions,
    *,
    folder: Path,
    signed_content: SignedContent = SignedContent.BODY,
    observe: Callable[[OutboundDelivery], None] | None = None,
    clock: Callable[[], float] = time.time,
    random: Random | None = None,
) -> AsyncIterator[Sandbox]:
    """Run a sandbox on 127.0.0.1 until the context is left; attempts under way are then cancelled.

    `folder` is private and the caller's; the certificate authority is written there. `observe` is
    told how each delivery goes on. Raises ConfigurationError where a file or port cannot be had.
    """
    random = random or SystemRandom()
    conduct = Conduct(options.behaviour)
    world = _World(options, signed_content, clock, random, Tenant.new(random), conduct)
    authority = CertificateAuthority(folder)
    tls = authority.trusting(options.trust)
    configuration = world.configuration()
    ledger = Ledger(limit=options.deliveries_kept, observe=observe)
    async with (
        Sender(tls=tls, answer_limit=_ANSWER_LIMIT) as sender,
        owned_tasks() as tasks,
    ):
        engine = world.engine(configuration, ledger, sender, tls, tasks)
        emitter = world.emitter(engine, ledger)
        access = Access(world.token_issuer())
        own_api = world.own_api(access, emitter, engine, ledger, authority)
        api = ConfigApi(access, configuration, Answers(clock), tenant_id=world.tenant.tenant_id)
        app = Misconduct(_application(access, api, own_api), conduct)
        async with serve(app, port=options.port) as port:
            ready = world.ready(port, configuration, authority)
            sandbox = Sandbox(ready, sender, tls, world.rules, configuration, engine)
            if options.home_url is not None:
                sandbox.preconfigure(options.home_url)
            if options.emit:
                tasks.create_task(emitter.stream(configuration, every=options.emit_every))
            yield sandbox


@dataclass(frozen=True, slots=True)
class _World:
    """What the parts of one run have in common."""

    options: SandboxOptions
    signed_content: SignedContent
    clock: Callable[[], float]
    random: Random
    tenant: Tenant
    conduct: Conduct

    @property
    def rules(self) -> DeliveryRules:
        return DeliveryRules(
            schedule=self.options.retry_schedule,
            jitter=self.options.jitter,
            deadline=self.options.deadline,
            signed_content=self.signed_content,
        )

    def configuration(self) -> Configuration:
        return Configuration(
            rotate=self.options.rotate_secret_on_put,
            clock=self.clock,
            random=self.random,
            secret=self.options.signing_secret,
        )

    def engine(
        self,
        configuration: Configuration,
        ledger: Ledger,
        sender: Sender,
        tls: ssl.SSLContext,
        tasks: asyncio.TaskGroup,
    ) -> OutboundEngine:
        return OutboundEngine(
            self.rules,
            configuration=configuration,
            ledger=ledger,
            sender=sender,
            tls=tls,
            conduct=self.conduct,
            tasks=tasks,
            clock=self.clock,
            random=self.random,
        )

    def emitter(self, engine: OutboundEngine, ledger: Ledger) -> Emitter:
        return Emitter(
            engine,
            ledger,
            conduct=self.conduct,
            tenant_id=self.tenant.tenant_id,
            clock=self.clock,
            random=self.random,
        )

    def own_api(
        self,
        access: Access,
        emitter: Emitter,
        engine: OutboundEngine,
        ledger: Ledger,
        authority: CertificateAuthority,
    ) -> SandboxApi:
        return SandboxApi(
            access,
            emitter=emitter,
            engine=engine,
            ledger=ledger,
            authority=authority,
            conduct=self.conduct,
        )

    def token_issuer(self) -> TokenIssuer:
        return TokenIssuer(
            self.tenant.clients,
            tenant_id=self.tenant.tenant_id,
            lifetime=self.options.token_lifetime,
            rate=self.options.token_rate,
            clock=self.clock,
            random=self.random,
        )

    def ready(
        self, port: int, configuration: Configuration, authority: CertificateAuthority
    ) -> SandboxFacts:
        return SandboxFacts(
            api_url=f"http://127.0.0.1:{port}",
            client_id=self.tenant.client_id,
            client_secret=self.tenant.client_secret,
            tenant_id=self.tenant.tenant_id,
            signing_secret=configuration.signing_secret.value,
            ca_file=str(authority.ca_file),
        )


def _application(*parts: Access | ConfigApi | SandboxApi) -> Starlette:
    routes = [route for part in parts for route in part.routes()]
    app = Starlette(routes=routes, exception_handlers=problem_handlers())
    app.router.redirect_slashes = False
    return app
