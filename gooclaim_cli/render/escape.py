"""What a terminal is shown of text that others wrote: nothing hidden, nothing that commands it.

Owns the rule of what is hidden: every character that Unicode does not count as printable (controls,
bidi and other format characters, odd spaces, private use, unassigned, lone surrogates), the
printable ones that are drawn as nothing, and combining marks past the fourth in a row. Pure.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

_MARKS_IN_A_ROW: Final = 4
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]+")
_BEYOND_ASCII_TEXT = re.compile(r"[^\x20-\x7e\n\t]+")
# Joiners, fillers, blanks and selectors that count as printable and are drawn as nothing.
# U+FE0E and U+FE0F stay: they choose between the two faces of an ordinary emoji.
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0d\uffa0"
    r"\U000e0100-\U000e01ef]"
)


def visible(text: str, *, newlines: bool = False) -> str:
    r"""Return the text with all that is hidden spelled out: `\x1b`, `\u202e`, `\U000e0041`.

    With `newlines`, line feeds and tabs stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    pattern = _BEYOND_ASCII_TEXT if newlines else _BEYOND_ASCII
    return pattern.sub(_spell_for_people, text)


def visible_json(text: str) -> str:
    r"""Return JSON text that parses to the same value, with all that is hidden as `\uXXXX`."""
    if text.isascii() and text.isprintable():
        return text
    return _BEYOND_ASCII.sub(_spell_for_programs, text)


def ascii_json(text: str) -> str:
    r"""Return JSON text that parses to the same value, all of it ASCII."""
    return _BEYOND_ASCII.sub(lambda match: "".join(map(_json_escape, match[0])), text)


def clip(text: str, width: int, *, mark: str = "…") -> str:
    """Cut text to so many terminal cells, the last of them the mark where something is missing."""
    from rich.cells import cell_len, set_cell_size

    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - cell_len(mark)).rstrip() + mark


def clip_middle(text: str, width: int, *, keep: int = 8, mark: str = "…") -> str:
    """Cut text to so many cells, keeping its last `keep` characters: `evt_…7F3KX9QA`."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    tail = text[-keep:]
    room = width - cell_len(tail) - cell_len(mark)
    if room <= 0:
        return clip(text, width, mark=mark)
    return set_cell_size(text, room).rstrip() + mark + tail


def _spell_for_people(match: re.Match[str]) -> str:
    return _spell(match[0], _escape)


def _spell_for_programs(match: re.Match[str]) -> str:
    return _spell(match[0], _json_escape)


def _spell(run: str, escape: Callable[[str], str]) -> str:
    """Spell out what is hidden in a run of characters beyond ASCII."""
    shown: list[str] = []
    marks = 0
    for character in run:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        hidden = marks > _MARKS_IN_A_ROW or not character.isprintable() or _BLANK.match(character)
        shown.append(escape(character) if hidden else character)
    return "".join(shown)


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return _SHORT.get(character) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
