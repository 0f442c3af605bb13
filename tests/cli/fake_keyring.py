"""A keyring that keeps its secrets in a file, and misbehaves as it is told.

Stands for the operating system's, which no test may write to: FAKE_KEYRING names the file,
FAKE_KEYRING_MODE how it behaves.
"""

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

NAME = f"{__name__}.Keyring"


class Keyring(KeyringBackend):
    """Behaves, hangs, is locked, or forgets."""

    priority: float = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._file = Path(os.environ["FAKE_KEYRING"])
        self._mode = os.environ.get("FAKE_KEYRING_MODE", "good")

    def get_password(self, service: str, username: str) -> str | None:
        self._misbehave()
        return self._kept().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._misbehave(password)
        if self._mode != "forgetful":
            self._write({**self._kept(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._misbehave()
        kept = self._kept()
        if kept.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError("there is none")
        self._write(kept)

    def _misbehave(self, password: str = "") -> None:
        if self._mode == "hanging":
            threading.Event().wait(20)
        if self._mode == "locked":
            raise KeyringLocked(f"cannot unlock for {password}")
        if self._mode == "broken":
            raise RuntimeError(f"org.freedesktop.DBus.Error with {password}")

    def _kept(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        kept: dict[str, str] = json.loads(self._file.read_text())
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        self._file.write_text(json.dumps(kept))


class Weak(Keyring):
    """One that keyring itself does not recommend."""

    priority = 0.5
