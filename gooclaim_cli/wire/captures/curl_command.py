"""A curl command: as browsers copy requests, and as people write them down.

Nothing is run and no file is opened: a body in a file (`-d @body.json`) is refused with a hint.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gooclaim_cli.wire.captures.capture import Capture, CaptureError, Format, Records

START: Final = re.compile(rb"(?:[$#>%] )?curl(?:\.exe)?[ \t\\^\r\n]")
_HEADERS: Final = frozenset(("-H", "--header"))
_BODIES: Final = frozenset(
    ("-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--json")
)
_FILES: Final = frozenset(
    ("-T", "--upload-file", "-F", "--form", "--data-urlencode", "-K", "--config")
)
_LONG_READ: Final = _HEADERS | _BODIES | _FILES
_SHORT_VALUED: Final = "HdTFKXAbceuomxwEDCrYyzPQt"


@dataclass(slots=True)
class _Request:
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)


def from_bytes(data: bytes, source: str) -> Records:
    """Read one command. Raises CaptureError where it carries no body, or one in a file."""
    from gooclaim_cli.wire.captures import shell_words  # patterns that take a while to compile

    request = _Request()
    for option, value in _options(shell_words.split(data.decode("utf-8", "surrogateescape"))):
        if option in _HEADERS:
            name, _, rest = value.decode("utf-8", "replace").partition(":")
            request.headers.append((name.strip().removesuffix(";"), rest.strip()))
        elif option in _BODIES:
            _take_body(option, value, request)
        elif option in _FILES:
            raise CaptureError(
                f"curl's {option} is not read here", "save the request with curl --trace FILE"
            )
    if not request.headers and not request.body:
        raise CaptureError("this curl command has no headers and no body", "copy the POST request")
    yield Capture(source, Format.CURL, tuple(request.headers), b"&".join(request.body))


def _take_body(option: str, value: bytes, request: _Request) -> None:
    if value.startswith(b"@") and option != "--data-raw":
        name = value[1:].decode("utf-8", "replace")
        raise CaptureError(
            f"the body of this curl command is in the file {name!r}",
            "verify that file, with the command's headers: --header 'Name: value'",
        )
    request.body.append(value)


def _options(words: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield each option that is read, and its value: `-H x`, `-Hx`, `--header x`, `--header=x`."""
    remaining = iter(words[words.index(b"curl") + 1 :] if b"curl" in words else words[1:])
    for word in remaining:
        text = word.decode("latin-1")  # a character a byte
        if text.startswith("--"):
            name, equals, _ = text.partition("=")
            if name in _LONG_READ:
                yield name, word.partition(b"=")[2] if equals else next(remaining, b"")
        elif text.startswith("-") and len(text) > 1:
            yield from _short(text, word, remaining)


def _short(text: str, word: bytes, remaining: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """Read `-sSH 'x'`: flags, then perhaps an option with its value."""
    for position, letter in enumerate(text[1:], 1):
        if letter in _SHORT_VALUED:
            yield f"-{letter}", word[position + 1 :] or next(remaining, b"")
            return
