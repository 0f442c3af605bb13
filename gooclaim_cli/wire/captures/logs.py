"""Log lines that hold a capture: CloudWatch's and others', each line with JSON somewhere in it.

    2026-05-20T10:14:26.123Z 0a1b… INFO {"headers": {…}, "body": "{\\"event_id\\": …}"}

Lines without one are passed over. The JSON may be escaped as a JSON string, or as CSV does it. What
collects logs gives lines as members of JSON of its own, which differs from one to the next: they
are looked for anywhere in it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records
from gooclaim_cli.wire.captures.members import has_gooclaim_header, text_bytes

_TIME: Final = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_OURS: Final = re.compile(r"x-gooclaim-|event_id", re.IGNORECASE)
_DEEPEST: Final = 12
_STARTS_IN_A_LINE: Final = 16
_NOT_JSON: Final = (ValueError, RecursionError)
# What the records of a log have, one of them at least.
_MEMBERS: Final = frozenset(
    ("message", "@message", "msg", "log", "line", "level", "severity", "textPayload", "record")
)
Message = tuple[bytes | dict[str, Any], float | None]


def messages(value: dict[str, Any]) -> Iterator[Message]:
    """What may hold a capture in a JSON value: texts, and objects of lists; each with its time."""
    return _within(value, None, _DEEPEST)


def _within(value: object, at: float | None, depth: int) -> Iterator[Message]:
    if isinstance(value, str):
        if "{" in value and _OURS.search(value):
            yield text_bytes(value), at
    elif isinstance(value, dict) and depth:
        own = times.of(value)
        for each in value.values():
            yield from _within(each, at if own is None else own, depth - 1)
    elif isinstance(value, list) and depth:
        for each in value:
            if isinstance(each, dict):
                yield each, at
            else:
                yield from _within(each, at, depth - 1)


def is_record(value: object) -> bool:
    """Whether a JSON value is a log's record, such as may stand among those with a capture."""
    return isinstance(value, dict) and not _MEMBERS.isdisjoint(value)


def values(line: bytes) -> Iterator[object]:
    """The JSON values in a line, escapes undone; at most some."""
    text = line.decode("utf-8", "replace")
    position = 0
    for _ in range(_STARTS_IN_A_LINE):
        position = text.find("{", position)
        if position < 0:
            return
        value, position = _value(text, position)
        if value is not None:
            yield value


def _value(text: str, begin: int) -> tuple[object, int]:
    """The object that begins there, None where there is none; and where to look on."""
    decode = json.JSONDecoder().raw_decode
    try:
        if text.startswith('{\\"', begin) and text[begin - 1 : begin] == '"':
            escaped, end = decode(text, begin - 1)
            return json.loads(escaped), end
        if text.startswith('{""', begin):  # as CSV doubles quotes
            return decode(text[begin:].replace('""', '"'))[0], len(text)
        return decode(text, begin)
    except _NOT_JSON:
        return None, begin + 1


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
