"""Raw HTTP/1 requests as proxies dump them: CRLF or LF, chunked or not, one after the other.

Answers between them are passed over. A body ends where Content-Length or the chunks say so, and
where neither does, at the next message. More than was announced is kept: it may be why a signature
does not match.
"""

import re
from collections.abc import Iterator
from typing import Final

from gooclaim_cli.wire.captures.capture import Capture, CaptureError, Format, Records, Unreadable

_METHODS: Final = rb"POST|PUT|PATCH|GET|HEAD|DELETE|OPTIONS|CONNECT|TRACE"
REQUEST_LINE: Final = re.compile(rb"(?:%b) \S{1,8192} HTTP/\d(?:\.\d)?\r?\n" % _METHODS)
_MESSAGE: Final = re.compile(
    rb"(?:^|(?<=\n))(?:(?:%b) \S{1,8192} HTTP/\d(?:\.\d)?|HTTP/\d(?:\.\d)? \d{3}[^\n]{0,200})\r?\n"
    % _METHODS
)
_CHUNK: Final = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\n]{0,1000})?\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")
_HEADERS_LIMIT: Final = 1024 * 1024
_WITH_BODY: Final = (b"POST", b"PUT", b"PATCH")
Headers = tuple[tuple[str, str], ...]


class _MalformedError(ValueError):
    pass


def from_bytes(data: bytes, source: str) -> Records:
    """Read every request that can have a body. Raises CaptureError where there is none."""
    starts = list(_messages(data))
    posts = [
        (begin, end) for begin, end in starts if data[begin:end].split(b" ", 1)[0] in _WITH_BODY
    ]
    if not posts:
        raise CaptureError(
            "there is no POST request in it", "save the request, not only its answer"
        )
    for number, (begin, end) in enumerate(posts, 1):
        where = source if len(posts) == 1 else f"{source}#{number}"
        try:
            headers, body = _request(data[begin:end])
        except _MalformedError as error:
            yield Unreadable(where, str(error))
        else:
            yield Capture(where, Format.HTTP, headers, body)


def _messages(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each message begins and ends. What looks like one within a body is none."""
    match = _MESSAGE.search(data)
    while match is not None:
        announced = _announced_end(data, match.start())
        following = _MESSAGE.search(data, max(match.end(), announced))
        yield match.start(), following.start() if following else len(data)
        match = following


def _announced_end(data: bytes, begin: int) -> int:
    """Where a body ends by its Content-Length; the start of the message where it has none."""
    try:
        headers, content = _head(data[begin : begin + 65536])
    except _MalformedError:
        return begin
    length = _content_length(headers)
    return begin if length is None else min(begin + content + length, len(data))


def _request(message: bytes) -> tuple[Headers, bytes]:
    headers, begin = _head(message)
    content = message[begin:]
    if any(
        name.lower() == "transfer-encoding" and "chunked" in value.lower()
        for name, value in headers
    ):
        return headers, _dechunked(content)
    length = _content_length(headers)
    if length is not None and not content[length:].strip():
        return headers, content[:length]
    return headers, content


def _head(message: bytes) -> tuple[Headers, int]:
    """Read the header section: the headers, folded ones joined, and where the body begins."""
    found: list[tuple[str, str]] = []
    position = _end_of_line(message, 0)
    while position < len(message):
        if position > _HEADERS_LIMIT:
            raise _MalformedError("its headers do not end within 1 MiB")
        begin, position = position, _end_of_line(message, position)
        line = message[begin:position].rstrip(b"\r\n").decode("latin-1")
        if not line:
            return tuple(found), position
        if line[0] in " \t" and found:
            name, value = found[-1]
            found[-1] = name, f"{value} {line.strip()}"
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or name[0] in " \t":
            raise _MalformedError(f"{line[:40]!r} is no header: expected `Name: value`")
        found.append((name.rstrip(), value.strip(" \t")))
    return tuple(found), len(message)


def _end_of_line(message: bytes, begin: int) -> int:
    return message.find(b"\n", begin) + 1 or len(message)


def _content_length(headers: Headers) -> int | None:
    values = [value for name, value in headers if name.lower() == "content-length"]
    fits = values and values[0].isascii() and values[0].isdigit() and len(values[0]) < 16
    return int(values[0]) if fits else None


def _dechunked(content: bytes) -> bytes:
    """Undo the chunks; a body that has none (some proxies undo them, and keep the header) stays."""
    parts: list[bytes] = []
    position = 0
    while match := _CHUNK.match(content, position):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(parts)
        begin, position = match.end(), match.end() + size
        parts.append(content[begin:position])
        ending = _LINE_END.match(content, position)
        position = ending.end() if ending else position
    if not parts:
        return content
    if position < len(content) and content[position:].strip():
        raise _MalformedError(f"the chunks end at byte {position} of the body: expected a size")
    return b"".join(parts)
