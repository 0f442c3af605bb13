"""The body as it may have been before something changed its bytes on the way."""

import json
import re
from collections.abc import Iterator
from typing import Final

from gooclaim_cli.wire.diagnosis import encodings
from gooclaim_cli.wire.diagnosis.causes import KEEP_RAW, Variant, both, named

_BOM: Final = b"\xef\xbb\xbf"
LARGEST: Final = 8 * 1024 * 1024  # to be taken apart: no step may take long, nothing stops it
_CLOSERS: Final = {"{": "}", "[": "]"}
_MOST_ENDS: Final = 64
_BEHIND: Final = "the body has more bytes than were signed: something stands behind it"


def variants(body: bytes, announced: int | None = None) -> Iterator[Variant]:
    """Yield what the body may have been. `announced` is its Content-Length."""
    yield from _ends(body)
    yield from _line_endings(body)
    yield from _marks(body)
    yield from _announced(body, announced)
    if len(body) <= LARGEST:
        yield from _lengths(body)
        yield from encodings.variants(body)


def _ends(body: bytes) -> Iterator[Variant]:
    added = "the body has white space at an end that was not signed"
    for end in (b"\n", b"\r\n", b"\r", b" "):
        if body.endswith(end):
            message = f"the body has {_spelled(end)} at its end that was not signed"
            yield named(body[: -len(end)], "body_newline_added", message, KEEP_RAW)
    yield named(body.rstrip(), "body_newline_added", added, KEEP_RAW)
    yield named(body.strip(), "body_newline_added", added, KEEP_RAW)
    for end in (b"\n", b"\r\n", b"\n\n", b"\r", b" "):
        message = f"the body lost {_spelled(end)} that was signed with it"
        yield named(body + end, "body_newline_removed", message, KEEP_RAW)
    yield named(
        body.rstrip(b"\0"), "body_extra_bytes", "the body has zero bytes behind it", KEEP_RAW
    )


def _spelled(end: bytes) -> str:
    names = {b"\n": "a newline", b"\r\n": "a Windows newline", b"\r": "a carriage return"}
    return names.get(end, "white space")


def _line_endings(body: bytes) -> Iterator[Variant]:
    fix = f"{KEEP_RAW}; git and editors change line endings in files (.gitattributes: * -text)"
    code = "body_line_endings"
    plain = body.replace(b"\r\n", b"\n")
    yield named(plain, code, "the body's line ends became CRLF; signed was LF", fix)
    yield named(
        plain.replace(b"\n", b"\r\n"), code, "the body's line ends became LF; signed was CRLF", fix
    )
    yield named(
        plain.replace(b"\r", b"\n"), code, "the body's line ends became CR; signed was LF", fix
    )
    message = "the body's line ends are mixed; signed was one kind"
    yield named(plain.replace(b"\n", b"\r"), code, message, fix)


def _marks(body: bytes) -> Iterator[Variant]:
    fix = f"{KEEP_RAW}; save as UTF-8 without a byte order mark"
    if body.startswith(_BOM):
        message = "the body has a byte order mark in front that was not signed"
        without = named(body.removeprefix(_BOM), "body_bom", message, fix)
        yield without
        for each in _line_endings(without.data):  # editors of one system do both
            if each.data != without.data:
                yield Variant(each.data, both(without.cause, each.cause))
    else:
        message = "the body lost the byte order mark that was signed with it"
        yield named(_BOM + body, "body_bom", message, fix)


def _announced(body: bytes, announced: int | None) -> Iterator[Variant]:
    if announced is not None and 0 < announced < len(body):
        yield named(body[:announced], "body_extra_bytes", _BEHIND, KEEP_RAW)


def _lengths(body: bytes) -> Iterator[Variant]:
    """What is behind the body, and what a body that was cut by a few bytes lacks."""
    end = _json_end(body)
    if end is not None and end < len(body):
        yield named(body[:end], "body_extra_bytes", _BEHIND, KEEP_RAW)
    start = body.find(b"{")
    if start > 0:
        words = "the body has more bytes than were signed: something stands before it"
        yield named(body[start:], "body_extra_bytes", words, KEEP_RAW)
    for at in _braces(body):
        yield named(body[:at], "body_extra_bytes", _BEHIND, KEEP_RAW)
    closers = _open_brackets(body)
    if closers:
        words = f"the body was cut off at byte {len(body)}, and lacks {closers!r}"
        fix = "save the whole body: look for a limit of the log, the column or the buffer"
        for end_of_text in ("", '"'):
            yield named(body + (end_of_text + closers).encode(), "body_truncated", words, fix)


def _braces(body: bytes) -> list[int]:
    """Behind the last closing braces: where a body may have ended."""
    found: list[int] = []
    at = len(body)
    while len(found) < _MOST_ENDS and (at := body.rfind(b"}", 0, at)) > 0:
        if at + 1 < len(body):
            found.append(at + 1)
    return found


def _json_end(body: bytes) -> int | None:
    try:
        text = body.decode("utf-8", "surrogateescape")
        _, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return None
    blank = len(text) - len(text.lstrip())
    return len(text[: blank + end].encode("utf-8", "surrogateescape"))


def _open_brackets(body: bytes) -> str:
    """What would close all that is open, innermost first; at most a few."""
    without_strings = re.sub(rb'"(?:[^"\\]++|\\.)*+"?', b"", body, flags=re.DOTALL)
    stack: list[str] = []
    for mark in re.findall(rb"[\[\]{}]", without_strings):
        character = mark.decode()
        if character in _CLOSERS:
            stack.append(_CLOSERS[character])
        elif stack and stack[-1] == character:
            stack.pop()
        else:
            return ""
    return "".join(reversed(stack)) if len(stack) <= 16 else ""
