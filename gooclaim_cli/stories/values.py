"""Reads what a scenario's placeholders stand for. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, Node

from gooclaim_cli.stories.grammar import NUMBER_VALUE, TEXT_VALUE, VALUE
from gooclaim_cli.stories.nodes import Mistakes, is_quotable, text_of


def check_values(node: MappingNode, values: Mapping[str, Any], mistakes: Mistakes) -> None:
    """Note what cannot be a placeholder's name, or is of another type than a built-in one's."""
    for key, value in node.value:
        name = text_of(key) or ""
        if not re.fullmatch(VALUE, name):
            mistakes.add(key, f"values: {name[:40]!r} is no placeholder: write a-z and _")
        elif said := _wrong_type(name, values[name], value):
            mistakes.add(value, f"values: {name[:40]} must be {said}")


def _wrong_type(name: str, value: Any, node: Node) -> str:
    if re.fullmatch(TEXT_VALUE, name) and not isinstance(value, str):
        return "text: write it in quotes" if is_quotable(node) else "text"
    if re.fullmatch(NUMBER_VALUE, name) and type(value) is not int:
        return "a whole number"
    return ""
