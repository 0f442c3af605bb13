r"""Words of a shell's command line, quotes undone: POSIX with `$'…'`, and Windows' cmd with `^`.

Browsers copy requests as curl commands in either form; older ones double quotes for Windows, and
write `"{""event_id"":…}"`. Nothing is expanded.
"""

import re
from typing import Final

from gooclaim_cli.wire.captures.capture import CaptureError

_SIMPLE: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "v": "\v",
}
_PIECE: Final = re.compile(
    r"""(?P<space>(?:[ \t\r\n]|\\\r?\n)++)
    |\$'(?P<ansi>(?:[^'\\]++|\\.)*+)'
    |'(?P<single>[^']*+)'
    |"(?P<double>(?:[^"\\]++|\\.)*+)"
    |\\(?P<escaped>.)
    |(?P<plain>[^\s'"\\$]++|\$)""",
    re.VERBOSE | re.DOTALL,
)
_ANSI: Final = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    r"|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))",
    re.DOTALL,
)
_IN_DOUBLE: Final = re.compile(r'\\([$`"\\\n])')
_ENDS: Final = frozenset((";", "&&", "||", "|", "&", ">"))
_CONTINUED: Final = re.compile(r"[^\r\n]*\s\^\r?\n")
_DOUBLED: Final = re.compile(r'\s"[\[{]+(?:""\w|"\^)')
_IN_DOUBLED: Final = re.compile(r'"\^(\r?\n)[\r\n]*"|"(%)"|""')
_CARET: Final = re.compile(r"\^(\r?\n\r?\n|\r?\n|.)", re.DOTALL)


def split(text: str) -> list[bytes]:
    """Split one command into words, up to its end. Raises CaptureError where a quote stays open.

    Bytes of the file that are not UTF-8 are surrogates in the text (PEP 383), and themselves again
    in the words.
    """
    if '^"' in text:
        text = _without_carets(text)
    else:
        if _CONTINUED.match(text):
            text = re.sub(r"\s\^\r?\n", " ", text)
        if _DOUBLED.search(text):
            text = _IN_DOUBLED.sub(lambda each: each[1] or each[2] or '\\"', text)
    words: list[bytes] = []
    word: list[bytes] = []  # in pieces: `a'b'"c"` is one word
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise CaptureError(
                f"a quote stays open from character {position} on", "copy the whole command"
            )
        position = match.end()
        if match["space"] is not None:
            words.extend([b"".join(word)] if word else [])
            word = []
            if "\n" in match["space"].replace("\\\r\n", "").replace("\\\n", "") and words:
                return words
        elif not word and match["plain"] in _ENDS:
            return words
        else:
            word.append(_undone(match))
    return [*words, b"".join(word)] if word else words


def _undone(match: re.Match[str]) -> bytes:
    if match["ansi"] is not None:
        return _ansi(match["ansi"])
    if match["single"] is not None:
        return _bytes(match["single"])
    if match["double"] is not None:
        return _bytes(_IN_DOUBLE.sub(lambda each: each[1].strip("\n"), match["double"]))
    return _bytes(match["escaped"] if match["escaped"] is not None else match["plain"])


def _ansi(text: str) -> bytes:
    r"""Undo `$'…'`: `\xHH` and octal are bytes, `\uHHHH` is a character."""
    parts: list[bytes] = []
    position = 0
    for match in _ANSI.finditer(text):
        parts += (_bytes(text[position : match.start()]), _unescaped(match))
        position = match.end()
    return b"".join((*parts, _bytes(text[position:])))


def _unescaped(match: re.Match[str]) -> bytes:
    r"""One escape; two surrogates, as `\ud83d\ude00` is written, are one character."""
    high, low, hexadecimal, short, long, octal, other = match.groups()
    if high:
        return bytes.fromhex(high + low).decode("utf-16-be").encode()
    if hexadecimal or octal:
        return bytes([int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF])
    if short or long:
        code = int(short or long, 16)
        return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else b"?"
    return _bytes(_SIMPLE.get(other, other))


def _without_carets(text: str) -> str:
    r"""Undo cmd's `^`, which makes the next character itself; a line ends after `^` goes on.

    Within its quotes, `\"` is a quote and `\\` a backslash, as in a POSIX shell's double quotes.
    """
    text = re.sub(r"\s\^\r?\n(?!\r?\n)", " ", text)
    return _CARET.sub(lambda match: "\n" if "\n" in match[1] else match[1], text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
