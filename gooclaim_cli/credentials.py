"""Client secrets that we keep: in the operating system's keyring where there is one, else in files.

A secret belongs to one client of one API, and is found under no other: it is never sent to an API
that it was not given for. A file beside the history tells where each is kept, so that the keyring
is asked only where it has something. Both are readable by their owner alone.
"""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.setting_keys import SecretStore

if TYPE_CHECKING:
    from gooclaim_cli.os_keyring import OsKeyring
    from gooclaim_cli.settings import Settings


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a secret is. `keyring` is that one's name; None: it is in `file`.

    `note` says why it is not in the keyring, where it might have been.
    """

    file: Path
    keyring: str | None = None
    note: str = ""


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    client_secret: str | None = None
    keyring: str | None = None


class Credentials:
    """The secrets in one folder. `on_wait` hears when the keyring takes its time."""

    def __init__(
        self,
        folder: Path,
        *,
        store: SecretStore = SecretStore.AUTO,
        patience: float = 15.0,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._store = store
        self._patience = patience
        self._on_wait = on_wait

    @classmethod
    def of(cls, settings: "Settings", on_wait: Callable[[], None] = lambda: None) -> "Credentials":
        """Those that the settings speak of."""
        return cls(
            settings.places.data / "secrets",
            store=settings.secrets_store,
            patience=settings.secrets_wait,
            on_wait=on_wait,
        )

    def keep(self, api_url: str, client_id: str, secret: str) -> Kept:
        """Keep a client's secret, and say where. Raises ConfigurationError."""
        name = _name(api_url, client_id)
        note, keyring = "", None
        if self._store is not SecretStore.FILE:
            from gooclaim_cli.os_keyring import KeyringUnavailableError

            try:
                keyring = self._keyring().keep(name, secret)
            except KeyringUnavailableError as error:
                if self._store is SecretStore.KEYRING:
                    raise _no_keyring(str(error)) from None
                note = str(error)
        if self._store is SecretStore.FILE:
            self._leave_keyring(name)
        told = _Record(name, None if keyring else secret, keyring)
        private_files.write(self._file(name), msgspec.json.encode(told))
        return Kept(self._file(name), keyring, note)

    def where(self, api_url: str, client_id: str) -> Kept | None:
        """Where a client's secret is; the keyring is not asked. Raises ConfigurationError."""
        record = self._read(_name(api_url, client_id))
        return None if record is None else Kept(self._file(record.name), record.keyring)

    def find(self, api_url: str, client_id: str) -> str | None:
        """A client's secret, None where none is kept. Raises ConfigurationError."""
        record = self._read(_name(api_url, client_id))
        if record is None or record.keyring is None:
            return record.client_secret if record else None
        from gooclaim_cli.os_keyring import KeyringUnavailableError

        try:
            return self._keyring().find(record.name)
        except KeyringUnavailableError as error:
            raise _no_keyring(str(error)) from None

    def forget(self, api_url: str, client_id: str) -> Kept | None:
        """Remove a client's secret; return where it was, None: none was kept.

        Raises ConfigurationError.
        """
        record = self._read(_name(api_url, client_id))
        if record is None:
            return None
        if record.keyring is not None:
            from gooclaim_cli.os_keyring import KeyringUnavailableError

            try:
                self._keyring().forget(record.name)
            except KeyringUnavailableError as error:
                raise _no_keyring(str(error)) from None
        private_files.remove(self._file(record.name))
        return Kept(self._file(record.name), record.keyring)

    def _leave_keyring(self, name: str) -> None:
        """Remove what was kept in the keyring before a file was asked for, if it answers."""
        from gooclaim_cli.os_keyring import KeyringUnavailableError

        earlier = private_files.read(self._file(name))
        if earlier is not None and b'"keyring"' in earlier:
            with contextlib.suppress(KeyringUnavailableError):
                self._keyring().forget(name)

    def _keyring(self) -> "OsKeyring":
        from gooclaim_cli.os_keyring import OsKeyring  # the package behind it costs start-up

        return OsKeyring(
            patience=self._patience,
            any_kind=self._store is SecretStore.KEYRING,
            on_wait=self._on_wait,
        )

    def _read(self, name: str) -> _Record | None:
        content = private_files.read(self._file(name))
        if content is None:
            return None
        try:
            record = msgspec.json.decode(content, type=_Record)
        except (ValueError, RecursionError):
            record = None
        if record is None or record.name != name:
            raise ConfigurationError(
                f"{self._file(name)} holds no secret of ours",
                "make a new one: gooclaim login",
            )
        return record

    def _file(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"client-{digest[:32]}.json"


def with_secret(settings: "Settings", on_wait: Callable[[], None] = lambda: None) -> "Settings":
    """The settings, with the client's secret that is kept where none is set.

    Raises ConfigurationError where the keyring does not give it.
    """
    if settings.client_secret or not settings.client_id:
        return settings
    secret = Credentials.of(settings, on_wait).find(settings.api_url, settings.client_id)
    return replace(settings, client_secret=secret)


def _name(api_url: str, client_id: str) -> str:
    """What the keyring calls a secret: `client_a@api.dev.gooclaim.com`."""
    return f"{client_id}@{urlsplit(api_url).netloc.lower()}"


def _no_keyring(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"the secret cannot be had from the keyring: {reason}",
        "unlock it and run this again; without one: gooclaim login --store file, or set"
        " GOOCLAIM_CLIENT_SECRET",
    )
