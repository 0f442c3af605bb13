"""Telling the format by the content, and reading on in it as a stream.

Only the first line decides. A name never does.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gooclaim_cli.wire.captures import curl_command, curl_trace, http_request, json_values
from gooclaim_cli.wire.captures.capture import Capture, CaptureError, Format, Records
from gooclaim_cli.wire.captures.streams import first_line, limited, lines, plain, whole

_SHOWN: Final = 48
# `[2026-…] INFO {…}` is a log's line; an array of captures goes on with an object or an array.
_JSON: Final = re.compile(rb"\{|\[\s*(?:[\[{\]]|$)")


def read(source: str, chunks: Iterable[bytes]) -> Records:
    """Yield the captures of one file, as they come.

    `source` is the file's name as it is to be shown, `chunks` its bytes in pieces of any size.
    Raises CaptureError where it is none of the formats, is empty, or cannot be read to its end.
    """
    start, content = first_line(plain(chunks))
    line = start.lstrip()
    if not line:
        raise _empty()
    reader = _reader(line)
    found = reader(content, source, start)
    first = next(found, None)
    if first is not None:
        yield first
        yield from found
    elif reader is _log:
        raise _unknown(start)
    else:
        hint = "a POST request with a body is looked for"
        raise CaptureError("there is no delivery in it", hint)


def read_raw_body(
    source: str, chunks: Iterable[bytes], headers: tuple[tuple[str, str], ...]
) -> Capture:
    """Take a file's bytes as the body, nothing undone.

    Raises CaptureError where it is empty, or over 256 MiB.
    """
    body = whole(chunks)
    if not body:
        raise _empty()
    return Capture(source, Format.RAW_BODY, headers, body)


_Reader = Callable[[Iterator[bytes], str, bytes], Records]


def _reader(line: bytes) -> _Reader:
    if http_request.REQUEST_LINE.match(line) or line.startswith(b"HTTP/1."):
        return _http
    if curl_command.START.match(line):
        return _curl
    if curl_trace.START.match(line):
        return _trace
    if _JSON.match(line):
        return _json
    return _log


def _http(content: Iterator[bytes], source: str, _start: bytes) -> Records:
    return http_request.from_bytes(whole(content).lstrip(), source)


def _curl(content: Iterator[bytes], source: str, _start: bytes) -> Records:
    return curl_command.from_bytes(whole(content), source)


def _trace(content: Iterator[bytes], source: str, _start: bytes) -> Records:
    return curl_trace.from_lines(lines(limited(content)), source)


def _json(content: Iterator[bytes], source: str, start: bytes) -> Records:
    return json_values.from_stream(content, source, lambda: _unknown(start))


def _log(content: Iterator[bytes], source: str, start: bytes) -> Records:
    if b"\0" in start:
        raise _unknown(start)
    return json_values.from_log_lines(lines(content), source)


def _empty() -> CaptureError:
    return CaptureError("it is empty", "save a delivery there: gooclaim history export FILE")


def _unknown(start: bytes) -> CaptureError:
    return CaptureError(
        f"it is none of the known formats; it begins with {_shown(start[:_SHOWN])}",
        "a raw body needs its headers: add --signature and --timestamp, or --header 'Name: value'",
    )


def _shown(start: bytes) -> str:
    """A file's start as people and Python write it: text as text, other bytes in hexadecimal."""
    text = start.decode("utf-8", "ignore")  # a character may be cut in two
    is_text = len(text.encode()) + 3 >= len(start) and "\0" not in text
    return repr(text if is_text else start[:16]).removeprefix("b")
