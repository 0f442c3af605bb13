"""YAML as nodes that know their lines. Pure.

Nothing is made of a document but text, numbers, booleans, null, lists and objects, whatever its
tags say; and of one that grows beyond bounds by its aliases, nothing at all.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gooclaim_cli.errors import UsageError
from gooclaim_cli.stories.yaml_mistakes import plain_mistake

LONGEST: Final = 128 * 1024
_TOLD: Final = 10
_MOST: Final = 20_000
_DEEPEST: Final = 40
_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a file, and in which line (from 1; 0: with the file as a whole)."""

    line: int
    text: str


class Mistakes:
    """The mistakes of one file, as they are found."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []

    def add(self, where: Node | int, text: str) -> None:
        """Note one, at a node or in a line."""
        self.found.append(Mistake(where if isinstance(where, int) else line_of(where), text))

    def refusal(self, source: str) -> UsageError:
        """The error that tells the first ones; `source` is how the file is called."""
        found = sorted(self.found, key=lambda each: each.line)
        hint = "gooclaim scenario show pending-documents --raw is one to start from"
        if len(found) == 1:
            ((line, text),) = ((each.line, each.text) for each in found)
            return UsageError(
                f"{source}, line {line}: {text}" if line else f"{source}: {text}", hint
            )
        lines = [f"line {each.line}: {each.text}" for each in found[:_TOLD]]
        more = [f"and {len(found) - _TOLD} more"] if len(found) > _TOLD else []
        return UsageError(f"{source} has {len(found)} mistakes", hint, details=[*lines, *more])


def line_of(node: Node) -> int:
    """The line in which a node begins, from 1."""
    return int(node.start_mark.line) + 1


def compose(content: bytes, mistakes: Mistakes) -> Node | None:
    """Read a document. None where that cannot be done, or there is none: a mistake says why."""
    if len(content) > LONGEST:
        mistakes.add(0, f"it is larger than {LONGEST // 1024} KiB")
        return None
    try:
        node = yaml.compose(content, Loader=yaml.SafeLoader)
        if node is not None:
            _measure(node)
    except yaml.MarkedYAMLError as error:
        mistakes.add(*plain_mistake(error))
        return None
    except (yaml.YAMLError, UnicodeDecodeError):
        mistakes.add(_line_of_odd_text(content), "this is no text that YAML can hold: write UTF-8")
        return None
    except RecursionError:
        mistakes.add(1, f"it is nested more than {_DEEPEST} deep")
        return None
    if node is None:
        mistakes.add(1, "it is empty")
    return node


def text_of(node: Node) -> str | None:
    """A scalar as it was written, without quotes. None: it is null, a list or an object."""
    if not isinstance(node, ScalarNode) or node.tag == f"{_TAG}null":
        return None
    return str(node.value)


def is_quotable(node: Node) -> bool:
    """Whether this is a number, a boolean or null, and would be text in quotes."""
    return node.tag.removeprefix(_TAG) in ("int", "float", "bool", "null")


def members_of(node: MappingNode, mistakes: Mistakes) -> dict[str, tuple[Node, Node]]:
    """An object's members: each name's node and its value's."""
    members: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        name = text_of(key)
        if key.tag == f"{_TAG}merge":
            mistakes.add(key, "<< (merge) is not known here: write the members out")
        elif name is None:
            mistakes.add(key, "a member's name must be text")
        elif name in members:
            first = line_of(members[name][0])
            mistakes.add(key, f"{name!r} is here a second time: first in line {first}")
        else:
            members[name] = key, value
    return members


def value_of(node: Node, mistakes: Mistakes) -> Any:
    """What a node is in JSON; dates stay the text that they are written as."""
    if isinstance(node, MappingNode):
        members = members_of(node, mistakes)
        return {name: value_of(value, mistakes) for name, (_, value) in members.items()}
    if isinstance(node, SequenceNode):
        return [value_of(each, mistakes) for each in node.value]
    return _scalar(node, mistakes)


def _scalar(node: Node, mistakes: Mistakes) -> Any:
    kind = node.tag.removeprefix(_TAG)
    if kind in ("int", "float", "bool", "null"):
        try:
            value = SafeConstructor().construct_object(node)
        except (ValueError, yaml.YAMLError):
            value = math.nan
        if not isinstance(value, float) or math.isfinite(value):
            return value
        mistakes.add(node, f"{str(node.value)[:40]} is no number that JSON can hold")
    elif kind not in ("str", "timestamp"):
        mistakes.add(node, f"{kind[:40]} is no kind of value here: write text, a number or a list")
    elif not _is_unicode(str(node.value)):
        mistakes.add(node, "this text holds half of a surrogate pair, which JSON cannot")
    else:
        return str(node.value)
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _measure(root: Node) -> None:
    """Follow every alias, as far as that may go. Raises MarkedYAMLError beyond."""
    count = 0
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if count > _MOST or depth > _DEEPEST:
            what = f"more than {_MOST} values" if count > _MOST else f"more than {_DEEPEST} deep"
            raise yaml.MarkedYAMLError(
                None, None, f"with its aliases it is {what}", root.start_mark
            )
        if isinstance(node, MappingNode):
            waiting += ((each, depth + 1) for pair in node.value for each in pair)
        elif isinstance(node, SequenceNode):
            waiting += ((each, depth + 1) for each in node.value)


def _line_of_odd_text(content: bytes) -> int:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return content[: error.start].count(b"\n") + 1
    odd = next((at for at, each in enumerate(text) if _is_odd(each)), 0)
    return text.count("\n", 0, odd) + 1


def _is_odd(character: str) -> bool:
    return yaml.reader.Reader.NON_PRINTABLE.match(character) is not None
