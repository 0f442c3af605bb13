"""How a story is shown to a person: the list, its steps, and live as it is played."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from rich.console import Console
from rich.status import Status
from rich.text import Text

from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.firing import answer_text
from gooclaim_cli.render.layout import TYPE_WIDTH, duration
from gooclaim_cli.render.terminal import (
    facts,
    fold,
    fold_width,
    glyphs_for,
    pad,
    wrap_words,
    write_lines,
)
from gooclaim_cli.stories.judging import Account, Judged, Played
from gooclaim_cli.stories.planning import Beat, plan
from gooclaim_cli.stories.scenario import Scenario, Step
from gooclaim_cli.wire import CATALOGUE
from gooclaim_cli.wire.handling import DEADLINE

_TIME_WIDTH: Final = len("72h 10m")
_INDENT: Final = " " * (_TIME_WIDTH + 2)


class StoryBoard(Protocol):
    """Is told how a story goes on, and asks nothing. An OSError of the stream goes through."""

    def begin(self, scenario: Scenario, to: str) -> None:
        """The story begins."""

    def wait(self, beat: Beat, wanted: str) -> None:
        """The beat comes next, once what is wanted has come: a key, or its time."""

    def go_on(self) -> None:
        """It has come."""

    def show(self, played: Played) -> None:
        """A beat was played."""

    def end(self, account: Account) -> None:
        """The story has ended."""


class LiveStoryBoard:
    """A line a beat as it is played; on a terminal, what is waited for below it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._scenario: Scenario | None = None

    def begin(self, scenario: Scenario, to: str) -> None:
        """Write what is told, and to whom."""
        self._scenario = scenario
        rows = [("Story", visible(scenario.title)), ("To", visible(to))]
        lines = facts(rows, width=fold_width(self._console))
        write_lines(self._console, [*lines, Text()])

    def wait(self, beat: Beat, wanted: str) -> None:
        """Show what comes next."""
        if not self._console.is_terminal:
            return
        steps = len(self._scenario.steps) if self._scenario else 0
        said = [f"next: step {beat.step.number} of {steps}", self._event(beat.step)]
        said += ["again"] if beat.step.again is not None else []
        said += [f"time {beat.number} of {beat.step.times}"] if beat.number > 1 else []
        text = Text(", ".join([*said, wanted]), style="dim", no_wrap=True)
        self._status = self._console.status(text)
        self._status.start()

    def go_on(self) -> None:
        """Take that away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def show(self, played: Played) -> None:
        """Write a line, the step's note, and what was not as expected."""
        step, width = played.beat.step, fold_width(self._console)
        glyphs = glyphs_for(self._console)
        colour = "green" if played.held else "red"
        mark = glyphs.yes if played.held else glyphs.no
        became = Text().append(f"{mark} {_answers(played)}", style=colour)
        if step.fault is not None:
            became.append(f"  {step.fault}", style="dim")
        lines = _row(played.beat.happens, self._event(step), became, self._console)
        if step.note and played.beat.number == 1:
            lines += _sentences(visible(step.note), width, "dim")
        for problem in dict.fromkeys(text for each in played.requests for text in each.problems):
            lines += _sentences(visible(problem), width, "red")
        write_lines(self._console, lines)

    def end(self, account: Account) -> None:
        """Write what held and what did not."""
        self.go_on()
        write_lines(self._console, [Text(), *_account_lines(account, fold_width(self._console))])

    def _event(self, step: Step) -> str:
        return visible(self._scenario.event_of(step)) if self._scenario else ""


def list_scenarios(scenarios: Iterable[Scenario], console: Console) -> None:
    """Write a line a scenario."""
    rows = [(each.name, visible(each.title)) for each in scenarios]
    write_lines(console, facts(rows, width=fold_width(console)))


def show_scenario(scenario: Scenario, console: Console) -> None:
    """Write what a scenario is about, and its steps in the order in which they arrive."""
    width = fold_width(console)
    sentences = [visible(scenario.title), visible(scenario.about)]
    lines = [Text(part) for each in sentences if each for part in wrap_words(each, width=width)]
    lines.append(Text())
    for beat in plan(scenario).beats:
        if beat.number > 1:
            continue
        step = beat.step
        traits = Text(", ".join(_traits(step)), style="dim")
        lines += _row(beat.happens, visible(scenario.event_of(step)), traits, console)
        if step.note:
            lines += _sentences(visible(step.note), width, "dim")
    write_lines(console, lines)


def story_time(seconds: float) -> str:
    """A time of the story: `40s`, `1m 30s`, `3h 2m`, `72h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:g}s" if seconds < 1 else f"{whole}s"
    big, small, units = (whole // 60, whole % 60, "ms")
    if whole >= 3600:
        big, small, units = whole // 3600, whole % 3600 // 60, "hm"
    return f"{big}{units[0]} {small}{units[1]}" if small else f"{big}{units[0]}"


def _row(happens: float, event: str, rest: Text, console: Console) -> list[Text]:
    """A line of a story; where there is no room for it, what belongs to the event goes below it."""
    width = fold_width(console)
    when = Text().append(f"{story_time(happens):>{_TIME_WIDTH}}  ", style="dim")
    line = when.copy().append(f"{pad(event, TYPE_WIDTH)}  ").append_text(rest)
    line.rstrip()
    if width is None or line.cell_len <= width:
        return [line]
    below = rest.wrap(console, max(2, width - len(_INDENT)), overflow="fold")
    indented = [Text(_INDENT).append_text(each) for each in below]
    return [*fold(when.append(event), width=width), *indented]


def _traits(step: Step) -> list[str]:
    """What is out of the ordinary about a step."""
    traits = []
    if step.event is not None and step.event not in CATALOGUE:
        traits.append("a type that Gooclaim has not")
    if step.again is not None:
        traits.append(f"again: {step.again}")
    if step.fault is not None:
        traits.append(step.fault.value)
    if step.times > 1:
        apart = f", {story_time(step.every)} apart" if step.every else ""
        traits.append(f"{step.times} times{' at once' if step.at_once else apart}")
    if step.behind is not None:
        traits.append(f"arrives behind {step.behind}")
    if step.expect.duplicate is not None:
        traits.append("then a duplicate")
    return traits


def _answers(played: Played) -> str:
    outcomes = [each.fired.outcome for each in played.requests]
    counted = Counter(map(_answer, played.requests))
    said = ", ".join(f"{n} × {text}" if n > 1 else text for text, n in counted.items())
    slowest = duration(max(each.ms for each in outcomes), DEADLINE)
    return f"{said}  {slowest}" if len(outcomes) == 1 else f"{said}  slowest {slowest}"


def _answer(judged: Judged) -> str:
    """Why there is none is told below, with what was expected."""
    outcome = judged.fired.outcome
    if judged.held or outcome.failure is None:
        return answer_text(outcome, timed=False)
    return "no answer" if outcome.status is None else f"{outcome.status}, not whole"


def _sentences(text: str, width: int | None, style: str) -> list[Text]:
    return [
        Text(part, style=style)
        for part in wrap_words(text, width=width, indent=_INDENT, hanging=_INDENT)
    ]


def _account_lines(account: Account, width: int | None) -> Sequence[Text]:
    steps = account.scenario.steps
    unplayed = [each for each in steps if account.is_unplayed(each)]
    failed = [each for each in steps if account.problems_of(each)]
    bad = {each.number for each in (*unplayed, *failed)}
    lines = [Text(f"{len(steps) - len(bad)} of {len(steps)} steps held.")]
    for step in failed:
        said = "; ".join(account.problems_of(step))
        event = visible(account.scenario.event_of(step))
        sentence = f"Step {step.number} (line {step.line}), {event}: {visible(said)}."
        lines += [
            Text(part, style="red") for part in wrap_words(sentence, width=width, hanging="  ")
        ]
    if unplayed:
        lines.append(Text(f"{len(unplayed)} not played to the end.", style="yellow"))
    return lines
