"""Says in plain words what a YAML parser found wrong, in which line, and what to write. Pure."""

import re
from typing import Final

import yaml

_UNCLOSED: Final = "found unexpected end of stream"
_KINDS: Final = (
    ("flow sequence", "[", "]"),
    ("flow mapping", "{", "}"),
)


def plain_mistake(error: yaml.MarkedYAMLError) -> tuple[int, str]:
    """The line (from 1) and a sentence; what is not known keeps the parser's own words."""
    context, problem = error.context or "", error.problem or ""
    here = _line(error.problem_mark or error.context_mark)
    began = _line(error.context_mark) if error.context_mark else here
    if problem == "could not find expected ':'" and error.context_mark:
        return began, "this is text alone: write NAME: and a value"
    if problem == _UNCLOSED and "quoted scalar" in context:
        return began, "a quote is opened here and never closed: write the closing one"
    for kind, opens, closes in _KINDS:
        if context.endswith(kind):
            return began, f"this {opens} is not closed as it should be: write {closes} at its end"
    return here, _sentence(context, problem)


def _sentence(context: str, problem: str) -> str:
    if "'\\t'" in problem:
        return "a tab stands here: indent with spaces"
    if (found := re.search(r"found character '(.)' that cannot", problem)) is not None:
        return f"text cannot begin with {found[1]} unless it is in quotes: write '{found[1]}...'"
    if problem == "mapping values are not allowed here":
        return (
            "a : too many, or a wrong indentation: put text that holds a : in quotes,"
            " and begin members of one object in the same column"
        )
    if problem.startswith("expected <block end>"):
        return "wrong indentation: begin steps, and the members of one object, in the same column"
    if (found := re.match(r"found undefined alias '(.*)'", problem)) is not None:
        return f"nothing is marked &{found[1]} above: put text that begins with * in quotes"
    if problem == "but found another document":
        return "a second document begins here: a file holds one, so leave out the ---"
    return ": ".join(each for each in (context, problem) if each) or "this is no YAML"


def _line(mark: "yaml.Mark | None") -> int:
    return mark.line + 1 if mark else 1
