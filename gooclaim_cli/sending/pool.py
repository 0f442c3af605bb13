"""Pool: the connections to endpoints, which are used again while they are fresh."""

import ssl
import time
from dataclasses import dataclass
from typing import Final

from gooclaim_cli.sending.address import Address, parse_address
from gooclaim_cli.sending.connecting import connect, proxy_for
from gooclaim_cli.sending.connection import Connection
from gooclaim_cli.sending.request import Proxy

# Common servers close what is idle after five seconds: one that is about to be closed would lose
# the request, and nobody could tell whether it was processed.
_IDLE_AT_MOST: Final = 4.0


@dataclass(frozen=True, slots=True)
class Route:
    """How an address is reached. `end` is what connections can be shared by."""

    address: Address
    proxy: Proxy | None
    end: tuple[str, str, int]


class Pool:
    """Owns the connections that carry no request. `tls` is for https endpoints."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._routes: dict[str, Route] = {}
        self._free: dict[tuple[str, str, int], list[Connection]] = {}

    def route(self, url: str) -> Route:
        """How a URL is reached. Raises ValueError where it cannot be."""
        known = self._routes.get(url)
        if known is None:
            address = parse_address(url)
            end = (address.scheme, address.host, address.port)
            known = self._routes[url] = Route(address, proxy_for(address), end)
        return known

    def take(self, route: Route) -> Connection | None:
        """A connection that is open and was used a moment ago, the newest first."""
        free = self._free.get(route.end)
        while free:
            connection = free.pop()
            fresh = time.monotonic() - connection.free_since < _IDLE_AT_MOST
            if fresh and connection.is_free and not connection.is_closing:
                return connection
            connection.close()
        return None

    async def open(self, route: Route) -> Connection:
        """A new connection. Raises ConnectError."""
        if self._tls is None and route.address.is_tls:
            self._tls = ssl.create_default_context()
        tls = self._tls if route.address.is_tls else None
        return await connect(route.address, route.proxy, tls)

    def give_back(self, route: Route, connection: Connection) -> None:
        """Keep a connection, where it can carry another request."""
        if connection.is_free:
            connection.free_since = time.monotonic()
            self._free.setdefault(route.end, []).append(connection)

    def close(self) -> None:
        """Close those that are not in use."""
        for free in self._free.values():
            for connection in free:
                connection.close()
        self._free.clear()
