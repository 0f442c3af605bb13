"""Address: where a URL leads, and what is said there. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_ORIGIN: Final = re.compile(r"[a-z]+://[^/?#]*", re.IGNORECASE)
_HOST: Final = re.compile(r"[\w.:%-]+")
_ASCII: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, taken apart. `host` is as the network knows it, `target` as the request line has it.

    `named` is host and port as the URL has them, for the Host header.
    """

    scheme: str
    host: str
    port: int
    target: str
    named: str

    @property
    def authority(self) -> str:
        """Host and port, always both."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_tls(self) -> bool:
        """Whether TLS is spoken there."""
        return self.scheme == "https"


@lru_cache(maxsize=64)  # a session has few handlers and many deliveries
def parse_address(url: str) -> Address:
    """Take a URL apart; path and query stay as they are. Raises ValueError."""
    if not url.isprintable() or " " in url:
        raise ValueError("it has characters that do not belong in a URL")
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port  # a ValueError where it is none
    if parts.scheme not in _PORTS:
        raise ValueError("it is no http or https URL")
    if not host or not _HOST.fullmatch(host):
        raise ValueError("it names no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a user name or password does not belong in a URL")
    if ":" not in host:  # an IPv6 literal is no name
        host = host.encode("idna").decode("ascii")
    origin = _ORIGIN.match(url)
    rest = url[origin.end() :].partition("#")[0] if origin else ""
    target = rest if rest.startswith("/") else f"/{rest}"
    shown = f"[{host}]" if ":" in host else host
    return Address(
        parts.scheme,
        host,
        _PORTS[parts.scheme] if port is None else port,
        quote(target, safe=_ASCII),  # what is not ASCII; all else as it was typed
        shown if port is None else f"{shown}:{port}",
    )


def authority_in(url: str) -> str:
    """The host and port in a URL, without a user name or password; whatever the text is."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "no host"
    except ValueError:
        return "an address that cannot be read"
