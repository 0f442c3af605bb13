"""Playing a scenario to a handler, as `scenario run` and `send-test --scenario` do."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, BinaryIO, Final

import typer

from gooclaim_cli.cli.aiming import Target
from gooclaim_cli.cli.options import seconds
from gooclaim_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gooclaim_cli.render.stories import StoryBoard
    from gooclaim_cli.stories.judging import Account, Played
    from gooclaim_cli.stories.planning import Beat
    from gooclaim_cli.stories.playing import Pace
    from gooclaim_cli.stories.scenario import Scenario

_ENDS: Final = ("q", "Q", "\x03", "\x04", "\x1b")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryOptions:
    """How a scenario is played and told of."""

    speed: float
    step: bool
    longest_wait: str
    junit: Path | None
    as_json: bool

    def pace(self) -> "Pace":
        """When it goes on. Raises UsageError."""
        from gooclaim_cli.stories.playing import Timed

        longest = seconds("--longest-wait", self.longest_wait, zero=True)
        if not self.step:
            return Timed(self.speed, longest)
        if not sys.stdin.isatty() or self.as_json:
            raise UsageError(
                "--step needs a person at a terminal, and no --json",
                "leave it out: the story then goes on by itself, at --speed",
            )
        return _Keys()


class _Keys:
    """Goes on at a key; q, Escape or Ctrl-C end the story."""

    async def wait(self, beat: "Beat", span: float) -> bool:
        """Wait for a key."""
        return await asyncio.to_thread(self._key) not in _ENDS

    def _key(self) -> str:
        try:
            return typer.getchar()
        except (KeyboardInterrupt, EOFError):
            return _ENDS[0]


@dataclass(slots=True)
class _ShownPace:
    """Shows what is waited for."""

    pace: "Pace"
    board: "StoryBoard"

    async def wait(self, beat: "Beat", span: float) -> bool:
        """Wait as the pace does."""
        by_key = isinstance(self.pace, _Keys)
        self.board.wait(beat, "at a key (q or Esc ends)" if by_key else "in a moment")
        try:
            return await self.pace.wait(beat, span)
        finally:
            self.board.go_on()


def play_scenario(named: str, target: Target, options: StoryOptions) -> ExitCode:
    """Find a scenario, play it to a handler and show it.

    REFUSED where something did not hold, INTERRUPTED where it was not played to its end. Raises
    GooclaimError.
    """
    from gooclaim_cli.firing.range import Range
    from gooclaim_cli.sending import Sender
    from gooclaim_cli.stories.library import find
    from gooclaim_cli.stories.playing import Player, Telling

    scenario = find(named).read()
    pace = options.pace()
    found = target.find(scenario.event_of(scenario.steps[0]))
    telling = Telling(
        signer=found.signer, tenant_id=found.tenant_id, random=SystemRandom(), slow=found.slow
    )
    with _report(options.junit) as report:
        board = _board(options)
        board.begin(scenario, found.conditions.to)

        async def tell(played: "list[Played]") -> None:
            async with Sender(tls=found.tls) as sender:
                to = Range(found.conditions, sender, random=SystemRandom(), tls=found.tls)
                player = Player(scenario, telling, to, _ShownPace(pace, board))
                async for each in player.play():
                    played.append(each)
                    board.show(each)

        account = _told(scenario, tell, board)
        board.end(account)
        if report is not None:
            from gooclaim_cli.render.junit import junit_xml

            report.write(junit_xml(account, at=time.time()))
    if account.left:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if account.held else ExitCode.REFUSED


def _told(
    scenario: "Scenario",
    tell: "Callable[[list[Played]], Coroutine[None, None, None]]",
    board: "StoryBoard",
) -> "Account":
    """Tell the story to its end, or until Ctrl-C: then what there is counts."""
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.stories.judging import Account

    played: list[Played] = []
    try:
        run(tell(played))
    except KeyboardInterrupt:
        board.go_on()
    return Account.of(scenario, played)


def _board(options: StoryOptions) -> "StoryBoard":
    if options.as_json:
        from gooclaim_cli.render.story_objects import JsonStoryBoard

        return JsonStoryBoard(sys.stdout)
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.render.stories import LiveStoryBoard

    return LiveStoryBoard(output_console())


def _report(junit: Path | None) -> "AbstractContextManager[BinaryIO | None]":
    """Where the report goes: what cannot be written is told before anything is sent."""
    from gooclaim_cli.history.exporting import whole_file

    return nullcontext() if junit is None else whole_file(junit, replace=True)
