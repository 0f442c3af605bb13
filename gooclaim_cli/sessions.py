"""Running sessions of this machine: each holds a lock that dies with its process.

A lock of the operating system, not a process id: `kill -9` frees it, and ids are used again. What
such an end leaves behind, the next session removes.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError

_PATIENCE: Final = 5.0
_GLANCE: Final = 0.2  # others may hold a lock for a moment, only to see whether it is held


class Holder(msgspec.Struct, frozen=True):
    """The process that holds a lock, since when (UNIX seconds)."""

    pid: int
    since: float


class HeldError(ConfigurationError):
    """Another process of this machine holds it. `holder` is None where it has not said so yet."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(f"it is held by {holder_text(holder)}", "let that one end first")
        self.holder = holder


def holder_text(holder: Holder | None) -> str:
    """Name a holder for a person: `process 123, since 10:02:11`."""
    if holder is None:
        return "a process that has just started"
    return f"process {holder.pid}, since {time.strftime('%H:%M:%S', time.localtime(holder.since))}"


def _read_holder(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, ValueError):
        return None


class Sessions:
    """The folder of locks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def hold(self, session_id: str) -> Iterator[None]:
        """Be a running session. Raises ConfigurationError where the folder cannot be written."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self._path(session_id), timeout=0, mode=0o600)
            # A file that is there but not yet locked must not be taken for a dead session's.
            with FileLock(self._folder.with_suffix(".lock"), timeout=_PATIENCE, mode=0o600):
                self._sweep()
                lock.acquire()
        except (OSError, Timeout) as error:
            raise ConfigurationError(
                f"cannot write {self._folder}: {getattr(error, 'strerror', None) or error}",
                "make the folder writable, or set GOOCLAIM_HOME to another one",
            ) from None
        try:
            yield
        finally:
            lock.release()
            self._path(session_id).unlink(missing_ok=True)

    @contextlib.contextmanager
    def hold_alone(self, name: str, *, now: float) -> Iterator[None]:
        """Hold what only one process may, since `now` (UNIX seconds).

        Raises HeldError, which tells who holds it, or ConfigurationError.
        """
        holder = self._folder / f"{name}.holder"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self._path(name), timeout=_GLANCE, mode=0o600)
            lock.acquire(poll_interval=_GLANCE / 4)
        except Timeout:
            raise HeldError(_read_holder(holder)) from None
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {self._folder}: {error.strerror}",
                "make the folder writable, or set GOOCLAIM_HOME to another one",
            ) from None
        try:
            private_files.write(holder, msgspec.json.encode(Holder(os.getpid(), now)))
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def holder(self, name: str) -> Holder | None:
        """Who held it last, alone; whether that one still does, `is_held` tells."""
        return _read_holder(self._folder / f"{name}.holder")

    def is_held(self, name: str) -> bool:
        """Whether a process holds what only one may."""
        try:
            with FileLock(self._path(name), timeout=0, mode=0o600):
                return False
        except (OSError, Timeout):
            return self._path(name).exists()

    def is_gone(self, session_id: str) -> bool:
        """Whether a session no longer runs. Not to be asked of one's own."""
        path = self._path(session_id)
        if not path.exists():
            return True
        try:
            with FileLock(path, timeout=0, mode=0o600):
                pass
        except (OSError, Timeout):
            return False
        path.unlink(missing_ok=True)
        return True

    def _sweep(self) -> None:
        for path in self._folder.glob("*.lock"):
            self.is_gone(path.stem)

    def _path(self, session_id: str) -> Path:
        return self._folder / f"{session_id}.lock"
