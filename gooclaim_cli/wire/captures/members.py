"""Members that several JSON formats share: lists of headers, and bodies as text, base64 or JSON."""

import base64
import binascii
from collections.abc import Iterable
from typing import Any

import msgspec

Headers = tuple[tuple[str, str], ...]


class MembersError(ValueError):
    """A member is not what its format has there; the message names it."""


def headers(value: object, *, where: str = "headers") -> Headers:
    """Read headers of any shape that tools write.

    That is an object of texts or of lists of texts, a list of pairs, or a list of objects with
    `name` (or `key`) and `value`. Raises MembersError.
    """
    if isinstance(value, dict):
        return tuple(
            (name, _text(each, f"{where}.{name}"))
            for name, given in value.items()
            for each in (given if isinstance(given, list) else (given,))
        )
    if isinstance(value, list):
        return tuple(_pair(each, f"{where}[{number}]") for number, each in enumerate(value))
    raise MembersError(f"{where}: expected an object or a list")


def body(value: object, *, is_base64: object = False, where: str = "body") -> bytes:
    """Read a body that is text, or base64 of it; None is an empty one. Raises MembersError."""
    if value is None:
        return b""
    if not isinstance(value, str):
        raise MembersError(f"{where}: expected a text")
    return from_base64(value, where) if is_base64 is True else text_bytes(value)


def body_or_json(value: object, *, where: str = "body") -> tuple[bytes, bool]:
    """Read a body that is text, or was parsed; then it is written again, as JavaScript does it.

    Returns its bytes, and whether they are those that were received.
    """
    if isinstance(value, dict | list):
        return _compact(value, where), False
    return body(value, where=where), True


def from_base64(text: str, where: str) -> bytes:
    """Decode base64; line breaks in it do not count. Raises MembersError."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise MembersError(f"{where}: expected base64") from None


def text_bytes(text: str) -> bytes:
    """The bytes of a text that JSON held, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def has_gooclaim_header(pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether one of the headers is Gooclaim's."""
    return any(name[:11].lower() == "x-gooclaim-" for name, _ in pairs)


def _compact(value: Any, where: str) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (ValueError, RecursionError):
        raise MembersError(f"{where}: cannot be written as JSON again") from None


def _pair(value: object, where: str) -> tuple[str, str]:
    match value:
        case [str(name), given]:
            return name, _text(given, f"{where}[1]")
        case {"name": str(name), "value": given} | {"key": str(name), "value": given}:
            return name, _text(given, f"{where}.value")
    raise MembersError(f"{where}: expected a name and a value")


def _text(value: object, where: str) -> str:
    """A header's value; a bare number is one too."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise MembersError(f"{where}: expected a text")
