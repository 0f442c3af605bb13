"""Log lines that hold a capture: CloudWatch's and others', each line with JSON somewhere in it.

    2026-05-20T10:14:26.123Z 0a1b… INFO {"headers": {…}, "body": "{\\"event_id\\": …}"}

Lines without one are passed over. CloudWatch's exports have the line as `message`.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records
from gooclaim_cli.wire.captures.members import has_gooclaim_header, text_bytes

_TIME: Final = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_MESSAGES: Final = ("message", "@message", "log")


def messages(value: dict[str, Any]) -> list[tuple[bytes, float | None]] | None:
    """The log lines in an object of an export, each with its time; None where it has none."""
    match value:
        case {"events": [{"message": str()}, *_] as events}:
            found = [_message(each) for each in events if isinstance(each, dict)]
            return [each for each in found if each is not None]
    one = _message(value)
    return None if one is None else [one]


def time_of(line: bytes) -> float | None:
    """The time that a line begins with, or has in front of its JSON."""
    match = _TIME.search(line, 0, 200)
    return times.from_text(match[0].decode().replace(",", ".")) if match else None


def from_log(found: Iterable[object], at: float | None) -> Records:
    """Say of captures that they were in a log, and when, where they do not know it themselves.

    Logs also hold other requests: only those with one of Gooclaim's headers, or an event, are kept.
    """
    for each in found:
        if isinstance(each, Capture) and _is_gooclaims(each):
            received_at = at if each.received_at is None else each.received_at
            yield Capture(each.source, Format.LOG, each.headers, each.body, received_at, each.exact)


def _is_gooclaims(found: Capture) -> bool:
    return has_gooclaim_header(found.headers) or b"event_id" in found.body


def _message(value: dict[str, Any]) -> tuple[bytes, float | None] | None:
    for name in _MESSAGES:
        text = value.get(name)
        if isinstance(text, str) and "{" in text:
            at = value.get("timestamp", value.get("@timestamp"))
            return text_bytes(text), times.from_milliseconds(at) or times.from_text(at)
    return None
