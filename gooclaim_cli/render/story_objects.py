"""A story as JSON lines: its steps, what became of each request, and the sum.

The objects' names are those of the machine output, and stable.
"""

import time
from typing import Any, TextIO

from gooclaim_cli.render.firing import forward_object
from gooclaim_cli.render.json_lines import rfc3339, write_object
from gooclaim_cli.stories.judging import Account, Played
from gooclaim_cli.stories.planning import Beat, plan
from gooclaim_cli.stories.scenario import Scenario


class JsonStoryBoard:
    """One object a request, then a summary."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._name = ""

    def begin(self, scenario: Scenario, to: str) -> None:
        """Each object says which story it is of."""
        self._name = scenario.name

    def wait(self, beat: Beat, wanted: str) -> None:
        """Nothing is written."""

    def go_on(self) -> None:
        """Nothing is written."""

    def show(self, played: Played) -> None:
        """Write an object for each request."""
        step = played.beat.step
        for each in played.requests:
            members = {
                **forward_object(each.fired),
                "expected": each.expected,
                "held": each.held,
                "problems": each.problems,
                "scenario": self._name,
                "step": step.number,
                "name": step.name,
            }
            write_object(members, self._stream)

    def end(self, account: Account) -> None:
        """Write the summary."""
        write_object(summary_object(account, at=time.time()), self._stream)


def summary_object(account: Account, *, at: float) -> dict[str, Any]:
    """The `summary` of the machine output."""
    steps = account.scenario.steps
    requests = [each for played in account.played for each in played.requests]
    unplayed = {each.number for each in steps if account.is_unplayed(each)}
    failed = {each.number for each in steps if account.problems_of(each)}
    return {
        "kind": "summary",
        "at": rfc3339(at),
        "scenario": account.scenario.name,
        "steps": len(steps),
        "held": len(steps) - len(failed | unplayed),
        "failed": len(failed),
        "not_played": len(unplayed - failed),
        "forwarded": len(requests),
    }


def scenario_object(scenario: Scenario, *, at: float) -> dict[str, Any]:
    """The `scenario` of the machine output."""
    return {
        "kind": "scenario",
        "at": rfc3339(at),
        "name": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "seconds": plan(scenario).length,
        "steps": [
            {
                "step": beat.step.number,
                "event_type": scenario.event_of(beat.step),
                "name": beat.step.name,
                "again": beat.step.again,
                "fault": beat.step.fault,
                "times": beat.step.times,
                "happens": beat.happens,
                "arrives": beat.arrives,
                "note": beat.step.note,
            }
            for beat in plan(scenario).beats
            if beat.number == 1
        ],
    }
