"""The listening session: receiver, tunnel, registration, forwarding.

Started in order, undone in reverse, however it ends. It prints nothing: it tells happenings.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from random import SystemRandom
from typing import TYPE_CHECKING

from gooclaim_cli.announcing import announced
from gooclaim_cli.guard import Gate, Limits
from gooclaim_cli.happenings import Happening, Level, Notice, Ready, Summary
from gooclaim_cli.lasting import until_over
from gooclaim_cli.plan import ListenPlan, require_secrets
from gooclaim_cli.public_end import PublicEnd
from gooclaim_cli.readiness import Opened, readiness
from gooclaim_cli.register_terms import NOT_REGISTERED, Circumstances
from gooclaim_cli.serving import bind, serve
from gooclaim_cli.sharing import home_url
from gooclaim_cli.surroundings import begin_story, settings_for, start_sandbox
from gooclaim_cli.tenant.environment import require_environment
from gooclaim_cli.tenant.journal import Entry
from gooclaim_cli.tenant.telling import register_by_hand
from gooclaim_cli.told import Told
from gooclaim_cli.tunneling import choose_tunnel
from gooclaim_cli.tunnels import TunnelKind
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import SigningSecret

if TYPE_CHECKING:
    from gooclaim_cli.receiver.passing_on import PassingOn
    from gooclaim_cli.registering import Registrar
    from gooclaim_cli.sandbox import Sandbox


class Session:
    """One run of `gooclaim listen`. `run` it once.

    `show` is told what happens; `report` files a fault of our own and says where it is.
    """

    def __init__(
        self,
        plan: ListenPlan,
        show: Callable[[Happening], None],
        *,
        report: Callable[[Exception], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plan = plan
        self._settings = plan.settings
        self._report = report
        self._clock = clock
        self._told = Told(show, clock)
        self._registrar: Registrar | None = None
        self._sandbox: Sandbox | None = None
        self._passing_on: PassingOn | None = None
        self._gate = Gate(Limits().connections)
        self._starting: asyncio.Task[object] | None = None
        self._stopped = asyncio.Event()
        self._fault: BaseException | None = None
        self._session_id = new_ulid(clock(), SystemRandom())

    def stop(self) -> None:
        """End the session: everything is undone, then `run` returns. Calling twice is harmless."""
        if not self._stopped.is_set():
            self._stopped.set()
            if self._starting is not None:
                self._starting.cancel()

    def _fail(self, fault: BaseException) -> None:
        """A part of ours broke: end the session; when all is undone, `run` raises it."""
        self._fault = self._fault or fault
        self.stop()

    def left_behind(self) -> str:
        """What is not undone yet, should the process end now; lines for a person."""
        if self._registrar is None or not self._registrar.holds:
            return "the tenant's configuration is not changed"
        if self._plan.sandbox is not None:
            return "the sandbox ends with it, and its data was only in memory"
        return self._registrar.left_behind()

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
            restored = self._registrar.restored if self._registrar else None
            summary = self._told.sum_up(restored=restored)
        if self._registrar is not None and self._registrar.failure is not None:
            raise self._registrar.failure
        if self._fault is not None:
            raise self._fault
        return summary

    async def _wait_for_the_end(self, ready: Ready) -> None:
        if await until_over(self._stopped, ends_at=ready.ends_at, clock=self._clock):
            self._told.notice(Level.INFO, "time_is_over", "the time is over (--for); ending", "")

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
        stack.enter_context(announced(self._settings.places.data, self._session_id, ready))
        with self._told.from_now_on(ready):
            if not ready.registered:
                by_hand = register_by_hand(self._plan.receiver.path, ready.public_url)
                by_hand.to(self._told.notice)
        await begin_story(stack, self._plan.story, self._sandbox, self._told, self._fail)
        return ready

    async def _start(self, stack: AsyncExitStack) -> Ready:
        state, sandbox = self._settings.places.data, None
        if (options := self._plan.sandbox) is not None:
            state, sandbox = await start_sandbox(stack, options, self._settings, self._told)
            self._sandbox = sandbox
            self._settings = settings_for(sandbox.ready, self._settings)
        settings, live = self._settings, self._plan.live
        source = settings.source("api_url").name
        environment = require_environment(settings.api_url, live=live, source=source)
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
            notify=self._told.notice,
        )
        listener = stack.enter_context(bind(self._plan.bind, self._plan.port))
        port: int = listener.getsockname()[1]
        await public.begin(stack, port)  # what it sends so early waits in line
        # Loaded while the tunnel opens.
        from gooclaim_cli.receiving import Receiving, start_receiver
        from gooclaim_cli.registering import start_registrar

        receiver, self._passing_on = await start_receiver(
            stack,
            self._plan,
            self._settings,
            Receiving(
                environment=environment,
                session_id=self._session_id,
                any_tenant=kind is TunnelKind.NONE,
                secrets=lambda: self.secrets,
                tell=self._told.tell,
                notify=self._told.notice,
                report=self._report,
                clock=self._clock,
            ),
        )
        if not registers:
            self._settle_home(None)
        door = public.door(receiver)
        await stack.enter_async_context(serve(door, listener=listener, gate=self._gate))
        registrar = await start_registrar(
            stack,
            self._settings,
            self._plan.registering,
            Circumstances(
                environment=environment,
                state=state,
                tolerance=self._plan.receiver.tolerance,
                notify=self._told.notice,
                clock=self._clock,
                fail=self._fail,
                approve=self._settle_home,
            ),
            registers=registers,
            needs_api=kind is TunnelKind.LOCAL,
        )
        api = registrar.api if registrar else None
        self._registrar = registrar if registers else None
        opened = await public.opened(stack, door, api, self._gate)
        public_url = f"{opened.origin}{path}" if opened else None
        stack.push_async_callback(receiver.finish)
        registered = NOT_REGISTERED
        if self._registrar is not None and public_url is not None:
            registered = await self._registrar.register(stack, public_url)
        await stack.enter_async_context(public.following(self._move))
        return readiness(
            self._plan,
            self._settings,
            Opened(
                at=self._clock(),
                environment=environment,
                port=port,
                tunnel=kind,
                public_url=public_url,
                inspector=opened.inspector if opened else None,
                registered=registered,
                home_url=self._passing_on.home_url if self._passing_on else None,
                sandbox=sandbox.ready if sandbox else None,
            ),
        )

    def _settle_home(self, entry: Entry | None) -> None:
        """Know the home URL before it loses its deliveries to us. Raises ConfigurationError."""
        if self._plan.sharing.pass_on and self._passing_on is not None:
            registered = entry.home.url if entry is not None and entry.home is not None else None
            ours = None if entry is None else entry.ours
            self._passing_on.to_home(home_url(registered, self._settings.home_url, ours=ours))

    @property
    def secrets(self) -> tuple[SigningSecret, ...]:
        """What deliveries are verified with at this moment."""
        if self._registrar is not None:
            return self._registrar.secrets
        return self._settings.signing_secrets

    async def _move(self, url: str) -> None:
        """The tunnel has another URL: register that one. Raises ApiProblem."""
        moved = self._registrar is not None and await self._registrar.move(url)
        self._told.tell(
            Notice(
                at=self._clock(),
                level=Level.WARNING,
                code="tunnel_moved",
                message=f"the public URL has changed{' and is registered anew' if moved else ''}:"
                f" {url}",
                hint="" if moved else "ours was not registered: see gooclaim webhook show",
                public_url=url,
            )
        )
