"""Reading large JSON objects by simdjson, several times as fast as msgspec; where it is installed.

It only ever says yes. Where it does not, msgspec is asked, whose word counts: what is JSON does
not hang on a body's size.
"""

import threading
from typing import TYPE_CHECKING, Any, Final

from gooclaim_cli.wire.nesting import DEEPEST, few_brackets

try:
    from simdjson import Array, Object, Parser
except (ImportError, RuntimeError):  # there is none for this platform, or it does not load
    if not TYPE_CHECKING:
        Parser = Array = Object = None

# A parser keeps some 14 bytes for each of the longest text that it has read.
_TOO_LARGE: Final = 256 * 1024
_MARK: Final = b"\xef\xbb\xbf"  # simdjson passes over it, and JSON does not begin with it
_NO: Final = (ValueError, RuntimeError)
# simdjson takes 1,023 levels, and an empty one below: with so many around it, no text that it takes
# has too many of its own. (One that has just as many as it may is msgspec's.)
_AROUND: Final = 1024 - DEEPEST


class _Kept(threading.local):
    """A parser keeps its memory from one text to the next, and serves one thread."""

    def __init__(self) -> None:
        self.parser = Parser() if Parser is not None else None


_kept = _Kept()


def members(text: bytes, wanted: tuple[str, ...]) -> dict[str, Any] | None:
    """Those members of a JSON object that are wanted; lists and objects are empty ones.

    None: the text is too large, or not surely such an object. What is small, msgspec reads sooner.
    """
    found = _parsed(text)
    if found is None:
        return None
    names = list(found)
    if len(set(names)) != len(names):  # the last one counts, and simdjson gives the first
        return None
    return {name: _emptied(found[name]) for name in wanted if name in found}


def names(text: bytes) -> tuple[str, ...] | None:
    """The names of an object's members, in order; None as for `members`."""
    found = _parsed(text)
    return None if found is None else tuple(dict.fromkeys(found))


def _parsed(text: bytes) -> "Object | None":
    parser = _kept.parser
    if parser is None or len(text) >= _TOO_LARGE or text.startswith(_MARK):
        return None
    try:
        if not few_brackets(text):
            parser.parse(b"".join((b"[" * _AROUND, text, b"]" * _AROUND)))
        found = parser.parse(text)
    except _NO:
        return None
    return found if isinstance(found, Object) else None


def _emptied(value: Any) -> Any:
    if isinstance(value, Object):
        return {}
    return [] if isinstance(value, Array) else value
