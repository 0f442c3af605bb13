"""Where the signing secret is kept that Gooclaim's API told last."""

from pathlib import Path

import msgspec

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.wire import SigningSecret


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    signing_secret: str
    previous: str | None = None


class SecretFile:
    """The secret that the API told last for one tenant, readable by its owner alone.

    The one before it is kept, too: nothing is verified with it, but what it signed can be told.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> SigningSecret | None:
        """The secret, if one was told. Raises ConfigurationError."""
        stored = self._stored()
        return None if stored is None else SigningSecret(stored.signing_secret)

    def read_previous(self) -> SigningSecret | None:
        """The secret before that, if there was another one. Raises ConfigurationError."""
        stored = self._stored()
        return SigningSecret(stored.previous) if stored is not None and stored.previous else None

    def _stored(self) -> _Stored | None:
        content = private_files.read(self.path)
        if content is None:
            return None
        try:
            stored = msgspec.json.decode(content, type=_Stored)
            SigningSecret(stored.signing_secret)
        except (ValueError, RecursionError):
            raise ConfigurationError(
                f"the signing secret in {self.path} cannot be read",
                "remove the file: the next registration asks Gooclaim's API for it again",
            ) from None
        return stored

    def write(self, secret: SigningSecret) -> None:
        """Keep it, durably. Raises ConfigurationError."""
        try:
            stored = self._stored()
        except ConfigurationError:  # it is replaced
            stored = None
        previous = None
        if stored is not None:
            changed = stored.signing_secret != secret.value
            previous = stored.signing_secret if changed else stored.previous
        private_files.write(self.path, msgspec.json.encode(_Stored(secret.value, previous)))
