"""A body that stands within other JSON: as queues, topics and functions pass messages on."""

import itertools
from collections.abc import Iterator
from typing import Final

import msgspec

_DEEPEST: Final = 8
_MOST: Final = 64
_SIGN: Final = b"event_id"
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_string = msgspec.json.Decoder(str).decode


def within(body: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield what may be an envelope within the body: its bytes as they stand, and its path."""
    yield from itertools.islice(_within(body.strip(), "", _DEEPEST), _MOST)


def _within(value: bytes, path: str, depth: int) -> Iterator[tuple[bytes, str]]:
    if not depth or _SIGN not in value:
        return
    try:
        for each, where in _children(value, path):
            if _SIGN in each and each[:1] in b'{["':
                yield each, where
                yield from _within(each, where, depth - 1)
    except _NOT_JSON:
        return


def _children(value: bytes, path: str) -> Iterator[tuple[bytes, str]]:
    """What stands directly in a JSON value: a string holds one thing, its text."""
    if value[:1] == b"{":
        for name, each in _object(value).items():
            yield bytes(each), f"{path}.{name[:40]}" if path else f"`{name[:40]}`"
    elif value[:1] == b"[":
        for number, each in enumerate(_list(value)):
            yield bytes(each), f"{path}[{number}]"
    elif value[:1] == b'"':
        yield _string(value).encode("utf-8", "surrogatepass").strip(), path
