"""A scenario: what happens, when, in which order it arrives, and what a handler is to answer.

Values only. Times are seconds of the story.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gooclaim_cli.firing.faults import Fault


@dataclass(frozen=True, slots=True)
class Statuses:
    """The statuses that are right: in words (`2xx or 409`), and as ranges."""

    text: str
    ranges: tuple[range, ...]

    def hold(self, status: int | None) -> bool:
        """Whether this is one of them. None: there was no whole answer in time."""
        return status is not None and any(status in each for each in self.ranges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a step expects; what is None is what is right by the contract's table.

    `within` is in seconds of the wall clock. `duplicate`: the step's delivery is sent once more
    when it has been answered, and this is the right answer then.
    """

    status: Statuses | None = None
    within: float | None = None
    duplicate: Statuses | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: a new `event`, or what the step `again` sent, once more; one of them is None.

    It happens `after` seconds behind the step before, `times` times, `every` seconds apart or
    `at_once`. `behind` names the step that overtakes it. `line` is where it stands in the file,
    `lines` where the values of its members do.
    """

    line: int
    number: int
    name: str | None = None
    event: str | None = None
    again: str | None = None
    note: str = ""
    after: float = 0.0
    times: int = 1
    every: float = 0.0
    at_once: bool = False
    behind: str | None = None
    fault: Fault | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    expect: Expectation = Expectation()
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, member: str) -> int:
        """The line of a member's value; of one that is not there, the step's."""
        return self.lines.get(member, self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story. `values` are what its placeholders stand for, by their names."""

    name: str
    title: str
    about: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def event_of(self, step: Step) -> str:
        """The event type of a step; of one that comes again, that of the first."""
        event, again = step.event, step.again
        if event is not None:
            return event
        by_name = {each.name: each for each in self.steps if each.name}
        while event is None:
            found = by_name[again or ""]
            event, again = found.event, found.again
        return event
