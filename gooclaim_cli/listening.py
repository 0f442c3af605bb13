"""The listening session: receiver, tunnel, registration, forwarding.

Started in order, undone in reverse, however it ends. It prints nothing: it tells happenings.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from gooclaim_cli.announcing import announced
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.guard import Gate, Limits
from gooclaim_cli.happenings import Happening, Level, Notice, Ready, Summary
from gooclaim_cli.history.keeping import keeping
from gooclaim_cli.lasting import until_over
from gooclaim_cli.plan import ListenPlan, require_credentials, require_secrets
from gooclaim_cli.public_end import PublicEnd, choose_tunnel
from gooclaim_cli.serving import bind, serve
from gooclaim_cli.sessions import Sessions
from gooclaim_cli.setting_keys import Outlives
from gooclaim_cli.surroundings import settings_for, start_sandbox
from gooclaim_cli.tally import Tally
from gooclaim_cli.tenant.api import TenantApi
from gooclaim_cli.tenant.clock import ClockCheck
from gooclaim_cli.tenant.environment import require_development
from gooclaim_cli.tenant.http import ApiProblem, open_client
from gooclaim_cli.tenant.journal import HomeWebhook, Journal
from gooclaim_cli.tenant.lease import Lease
from gooclaim_cli.tenant.registration import Registration
from gooclaim_cli.tunnels import TunnelKind
from gooclaim_cli.ulids import new_ulid

if TYPE_CHECKING:
    from gooclaim_cli.receiver import Receiver


class Session:
    """One run of `gooclaim listen`. `show` is told what happens. `run` it once."""

    def __init__(
        self,
        plan: ListenPlan,
        show: Callable[[Happening], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plan = plan
        self._settings = plan.settings
        self._show = show
        self._clock = clock
        self._tally = Tally()
        self._early: list[Happening] | None = []
        self._secrets = plan.settings.signing_secrets
        self._lease: Lease | None = None
        self._gate = Gate(Limits().connections)
        self._starting: asyncio.Task[object] | None = None
        self._stopped = asyncio.Event()
        self._session_id = new_ulid(clock(), SystemRandom())

    def stop(self) -> None:
        """End the session: everything is undone, then `run` returns. Calling twice is harmless."""
        if not self._stopped.is_set():
            self._stopped.set()
            if self._starting is not None:
                self._starting.cancel()

    async def run(self) -> Summary | None:
        """Listen until `stop`; return and tell the numbers. None: stopped before it was ready.

        Raises GooclaimError where it cannot start, or could not undo what it did.
        """
        ready = None
        async with AsyncExitStack() as stack:
            ready = await self._start_unless_stopped(stack)
            if ready:
                await self._wait_for_the_end(ready)
        summary = None
        if ready:
            restored = self._lease.restored if self._lease else None
            summary = self._tally.summary(at=self._clock(), restored=restored)
            self._show(summary)
        if self._lease is not None and self._lease.failure is not None:
            raise self._lease.failure
        return summary

    async def _wait_for_the_end(self, ready: Ready) -> None:
        if await until_over(self._stopped, ends_at=ready.ends_at, clock=self._clock):
            self._notify(Level.INFO, "time_is_over", "the time is over (--for); ending", "")

    async def _start_unless_stopped(self, stack: AsyncExitStack) -> Ready | None:
        """Start; a stop meanwhile cuts it short. What has begun is the stack's to undo."""
        self._starting = asyncio.current_task()
        try:
            if self._stopped.is_set():
                return None
            ready = await self._start(stack)
        except asyncio.CancelledError:
            if not self._stopped.is_set() or self._starting is None:
                raise
            self._starting.uncancel()
            return None
        finally:
            self._starting = None
            early, self._early = self._early or [], None
        stack.enter_context(announced(self._settings.places.data, self._session_id, ready))
        self._tell(ready)
        if not ready.registered:
            self._tell_by_hand(ready)
        for happening in early:
            self._tell(happening)
        return ready

    def _tell_by_hand(self, ready: Ready) -> None:
        path = self._plan.receiver.path
        url = ready.public_url or f"https://YOUR-INGRESS{path}"
        self._notify(
            Level.INFO,
            "register_by_hand",
            f"nothing was registered; for real events the tenant's webhook URL must be {url}",
            "in the Console: open the tenant's webhook configuration, note the URL that is there,"
            f" paste this one (its path is {path}), save; put the old one back when you are done",
        )

    def _tell(self, happening: Happening) -> None:
        """Pass a happening on; what comes before the session is ready waits until it is."""
        if self._early is not None and not isinstance(happening, Notice):
            self._early.append(happening)
            return
        self._tally.add(happening)
        self._show(happening)

    def _notify(self, level: Level, code: str, message: str, hint: str) -> None:
        self._tell(Notice(at=self._clock(), level=level, code=code, message=message, hint=hint))

    async def _start(self, stack: AsyncExitStack) -> Ready:
        state, sandbox = self._settings.places.data, None
        if self._plan.sandbox is not None:
            state, sandbox = await start_sandbox(stack, self._plan.sandbox, self._settings)
            self._settings = settings_for(sandbox, self._settings)
            self._secrets = self._settings.signing_secrets
        environment = require_development(self._settings.api_url)
        kind = choose_tunnel(self._plan.tunneling, self._settings, environment)
        registers = self._plan.register and kind is not TunnelKind.NONE
        if not registers:
            require_secrets(self._settings)
        path = self._plan.receiver.path
        public = PublicEnd(
            self._plan.tunneling,
            kind,
            path=path,
            bind=self._plan.bind,
            settings=self._settings,
            notify=self._notify,
        )
        listener = stack.enter_context(bind(self._plan.bind, self._plan.port))
        port: int = listener.getsockname()[1]
        await public.begin(stack, port)  # what it sends so early waits in line
        receiver = await self._start_receiver(stack, environment, kind)
        door = public.door(receiver)
        await stack.enter_async_context(serve(door, listener=listener, gate=self._gate))
        api = None
        if registers or kind is TunnelKind.LOCAL:
            api = await self._open_api(stack)
        opened = await public.opened(stack, door, api, self._gate)
        public_url = f"{opened.origin}{path}" if opened else None
        stack.push_async_callback(receiver.finish)
        home = None
        if registers and api is not None and public_url is not None:
            home = await self._register(stack, api, public_url, state, environment)
        await stack.enter_async_context(public.following(self._move))
        host = f"[{self._plan.bind}]" if ":" in self._plan.bind else self._plan.bind
        now = self._clock()
        return Ready(
            at=now,
            ends_at=None if self._plan.lasts is None else now + self._plan.lasts,
            environment=environment,
            tenant_id=self._settings.tenant_id,
            public_url=public_url,
            local_url=f"http://{host}:{port}{path}",
            handlers=self._plan.handlers,
            tunnel=kind,
            inspector=opened.inspector if opened else None,
            registered=registers,
            previous_url=home.url if home else None,
            deadline=self._plan.receiver.deadline,
            events=self._plan.receiver.events,
            sandbox=sandbox,
        )

    async def _start_receiver(
        self, stack: AsyncExitStack, environment: str, kind: TunnelKind
    ) -> "Receiver":
        from gooclaim_cli.receiver import Forwarder, Receiver  # loaded while the tunnel opens
        from gooclaim_cli.sending import Sender, client_tls

        plan, data = self._plan, self._settings.places.data
        session_id = self._session_id
        sessions = Sessions(data / "sessions")
        stack.enter_context(sessions.hold(session_id))
        lasting = self._settings.history_outlives
        ledger = await stack.enter_async_context(
            keeping(
                self._settings.places.history,
                environment=environment,
                owner=session_id,
                is_gone=lambda owner: owner != session_id and sessions.is_gone(owner),
                synchronous="FULL" if lasting is Outlives.POWER_CUT else "NORMAL",
                retain=plan.retain,
                clock=self._clock,
                notify=self._notify,
            )
        )
        tls = client_tls(cacert=plan.cacert, verify=plan.verify_handlers)
        sender = await stack.enter_async_context(Sender(tls=tls))
        tenant_id = None if kind is TunnelKind.NONE else self._settings.tenant_id
        receiver = Receiver(
            dataclasses.replace(
                plan.receiver,
                tenant_id=tenant_id,
                signed_content=self._settings.signed_content,
            ),
            secrets=lambda: self._secrets,
            ledger=ledger,
            forwarder=Forwarder(sender, plan.handlers, replace=plan.replace_headers),
            tell=self._tell,
            clock=self._clock,
        )
        stack.push_async_callback(receiver.close)
        return receiver

    async def _open_api(self, stack: AsyncExitStack) -> TenantApi:
        client_id, client_secret, tenant_id = require_credentials(self._settings)
        check = ClockCheck(self._notify, tolerance=self._plan.receiver.tolerance, clock=self._clock)
        client = await stack.enter_async_context(open_client(self._settings.api_url, check.hooks))
        return TenantApi(
            client,
            client_id=client_id,
            client_secret=client_secret,
            tenant_id=tenant_id,
            webhook_path=self._settings.webhook_config_path,
            on_retry=self._tell_retry,
        )

    async def _register(
        self, stack: AsyncExitStack, api: TenantApi, url: str, state: Path, environment: str
    ) -> HomeWebhook | None:
        """Register, and take the secret that the answer brings; undoing it is the stack's."""
        tenant_id = self._settings.tenant_id or ""
        journal = Journal(state / "journal", environment=environment, tenant_id=tenant_id)
        stack.enter_context(
            Sessions(state / "leases").hold_alone(
                journal.path.stem,
                taken=f"another gooclaim listen on this machine is registered for {tenant_id}",
                hint="end that one first, or listen beside it with --no-register",
            )
        )
        registration = Registration(
            api,
            journal,
            api_url=self._settings.api_url,
            tenant_id=tenant_id,
            notify=self._notify,
            clock=self._clock,
        )
        self._lease = Lease(registration, secret_file=state / "secrets" / journal.path.name)
        stack.push_async_callback(self._lease.end)
        home, told = await self._lease.begin(url)
        if told is not None:
            self._secrets = (told, *(known for known in self._secrets if known != told))
        if not self._secrets:
            raise ConfigurationError(
                "Gooclaim's API did not tell the signing secret, and none is set",
                "set GOOCLAIM_SIGNING_SECRET to the one that the Console shows",
            )
        return home

    async def _move(self, url: str) -> None:
        """The tunnel has another URL: register that one. Raises ApiProblem."""
        done = "register it by hand, in the Console"
        if self._lease is not None:
            await self._lease.begin(url)
            done = ""
        message = f"the public URL has changed{'' if done else ' and is registered anew'}: {url}"
        self._tell(
            Notice(
                at=self._clock(),
                level=Level.WARNING,
                code="tunnel_moved",
                message=message,
                hint=done,
                public_url=url,
            )
        )

    def _tell_retry(self, problem: ApiProblem, wait: float) -> None:
        self._notify(Level.INFO, "api_retry", f"{problem.message}; again in {wait:.1f} s", "")
