"""The user's own ingress: a public URL that already leads to the receiver."""

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from gooclaim_cli.errors import UsageError
from gooclaim_cli.tunnels.base import OpenTunnel, Waiting
from gooclaim_cli.tunnels.kinds import TunnelKind


class UrlTunnel:
    """Opens nothing: whoever gave the URL sees to it that it leads here."""

    name = TunnelKind.URL
    has_program = False

    def __init__(self, public_url: str) -> None:
        try:
            parts = urlsplit(public_url)
            host, _port = parts.hostname, parts.port
        except ValueError:
            parts, host = urlsplit(""), None
        extras = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if parts.scheme != "https" or not host or extras or not public_url.isprintable():
            raise UsageError(
                f"--public-url {public_url!r} must be https://HOST with nothing behind it",
                "the path is set by --path",
            )
        self._origin = public_url.rstrip("/")

    @contextlib.asynccontextmanager
    async def open(self, waiting: Waiting) -> AsyncIterator[OpenTunnel]:
        """Yield the origin as it was given."""
        waiting(f"{self._origin} to answer")
        yield OpenTunnel(self._origin)
