"""Tunnel: what every provider offers."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Tunnel(Protocol):
    """A way from the internet to the receiver."""

    @property
    def name(self) -> str:
        """What people call it, as `--tunnel` takes it."""

    def open(self) -> AbstractAsyncContextManager[str]:
        """Open it and yield the public origin, `https://host[:port]`, without a path.

        Raises TunnelError where it cannot be had.
        """
