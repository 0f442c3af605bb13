"""What running sessions of this machine tell other commands: where their events go.

One file a session beside its lock (`sessions`), readable by the owner alone; one whose session is
gone is no announcement, and removed.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from gooclaim_cli import private_files
from gooclaim_cli.happenings import Handler, Ready
from gooclaim_cli.sessions import Sessions

FOLDER: Final = "sessions"


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """A running session. `signing_secret`: a sandbox's, which is throwaway; None for others."""

    at: float
    environment: str
    tenant_id: str | None
    local_url: str
    handlers: tuple[Handler, ...]
    signing_secret: str | None = None
    pid: int | None = None

    @property
    def named(self) -> str:
        """What tells it from others: `process 123 (tnt_sandbox_1)`."""
        return f"process {self.pid} ({self.tenant_id})"

    def __repr__(self) -> str:
        return f"Announcement(handlers={self.handlers!r})"


@contextlib.contextmanager
def announced(data: Path, session_id: str, ready: Ready) -> Iterator[None]:
    """Tell of a session that is ready, until it ends. Raises ConfigurationError."""
    running_sessions(data)  # what sessions that were killed left behind goes
    path = data / FOLDER / f"{session_id}.json"
    announcement = Announcement(
        at=ready.at,
        environment=ready.environment,
        tenant_id=ready.tenant_id,
        local_url=ready.local_url,
        handlers=ready.handlers,
        signing_secret=ready.sandbox.signing_secret if ready.sandbox else None,
        pid=os.getpid(),
    )
    private_files.write(path, msgspec.json.encode(announcement))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running_sessions(data: Path) -> tuple[Announcement, ...]:
    """The sessions that are ready now, the newest first."""
    folder = data / FOLDER
    sessions = Sessions(folder)
    found = []
    for path in folder.glob("*.json"):
        if sessions.is_gone(path.stem):
            path.unlink(missing_ok=True)
            continue
        with contextlib.suppress(OSError, ValueError):  # it has just ended, or is not ours
            found.append(msgspec.json.decode(path.read_bytes(), type=Announcement))
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))
