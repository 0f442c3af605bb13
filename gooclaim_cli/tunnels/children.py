"""Tunnel programs as children of the session: none outlives it.

A child is started through `leash`, in a process group of its own (Ctrl-C is the session's). What
outlives a session all the same, the next one ends: `sweep`.
"""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gooclaim_cli.errors import TunnelError
from gooclaim_cli.tunnels import leash

if TYPE_CHECKING:  # costs start-up
    import psutil

GRACE: Final = 2.0
_LONGEST_LINE: Final = 1024 * 1024
_LINES_KEPT: Final = 50
_SAME_START: Final = 5.0  # a record is written at the start, by a clock that is not the kernel's


class _Record(msgspec.Struct, frozen=True):
    """What `leash` writes: the session's process id, the time (UNIX seconds), the program."""

    session: int
    started: float
    program: str


@dataclass(slots=True)
class Child:
    """A running program. `lines` are the last that it wrote."""

    process: asyncio.subprocess.Process
    lines: deque[str]
    ended: asyncio.Event

    @property
    def last_words(self) -> str:
        """The last line that says something."""
        return next((line for line in reversed(self.lines) if line.strip()), "nothing")


class Children:
    """The tunnel programs of this machine's sessions. `folder` holds a record of each.

    `holder`: who ends a program whose session is gone: the `kernel`, or a `watcher`. `grace`: how
    long a program that is asked to end has for it, in seconds.
    """

    def __init__(self, folder: Path, *, holder: str | None = None, grace: float = GRACE) -> None:
        self._folder = folder
        self.grace = grace
        self._holder = holder or ("kernel" if sys.platform == "linux" else "watcher")

    def command(self, program: Path, *arguments: str) -> list[str]:
        """What to run so that the program ends with this process."""
        if sys.platform == "win32":  # no exec: the next session's sweep is all there is
            return [str(program), *arguments]
        leashed = [sys.executable, "-I", "-S", str(Path(leash.__file__)), self._holder]
        return [*leashed, str(os.getpid()), str(self._folder), str(program), *arguments]

    @contextlib.asynccontextmanager
    async def running(
        self,
        program: Path,
        arguments: list[str],
        *,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> AsyncIterator[Child]:
        """Run a program and hear each line of its output; on leaving, it is gone.

        Raises TunnelError where it cannot be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command(program, *arguments),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                limit=_LONGEST_LINE,
            )
        except OSError as error:
            raise TunnelError(f"{program} cannot be started: {error.strerror}") from None
        if sys.platform == "win32":  # elsewhere the leash has written it
            leash.record(str(self._folder), os.getpid(), str(program), pid=process.pid)
        child = Child(process, deque(maxlen=_LINES_KEPT), asyncio.Event())
        reading = asyncio.create_task(_read(child, on_line), name=f"read {program.name}")
        try:
            yield child
        finally:
            await _end(process, self.grace)
            self.forget(process.pid)
            reading.cancel()
            await asyncio.wait([reading])

    @contextlib.contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """A folder for a program's files, for this user alone; on leaving, it is gone."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        prefix = f"{name}-{os.getpid()}-"
        with tempfile.TemporaryDirectory(
            prefix=prefix, dir=self._folder, ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)

    def forget(self, pid: int) -> None:
        """A child is gone: so is its record."""
        with contextlib.suppress(OSError):
            self._path(pid).unlink(missing_ok=True)

    def leftovers(self) -> list[str]:
        """The programs of sessions that are gone which are still there."""
        return [
            Path(record.program).name
            for path, record in self._dead_sessions()
            if record is not None and _process_of(path, record) is not None
        ]

    def sweep(self) -> list[str]:
        """End the programs of sessions that are gone; return their names."""
        ended = []
        for path, record in self._dead_sessions():
            if record is not None and _kill(path, record):
                ended.append(Path(record.program).name)
            path.unlink(missing_ok=True)
        for folder in self._folder.glob("*-*-*/") if self._folder.is_dir() else ():
            session = folder.name.split("-")[1]
            if session.isdigit() and not _is_there(int(session)):
                shutil.rmtree(folder, ignore_errors=True)
        return ended

    def _dead_sessions(self) -> list[tuple[Path, _Record | None]]:
        """The records of sessions that are gone, and those that cannot be read."""
        paths = list(self._folder.glob("*.json")) if self._folder.is_dir() else []
        read = [(path, _read_record(path)) for path in paths]
        return [(path, record) for path, record in read if not (record and _session_lives(record))]

    def pid_of(self, program: Path) -> int | None:
        """The process id of this session's newest child that runs a program."""
        for path in sorted(self._folder.glob("*.json"), key=_changed_at, reverse=True):
            record = _read_record(path)
            if record and (record.session, record.program) == (os.getpid(), str(program)):
                return int(path.stem)
        return None

    def _path(self, pid: int) -> Path:
        return self._folder / f"{pid}.json"


async def _read(child: Child, on_line: Callable[[str], None]) -> None:
    stream = child.process.stderr
    if stream is None:
        return
    try:
        while True:
            with contextlib.suppress(ValueError):  # a line over the limit: passed over
                line = await stream.readline()
                if not line:
                    return
                text = line.decode("utf-8", "replace").rstrip()
                child.lines.append(text)
                on_line(text)
    finally:
        child.ended.set()


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    """Ask it to end, then make it. Whatever happens meanwhile, it is gone afterwards."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(grace):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read_record(path: Path) -> _Record | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Record)
    except (OSError, ValueError):
        return None


def _session_lives(record: _Record) -> bool:
    """Whether the session is there, and not another process with its id."""
    import psutil  # only where there is a record: it costs start-up

    try:
        return psutil.Process(record.session).create_time() <= record.started + _SAME_START
    except psutil.Error:
        return False


def _is_there(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)


def _process_of(path: Path, record: _Record) -> "psutil.Process | None":
    """The process that a record is of, where it is still there and no other has its id."""
    import psutil

    try:
        process = psutil.Process(int(path.stem))
        same = abs(process.create_time() - record.started) < _SAME_START
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, ValueError):
        return None


def _kill(path: Path, record: _Record) -> bool:
    process = _process_of(path, record)
    if process is not None:
        import psutil

        with contextlib.suppress(psutil.Error):
            process.kill()
            return True
    return False
