"""The first proof of a tunnel: nothing is registered before a probe has arrived through it.

Where the probe may be blocked on this side only, a person is asked, or told of `--no-probe`.
"""

import asyncio
from collections.abc import Awaitable, Callable

from gooclaim_cli.errors import TunnelError
from gooclaim_cli.happenings import Level
from gooclaim_cli.tunnels.base import News, Notify, OpenTunnel, Waiting
from gooclaim_cli.tunnels.probe import Outcome, Probe, Way
from gooclaim_cli.tunnels.timing import Timing

Ask = Callable[[str], Awaitable[bool]]
HINT = "it may be blocked on this side only (by a proxy): --no-probe goes on without one"


class Proof:
    """Proves one tunnel after it was opened. `ask` None: nobody can be asked."""

    def __init__(
        self, probe: Probe, *, notify: Notify, waiting: Waiting, ask: Ask | None, timing: Timing
    ) -> None:
        self._probe = probe
        self._notify = notify
        self._waiting = waiting
        self._ask = ask
        self._timing = timing
        self._seen = "nothing answered"

    async def of(self, opened: OpenTunnel) -> bool:
        """Wait for the proof; False: there is none, and a person goes on without it.

        Raises TunnelError.
        """
        self._waiting(f"a probe to come back through {opened.origin}")
        proving = asyncio.create_task(self._until_arrived(opened))
        try:
            done, _ = await asyncio.wait({proving}, timeout=self._timing.blocked_after)
            if done:
                proving.result()
                return True
            return await self._ask_whether_to_go_on(opened, proving)
        finally:
            proving.cancel()
            await asyncio.wait({proving})

    async def _ask_whether_to_go_on(
        self, opened: OpenTunnel, proving: "asyncio.Task[None]"
    ) -> bool:
        message = (
            f"no probe has come back through {opened.origin} within"
            f" {self._timing.blocked_after:g} s: {self._seen}"
        )
        if self._ask is None:
            raise TunnelError(message, HINT)
        self._notify(Level.WARNING, "probe_blocked", message, HINT)
        asking = asyncio.ensure_future(self._ask("Go on without the proof?"))
        try:
            await asyncio.wait({asking, proving}, return_when=asyncio.FIRST_COMPLETED)
            if proving.done():
                proving.result()
                return True
            if not asking.result():
                raise TunnelError(message, HINT)
            return False
        finally:
            asking.cancel()
            await asyncio.wait({asking})

    async def _until_arrived(self, opened: OpenTunnel) -> None:
        pause = self._timing.probe_every
        while True:
            outcome = await self._probe.send(opened.origin, opened.tls)
            if outcome.way is Way.ARRIVED:
                return
            self._note(outcome, opened)
            # A name that was asked for too early stays unknown for a while: not to be asked often.
            rest = self._timing.no_name if outcome.way is Way.NO_NAME else pause
            if await next_news(opened, within=rest) is News.ENDED:
                raise TunnelError("the tunnel's program ended before a probe came through it")
            pause = min(pause * 1.5, self._timing.probe_at_most)

    def _note(self, outcome: Outcome, opened: OpenTunnel) -> None:
        if outcome.seen != self._seen:
            self._seen = outcome.seen
            self._waiting(f"a probe to come back through {opened.origin} (so far: {self._seen})")


async def next_news(opened: OpenTunnel, *, within: float) -> News | None:
    """What the tunnel's program tells next; None: nothing within so many seconds."""
    try:
        async with asyncio.timeout(within):
            return await opened.news.get()
    except TimeoutError:
        return None
