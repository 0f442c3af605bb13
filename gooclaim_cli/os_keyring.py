"""The operating system's keyring, as far as there is one that works.

The package `keyring` is optional and loaded here alone, when a secret is kept or asked for. Its
backends talk to daemons, may put a question on the screen and may never answer: each call runs in
a thread of its own and is given up after a while.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")
SERVICE: Final = "gooclaim"
_RECOMMENDED: Final = 1.0  # of keyring's: what is below keeps secrets no better than a file
_UNNOTICED: Final = 1.0


class KeyringUnavailableError(Exception):
    """There is no keyring to be had. The message says why, and never holds a secret."""


class OsKeyring:
    """The keyring of this machine.

    `patience` is how many seconds it has to answer, `on_wait` hears when that takes long. With
    `any_kind`, one that keyring does not recommend will do.
    """

    def __init__(
        self,
        *,
        patience: float,
        any_kind: bool = False,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._patience = patience
        self._any_kind = any_kind
        self._on_wait = on_wait

    def keep(self, name: str, secret: str) -> str:
        """Keep a secret and return the keyring's own name.

        Raises KeyringUnavailableError, also where it does not give back what it was given.
        """
        return self._ask(lambda backend: _keep(backend, name, secret))

    def find(self, name: str) -> str | None:
        """The secret of that name, None where there is none. Raises KeyringUnavailableError."""
        return self._ask(lambda backend: _find(backend, name))

    def forget(self, name: str) -> None:
        """Remove a secret; one that is not there is fine. Raises KeyringUnavailableError."""
        self._ask(lambda backend: _forget(backend, name))

    def _ask(self, work: Callable[[Any], T]) -> T:
        answers: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                answers.put((work(_backend(any_kind=self._any_kind)), None))
            except Exception as error:
                answers.put((None, error))

        # A daemon: a backend that never answers must not keep the process from ending.
        threading.Thread(target=run, daemon=True, name="keyring").start()
        answer, error = self._wait(answers)
        if isinstance(error, KeyringUnavailableError):
            raise error
        if error is not None:
            raise KeyringUnavailableError(_reason(error))
        return answer  # type: ignore[return-value]

    def _wait(
        self, answers: "queue.SimpleQueue[tuple[T | None, Exception | None]]"
    ) -> tuple[T | None, Exception | None]:
        unnoticed = min(_UNNOTICED, self._patience)
        try:
            return answers.get(timeout=unnoticed)
        except queue.Empty:
            self._on_wait()
        try:
            return answers.get(timeout=max(0.0, self._patience - unnoticed))
        except queue.Empty:
            raise KeyringUnavailableError(
                f"the keyring did not answer within {self._patience:g} s"
            ) from None


def _reason(error: Exception) -> str:
    """Why a backend failed, without its own text, which may quote what it was given."""
    from keyring.errors import InitError, KeyringLocked

    if isinstance(error, KeyringLocked):
        return "the keyring is locked"
    if isinstance(error, InitError):
        return "the keyring could not be opened; is it locked?"
    return f"the keyring failed ({type(error).__name__})"


def _backend(*, any_kind: bool) -> Any:
    """Whichever keyring would be used. Raises KeyringUnavailableError where that is none."""
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:
        raise KeyringUnavailableError(
            "the package keyring is not installed (pip install 'gooclaim-cli[keyring]')"
        ) from None
    found = keyring.get_keyring()
    if isinstance(found, fail.Keyring | null.Keyring):
        raise KeyringUnavailableError("this machine has no keyring")
    if not any_kind and float(found.priority) < _RECOMMENDED:
        raise KeyringUnavailableError(f"{found.name} is no keyring to keep secrets in")
    return found


def _keep(backend: Any, name: str, secret: str) -> str:
    backend.set_password(SERVICE, name, secret)
    if backend.get_password(SERVICE, name) != secret:
        raise KeyringUnavailableError(f"{backend.name} does not keep what it is given")
    return str(backend.name)


def _find(backend: Any, name: str) -> str | None:
    found: str | None = backend.get_password(SERVICE, name)
    return found


def _forget(backend: Any, name: str) -> None:
    from keyring.errors import PasswordDeleteError

    try:
        backend.delete_password(SERVICE, name)
    except PasswordDeleteError:
        if backend.get_password(SERVICE, name) is not None:
            raise
