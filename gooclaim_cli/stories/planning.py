"""Puts a scenario's steps in the order in which they arrive. Pure."""

from dataclasses import dataclass

from gooclaim_cli.stories.scenario import Scenario, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What arrives together: of a step's repetitions the `number`th (from 1), or all `count`.

    `happens` and `arrives` are seconds from the beginning of the story.
    """

    step: Step
    number: int
    count: int
    happens: float
    arrives: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The beats in the order of their arrival. `length` is how long the story takes, in seconds."""

    beats: tuple[Beat, ...]
    length: float


def plan(scenario: Scenario) -> Plan:
    """Lay the steps out. A step that another one overtakes arrives right behind that."""
    at = 0.0
    ends: dict[str | None, float] = {}
    beats: list[Beat] = []
    for step in scenario.steps:
        at += step.after
        rounds = 1 if step.at_once else step.times
        for number in range(1, rounds + 1):
            at += step.every if number > 1 else 0.0
            count = step.times if step.at_once else 1
            beats.append(Beat(step=step, number=number, count=count, happens=at, arrives=at))
        ends[step.name] = at
    ordered: list[Beat] = []
    late = [beat for beat in beats if beat.step.behind is not None]
    for position, beat in enumerate(beats):
        if beat.step.behind is not None:
            continue
        ordered.append(beat)
        is_last = position + 1 == len(beats) or beats[position + 1].step is not beat.step
        if is_last and beat.step.name is not None:
            ordered += (
                Beat(
                    step=each.step,
                    number=each.number,
                    count=each.count,
                    happens=each.happens,
                    arrives=beat.arrives,
                )
                for each in late
                if each.step.behind == beat.step.name
            )
    return Plan(tuple(ordered), at)
