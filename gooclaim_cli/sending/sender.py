"""Sender: a pool of connections that sends requests exactly as given.

Written on httptools rather than on an HTTP client: those add headers, and cost several times the
work (tests/bench/bench_clients.py). What goes wrong becomes an Outcome here and nowhere else.
"""

import asyncio
import re
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.sending.address import Address, authority_in, parse_address
from gooclaim_cli.sending.connecting import ConnectError, Proxy, connect, proxy_for
from gooclaim_cli.sending.connection import (
    Answer,
    Connection,
    MalformedError,
    TruncatedError,
)
from gooclaim_cli.sending.outcome import Outcome, SendFailure

ANSWER_LIMIT: Final = 1024 * 1024
# Common servers close what is idle after five seconds: one that is about to be closed would lose
# the request, and nobody could tell whether it was processed.
_IDLE_AT_MOST: Final = 4.0
_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # a token of RFC 9110


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A POST to send: the URL as it is, headers in order (repeated ones too), the exact body.

    Host and Content-Length are computed; header text is what `Delivery.headers` holds.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Route:
    """How an address is reached."""

    address: Address
    proxy: Proxy | None

    @property
    def end(self) -> tuple[str, str, int]:
        """What connections can be shared by."""
        return self.address.scheme, self.address.host, self.address.port


class Sender:
    """An async context manager that owns the connections.

    `tls` decides how https endpoints are checked (see `client_tls`), `answer_limit` how many bytes
    of an answer are read before the rest is given up.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, answer_limit: int = ANSWER_LIMIT
    ) -> None:
        self._tls = tls
        self._answer_limit = answer_limit
        self._routes: dict[str, _Route] = {}
        self._free: dict[tuple[str, str, int], list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._is_open = False

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_open = False
        for connection in [*self._busy, *(each for many in self._free.values() for each in many)]:
            connection.close()
        await asyncio.sleep(0)  # the turn of the event loop in which they are gone

    async def send(self, outgoing: Outgoing, *, within: float | None = None) -> Outcome:
        """Send once and wait for the whole answer, `within` seconds at most.

        Never follows a redirect, never sends twice, never raises for what the endpoint does.
        """
        if not self._is_open:
            raise RuntimeError("the sender is not open")
        started = time.perf_counter()
        answer = Answer(self._answer_limit)
        failure: tuple[SendFailure, str] | None = None
        try:
            if within is None:
                await self._exchange(outgoing, answer)
            else:
                async with asyncio.timeout(within):
                    await self._exchange(outgoing, answer)
        except TimeoutError:
            limit = f" within {within:g} s" if within is not None else ""
            failure = SendFailure.TIMED_OUT, f"no answer{limit}"
        except Exception as error:  # whatever an endpoint does
            failure = translate(error, authority_in(outgoing.url))
        return Outcome(
            status=answer.status,
            ms=(time.perf_counter() - started) * 1000,
            failure=failure[0] if failure else None,
            message=failure[1] if failure else "",
            headers=answer.headers,
            body=bytes(answer.body),
            cut=answer.cut,
        )

    async def _exchange(self, outgoing: Outgoing, answer: Answer) -> None:
        route = self._routes.get(outgoing.url)
        if route is None:
            address = parse_address(outgoing.url)
            route = self._routes[outgoing.url] = _Route(address, proxy_for(address))
        request = request_bytes(outgoing, route.address, route.proxy)
        connection = self._take_free(route)
        if connection is None:
            tls = self._tls_context() if route.address.is_tls else None
            connection = await connect(route.address, route.proxy, tls)
        self._busy.add(connection)
        try:
            await connection.exchange(request, answer)
        finally:
            self._busy.discard(connection)
        if connection.is_free:
            connection.free_since = time.monotonic()
            self._free.setdefault(route.end, []).append(connection)

    def _take_free(self, route: _Route) -> Connection | None:
        """A connection that is open and was used a moment ago, the newest first."""
        free = self._free.get(route.end, [])
        while free:
            connection = free.pop()
            if connection.is_free and time.monotonic() - connection.free_since < _IDLE_AT_MOST:
                return connection
            connection.close()
        return None

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def client_tls(*, cacert: Path | None = None, verify: bool = True) -> ssl.SSLContext:
    """How an https endpoint is checked: against the system's roots and those of a PEM file, or not.

    Raises ConfigurationError where the file cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cacert is not None:
        try:
            context.load_verify_locations(cacert)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"no certificates could be read from {cacert}: {error}",
                "give a file of PEM certificates with --cacert",
            ) from None
    return context


def request_bytes(outgoing: Outgoing, address: Address, proxy: Proxy | None) -> bytes:
    """The request as it crosses the wire. Raises ValueError where a header would split it."""
    target, extra = address.target, ""
    if proxy is not None and not address.is_tls:  # the proxy is told the whole URL
        target = f"http://{address.named}{target}"
        if proxy.authorization is not None:
            extra = f"Proxy-Authorization: {proxy.authorization}\r\n"
    lines = "".join([f"{name}: {value}\r\n" for name, value in outgoing.headers])
    if (
        lines.count("\n") != len(outgoing.headers)
        or "\0" in lines
        or lines.count("\r") != len(outgoing.headers)
    ):
        raise ValueError("a header holds a line break")
    for name, _ in outgoing.headers:
        _check_name(name)
    head = f"POST {target} HTTP/1.1\r\nHost: {address.named}\r\n{extra}".encode("latin-1")
    length = b"Content-Length: %d\r\n\r\n" % len(outgoing.body)
    return b"".join((head, _encoded(lines), length, outgoing.body))


def _encoded(lines: str) -> bytes:
    """Header text is bytes in latin-1; what a person typed may be beyond that."""
    try:
        return lines.encode("latin-1")
    except UnicodeEncodeError:
        return lines.encode("utf-8")


@lru_cache(maxsize=256)  # the same few at every delivery
def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:40]!r} is no header name")


def translate(error: Exception, where: str) -> tuple[SendFailure, str]:
    """What an error means, and what to tell of it; `where` is the endpoint's host and port."""
    match error:
        case ConnectError():
            return error.failure, error.message
        case MalformedError():
            return SendFailure.ANSWER_MALFORMED, f"{where} answered with something other than HTTP"
        case TruncatedError():
            return SendFailure.ANSWER_TRUNCATED, f"{where} broke off in the middle of its answer"
        case OSError():
            return SendFailure.CONNECTION_RESET, f"{where} closed the connection without an answer"
        case _:
            return SendFailure.REQUEST_INVALID, f"the request to {where} cannot be sent: {error}"
