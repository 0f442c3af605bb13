"""ngrok's tunnel: the agent as a child, driven by pyngrok.

pyngrok blocks, keeps its processes in globals, shares our process group and puts an authtoken into
arguments unless kept from it: all of that ends in this module. Its calls run on one thread of their
own, which lives as long as the agent: the kernel ends the agent with the thread that started it.
"""

import asyncio
import contextlib
import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gooclaim_cli.tunnels import ngrok_config, ngrok_errors
from gooclaim_cli.tunnels.base import News, OpenTunnel, Waiting
from gooclaim_cli.tunnels.children import Children
from gooclaim_cli.tunnels.kinds import TunnelKind

if TYPE_CHECKING:  # costs start-up
    from pyngrok.conf import PyngrokConfig
    from pyngrok.log import NgrokLog
    from pyngrok.process import NgrokProcess

_WITHIN: Final = 20.0
_LOOK: Final = 0.25
_NEWS: Final = (
    ("session closed, starting reconnect loop", News.LOST),
    ("client session established", News.BACK),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NgrokOptions:
    """`domain`: a reserved one; `carried`: what of the user's configuration goes into ours."""

    authtoken: str | None = field(default=None, repr=False)
    domain: str | None = None
    region: str | None = None
    inspect: bool = False
    carried: Mapping[str, Any] = field(default_factory=dict)


class NgrokTunnel:
    """Leads to `target`, `http://host:port`. `within`: how long it may take, in seconds."""

    name = TunnelKind.NGROK

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
            agent = _Agent(self._program, self._children, folder, self._options, hear)
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

    async def _start(self, agent: "_Agent") -> str:
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


class _Agent:
    """One process of ngrok's agent, behind one thread."""

    def __init__(
        self,
        program: Path,
        children: Children,
        folder: Path,
        options: NgrokOptions,
        hear: "Callable[[NgrokLog], None]",
    ) -> None:
        self._program = program
        self._children = children
        self._folder = folder
        self._options = options
        self._hear = hear
        self._thread = ThreadPoolExecutor(1, "ngrok")
        self._running: NgrokProcess | None = None
        self._launcher = ""
        self.inspector: str | None = None

    async def start(self, target: str) -> str:
        """Start it and its tunnel; return the public origin. Raises what pyngrok raises."""
        origin: str = await self._call(self._connect, target)
        return origin

    async def end(self) -> None:
        """Ask it to end, then make it; its thread goes with it."""
        await self._call(self._stop)
        self._thread.shutdown(wait=False)

    def kill(self) -> None:
        """End it at once, from wherever."""
        running = self._running
        pid = running.proc.pid if running else self._children.pid_of(self._program)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._running is not None and self._running.proc.poll() is None

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def _connect(self, target: str) -> str:
        from pyngrok import ngrok, process

        _spare_this_machine_the_proxy()
        config = self._config()
        self._running = running = process.get_process(config)
        options = {"domain": self._options.domain} if self._options.domain else {}
        opened = ngrok.connect(
            target,
            "http",
            pyngrok_config=config,
            schemes=["https"],
            inspect=self._options.inspect,
            **options,
        )
        if self._options.inspect:
            self.inspector = running.api_url
        return str(opened.public_url).rstrip("/")

    def _config(self) -> "PyngrokConfig":
        from pyngrok.conf import PyngrokConfig

        _keep_quiet()
        path = self._folder / "ngrok.yml"
        ngrok_config.write_agent_config(
            path,
            authtoken=self._options.authtoken,
            carried=self._options.carried,
            web_port=_free_port(),
            inspect=self._options.inspect,
        )
        self._launcher = self._launch_script()
        config = PyngrokConfig(
            ngrok_path=self._launcher,
            config_path=str(path),
            region=self._options.region,
            log_event_callback=self._hear,
            start_new_session=sys.platform != "win32",
            config_version="2",
        )
        config.auth_token = None  # else NGROK_AUTHTOKEN would go into the arguments
        return config

    def _launch_script(self) -> str:
        """What pyngrok runs: the agent on our leash. Windows has no exec: there, the agent."""
        if sys.platform == "win32":
            return str(self._program)
        script = self._folder / "ngrok"
        command = shlex.join(self._children.command(self._program))
        script.write_text(f'#!/bin/sh\nexec {command} "$@" 2>&1\n')
        script.chmod(0o700)
        return str(script)

    def _stop(self) -> None:
        from pyngrok import process

        if self._running is not None:
            child: subprocess.Popen[str] = self._running.proc
            child.terminate()  # not killed: ngrok's service is to forget the session at once
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(self._children.grace)
            if child.poll() is None:
                child.kill()
                child.wait()
            self._children.forget(child.pid)
            reader: threading.Thread | None = self._running._monitor_thread
            if reader is not None:
                reader.join(self._children.grace)
            if child.stdout is not None:
                child.stdout.close()
        process.kill_process(self._launcher)  # pyngrok forgets it
        gone = self._children.pid_of(self._program)  # one that pyngrok has ended itself
        if gone is not None:
            self._children.forget(gone)


def _said(error: BaseException) -> str | None:
    """What the agent said, of what pyngrok's exceptions hold: its last error, or an answer."""
    said = getattr(error, "ngrok_error", None) or getattr(error, "body", None)
    lines = (log.line for log in reversed(getattr(error, "ngrok_logs", ())))
    return said or next((line for line in lines if line.startswith("ERROR:")), None)


def _keep_quiet() -> None:
    """pyngrok passes the agent's lines on to `logging`, which would print them: tokens too."""
    for name in ("pyngrok", "pyngrok.process.ngrok"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def _spare_this_machine_the_proxy() -> None:
    """pyngrok asks the agent's API through the environment's proxy, which does not lead here."""
    if not any(name.lower() in ("http_proxy", "all_proxy") for name in os.environ):
        return
    for name in ("no_proxy", "NO_PROXY"):
        spared = os.environ.get(name, "")
        if "127.0.0.1" not in spared and (spared or name.islower()):
            os.environ[name] = ",".join(filter(None, (spared, "127.0.0.1", "localhost")))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _tell_the_end(agent: _Agent, news: "asyncio.Queue[News]") -> None:
    while agent.is_running:  # noqa: ASYNC110 - another process's state
        await asyncio.sleep(_LOOK)
    news.put_nowait(News.ENDED)
