"""The body with its numbers as they may have been before a parser rewrote them.

Each form is written once, with gaps for the numbers: what is tried in the gaps is much.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gooclaim_cli.wire.diagnosis import json_text, numbers, spelling
from gooclaim_cli.wire.diagnosis.causes import Variant, named
from gooclaim_cli.wire.diagnosis.json_text import Array, Object, Value
from gooclaim_cli.wire.diagnosis.layouts import LAYOUTS, PARSED_FIX, told

_GAP: Final = "\0"  # no JSON text has one
_MOST_NUMBERS: Final = 40
_FEW_NUMBERS: Final = 12
_FEW_WAYS: Final = 6
_PLACES: Final = (2, 1)
_MOST_CHOSEN: Final = 8
_MOST_SHOWN: Final = 2


class _Form(msgspec.Struct, frozen=True, gc=False):
    name: str
    parts: tuple[str, ...]


def one(tree: Value, order: str = "") -> Iterator[Variant]:
    """Each number as it may have been, one at a time, then all in the same way.

    `order` says what else is special about the tree.
    """
    found = _numbers_in(tree)
    forms = list(_forms(tree, order, layouts=3, styles=2)) if found else []
    for position, number in enumerate(found[:_MOST_NUMBERS]):
        for other in dict.fromkeys(numbers.before(number)):
            yield from _written(forms, found, {position: other})
    for way in range(_FEW_WAYS):
        changed = dict(_all_in_one_way(found, way))
        if len(changed) > 1:
            yield from _written(forms, found, changed)


def some(tree: Value) -> Iterator[Variant]:
    """Some of the numbers with as many decimals each, as amounts of money have: which, is lost."""
    found = _numbers_in(tree)
    forms = list(_forms(tree, "", layouts=1, styles=1)) if len(found) > 1 else []
    for places in _PLACES:
        fixed = list(itertools.islice(_with_decimals(found, places), _MOST_CHOSEN))
        for count in range(2, len(fixed) + 1):
            for chosen in itertools.combinations(fixed, count):
                yield from _written(forms, found, dict(chosen))


def _with_decimals(found: list[str], places: int) -> Iterator[tuple[int, str]]:
    """The numbers that have no more decimals than that, written with so many."""
    for position, number in enumerate(found):
        other = numbers.with_decimals(number, places)
        if other is not None:
            yield position, other


def two(tree: Value) -> Iterator[Variant]:
    """Two numbers, each as it may have been."""
    found = _numbers_in(tree)
    forms = list(_forms(tree, "", layouts=1, styles=1)) if len(found) > 1 else []
    ways = [list(itertools.islice(numbers.before(each), _FEW_WAYS)) for each in found]
    for first, second in itertools.combinations(range(min(len(found), _FEW_NUMBERS)), 2):
        for one_way, other_way in itertools.product(ways[first], ways[second]):
            yield from _written(forms, found, {first: one_way, second: other_way})


def _all_in_one_way(found: list[str], way: int) -> Iterator[tuple[int, str]]:
    for position, number in enumerate(found):
        for other in itertools.islice(numbers.before(number), way, way + 1):
            yield position, other


def _forms(tree: Value, order: str, *, layouts: int, styles: int) -> Iterator[_Form]:
    gapped = _with_gaps(tree)
    for name, layout in LAYOUTS[:layouts]:
        for spell in (None, *(style.spell for style in spelling.STYLES[:styles])):
            parts = json_text.write(gapped, layout, spell).split(_GAP)
            yield _Form(told(name, order), tuple(parts))


def _written(forms: list[_Form], found: list[str], changed: Mapping[int, str]) -> Iterator[Variant]:
    filled = [changed.get(position, number) for position, number in enumerate(found)]
    shown = itertools.islice(changed.items(), _MOST_SHOWN)
    pairs = ", ".join(f"{found[position]} was {other}" for position, other in shown)
    message = f"numbers were rewritten by a parser: {pairs} when it was signed"
    for form in forms:
        pieces = itertools.chain.from_iterable(zip(form.parts, (*filled, ""), strict=True))
        data = "".join(pieces).encode("utf-8", "surrogatepass")
        yield named(data, "body_numbers_rewritten", f"{message}, {form.name}", PARSED_FIX)


def _numbers_in(value: Value) -> list[str]:
    """The numbers, in the order in which they are written."""
    if isinstance(value, Object):
        return [each for _, inner in value.members for each in _numbers_in(inner)]
    if isinstance(value, Array):
        return [each for inner in value.elements for each in _numbers_in(inner)]
    return [value] if _is_number(value) else []


def _with_gaps(value: Value) -> Value:
    if isinstance(value, Object):
        return Object(tuple((name, _with_gaps(each)) for name, each in value.members))
    if isinstance(value, Array):
        return Array(tuple(map(_with_gaps, value.elements)))
    return _GAP if _is_number(value) else value


def _is_number(value: str) -> bool:
    return value[:1] in "-0123456789"
