"""On the way to Gooclaim's API: whom TLS trusts, why nothing was reached, how long to wait.

The operating system's certificate store is trusted, so that a proxy that inspects TLS works where
the machine's owner has put its authority there.
"""

import math
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.request import getproxies

import httpx

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.hosts import is_loopback

_CERTIFICATES_VARIABLE: Final = "SSL_CERT_FILE"


def system_trust() -> ssl.SSLContext:
    """A client's TLS: the system's authorities, and those of the file that SSL_CERT_FILE names.

    Raises ConfigurationError where that file has none.
    """
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    more = os.environ.get(_CERTIFICATES_VARIABLE)
    if more:
        try:
            context.load_verify_locations(cafile=more)
        except OSError:  # ssl.SSLError is one
            raise ConfigurationError(
                f"no certificates could be read from {more}",
                f"{_CERTIFICATES_VARIABLE} must name a PEM file, or be unset",
            ) from None
    return context


def is_untrusted(error: BaseException) -> bool:
    """Whether a certificate is why a connection failed."""
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error))


def why_unreached(host: str, error: Exception) -> tuple[str, str]:
    """A message and a hint for a call that got no answer."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"{host} shows a certificate that this machine does not trust:"
                f" {cause.verify_message}",
                "where a proxy inspects TLS, its authority belongs into the system's certificate"
                f" store, or into the PEM file that {_CERTIFICATES_VARIABLE} names",
            )
    reason = in_words(error)
    by_proxy = "by the proxy: " if isinstance(error, httpx.ProxyError) else ""
    hint = "check the network and GOOCLAIM_API_URL, or work offline: gooclaim listen --sandbox"
    if not is_loopback(host) and getproxies():
        hint += "\na proxy is set and used: check HTTPS_PROXY, ALL_PROXY and NO_PROXY too"
    return f"{host} cannot be reached: {by_proxy}{reason}", hint


def in_words(error: Exception) -> str:
    """Why a connection failed, as a person says it: what the system said is at its bottom."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                return "no address is known for this name"
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {cause.verify_message}"
            case ssl.SSLError():
                reason = getattr(cause, "reason", None)  # only the system's own have one
                return f"no TLS connection: {reason or 'it does not speak it'}"
            case ConnectionRefusedError():
                return "nothing listens there"
            case OSError(errno=int(number)) if number > 0:
                return os.strerror(number)
    return str(error) or type(error).__name__


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """The seconds that a Retry-After asks to wait: a number, or a time (RFC 9110, 10.2.3).

    A time is compared with the answer's own Date, or with `now` where it has none.
    """
    text = headers.get("retry-after", "")
    try:
        wait = float(text)
    except ValueError:
        at = _seconds(text)
        if at is None:
            return None
        dated = _seconds(headers.get("date", ""))
        wait = max(0.0, at - (now if dated is None else dated))
    return wait if math.isfinite(wait) and wait >= 0 else None


def _seconds(date: str) -> float | None:
    try:
        found = parsedate_to_datetime(date)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
