"""A request as it is asked for, and as it crosses the wire. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import msgspec

from gooclaim_cli.sending.address import Address

_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # a token of RFC 9110


class Outgoing(msgspec.Struct, frozen=True):
    """A POST to send: the URL as it is, headers in order (repeated ones too), the exact body.

    Host and Content-Length are computed; header text is what `Delivery.headers` holds.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; `authorization` is a header's value, where it wants one."""

    host: str
    port: int
    authorization: str | None


def request_bytes(outgoing: Outgoing, address: Address, proxy: Proxy | None) -> bytes:
    """The request as it crosses the wire. Raises ValueError where a header would split it."""
    lines = header_lines(outgoing.headers)
    length = b"Content-Length: %d\r\n\r\n" % len(outgoing.body)
    return b"".join((_first_lines(address, proxy), lines, length, outgoing.body))


def header_lines(headers: tuple[tuple[str, str], ...]) -> bytes:
    """Headers as they cross the wire. Raises ValueError where one would split the request."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    count = len(headers)
    if lines.count("\n") != count or lines.count("\r") != count or "\0" in lines:
        raise ValueError("a header holds a line break")
    for name, _ in headers:
        _check_name(name)
    return _encoded(lines)


@lru_cache(maxsize=64)  # a session has few handlers and many deliveries
def _first_lines(address: Address, proxy: Proxy | None) -> bytes:
    target, extra = address.target, ""
    if proxy is not None and not address.is_tls:  # the proxy is told the whole URL
        target = f"http://{address.named}{target}"
        if proxy.authorization is not None:
            extra = f"Proxy-Authorization: {proxy.authorization}\r\n"
    return f"POST {target} HTTP/1.1\r\nHost: {address.named}\r\n{extra}".encode("latin-1")


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
