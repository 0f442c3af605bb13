"""Disguise: made-up ids, hashes and references of the same shape and length in place of real ones.

What says what an event is about stays: types, modes, times, words. Whatever could lead to a person
goes: ids, hashes, references, long numbers, and all text that is more than words of lower or upper
case. The same value becomes the same one everywhere. The randomness must not be guessable: a phone
number could be found again by trying.
"""

import json
import re
import string
from collections.abc import Callable
from random import Random
from typing import Final

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.wire import OPERATIONAL_MODES, WORKFLOW_TYPES

_TOKEN: Final = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*+")(?P<colon>\s*+:)?|(?P<number>-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)',
    re.DOTALL,
)
_WORDS: Final = re.compile(
    r"[a-z]{1,24}(?:[_. -][a-z]{1,24}){0,7}|[A-Z]{2,24}(?:_[A-Z]{2,24}){0,5}"
)
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_TELLING: Final = re.compile(
    r"(?:^|_)(?:id|ids|hash|ref|refs|key|token|name|phone|mobile|email|address|claimant|patient|"
    r"person|policy_number|claim|number)$",
    re.IGNORECASE,
)
_TYPED: Final = frozenset(("event_type", "workflow_type", "document_type", "channel"))
_PREFIX: Final = re.compile(r"(?:sha256|[a-z]{1,12})[_:](?=.)")
_HEX: Final = re.compile(r"[0-9a-f]+")
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID: Final = re.compile(f"[0-7][{_CROCKFORD}]{{25}}")
# One character of a JSON string as it is written, and letters that take two, three and four bytes.
_CHARACTER: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]"
)
_ELSEWHERE: Final = ("àáâãäåæçèéêë", "कखगघचछजझटठडढ", "𝐚𝐛𝐜𝐝𝐞𝐟𝐠𝐡𝐢𝐣𝐤𝐥")
_LONG_NUMBER: Final = 9


class Disguise:
    """Remembers what stands for what. `random` should be SystemRandom."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._known: dict[str, str] = {}

    def body(self, body: bytes) -> bytes:
        """Return JSON with its values disguised, every other byte as it was.

        Raises GooclaimError where it is no JSON: nobody can tell what is in it.
        """
        try:
            text = body.decode("utf-8")
            json.loads(text)
        except (ValueError, RecursionError):
            raise GooclaimError(
                "the body is not JSON, so what is personal in it cannot be told",
                "to keep its exact bytes: --keep-data",
            ) from None
        key = ""

        def replace(token: re.Match[str]) -> str:
            nonlocal key
            if token["colon"] is not None:
                key = json.loads(token["text"])
                return token[0]
            if token["number"] is not None:
                return self._number(token["number"], key)
            return self._quoted(token["text"], key)

        return _TOKEN.sub(replace, text).encode("utf-8")

    def text(self, value: str, name: str = "id") -> str:
        """Disguise one value of a member of this name."""
        return self._made(value, self._shaped) if _must_go(value, name) else value

    def leaves(self, body: bytes) -> bool:
        """Whether there is nothing in a short text or in JSON that would have to go."""
        try:
            return self.body(body) == body
        except GooclaimError:
            pass
        try:
            return _WORDS.fullmatch(body.decode("ascii").strip().rstrip(".!").lower()) is not None
        except UnicodeDecodeError:
            return False

    def _quoted(self, quoted: str, key: str) -> str:
        value = json.loads(quoted)
        made = self.text(value, key)
        if made == value:
            return quoted
        characters = _CHARACTER.findall(quoted[1:-1])
        return f'"{"".join(_written(*each) for each in zip(characters, made, strict=True))}"'

    def _number(self, number: str, key: str) -> str:
        digits = number.lstrip("-")
        if not digits.isdecimal() or digits == "0":
            return number
        if len(digits) < _LONG_NUMBER and not (_TELLING.search(key) and len(digits) > 3):
            return number
        return number[: -len(digits)] + self._made(digits, self._digits)

    def _made(self, value: str, make: Callable[[str], str]) -> str:
        if not _has_letters_or_digits(value):
            return value  # nothing of it could be another
        while value not in self._known or self._known[value] == value:
            self._known[value] = make(value)
        return self._known[value]

    def _digits(self, value: str) -> str:
        rest = "".join(self._random.choice(string.digits) for _ in value[1:])
        return self._random.choice(string.digits[1:]) + rest

    def _shaped(self, value: str) -> str:
        prefix = _PREFIX.match(value)
        # "error: " is no prefix of anything: what stands behind one is what goes.
        start = prefix[0] if prefix and _has_letters_or_digits(value[prefix.end() :]) else ""
        rest = value[len(start) :]
        if _ULID.fullmatch(rest):
            return f"{start}0{''.join(self._random.choice(_CROCKFORD) for _ in rest[1:])}"
        if _HEX.fullmatch(rest):
            return start + "".join(self._random.choice("0123456789abcdef") for _ in rest)
        return start + "".join(map(self._character, rest))

    def _character(self, character: str) -> str:
        for alphabet in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
            if character in alphabet:
                return self._random.choice(alphabet)
        if not character.isalnum():
            return character
        size = len(character.encode("utf-8"))
        return self._random.choice(
            next(each for each in _ELSEWHERE if len(each[0].encode()) == size)
        )


def _has_letters_or_digits(value: str) -> bool:
    return any(map(str.isalnum, value))


def _written(before: str, character: str) -> str:
    """A character, written as the one before it was."""
    if json.loads(f'"{before}"') == character:
        return before
    return json.dumps(character)[1:-1] if before.startswith("\\u") else character


def _must_go(value: str, name: str) -> bool:
    if value in WORKFLOW_TYPES or value in OPERATIONAL_MODES or name in _TYPED:
        return False
    if not any(map(str.isalnum, value)) or _TIME.fullmatch(value):
        return False
    return _TELLING.search(name) is not None or _WORDS.fullmatch(value) is None
