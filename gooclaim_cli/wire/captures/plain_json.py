"""Headers and a body in an object of their own, as handlers log them: `{"headers": …, "body": …}`.

The object may stand within another: `{"level": "info", "request": {"headers": …, "body": …}}`. It
is also how HTTP clients save requests: Postman's, Insomnia's and Bruno's have the body's text by
its mode.
"""

from collections.abc import Iterator
from typing import Any, Final

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records
from gooclaim_cli.wire.captures.members import body, body_or_json, headers

_BODIES: Final = ("body", "raw_body", "rawBody", "payload", "body_base64")
_DEEPEST: Final = 3


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read an object that has both, or the first one within it that does."""
    for found, at in _objects(value, _DEEPEST, None):
        name = next((name for name in _BODIES if name in found), None)
        given = found.get("headers", found.get("header"))
        if name is None or not isinstance(given, dict | list):
            continue
        if name == "body_base64" or found.get("isBase64Encoded") is True:  # as Lambda's events say
            content, exact = body(found[name], is_base64=True, where=name), True
        else:
            content, exact = body_or_json(_by_mode(found[name]), where=name)
        return iter((Capture(source, Format.JSON, headers(given), content, at, exact),))
    return None


def _objects(
    value: dict[str, Any], depth: int, at: float | None
) -> Iterator[tuple[dict[str, Any], float | None]]:
    """The object and those within it, each with its time, or that of the one around it."""
    own = times.of(value)
    at = at if own is None else own
    yield value, at
    if depth:
        for each in value.values():
            if isinstance(each, dict):
                yield from _objects(each, depth - 1, at)


def _by_mode(value: object) -> object:
    """The text of a client's body; what is none stays as it is."""
    match value:
        case {"mode": str(mode), **members} if isinstance(members.get(mode), str):
            return members[mode]
        case {"mimeType": str(), "text": str(text)}:
            return text
    return value
