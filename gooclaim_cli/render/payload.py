"""Headers and bodies as a person reads them: escaped, JSON laid out, secrets hidden.

Owns which header values are never shown. The bytes themselves are not changed: what is shown is a
reading of them.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec
from rich.console import Console
from rich.text import Text

from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.terminal import fold, fold_width, has_colour
from gooclaim_cli.wire.nesting import depth

SHOWN_LIMIT: Final = 64 * 1024
_LAID_OUT_LIMIT: Final = 256 * 1024  # more is shown as it came: laying out costs time
_HIDDEN_VALUE: Final = "(hidden)"
_SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
)
_DEEPEST: Final = 32  # each level is paid for with spaces on every line below it
_TOKENS = re.compile(
    r'(?P<string>"(?:[^"\\]++|\\.)*+")(?P<colon>\s*+:)?'
    r"|(?P<number>-?[0-9][0-9.eE+-]*+)|(?P<word>\b(?:true|false|null)\b)"
)


def shown_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers with the values of credentials replaced; a signature is none."""
    return [
        (name, _HIDDEN_VALUE if name.strip().lower() in _SECRET_HEADERS else value)
        for name, value in headers
    ]


def payload_lines(
    headers: Iterable[tuple[str, str]], body: bytes, console: Console, *, indent: str = "    "
) -> list[Text]:
    """Lay out headers, an empty line and the body, each line after the indent."""
    lines = [
        Text().append(f"{visible(name)}:", style="dim").append(f" {visible(value)}")
        for name, value in shown_headers(headers)
    ]
    if lines and body:
        lines.append(Text())
    lines.extend(_body_lines(body, colour=has_colour(console)))
    edge = fold_width(console)
    room = None if edge is None else edge - len(indent)
    return [
        Text(indent).append_text(part) if part.plain else part
        for line in lines
        for part in fold(line, width=room)
    ]


def _body_lines(body: bytes, *, colour: bool) -> list[Text]:
    if not body:
        return []
    notes: list[str] = []
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body[:SHOWN_LIMIT].decode("utf-8", "backslashreplace")
        notes.append("not UTF-8: other bytes are shown as \\xNN")
        pretty = None
    else:
        pretty = _pretty(body)
    shown = text if pretty is None else pretty
    if len(shown) > SHOWN_LIMIT or len(body) > SHOWN_LIMIT:
        shown = shown[:SHOWN_LIMIT]
        notes.append(f"cut at 64 KiB: the body has {len(body):,} bytes")
    paint = _highlighted if colour and pretty is not None else Text
    lines = [paint(line.expandtabs(4)) for line in visible(shown, newlines=True).split("\n")]
    return [*lines, *(Text(f"({note})", style="dim") for note in notes)]


def _pretty(body: bytes) -> str | None:
    """Lay out a JSON object or array; None where it is neither, or too deep to be readable."""
    if len(body) > _LAID_OUT_LIMIT or body.lstrip()[:1] not in (b"{", b"["):
        return None
    if depth(body) > _DEEPEST:
        return None
    try:
        return msgspec.json.format(body, indent=2).decode("utf-8")
    except (msgspec.DecodeError, RecursionError):
        return None


def _highlighted(line: str) -> Text:
    text = Text(line)
    for token in _TOKENS.finditer(line):
        if token["string"] is not None:
            style = "cyan" if token["colon"] else "green"
            text.stylize(style, token.start("string"), token.end("string"))
        else:
            text.stylize("magenta", token.start(), token.end())
    return text
