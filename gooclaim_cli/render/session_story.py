"""How a story that the sandbox plays is shown among a session's deliveries, and as JSON."""

from typing import Any

from rich.text import Text

from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.stories import story_time
from gooclaim_cli.render.terminal import Glyphs, facts, wrap_words
from gooclaim_cli.story_happenings import StoryBegins, StoryEnds, StoryHappening, StoryStep

_INDENT = "    "


def story_object(happening: StoryHappening, *, at: str) -> dict[str, Any]:
    """The members of its object in the machine output. `at` is its time as it is written there."""
    match happening:
        case StoryBegins():
            return {
                "kind": "story_begins",
                "at": at,
                "scenario": happening.scenario,
                "title": happening.title,
                "steps": happening.steps,
            }
        case StoryStep():
            return {
                "kind": "story_step",
                "at": at,
                "scenario": happening.scenario,
                "step": happening.step,
                "event_type": happening.event_type,
                "happens": happening.happens,
                "fault": happening.fault,
                "note": happening.note,
                "held": happening.held,
                "problems": list(happening.problems),
            }
        case StoryEnds():
            return {
                "kind": "story_ends",
                "at": at,
                "scenario": happening.scenario,
                "steps": happening.steps,
                "held": happening.held,
                "failed": list(happening.failed),
                "not_played": list(happening.not_played),
            }


def story_lines(happening: StoryHappening, width: int | None, glyphs: Glyphs) -> list[Text]:
    """What a person sees: what is told, each step before its deliveries, and what did not hold."""
    match happening:
        case StoryBegins():
            return facts([("Story", visible(happening.title))], width=width)
        case StoryStep(held=None):
            return _sentence(_announcement(happening), width, "dim")
        case StoryStep():
            said = [f"{glyphs.no} {visible(each)}" for each in happening.problems]
            return [line for each in said for line in _sentence(each, width, "red")]
        case StoryEnds():
            return _sentence(_end(happening), width, "red" if happening.failed else "")


def _announcement(step: StoryStep) -> str:
    said = visible(step.note) or visible(step.event_type)
    broken = f"{step.fault}; " if step.fault else ""
    return f"Step {step.step} of {step.steps}, at {story_time(step.happens)}: {broken}{said}"


def _end(end: StoryEnds) -> str:
    said = f"Story: {end.held} of {end.steps} steps held"
    if end.failed:
        said += f"; not so {_numbers(end.failed)}"
    if end.not_played:
        said += f"; not played {_numbers(end.not_played)}"
    return f"{said}."


def _numbers(steps: tuple[int, ...]) -> str:
    return f"step{'s' if len(steps) > 1 else ''} {', '.join(map(str, steps))}"


def _sentence(text: str, width: int | None, style: str) -> list[Text]:
    return [Text(part, style=style) for part in wrap_words(text, width=width, hanging=_INDENT)]
