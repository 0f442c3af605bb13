"""The programs of the soak: a handler, and one `gooclaim listen` after the other. Ended by id."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.support import GOOCLAIM, environment

PATIENCE = 20.0
_LONGEST_LINE = 2**20


class Lost(Exception):  # noqa: N818 -- it is what the soak looks for
    """Something that must never happen has happened."""


async def _start(command: list[str], env: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LONGEST_LINE,
        start_new_session=True,
    )


async def _end(process: Process) -> None:
    """Whatever happened, it does not outlive us."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.communicate()


class Handler:
    """The handler's side of things."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def taken(self) -> dict[str, list[int]]:
        """For each idempotency key that reached it, the statuses that it answered."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            taken: dict[str, list[int]] = (
                await client.get(f"http://127.0.0.1:{self.port}/")
            ).json()
            return taken


@asynccontextmanager
async def handler() -> AsyncIterator[Handler]:
    """Run the handler program."""
    program = Path(__file__).with_name("handler_program.py")
    process = await _start([sys.executable, str(program)], dict(os.environ))
    try:
        assert process.stdout is not None
        yield Handler(int(await process.stdout.readline()))
    finally:
        await _end(process)


class Listening:
    """A `gooclaim listen` that is ready; what it prints is read and dropped."""

    def __init__(self, process: Process, ready: dict[str, Any]) -> None:
        self.process = process
        self.url: str = ready["local_url"]
        assert process.stdout is not None
        self._output = asyncio.create_task(_drain(process.stdout))

    async def close(self) -> None:
        """Read no further."""
        self._output.cancel()
        await asyncio.wait([self._output])

    async def kill(self) -> None:
        """End it as no program can prevent."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self._output

    async def interrupt(self) -> None:
        """End it as Ctrl-C does. Raises Lost where that is not calm."""
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            await self._output
            code = await self.process.wait()
        assert self.process.stderr is not None
        said = (await self.process.stderr.read()).decode()
        if code or said:
            raise Lost(f"an interrupted session ended with {code}: {said}")


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass


@asynccontextmanager
async def launched(
    home: Path, handler_port: int | None, secret: str, outlives: str = "power-cut"
) -> AsyncIterator[Process]:
    """Start `gooclaim listen`, where there is no port, without a handler. May not be ready."""
    env = environment(home, GOOCLAIM_SIGNING_SECRET=secret, GOOCLAIM_HISTORY_OUTLIVES=outlives)
    command = [*GOOCLAIM, "listen", "--tunnel", "none", "--json"]
    if handler_port is not None:
        command += ["-f", str(handler_port)]
    process = await _start(command, env)
    try:
        yield process
    finally:
        await _end(process)
        left = processes_of_session(process.pid)
        if left:
            raise Lost(f"processes outlived their session: {left}")


@asynccontextmanager
async def listening(
    home: Path, handler_port: int | None, secret: str, outlives: str = "power-cut"
) -> AsyncIterator[Listening]:
    """Run `gooclaim listen` and wait until it is ready. Raises Lost where it does not start."""
    async with launched(home, handler_port, secret, outlives) as process:
        session = Listening(process, await _ready(process))
        try:
            yield session
        finally:
            await session.close()


async def _ready(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while line := await process.stdout.readline():
                found: dict[str, Any] = json.loads(line)
                if found["kind"] == "ready":
                    return found
    except TimeoutError:
        raise Lost(f"gooclaim listen was not ready within {PATIENCE:g} s") from None
    said = (await process.stderr.read()).decode()
    raise Lost(f"gooclaim listen did not start: {said}")


def processes_of_session(leader: int) -> list[int]:
    """The processes that belong to a session of the system's, where /proc tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, _group, session = entry.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append(int(entry.parent.name))
    return found


def memory_of(pid: int) -> tuple[float, float]:
    """The resident memory of a process in MiB, now and at its most (`/proc`)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    facts = dict(line.split(":", 1) for line in lines)
    now, most = (int(facts[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def sockets_of(pid: int) -> int:
    """How many sockets a process has open (`/proc`)."""
    count = 0
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed while we looked
            count += str(path.readlink()).startswith("socket:")
    return count
