"""Where events go: reading what a person types after --forward-to and --to. Pure."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.errors import UsageError
from gooclaim_cli.happenings import Handler

_PATTERN: Final = re.compile(r"[\w.*?\[\]!-]+", re.ASCII)
_SHORT: Final = re.compile(r"(?::?(?P<port>\d+))(?P<rest>[/?].*)?", re.ASCII)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)
_HOST: Final = re.compile(r"[\w.:%-]+")
_EXAMPLES: Final = "write 3000, :3000/hooks, localhost:3000/hooks or http://localhost:3000/hooks"


def parse_target(text: str) -> Handler:
    """Read `[PATTERN=]ADDRESS`: a port, `:port/path`, `host:port/path` or a full URL.

    Raises UsageError, naming what is wrong with it.
    """
    pattern, equals, address = text.partition("=")
    if not equals or _SHORT.fullmatch(text) or not _PATTERN.fullmatch(pattern):
        pattern, address = "*", text
    return Handler(pattern, parse_address(address, option="--forward-to", given=text))


def match(handlers: Sequence[Handler], event_type: str) -> Handler | None:
    """The first handler whose pattern fits the event type."""
    return next((each for each in handlers if fnmatchcase(event_type, each.pattern)), None)


def parse_address(address: str, *, option: str, given: str | None = None) -> str:
    """Read a port, `:port/path`, `host:port/path` or a URL; return the URL.

    Raises UsageError, naming the option, and what was given where `address` is a part of it.
    """
    address = address.strip()
    said = f"{option} {(address if given is None else given)!r}"
    short = _SHORT.fullmatch(address)
    if short is not None:
        address = f"localhost:{short['port']}{short['rest'] or ''}"
    url = address if _SCHEME.match(address) else f"http://{address}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{said}: {error}", _EXAMPLES) from None
    if parts.scheme.lower() not in ("http", "https"):
        raise UsageError(f"{said}: {parts.scheme}:// is not http or https", _EXAMPLES)
    unfit = port == 0 or re.search(r"[\s\x00-\x1f\x7f]", url)
    if unfit or not _HOST.fullmatch(parts.hostname or ""):
        raise UsageError(f"{said} is not an address", _EXAMPLES)
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"{option}: a user name or password does not belong in the URL",
            "send it as a header: --header 'Authorization: Basic …'",
        )
    if parts.fragment:
        raise UsageError(f"{said}: a #fragment is never sent", _EXAMPLES)
    # An empty path is sent as "/" (RFC 9110, 4.2.3); everything else stays as it was typed.
    return url if parts.path else url.replace(f"//{parts.netloc}", f"//{parts.netloc}/", 1)
