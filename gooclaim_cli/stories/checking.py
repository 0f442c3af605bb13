"""What must be true of a scenario's steps together: names lead somewhere. Pure.

Placeholders are tried, so that one which does not exist is told before anything is sent.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from random import Random
from typing import Final

from gooclaim_cli.errors import UsageError
from gooclaim_cli.fixtures.placeholders import placeholders_in
from gooclaim_cli.stories.grammar import LONGEST_SPAN
from gooclaim_cli.stories.nodes import Mistakes
from gooclaim_cli.stories.planning import plan
from gooclaim_cli.stories.scenario import Scenario, Step
from gooclaim_cli.stories.telling import Teller

MOST_DELIVERIES: Final = 10_000
_MOST_GUESSES: Final = 20  # they take time, and only the first mistakes are told


def check_steps(scenario: Scenario, mistakes: Mistakes, *, refused: Container[str] = ()) -> None:
    """Note what is wrong with the steps as a whole. `refused` names were told of before."""
    named: dict[str, Step] = {}
    for step in scenario.steps:
        if step.again is not None and step.again not in named and step.again not in refused:
            said = f"again: no step above is named {step.again[:40]!r}"
            mistakes.add(step.line_of("again"), said + _meant(step.again, named, mistakes))
        if step.name is not None and step.name in named:
            first = named[step.name].line_of("name")
            mistakes.add(step.line_of("name"), f"name: a step is so named in line {first}")
        elif step.name is not None:
            named[step.name] = step
    circled = _check_circles(scenario.steps, named, mistakes)
    for step in scenario.steps:
        if step.behind is not None and step.behind not in refused and step.number not in circled:
            _check_place(step, named, mistakes)
    if not mistakes.found:
        _check_size(scenario, mistakes)
        _check_length(scenario, mistakes)
    if not mistakes.found:
        _try_out(scenario, mistakes)


def _check_circles(
    steps: Sequence[Step], named: Mapping[str, Step], mistakes: Mistakes
) -> set[int]:
    """Note each circle once. Returns the numbers of the steps that are in one."""
    circled: set[int] = set()
    seen: set[int] = set()
    for step in steps:
        way: dict[int, Step] = {}
        each: Step | None = step
        while each is not None and each.number not in seen:
            seen.add(each.number)
            way[each.number] = each
            each = named.get(each.behind or "")
        if each is None or each.number not in way:
            continue
        circle = list(way.values())[list(way).index(each.number) :]
        circled |= {one.number for one in circle}
        names = ", ".join([one.name or "" for one in circle[:10]] + ["..."] * (len(circle) > 10))
        wrong = f"goes in a circle: {names}" if len(circle) > 1 else "a step cannot overtake itself"
        mistakes.add(each.line_of("arrives_behind"), f"arrives_behind: {wrong}")
    return circled


def _meant(name: str, named: Iterable[str], mistakes: Mistakes) -> str:
    if len(mistakes.found) >= _MOST_GUESSES:
        return ""
    close = get_close_matches(name, named, 1, 0.6)
    return f": did you mean {close[0]}?" if close else ""


def _check_place(step: Step, named: dict[str, Step], mistakes: Mistakes) -> None:
    other, line = named.get(step.behind or ""), step.line_of("arrives_behind")
    if other is None or other.number <= step.number:
        below = [name for name, each in named.items() if each.number > step.number]
        said = f"arrives_behind: no step below is named {(step.behind or '')[:40]!r}"
        mistakes.add(line, said + _meant(step.behind or "", below, mistakes))
    elif other.behind is not None:
        mistakes.add(line, f"arrives_behind: {step.behind!r} does not arrive in its own place")
    elif other.again is not None and other.again == step.name:
        mistakes.add(line, f"arrives_behind: {step.behind!r} sends this one again")


def _check_size(scenario: Scenario, mistakes: Mistakes) -> None:
    sizes: dict[str, int] = {}
    total = 0
    for step in scenario.steps:
        size = step.times * (sizes[step.again] if step.again else 1)
        total += size
        if step.name:
            sizes[step.name] = size
        if total > MOST_DELIVERIES:
            mistakes.add(step.line, f"that is more than {MOST_DELIVERIES} deliveries")
            return


def _check_length(scenario: Scenario, mistakes: Mistakes) -> None:
    length = 0.0
    for step in scenario.steps:
        length += step.after + step.every * (step.times - 1)
        if length > LONGEST_SPAN:
            mistakes.add(step.line, "the story takes more than a year")
            return


def _try_out(scenario: Scenario, mistakes: Mistakes) -> None:
    """Make each event once, in the order of arrival."""
    teller = Teller(scenario, tenant_id="tnt_test", begins=0.0, random=Random(0))  # noqa: S311
    arrived: set[str | None] = set()
    for beat in plan(scenario).beats:
        step = beat.step
        if beat.number > 1:
            continue
        if step.again is not None and step.again not in arrived:
            mistakes.add(step.line_of("again"), f"again: {step.again!r} has not arrived by then")
        arrived.add(step.name)
        if step.event is not None:
            for each in (None, *sorted(placeholders_in(step.data))):
                try:
                    teller.sample(replace(step, data={"a": each}), at=beat.happens, now=0.0)
                except UsageError as error:
                    mistakes.add(step.line_of("data"), f"data: {error.message}; {error.hint}")
