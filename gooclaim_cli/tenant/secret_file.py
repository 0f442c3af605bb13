"""Where the signing secret is kept that Gooclaim's API told last."""

from pathlib import Path

import msgspec

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.wire import SigningSecret


class _Stored(msgspec.Struct, frozen=True):
    signing_secret: str


class SecretFile:
    """The secret that the API told last for one tenant, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> SigningSecret | None:
        """The secret, if one was told. Raises ConfigurationError."""
        content = private_files.read(self.path)
        if content is None:
            return None
        try:
            return SigningSecret(msgspec.json.decode(content, type=_Stored).signing_secret)
        except (ValueError, RecursionError):
            raise ConfigurationError(
                f"the signing secret in {self.path} cannot be read",
                "remove the file: the next registration asks Gooclaim's API for it again",
            ) from None

    def write(self, secret: SigningSecret) -> None:
        """Keep it, durably. Raises ConfigurationError."""
        private_files.write(self.path, msgspec.json.encode(_Stored(secret.value)))
