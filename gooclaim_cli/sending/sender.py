"""Sender: a pool of connections that sends requests exactly as given.

aiohttp does the HTTP: at 32 connections it sends over ten times as many requests a second as
httpx (tests/bench/bench_clients.py). Its exceptions are translated here and nowhere else.
"""

import asyncio
import io
import ssl
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.sending.outcome import Outcome, SendFailure

ANSWER_LIMIT: Final = 1024 * 1024
_LARGE: Final = 1024 * 1024  # aiohttp wants larger bodies as a file, which it writes in parts
# What aiohttp would add of its own accord: an endpoint gets the headers that were given.
_ADDED_BY_AIOHTTP: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A POST to send: the URL as it is, headers in order (repeated ones too), the exact body.

    Host and Content-Length are computed; header text is what `Delivery.headers` holds.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


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
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_ADDED_BY_AIOHTTP,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, outgoing: Outgoing, *, within: float | None = None) -> Outcome:
        """Send once and wait for the whole answer, `within` seconds at most.

        Never follows a redirect, never sends twice, never raises for what the endpoint does.
        """
        started = time.perf_counter()
        seen = _Answer()
        failure: tuple[SendFailure, str] | None = None
        try:
            async with asyncio.timeout(within):
                await self._exchange(outgoing, seen)
        except TimeoutError:
            limit = f" within {within:g} s" if within is not None else ""
            failure = SendFailure.TIMED_OUT, f"no answer{limit}"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _translate(error, outgoing.url)
        return Outcome(
            status=seen.status,
            ms=(time.perf_counter() - started) * 1000,
            failure=failure[0] if failure else None,
            message=failure[1] if failure else "",
            headers=seen.headers,
            body=bytes(seen.body),
            cut=seen.cut,
        )

    async def _exchange(self, outgoing: Outgoing, seen: "_Answer") -> None:
        if self._session is None:
            raise RuntimeError("the sender is not open")
        url = URL(outgoing.url, encoded=True)
        async with self._session.post(
            url,
            data=outgoing.body if len(outgoing.body) < _LARGE else io.BytesIO(outgoing.body),
            headers=_header_list(outgoing.headers),
            allow_redirects=False,
            proxy=_proxy_for(url),
        ) as response:
            seen.status = response.status
            seen.headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in response.raw_headers
            )
            async for chunk in response.content.iter_any():
                room = self._answer_limit - len(seen.body)
                seen.body += chunk[:room]
                if len(chunk) > room:
                    seen.cut = True
                    response.close()
                    break


class _Answer:
    """What of an answer has arrived so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.cut = False


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


def _header_list(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Spell a repeated name as it was first: aiohttp would drop the value before another case."""
    names: dict[str, str] = {}
    return [(names.setdefault(name.lower(), name), _header_text(value)) for name, value in headers]


def _header_text(value: str) -> str:
    """Let UTF-8 bytes leave as they came: headers are held as latin-1, aiohttp writes UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _proxy_for(url: URL) -> str | None:
    """The proxy that the environment names for this URL; never one for this machine."""
    if url.host is None or is_loopback(url.host) or urllib.request.proxy_bypass(url.host):
        return None
    return urllib.request.getproxies().get(url.scheme)


def _authority(url: str) -> str:
    """The host and port in a URL, without a user name or password; whatever the text is."""
    try:
        return URL(url, encoded=True).authority.rpartition("@")[2] or "no host"
    except ValueError:
        return "an address that cannot be read"


def _translate(error: Exception, url: str) -> tuple[SendFailure, str]:
    where = _authority(url)
    match error:
        case aiohttp.ClientConnectorError():
            return _translate_connecting(error, where)
        case aiohttp.ClientPayloadError():
            return SendFailure.ANSWER_TRUNCATED, f"{where} broke off in the middle of its answer"
        case aiohttp.ClientConnectionError() | OSError():
            return SendFailure.CONNECTION_RESET, f"{where} closed the connection without an answer"
        case aiohttp.ClientHttpProxyError():
            return SendFailure.CONNECTION_FAILED, f"the proxy for {where} answered {error.status}"
        case aiohttp.ClientResponseError():
            return SendFailure.ANSWER_MALFORMED, f"{where} answered with something other than HTTP"
        case _:
            return SendFailure.REQUEST_INVALID, f"the request to {where} cannot be sent: {error}"


def _translate_connecting(
    error: aiohttp.ClientConnectorError, where: str
) -> tuple[SendFailure, str]:
    match error:
        case aiohttp.ClientProxyConnectionError():
            return SendFailure.CONNECTION_FAILED, f"no connection to the proxy for {where}"
        case aiohttp.ClientConnectorDNSError():
            return SendFailure.NAME_NOT_FOUND, f"no address is known for {where}"
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "") or "not trusted"
            return SendFailure.TLS_FAILED, f"the certificate of {where} was refused: {reason}"
        case aiohttp.ClientSSLError():
            return SendFailure.TLS_FAILED, f"no TLS connection with {where}: {error.os_error}"
    if isinstance(error.os_error, ConnectionRefusedError):
        return SendFailure.CONNECTION_REFUSED, f"nothing listens on {where}"
    return SendFailure.CONNECTION_FAILED, f"no connection to {where}: {error.os_error}"
