"""The journal: what a tenant's configuration was before we changed it.

On the disk before the change is made, gone once it is undone. Holds no secret.
"""

from pathlib import Path

import msgspec

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError


class HomeWebhook(msgspec.Struct, frozen=True):
    """What belongs there: the URL and the events of before."""

    url: str
    events: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of ours. `home` None: nothing was configured. `at` is UNIX seconds.

    `earlier`: URLs of sessions whose change was taken up. Until ours is really there, one of them
    may still be.
    """

    api_url: str
    tenant_id: str
    ours: str
    home: HomeWebhook | None
    at: float
    earlier: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL that this entry undoes."""
        return self.ours, *self.earlier


class Journal:
    """The entry of one tenant, in a file of its own."""

    def __init__(self, folder: Path, *, environment: str, tenant_id: str) -> None:
        safe = "".join(c if c.isalnum() or c in "_-" else "%" + c.encode().hex() for c in tenant_id)
        self.path = folder / f"{environment}-{safe}.json"

    def write(self, entry: Entry) -> None:
        """Record a change that is about to be made. Raises ConfigurationError."""
        private_files.write(self.path, msgspec.json.encode(entry))

    def read(self) -> Entry | None:
        """The change that has not been undone, if there is one. Raises ConfigurationError."""
        content = private_files.read(self.path)
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=Entry)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(
                f"the journal {self.path} cannot be read: {error}",
                "see in the Console which URL is configured, then remove the file",
            ) from None

    def clear(self) -> None:
        """The change is undone."""
        private_files.remove(self.path)
