"""JSON text taken apart without losing anything: numbers, escapes and order stay as written.

A JSON library would forget how a number or a string was spelled; what is looked for here is just
that. `parse` gives a tree of texts, `write` puts it together in another layout.
"""

import json
import re
from collections.abc import Callable
from typing import Final

import msgspec

_DEEPEST: Final = 64
_LARGEST: Final = 1024 * 1024
_TOKEN: Final = re.compile(
    r'[ \t\r\n]*+(?:(?P<string>"(?:[^"\\\x00-\x1f]++|\\.)*+")|(?P<mark>[\[\]{}:,])'
    r"|(?P<atom>[-+.0-9A-Za-z]++))",
    re.DOTALL,
)


class Object(msgspec.Struct, frozen=True, gc=False):
    """An object's members: each name as written (with its quotes), and its value."""

    members: tuple[tuple[str, "Value"], ...]


class Array(msgspec.Struct, frozen=True, gc=False):
    """An array's elements."""

    elements: tuple["Value", ...]


Value = str | Object | Array  # a text is a string, number, true, false or null as written


class Layout(msgspec.Struct, frozen=True, gc=False):
    """How JSON is laid out: what follows a comma, what is around a colon, what one level adds."""

    comma: str = ","
    colon: str = ":"
    indent: str = ""


def parse(body: bytes) -> Value | None:
    """Take JSON text apart; None where it is none, or too large or deep to be worth it."""
    if len(body) > _LARGEST:
        return None
    try:
        text = body.decode("utf-8").lstrip("\ufeff")
        json.loads(text)  # what follows may trust the syntax
    except (ValueError, RecursionError):
        return None
    try:
        return _Parser(text).value(0)
    except _TooDeepError:
        return None


class _TooDeepError(ValueError):
    pass


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = (match for match in _TOKEN.finditer(text))
        self._next = next(self._tokens, None)

    def _take(self) -> str:
        match = self._next
        self._next = next(self._tokens, None)
        return "" if match is None else match[0].lstrip(" \t\r\n")

    def value(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise _TooDeepError
        piece = self._take()
        if piece == "{":
            return self._object(depth)
        if piece == "[":
            return self._array(depth)
        return piece

    def _object(self, depth: int) -> Object:
        members: list[tuple[str, Value]] = []
        piece = self._take()
        while piece not in ("}", ""):
            if piece != ",":
                self._take()  # the colon
                members.append((piece, self.value(depth + 1)))
            piece = self._take()
        return Object(tuple(members))

    def _array(self, depth: int) -> Array:
        elements: list[Value] = []
        while self._next is not None and self._next["mark"] != "]":
            if self._next["mark"] == ",":
                self._take()
            else:
                elements.append(self.value(depth + 1))
        self._take()
        return Array(tuple(elements))


Spell = Callable[[str], str]


def write(value: Value, layout: Layout, spell: Spell | None = None) -> str:
    """Put JSON text together. `spell` rewrites each string, given with its quotes."""
    parts: list[str] = []
    _write(value, layout, spell, "\n" if layout.indent else "", parts.append)
    return "".join(parts)


def _write(
    value: Value, layout: Layout, spell: Spell | None, gap: str, add: Callable[[str], None]
) -> None:
    if isinstance(value, str):
        add(spell(value) if spell is not None and value[:1] == '"' else value)
        return
    inner = gap + layout.indent if gap else ""
    is_object = isinstance(value, Object)
    items = value.members if isinstance(value, Object) else value.elements
    if not items:
        add("{}" if is_object else "[]")
        return
    add("{" if is_object else "[")
    between = inner
    for item in items:
        add(between)
        between = f",{inner}" if gap else layout.comma
        if isinstance(item, tuple):
            name, item = item
            add(spell(name) if spell is not None else name)
            add(layout.colon)
        _write(item, layout, spell, inner, add)
    add(gap + ("}" if is_object else "]"))


def mapped(value: Value, change: Callable[[Object], Object]) -> Value:
    """Change every object, the inner ones first."""
    if isinstance(value, Object):
        return change(Object(tuple((name, mapped(each, change)) for name, each in value.members)))
    if isinstance(value, Array):
        return Array(tuple(mapped(each, change) for each in value.elements))
    return value
