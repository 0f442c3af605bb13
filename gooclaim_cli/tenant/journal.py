"""The journal: what a tenant's configuration was before we changed it.

On the disk before the change is made, gone once it is undone. Holds no secret.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError


class HomeWebhook(msgspec.Struct, frozen=True):
    """What belongs there: the URL and the events of before."""

    url: str
    events: tuple[str, ...]


class Sent(msgspec.Struct, frozen=True):
    """A PUT that was sent: with its key and ETag again, its answer can be asked for again.

    `etag` None: If-None-Match.
    """

    key: str
    etag: str | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of ours. `home` None: nothing belongs there. `at` is UNIX seconds.

    `earlier`: other URLs of the same session. Until ours is really there, one of them may still be.
    `home_known` False: another session's URL was there, and nobody could say what belongs there.
    `taken_over`: another session has put its URL in place of ours. `undo`: the PUT that puts `home`
    back, once it has been sent.
    """

    api_url: str
    tenant_id: str
    ours: str
    home: HomeWebhook | None
    at: float
    earlier: tuple[str, ...] = ()
    home_known: bool = True
    taken_over: bool = False
    undo: Sent | None = None

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
                "see which URL is configured: gooclaim webhook show\n"
                "if it is right, remove the file",
            ) from None

    def clear(self) -> None:
        """The change is undone."""
        private_files.remove(self.path)


def other_entries(journal: Journal) -> Iterator[tuple[str, Entry]]:
    """The readable entries of other tenants and environments in the same folder, by name."""
    for path in sorted(journal.path.parent.glob("*.json")):
        if path != journal.path:
            try:
                yield path.stem, msgspec.json.decode(private_files.read(path) or b"", type=Entry)
            except (ConfigurationError, ValueError, RecursionError):
                continue
