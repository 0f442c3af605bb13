"""One process of ngrok's agent, behind one thread.

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
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gooclaim_cli.tunnels import ngrok_config
from gooclaim_cli.tunnels.children import Children

if TYPE_CHECKING:  # costs start-up
    from pyngrok.conf import PyngrokConfig
    from pyngrok.log import NgrokLog
    from pyngrok.process import NgrokProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class NgrokOptions:
    """`domain`: a reserved one; `carried`: what of the user's configuration goes into ours."""

    authtoken: str | None = field(default=None, repr=False)
    domain: str | None = None
    region: str | None = None
    inspect: bool = False
    carried: Mapping[str, Any] = field(default_factory=dict)


class Agent:
    """`hear` is told each line of its log, on a thread of pyngrok's. `start`, then `end`, once."""

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
        from pyngrok.exception import PyngrokNgrokError

        _spare_this_machine_the_proxy()
        config = self._config()
        try:
            self._running = running = process.get_process(config)
        except PyngrokNgrokError as error:
            error.ngrok_logs += self._unread()
            raise
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

    def _heard(self, log: "NgrokLog") -> None:
        from pyngrok import process

        if self._running is None:  # pyngrok keeps what it starts to itself until it is healthy
            self._running = process._current_processes.get(self._launcher)
        self._hear(log)

    def _unread(self) -> "list[NgrokLog]":
        """What an agent that has ended still said: pyngrok stops reading when it ends."""
        from pyngrok.log import NgrokLog

        if self._running is None or self._running.proc.stdout is None:
            return []
        return [NgrokLog(line) for line in self._running.proc.stdout]

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
            log_event_callback=self._heard,
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
