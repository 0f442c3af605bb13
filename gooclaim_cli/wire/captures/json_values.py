"""JSON in its several arrangements: one document, one value a line, values in lines of a log.

Which format a value is, its members say.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from gooclaim_cli.wire.captures import (
    har,
    history,
    lambda_event,
    logs,
    ngrok,
    plain_json,
    smee,
    webhook_site,
)
from gooclaim_cli.wire.captures.capture import CaptureError, Records, Unreadable
from gooclaim_cli.wire.captures.members import MembersError
from gooclaim_cli.wire.captures.streams import lines, whole

_SHAPES: Final = (
    history.from_object,
    har.from_object,
    ngrok.from_object,
    webhook_site.from_object,
    smee.from_object,
    lambda_event.from_object,
    plain_json.from_object,
)
_ENVELOPE: Final = frozenset(("event_id", "event_type", "tenant_id"))
_SPACE: Final = re.compile(r"\s*")
_NOT_JSON: Final = (ValueError, RecursionError)
_WORDS: Final = 8
_DEEPEST: Final = 4


def from_stream(
    content: Iterator[bytes], source: str, unknown: Callable[[], CaptureError]
) -> Records:
    """Read one value a line where the first line is one, else the whole as one document.

    Raises CaptureError where the first value is no capture.
    """
    found = lines(content)
    blank = 0
    first = b""
    for first in found:
        if first.strip():
            break
        blank += 1
    fast = history.from_line(first, f"{source}:{blank + 1}")
    if fast is None:
        try:
            msgspec.json.decode(first)
        except _NOT_JSON:
            rest = (each for line in found for each in (b"\n", line))
            yield from _document(whole(itertools.chain((first,), rest)), source, unknown)
            return
    yield from _json_lines(itertools.chain((first,), found), source, blank + 1)


def from_log_lines(found: Iterator[bytes], source: str) -> Records:
    """Read the captures in a log's lines; lines without one are passed over."""
    for number, line in enumerate(found, 1):
        if b"{" in line:
            yield from _from_log_line(line, f"{source}:{number}", _DEEPEST, None)


def _json_lines(found: Iterator[bytes], source: str, number: int) -> Records:
    from_line = history.from_line
    for position, line in enumerate(found, number):
        where = f"{source}:{position}"
        capture = from_line(line, where)
        if capture is not None:
            yield capture
        elif line.strip():
            yield from _from_line(line, where, is_first=position == number)


def _from_line(line: bytes, where: str, *, is_first: bool) -> Records:
    """Read a line that is not one of our export. The first one has to be a capture, or of a log."""
    try:
        value = msgspec.json.decode(line)
    except _NOT_JSON as error:
        yield Unreadable(where, f"it is not JSON: {error}")
        return
    found = _captures(value, where, _DEEPEST)
    if found is not None:
        yield from found
    elif logs.is_record(value):
        return
    elif is_first:
        raise _no_capture(value)
    else:
        yield Unreadable(where, _no_capture(value).message)


def _document(data: bytes, source: str, unknown: Callable[[], CaptureError]) -> Records:
    """Read a document, or several one after the other, as `jq` writes them."""
    text = data.decode("utf-8", "replace").strip()
    decoder = json.JSONDecoder()
    position = count = 0
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except _NOT_JSON as error:
            if count == 0:
                raise _broken(error, data, unknown) from None
            yield Unreadable(f"{source}#{count + 1}", f"it is not JSON: {_in_words(error)}")
            return
        count += 1
        where = source if count == 1 and end == len(text) else f"{source}#{count}"
        found = _captures(value, where, _DEEPEST)
        if found is not None:
            yield from found
        elif not logs.is_record(value):
            raise _no_capture(value)
        gap = _SPACE.match(text, end)
        position = gap.end() if gap else end


def _captures(value: object, source: str, depth: int) -> Records | None:
    """Read a value of any of the formats; None where it is none of them."""
    if isinstance(value, list):
        return _elements(value, source, depth) if value and depth else None
    if not isinstance(value, dict):
        return None
    try:
        for from_object in _SHAPES:
            found = from_object(value, source)
            if found is not None:
                return found
    except MembersError as error:
        return iter((Unreadable(source, str(error)),))
    return _at_least_one(_messages(value, source, depth - 1)) if depth else None


def _messages(value: dict[str, Any], source: str, depth: int) -> Records:
    """Read what other JSON, such as a log's export, holds."""
    messages = list(logs.messages(value))
    for number, (message, at) in enumerate(messages, 1):
        where = f"{source}#{number}" if len(messages) > 1 else source
        if isinstance(message, bytes):
            yield from _from_log_line(message, where, depth, at)
        else:
            yield from logs.from_log(_captures(message, where, depth) or (), at)


def _at_least_one(found: Records) -> Records | None:
    first = next(found, None)
    return None if first is None else itertools.chain((first,), found)


def _elements(values: list[Any], source: str, depth: int) -> Records | None:
    """Read a list. Before its first capture, there may be records of a log, and nothing else."""
    numbered = enumerate(values, 1)
    for number, value in numbered:
        found = _captures(value, f"{source}#{number}", depth - 1)
        if found is not None:
            return itertools.chain(found, _further_elements(numbered, source, depth))
        if not logs.is_record(value):
            return None
    return None


def _further_elements(numbered: Iterator[tuple[int, Any]], source: str, depth: int) -> Records:
    for number, value in numbered:
        where = f"{source}#{number}"
        found = _captures(value, where, depth - 1)
        if found is not None:
            yield from found
        elif not logs.is_record(value):
            yield Unreadable(where, _no_capture(value).message)


def _from_log_line(line: bytes, where: str, depth: int, at: float | None) -> Records:
    """Read the first JSON object of a line that is a capture."""
    for value in logs.values(line):
        found = _captures(value, where, depth)
        if found is not None:
            yield from logs.from_log(found, at if at is not None else logs.time_of(line))
            return


def _no_capture(value: object) -> CaptureError:
    """Say what was found instead of a capture."""
    if not isinstance(value, dict):
        kind = "an empty list" if value == [] else f"a {_json_type(value)}"
        return CaptureError(f"it is JSON, but {kind} without deliveries", _HINT)
    if value.keys() >= _ENVELOPE:
        return CaptureError(
            "it is a body without its headers",
            "add --signature and --timestamp, or --header 'Name: value'",
        )
    if value.get("kind") == "delivery":
        return CaptureError(
            "it is a list of deliveries without their bodies", "gooclaim history export has them"
        )
    names = ", ".join(repr(name[:40]) for name in list(value)[:_WORDS])
    return CaptureError(f"it is a JSON object that is no capture, with {names or 'nothing'}", _HINT)


_HINT: Final = "gooclaim verify --help names the formats; a raw body needs --header 'Name: value'"


def _json_type(value: object) -> str:
    names = {list: "list", str: "text", bool: "truth value", type(None): "null"}
    return names.get(type(value), "number")


def _broken(error: Exception, data: bytes, unknown: Callable[[], CaptureError]) -> CaptureError:
    if not any(mark in data[:4096] for mark in (b'"log"', b'"headers"', b'"requests"', b'"body"')):
        return unknown()
    return CaptureError(
        f"it begins like JSON, and is none: {_in_words(error)}", "save or export it anew"
    )


def _in_words(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
