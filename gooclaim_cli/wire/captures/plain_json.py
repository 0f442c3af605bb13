"""Headers and a body in an object of their own, as handlers log them: `{"headers": …, "body": …}`.

The object may stand within another: `{"level": "info", "request": {"headers": …, "body": …}}`.
"""

from collections.abc import Iterator
from typing import Any, Final

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records
from gooclaim_cli.wire.captures.members import body, body_or_json, headers

_BODIES: Final = ("body", "raw_body", "rawBody", "payload", "body_base64")
_TIMES: Final = ("received_at", "timestamp", "time", "at", "ts")
_DEEPEST: Final = 3


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read an object that has both, or the first one within it that does."""
    for found in _objects(value, _DEEPEST):
        name = next((name for name in _BODIES if name in found), None)
        if name is None or not isinstance(found.get("headers"), dict | list):
            continue
        if name == "body_base64":
            content, exact = body(found[name], is_base64=True, where=name), True
        else:
            content, exact = body_or_json(found[name], where=name)
        pairs = headers(found["headers"])
        received_at = _time(found) or _time(value)
        return iter((Capture(source, Format.JSON, pairs, content, received_at, exact),))
    return None


def _objects(value: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    yield value
    if depth:
        for each in value.values():
            if isinstance(each, dict):
                yield from _objects(each, depth - 1)


def _time(value: dict[str, Any]) -> float | None:
    for name in _TIMES:
        at = times.from_text(value.get(name)) or times.from_milliseconds(value.get(name))
        if at is not None:
            return at
    return None
