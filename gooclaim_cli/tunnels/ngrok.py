"""ngrok's tunnel: its agent as a child (`ngrok_agent`), and what it tells of itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gooclaim_cli.tunnels import ngrok_errors
from gooclaim_cli.tunnels.base import News, OpenTunnel, Waiting
from gooclaim_cli.tunnels.children import Children
from gooclaim_cli.tunnels.kinds import TunnelKind
from gooclaim_cli.tunnels.ngrok_agent import Agent, NgrokOptions

if TYPE_CHECKING:  # costs start-up
    from pyngrok.log import NgrokLog

_WITHIN: Final = 20.0
_LOOK: Final = 0.25
_NEWS: Final = (
    ("session closed, starting reconnect loop", News.LOST),
    ("client session established", News.BACK),
)


class NgrokTunnel:
    """Leads to `target`, `http://host:port`. `within`: how long it may take, in seconds."""

    name = TunnelKind.NGROK
    has_program = True

    def __init__(
        self,
        program: Path,
        children: Children,
        *,
        target: str,
        options: NgrokOptions,
        within: float = _WITHIN,
    ) -> None:
        self._program = program
        self._children = children
        self._target = target
        self._options = options
        self._within = within

    @contextlib.asynccontextmanager
    async def open(self, waiting: Waiting) -> AsyncIterator[OpenTunnel]:
        """Run the agent until the tunnel is left. Raises TunnelError."""
        loop = asyncio.get_running_loop()
        news: asyncio.Queue[News] = asyncio.Queue()

        def hear(log: "NgrokLog") -> None:  # on a thread of pyngrok's
            for words, told in _NEWS:
                if words in (log.msg or ""):
                    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                        loop.call_soon_threadsafe(news.put_nowait, told)

        with self._children.folder("ngrok") as folder:
            agent = Agent(self._program, self._children, folder, self._options, hear)
            waiting("ngrok to connect")
            try:
                origin = await self._start(agent)
                while not news.empty():  # what led to readiness is no news
                    news.get_nowait()
                ending = asyncio.create_task(_tell_the_end(agent, news))
                try:
                    yield OpenTunnel(origin, inspector=agent.inspector, news=news)
                finally:
                    ending.cancel()
                    await asyncio.wait([ending])
            finally:
                await asyncio.shield(asyncio.ensure_future(agent.end()))

    async def _start(self, agent: "Agent") -> str:
        starting = asyncio.ensure_future(agent.start(self._target))
        starting.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            in_time, _ = await asyncio.wait({starting}, timeout=self._within)
        finally:
            while not starting.done():  # pyngrok waits for a line of the agent's, however long
                agent.kill()
                await asyncio.wait({starting}, timeout=_LOOK)
        error = starting.exception()
        if error is None:
            origin: str = starting.result()
            return origin
        said = _said(error)
        if said is None and not in_time:
            said = f"it said nothing within {self._within:g} s"
        # pyngrok's errors, and what it lets out of urllib, yaml and subprocess
        said = said or f"{type(error).__name__}: {error}"
        raise ngrok_errors.explain(said, authtoken=self._options.authtoken) from None


def _said(error: BaseException) -> str | None:
    """What the agent said, of what pyngrok's exceptions hold: an answer, or its last error."""
    logs: list[NgrokLog] = getattr(error, "ngrok_logs", [])
    errors = (log.err for log in reversed(logs) if log.lvl in ("ERROR", "CRITICAL"))
    minds = (log.line for log in reversed(logs) if log.line.startswith("ERROR:"))
    return getattr(error, "body", None) or next(errors, None) or next(minds, None)


async def _tell_the_end(agent: Agent, news: "asyncio.Queue[News]") -> None:
    while agent.is_running:  # noqa: ASYNC110 - another process's state
        await asyncio.sleep(_LOOK)
    news.put_nowait(News.ENDED)
