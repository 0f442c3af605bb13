"""The body as a JSON writer would have written it: layouts, escapes, order, numbers.

Where a framework parsed a body and wrote it again, the signed bytes are one of these.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from gooclaim_cli.wire.diagnosis import json_text, number_forms, spelling
from gooclaim_cli.wire.diagnosis.causes import Variant, named
from gooclaim_cli.wire.diagnosis.json_text import Layout, Object, Spell, Value
from gooclaim_cli.wire.diagnosis.layouts import LAYOUTS, PARSED_FIX, told
from gooclaim_cli.wire.event import ENVELOPE_MEMBERS

_FEW: Final = LAYOUTS[:4]
_MOST_PERMUTED: Final = 5
_PUBLISHED: Final = tuple(f'"{name}"' for name in ENVELOPE_MEMBERS)
_PUBLISHED_DATA: Final = ('"workflow_id"', '"workflow_type"', '"claim_id_hash"', '"phone_hash"')
_Members = tuple[tuple[str, Value], ...]


def variants(body: bytes) -> Iterator[Variant]:
    """Yield the body in every form, the likely ones first. Nothing where it is no JSON."""
    tree = json_text.parse(body)
    if tree is None or isinstance(tree, str):
        return
    yield from _forms(tree)
    for order, ordered in _orders(tree):
        yield from _forms(ordered, order, layouts=_FEW)


def rarer(body: bytes) -> Iterator[Variant]:
    """Yield the body with other numbers, and in any order: forms that are many."""
    tree = json_text.parse(body)
    if tree is not None and not isinstance(tree, str):
        yield from number_forms.one(tree)
        yield from number_forms.some(tree)
        yield from _permutations(tree)


def pairs(body: bytes) -> Iterator[Variant]:
    """Yield forms in which two things are changed: order and numbers, order and spelling."""
    tree = json_text.parse(body)
    if tree is None or isinstance(tree, str):
        return
    yield from number_forms.two(tree)
    for order, ordered in _orders(tree):
        yield from number_forms.one(ordered, order)
    yield from _permutations(tree, [style.spell for style in spelling.STYLES[:3]])


def _forms(
    tree: Value, order: str = "", *, layouts: tuple[tuple[str, Layout], ...] = LAYOUTS
) -> Iterator[Variant]:
    for name, layout in layouts:
        yield from _both_ends(json_text.write(tree, layout), told(name, order))
    for style in spelling.STYLES:
        for name, layout in layouts:
            text = json_text.write(tree, layout, style.spell)
            yield from _both_ends(
                text, told(name, f"{order}, {style.name}" if order else style.name)
            )


def _both_ends(text: str, words: str) -> Iterator[Variant]:
    data = text.encode("utf-8", "surrogatepass")
    yield _reserialised(data, words)
    yield _reserialised(data + b"\n", f"{words}, with a newline at its end")


def _reserialised(data: bytes, words: str) -> Variant:
    message = f"the body was parsed and written again; what was signed is {words}"
    return named(data, "body_reserialised", message, PARSED_FIX)


def _orders(tree: Value) -> Iterator[tuple[str, Value]]:
    """The members in another order: sorted, or as Gooclaim publishes them."""
    sorted_tree = json_text.mapped(tree, lambda each: Object(tuple(sorted(each.members))))
    published = json_text.mapped(tree, _in_published_order)
    for words, other in (
        ("with its keys sorted", sorted_tree),
        ("with its keys in the published order", published),
        ("with its outer keys in the published order", _outer_published(tree)),
    ):
        if other != tree:
            yield words, other


def _in_published_order(value: Object) -> Object:
    names = _PUBLISHED + _PUBLISHED_DATA
    ranks = {name: rank for rank, name in enumerate(names)}
    return Object(tuple(sorted(value.members, key=lambda each: ranks.get(each[0], len(ranks)))))


def _outer_published(tree: Value) -> Value:
    return _in_published_order(tree) if isinstance(tree, Object) else tree


def _permutations(tree: Value, spells: Sequence[Spell | None] = (None,)) -> Iterator[Variant]:
    """Every order of `data`'s members, where they are few: sorting forgets what it was."""
    ordered = _outer_published(tree)
    if not isinstance(ordered, Object):
        return
    members = dict(ordered.members)
    data = members.get('"data"')
    if not isinstance(data, Object):
        return
    for permuted in _orders_of(data.members):
        members['"data"'] = Object(permuted)
        whole = Object(tuple(members.items()))
        for (name, layout), spell in itertools.product(_FEW[:2], spells):
            text = json_text.write(whole, layout, spell)
            yield from _both_ends(text, f"{name}, with its keys in another order")


def _orders_of(members: _Members) -> Iterator[_Members]:
    """Orders of `data`'s members: all where they are few, else those behind the published ones."""
    if len(members) <= _MOST_PERMUTED:
        yield from itertools.permutations(members)
        return
    known = tuple(each for name in _PUBLISHED_DATA for each in members if each[0] == name)
    rest = tuple(each for each in members if each[0] not in _PUBLISHED_DATA)
    if len(rest) <= _MOST_PERMUTED:
        yield from (known + each for each in itertools.permutations(rest))
