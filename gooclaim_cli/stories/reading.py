"""Reads a scenario from YAML, and says of every mistake in which line it is. Pure."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from yaml.nodes import MappingNode, Node, SequenceNode

from gooclaim_cli.durations import parse_duration
from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import SINGLE, Fault
from gooclaim_cli.stories.checking import check_steps
from gooclaim_cli.stories.grammar import (
    EVENT,
    EXPECT,
    LONGEST_SPAN,
    MOST_TIMES,
    NAME,
    SCENARIO,
    STATUS,
    STEP,
)
from gooclaim_cli.stories.nodes import (
    Mistakes,
    compose,
    is_quotable,
    line_of,
    members_of,
    text_of,
    value_of,
)
from gooclaim_cli.stories.scenario import Expectation, Scenario, Statuses, Step
from gooclaim_cli.stories.values import check_values
from gooclaim_cli.wire import CATALOGUE

T = TypeVar("T")


def read_scenario(content: bytes, *, name: str, source: str) -> Scenario:
    """Make a scenario of a file's content; `source` is how the file is called in errors.

    Raises UsageError, which tells the line of each mistake.
    """
    mistakes = Mistakes()
    reader = _Reader(mistakes)
    scenario = reader.scenario(content, name)
    if scenario is not None:
        check_steps(scenario, mistakes, refused=reader.refused_names)
    if scenario is None or mistakes.found:
        raise mistakes.refusal(source)
    return scenario


class _Reader:
    """Reads members; what cannot be read is a mistake, and None or a default goes on."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self.refused_names: set[str] = set()

    def scenario(self, content: bytes, name: str) -> Scenario | None:
        root = compose(content, self._mistakes)
        if root is None:
            return None
        members = self._members(root, tuple(SCENARIO), "a scenario")
        if "steps" not in members:
            if not self._mistakes.found:
                self._mistakes.add(root, "it has no steps")
            return None
        return Scenario(
            name=name,
            title=self._get(members, "title", self._sentence, name),
            about=self._get(members, "about", self._sentence, ""),
            values=self._get(members, "values", self._values, {}),
            steps=self._steps(members["steps"]),
        )

    def _steps(self, node: Node) -> tuple[Step, ...]:
        if not isinstance(node, SequenceNode) or not node.value:
            self._mistakes.add(node, "steps must be a list with one step at least")
            return ()
        return tuple(self._step(each, number) for number, each in enumerate(node.value, start=1))

    def _step(self, node: Node, number: int) -> Step:
        members = self._members(node, tuple(STEP), "a step")
        fault = self._get(members, "fault", self._fault, None)
        expect = self._get(members, "expect", self._expect, Expectation())
        if isinstance(node, MappingNode):
            self._check(node, members)
        is_several = fault is not None and fault not in SINGLE
        if is_several and (expect.status or expect.duplicate):
            self._mistakes.add(
                members["expect"], f"{fault} is several deliveries: what is right is known of each"
            )
        return Step(
            line=line_of(node),
            number=number,
            name=self._get(members, "name", self._name, None),
            event=self._get(members, "event", self._event, None),
            again=self._get(members, "again", self._text, None),
            note=self._get(members, "note", self._sentence, ""),
            after=self._get(members, "after", self._span, 0.0),
            times=self._get(members, "times", self._times, 1),
            every=self._get(members, "every", self._span, 0.0),
            at_once=self._get(members, "at_once", self._flag, default=False),
            behind=self._get(members, "arrives_behind", self._text, None),
            fault=fault,
            data=self._get(members, "data", self._object, {}),
            expect=expect,
            lines={name: line_of(value) for name, value in members.items()},
        )

    def _check(self, node: Node, members: Mapping[str, Node]) -> None:
        if "event" in members and "again" in members:
            self._mistakes.add(members["again"], "event and again exclude each other")
        if "event" not in members and "again" not in members:
            self._mistakes.add(node, "a step needs an event, or again: the step it repeats")
        if "every" in members and "at_once" in members:
            self._mistakes.add(members["every"], "every and at_once exclude each other")
        if "again" in members and "data" in members:
            self._mistakes.add(members["data"], "what is sent again keeps its data")

    def _expect(self, node: Node) -> Expectation:
        members = self._members(node, tuple(EXPECT), "an expectation")
        return Expectation(
            status=self._get(members, "status", self._statuses, None),
            within=self._get(members, "within", self._span, None),
            duplicate=self._get(members, "duplicate", self._statuses, None),
        )

    def _members(self, node: Node, known: tuple[str, ...], what: str) -> dict[str, Node]:
        if not isinstance(node, MappingNode):
            self._mistakes.add(node, f"{what} is an object: write {known[0]}: and its value")
            return {}
        found = members_of(node, self._mistakes)
        for name, (key, _) in found.items():
            if name not in known:
                close = get_close_matches(name, known, 1, 0.6)
                meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                self._mistakes.add(key, f"{what} has no {name!r}: {meant}")
        return {name: value for name, (_, value) in found.items() if name in known}

    def _get(
        self, members: Mapping[str, Node], name: str, read: Callable[[Node], T], default: T
    ) -> T:
        node = members.get(name)
        if node is None:
            return default
        try:
            return read(node)
        except UsageError as error:
            said = error.message + (f": {error.hint}" if error.hint else "")
            self._mistakes.add(node, f"{name}: {said}")
            return default

    def _text(self, node: Node) -> str:
        text = text_of(node)
        if text is None:
            raise UsageError("this must be text")
        return text

    def _sentence(self, node: Node) -> str:
        return " ".join(self._text(node).split())

    def _name(self, node: Node) -> str:
        text = self._text(node)
        if not re.fullmatch(NAME, text):
            self.refused_names.add(text)
            hint = "write up to 64 of a-z, A-Z, 0-9, . - and _"
            raise UsageError(f"{text[:40]!r} is no name", hint)
        return text

    def _event(self, node: Node) -> str:
        text = self._text(node)
        if is_quotable(node):
            raise UsageError(f"{text[:40]} is no text", "an event type looks like claim.reopened")
        if not re.fullmatch(EVENT, text):
            raise UsageError(f"{text[:40]!r} cannot be an event type")
        close = [] if text in CATALOGUE else get_close_matches(text, CATALOGUE, 1, 0.75)
        if close:
            raise UsageError(f"there is no event type {text!r}", f"did you mean {close[0]}?")
        return text

    def _fault(self, node: Node) -> Fault:
        text = self._text(node)
        if text not in tuple(Fault):
            close = get_close_matches(text, tuple(Fault), 1, 0.6)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(Fault)}"
            raise UsageError(f"there is no fault {text[:40]!r}", hint)
        return Fault(text)

    def _span(self, node: Node) -> float:
        span = parse_duration(self._text(node))
        if span > LONGEST_SPAN:
            raise UsageError("this is longer than a year")
        return span

    def _times(self, node: Node) -> int:
        value = value_of(node, self._mistakes)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_TIMES:
            raise UsageError(f"this must be a number from 1 to {MOST_TIMES}")
        return value

    def _flag(self, node: Node) -> bool:
        value = value_of(node, self._mistakes)
        if not isinstance(value, bool):
            raise UsageError("this must be true or false")
        return value

    def _object(self, node: Node) -> Mapping[str, Any]:
        value = value_of(node, self._mistakes)
        if not isinstance(value, dict):
            raise UsageError("this must be an object")
        return value

    def _values(self, node: Node) -> Mapping[str, Any]:
        before = len(self._mistakes.found)
        values = self._object(node)
        if isinstance(node, MappingNode) and len(self._mistakes.found) == before:
            check_values(node, values, self._mistakes)
        return values

    def _statuses(self, node: Node) -> Statuses:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        texts = [self._text(each).lower() for each in nodes]
        for text in texts:
            if not re.fullmatch(STATUS, text):
                raise UsageError(f"{text[:40]!r} is no status", "write 200, 2xx or [2xx, 409]")
        if not texts:
            raise UsageError("this is an empty list", "write 200, 2xx or [2xx, 409]")
        return Statuses(" or ".join(texts), tuple(map(_range, texts)))


def _range(text: str) -> range:
    first = int(text.replace("xx", "00"))
    return range(first, first + (100 if text.endswith("xx") else 1))
