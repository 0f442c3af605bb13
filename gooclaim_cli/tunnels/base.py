"""Tunnel: what every provider offers."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gooclaim_cli.happenings import Level

Waiting = Callable[[str], None]  # told what is waited for, in words that follow "waiting for"
Notify = Callable[[Level, str, str, str], None]  # level, code, message, hint


class News(StrEnum):
    """What a tunnel program tells of itself while it runs."""

    ENDED = "ended"  # its process is gone
    LOST = "lost"  # it lost its connection and tries to have it again
    BACK = "back"  # it has its connection again


@dataclass(frozen=True, slots=True)
class OpenTunnel:
    """A tunnel that its program calls ready.

    `origin` is `https://host[:port]`, without a path. `tls` is how its certificate is checked, as
    any public one where it is None. `inspector` is the URL of the program's own page, where there
    is one.
    """

    origin: str
    tls: ssl.SSLContext | None = None
    inspector: str | None = None
    news: "asyncio.Queue[News]" = field(default_factory=asyncio.Queue)


class Tunnel(Protocol):
    """A way from the internet to the receiver."""

    @property
    def name(self) -> str:
        """What people call it, as `--tunnel` takes it."""

    @property
    def has_program(self) -> bool:
        """Whether there is a program that can be started anew."""

    def open(self, waiting: Waiting) -> AbstractAsyncContextManager[OpenTunnel]:
        """Open it; on leaving, nothing of it is left. It can be opened again afterwards.

        Raises TunnelError where it cannot be had.
        """
