"""The supervisor of a session's tunnel: opens it, has it proved, keeps it, has it again.

Whatever makes it doubtful (its program says so, the machine slept, time has passed) is settled by
a probe. Its program is started anew when it has ended, or when the far end answers for others for
long; while there is no network at all, it is left to come back by itself.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from gooclaim_cli.errors import GooclaimError, TunnelError
from gooclaim_cli.happenings import Level
from gooclaim_cli.tunnels.base import News, Notify, OpenTunnel, Tunnel
from gooclaim_cli.tunnels.probe import Outcome, Probe, Way
from gooclaim_cli.tunnels.proof import Ask, Proof, next_news
from gooclaim_cli.tunnels.timing import Timing, suspended

Moved = Callable[[str], Awaitable[None]]
Opening = Callable[[], Awaitable[OpenTunnel]]


class Supervisor:
    """Keeps one tunnel.

    `probe` None: nothing is proved. `ask` is put a question when the first probe seems blocked;
    None: nobody can be asked. `network` tells whether there is one.
    """

    def __init__(
        self,
        tunnel: Tunnel,
        probe: Probe | None,
        *,
        notify: Notify,
        network: Callable[[], Awaitable[bool]],
        ask: Ask | None = None,
        timing: Timing | None = None,
        asleep: Callable[[], float] = suspended,
    ) -> None:
        self._tunnel = tunnel
        self._probe = probe
        self._notify = notify
        self._ask = ask
        self._network = network
        self._timing = timing or Timing()
        self._asleep = asleep
        self._moved: Moved | None = None
        self._moving: asyncio.Task[None] | None = None
        self._known: str | None = None  # the origin that whoever uses us goes by
        self._told_down: set[str] = set()  # since it was up
        self._waiting_for = ""
        self._waiting_since = time.monotonic()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Opening]:
        """Begin to open the tunnel; on leaving, it is gone.

        What is yielded waits for the tunnel until it is proved: it raises TunnelError where it
        cannot be had.
        """
        first: asyncio.Future[OpenTunnel] = asyncio.get_running_loop().create_future()
        living = asyncio.create_task(self._live(first), name=f"tunnel {self._tunnel.name}")
        telling = asyncio.create_task(self._tell_waiting())

        async def opened() -> OpenTunnel:
            either: tuple[asyncio.Future[Any], ...] = (first, living)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            telling.cancel()
            if living.done():
                living.result()  # raises
            return first.result()

        try:
            yield opened
        finally:
            telling.cancel()
            living.cancel()
            await asyncio.wait({living, telling})
            if not living.cancelled():
                living.exception()  # whoever waited was told

    def follow(self, moved: Moved) -> None:
        """From now on, call `moved(origin)` when the tunnel has another origin."""
        self._moved = moved

    async def unfollow(self) -> None:
        """Call it no more; what is under way is given up."""
        self._moved = None
        if self._moving is not None:
            self._moving.cancel()
            await asyncio.wait({self._moving})

    async def _live(self, first: "asyncio.Future[OpenTunnel]") -> None:
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                async with self._tunnel.open(self._wait_for) as opened:
                    if self._known is None:
                        await self._prove(opened)
                        self._known = opened.origin
                        first.set_result(opened)
                        why = await self._keep(opened)
                    else:
                        why = await self._settle(opened) or await self._keep(opened)
            except TunnelError as error:
                if self._known is None:
                    raise
                why = error.message
            if time.monotonic() - began > self._timing.stable_after:
                attempt = 0
            pause = self._timing.before_start(attempt)
            attempt += 1
            self._tell_down(f"{why}; it is started again")
            await asyncio.sleep(pause)

    async def _prove(self, opened: OpenTunnel) -> None:
        if self._probe is None:
            return
        proof = Proof(
            self._probe,
            notify=self._notify,
            waiting=self._wait_for,
            ask=self._ask,
            timing=self._timing,
        )
        if not await proof.of(opened):
            self._probe = None  # what cannot pass now will not pass later

    async def _keep(self, opened: OpenTunnel) -> str:
        """Keep a tunnel that is proved; return why it must be opened anew."""
        while True:
            news = await self._until_doubtful(opened)
            why = "its program has ended" if news is News.ENDED else None
            why = why or await self._settle(opened, lost=news is News.LOST)
            if why is not None:
                return why

    async def _until_doubtful(self, opened: OpenTunnel) -> News | None:
        """Wait for news, for a wake from sleep (None) or for the next heartbeat (None)."""
        until = time.monotonic() + self._timing.heartbeat
        asleep = self._asleep()
        while (now := time.monotonic()) < until:
            news = await next_news(opened, within=self._timing.look)
            stalled = time.monotonic() - now - self._timing.look
            if news is not None or max(stalled, self._asleep() - asleep) > self._timing.slept:
                return news
        return None

    async def _settle(self, opened: OpenTunnel, *, lost: bool = False) -> str | None:
        """Probe until one arrives (None), or the tunnel must be opened anew (why).

        `lost`: its program says that it has no connection, and tries to have it again.
        """
        began, pause = time.monotonic(), self._timing.probe_every
        bad_since: float | None = None
        while True:
            outcome = await self._send_probe(opened, lost=lost)
            if outcome.way is Way.ARRIVED:
                self._tell_up(opened)
                return None
            now = time.monotonic()
            patience = await self._patience(outcome, lost=lost)
            bad_since = None if patience is None else bad_since or now
            if now - began >= self._timing.tell_after:
                self._tell_down(outcome.seen)
            if patience is not None and bad_since is not None and now - bad_since >= patience:
                return f"nothing has come through for {patience:g} s ({outcome.seen})"
            match await next_news(opened, within=pause):
                case News.ENDED:
                    return "its program has ended"
                case News.LOST:
                    lost = True
                case News.BACK:
                    lost, pause = False, self._timing.probe_every
            pause = min(pause * 1.5, self._timing.probe_at_most)

    async def _send_probe(self, opened: OpenTunnel, *, lost: bool) -> Outcome:
        if self._probe is None:  # the program's own word is all there is
            return Outcome(Way.ASTRAY, "it has no connection") if lost else Outcome(Way.ARRIVED)
        return await self._probe.send(opened.origin, opened.tls)

    async def _patience(self, outcome: Outcome, *, lost: bool) -> float | None:
        """For how long this may go on before the program is started anew; None: for ever."""
        if not self._tunnel.has_program:
            return None
        if outcome.way is Way.ASTRAY:
            return self._timing.reconnects_for if lost else self._timing.astray_for
        if not await self._network():
            self._tell_down("there is no network")
            return None
        return self._timing.unreached_for

    # What is told.

    def _tell_down(self, why: str) -> None:
        if why not in self._told_down:  # once, however often it comes round
            self._told_down.add(why)
            message = f"the tunnel is down: {why}"
            self._notify(Level.WARNING, "tunnel_down", message, "what comes now, Gooclaim retries")

    def _tell_up(self, opened: OpenTunnel) -> None:
        if opened.origin != self._known:
            if self._moving is not None:
                self._moving.cancel()
            self._moving = asyncio.create_task(self._move(opened.origin))
        elif self._told_down:
            message = f"the tunnel is up again: {opened.origin}"
            self._notify(Level.INFO, "tunnel_up", message, "")
        self._told_down.clear()

    async def _move(self, origin: str) -> None:
        """Tell whoever follows, until it has been done."""
        attempt, told = 0, ""
        while self._moved is not None:
            try:
                await self._moved(origin)
            except GooclaimError as error:
                if error.message != told:
                    told = error.message
                    message = f"the new URL is not registered yet: {told}"
                    self._notify(Level.WARNING, "not_moved", message, "it is tried again")
                await asyncio.sleep(self._timing.before_start(attempt))
                attempt += 1
            else:
                self._known = origin
                return

    def _wait_for(self, what: str) -> None:
        self._waiting_for = what
        self._waiting_since = time.monotonic()

    async def _tell_waiting(self) -> None:
        """Tell what is waited for, once it has taken a moment."""
        told = ""
        while True:
            await asyncio.sleep(self._timing.tell_after / 4)
            waited = time.monotonic() - self._waiting_since
            if self._waiting_for != told and waited >= self._timing.tell_after:
                told = self._waiting_for
                self._notify(Level.INFO, "waiting", f"waiting for {told}", "")
