"""What must be true of a scenario's steps together: names lead somewhere. Pure.

Placeholders are tried, so that one which does not exist is told before anything is sent.
"""

from random import Random
from typing import Final

from gooclaim_cli.errors import UsageError
from gooclaim_cli.stories.grammar import LONGEST_SPAN
from gooclaim_cli.stories.nodes import Mistakes
from gooclaim_cli.stories.planning import plan
from gooclaim_cli.stories.scenario import Scenario, Step
from gooclaim_cli.stories.telling import Teller

MOST_DELIVERIES: Final = 10_000


def check_steps(scenario: Scenario, mistakes: Mistakes) -> None:
    """Note what is wrong with the steps as a whole."""
    named: dict[str, Step] = {}
    for step in scenario.steps:
        if step.again is not None and step.again not in named:
            mistakes.add(step.line_of("again"), f"again: no step above is named {step.again!r}")
        if step.name is not None and step.name in named:
            first = named[step.name].line_of("name")
            mistakes.add(step.line_of("name"), f"name: a step is so named in line {first}")
        elif step.name is not None:
            named[step.name] = step
    for step in scenario.steps:
        if step.behind is not None:
            _check_place(step, named, mistakes)
    if not mistakes.found:
        _check_size(scenario, mistakes)
        _check_length(scenario, mistakes)
    if not mistakes.found:
        _try_out(scenario, mistakes)


def _check_place(step: Step, named: dict[str, Step], mistakes: Mistakes) -> None:
    other, line = named.get(step.behind or ""), step.line_of("arrives_behind")
    if other is None or other.number <= step.number:
        mistakes.add(line, f"arrives_behind: no step below is named {step.behind!r}")
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
            try:
                teller.sample(step, at=beat.happens, now=0.0)
            except UsageError as error:
                mistakes.add(step.line_of("data"), f"data: {error.message}; {error.hint}")
