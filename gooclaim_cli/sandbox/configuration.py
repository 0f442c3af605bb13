"""The tenant's webhook configuration: one URL, one subscription, one signing secret. No I/O.

Who may change it is told by preconditions (RFC 9110, section 13); every change has an ETag of its
own, also one that brings back what was there before.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random

from gooclaim_cli.sandbox.instants import rfc3339
from gooclaim_cli.sandbox.secret import new_secret
from gooclaim_cli.wire import SigningSecret


@dataclass(frozen=True, slots=True)
class Webhook:
    """What is configured, since when, and the ETag that stands for it."""

    url: str
    events: tuple[str, ...]
    updated_at: str
    etag: str

    def wants(self, event_type: str) -> bool:
        """Whether the subscription covers a type: by its name, or by a pattern such as `*`."""
        return any(fnmatchcase(event_type, pattern) for pattern in self.events)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The headers that say which state a change was meant for."""

    if_match: str | None = None
    if_none_match: str | None = None

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return self.if_match is not None or self.if_none_match is not None

    def hold(self, etag: str | None) -> bool:
        """Whether they hold for the present ETag; None is the state of nothing configured."""
        if self.if_match is not None and not _lists(self.if_match, etag):
            return False
        return self.if_none_match is None or not _lists(self.if_none_match, etag)


class PreconditionFailedError(Exception):
    """Somebody changed the configuration meanwhile."""


class Configuration:
    """The present webhook, if any, and the secret that signs.

    It begins with `secret`, or with a new one. `taken` is set while a URL is configured that was
    put there since the sandbox began.
    """

    def __init__(
        self,
        *,
        rotate: bool,
        clock: Callable[[], float],
        random: Random,
        secret: str | None = None,
    ) -> None:
        self.webhook: Webhook | None = None
        self.taken = asyncio.Event()
        self._rotate = rotate
        self._clock = clock
        self._random = random
        self._run = f"{random.getrandbits(32):08x}"
        self._revision = 0
        self.signing_secret = SigningSecret(secret) if secret else self._new_secret()

    def preconfigure(self, url: str, events: Sequence[str]) -> Webhook:
        """Set what the tenant had before anybody put anything; the secret stays."""
        self._revision += 1
        etag = f'"{self._run}-{self._revision}"'
        self.webhook = Webhook(url, tuple(events), rfc3339(self._clock()), etag)
        return self.webhook

    def put(self, url: str, events: Sequence[str], preconditions: Preconditions) -> Webhook:
        """Replace what is configured. Raises PreconditionFailedError."""
        self._check(preconditions)
        if self._rotate:
            self.signing_secret = self._new_secret()
        webhook = self.preconfigure(url, events)
        self.taken.set()
        return webhook

    def delete(self, preconditions: Preconditions) -> bool:
        """Remove what is configured; False where nothing is. Raises PreconditionFailedError."""
        self._check(preconditions)
        existed = self.webhook is not None
        self.webhook = None
        self.taken.clear()
        return existed

    def _check(self, preconditions: Preconditions) -> None:
        if not preconditions.hold(self.webhook.etag if self.webhook else None):
            raise PreconditionFailedError

    def _new_secret(self) -> SigningSecret:
        return SigningSecret(new_secret(self._random))


def _lists(header: str, etag: str | None) -> bool:
    tags = {tag.strip() for tag in header.split(",")}
    return etag is not None and ("*" in tags or etag in tags)
