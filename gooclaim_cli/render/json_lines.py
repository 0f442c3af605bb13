"""What a program reads: JSON, one object a line.

Owns how an object is written, not what is in it. Text is as it came, except that a lone surrogate
becomes U+FFFD.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import msgspec

from gooclaim_cli.render.escape import ascii_json, visible_json

_encode = msgspec.json.Encoder().encode


def write_object(members: Mapping[str, Any], stream: TextIO) -> None:
    """Write one object as a line, and flush. The line cannot command a terminal."""
    stream.write(printable(encode_object(members), stream))
    stream.flush()


def printable(line: str, stream: TextIO) -> str:
    """End a line of JSON, in characters that the stream can take."""
    if not (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf"):
        line = ascii_json(line)
    return f"{line}\n"


def encode_object(members: Mapping[str, Any] | msgspec.Struct) -> str:
    """Encode one object as JSON text without a line break, hidden characters escaped."""
    try:
        encoded = _encode(members)
    except UnicodeEncodeError:
        encoded = _encode(_without_lone_surrogates(msgspec.to_builtins(members)))
    text = encoded.decode("utf-8")
    # JSON has escaped the other controls that are ASCII.
    return text if text.isascii() and "\x7f" not in text else visible_json(text)


def rfc3339(at: float) -> str:
    """Write a time (UNIX seconds) as `2026-05-20T10:14:25.123Z`."""
    seconds, milliseconds = divmod(round(at * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=2)  # most events of a session come within the same second as the one before
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _without_lone_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case Mapping():
            return {
                _without_lone_surrogates(name): _without_lone_surrogates(member)
                for name, member in value.items()
            }
        case list() | tuple():
            return [_without_lone_surrogates(member) for member in value]
        case _:
            return value
