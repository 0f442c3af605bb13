"""Running sessions of this machine: each holds a lock that dies with its process.

A lock of the operating system, not a process id: `kill -9` frees it, and ids are used again. What
such an end leaves behind, the next session removes.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from gooclaim_cli.errors import ConfigurationError

_PATIENCE: Final = 5.0


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
    def hold_alone(self, name: str, *, taken: str, hint: str) -> Iterator[None]:
        """Hold what only one session may. Raises ConfigurationError (`taken`, `hint`)."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(self._path(name), timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise ConfigurationError(taken, hint) from None
        try:
            yield
        finally:
            lock.release()

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
