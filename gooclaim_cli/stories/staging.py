"""Lets a sandbox play a story to the session that it belongs to.

What Gooclaim would send goes through the sandbox's outbound engine, which tries again by itself;
what is broken is sent once. A step is judged by the first answers.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random, SystemRandom

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.firing.range import Conditions, Fired, Range
from gooclaim_cli.firing.shots import Shot, Signer, Volley
from gooclaim_cli.happenings import Level
from gooclaim_cli.sandbox import OutboundDelivery, OutboundEvent, Sandbox
from gooclaim_cli.sending import Outcome, SendFailure
from gooclaim_cli.stories.judging import Account, Played
from gooclaim_cli.stories.planning import Beat
from gooclaim_cli.stories.playing import Player, Telling, Timed
from gooclaim_cli.stories.scenario import Scenario
from gooclaim_cli.story_happenings import StoryBegins, StoryEnds, StoryHappening, StoryStep
from gooclaim_cli.wire.handling import holds

Notify = Callable[[Level, str, str, str], None]
Tell = Callable[[StoryHappening], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPlan:
    """A story that is to be played, and at what pace."""

    scenario: Scenario
    pace: Timed


class Stage:
    """Fires what a story sends through a running sandbox."""

    def __init__(self, sandbox: Sandbox, random: Random) -> None:
        self._sandbox = sandbox
        self._random = random

    async def fire(self, volley: Volley) -> tuple[Fired, ...]:
        """Send a volley's shots, and return when each was tried once."""
        if volley.fault is not None:
            return await self._range().fire(volley)
        return tuple([await self._deliver(shot) for shot in volley.shots])

    def _range(self) -> Range:
        conditions = Conditions(to=self._url(), deadline=self._sandbox.rules.deadline)
        sandbox = self._sandbox
        return Range(conditions, sandbox.sender, random=self._random, tls=sandbox.tls)

    def _url(self) -> str:
        url = self._sandbox.url
        if url is None:
            raise GooclaimError("no URL is configured any more, so the story ends here")
        return url

    async def _deliver(self, shot: Shot) -> Fired:
        at, to, sample = time.time(), self._url(), shot.sample
        report = await self._sandbox.deliver(
            OutboundEvent(
                event_id=sample.event_id or "",
                event_type=sample.event_type,
                idempotency_key=sample.idempotency_key,
                body=sample.body,
            )
        )
        outcome = _outcome(report)
        return Fired(
            at=at,
            to=to,
            fault=None,
            shot=shot,
            outcome=outcome,
            held=holds(shot.what, outcome.status if outcome.failure is None else None),
            attempt=1,
            next_in=report.attempts[0].next_in if report.attempts else None,
        )


def _outcome(report: OutboundDelivery) -> Outcome:
    """The first attempt; where none was made, nobody wanted it."""
    if not report.attempts:
        return Outcome(None, 0.0, SendFailure.REQUEST_INVALID, f"it was not sent: {report.state}")
    first = report.attempts[0]
    failure = None if first.error is None else SendFailure(first.error)
    return Outcome(first.status, first.ms, failure, first.detail or "")


@asynccontextmanager
async def staged(
    story: StoryPlan,
    sandbox: Sandbox,
    tell: Tell,
    notify: Notify,
    fail: Callable[[BaseException], None],
) -> AsyncIterator[None]:
    """Have the story played until it ends or the context is left; then it is told what held.

    `notify` is told why it cannot go on, `fail` of a fault of our own.
    """

    async def play() -> None:
        try:
            await _play(story, sandbox, tell)
        except GooclaimError as error:
            notify(Level.ERROR, "story_stopped", error.message, error.hint)

    def check(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and (fault := done.exception()) is not None:
            fail(fault)

    task = asyncio.create_task(play(), name="story")
    task.add_done_callback(check)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _play(story: StoryPlan, sandbox: Sandbox, tell: Tell) -> None:
    scenario, random, played = story.scenario, SystemRandom(), list[Played]()
    telling = Telling(
        signer=Signer(sandbox.signing_secret, sandbox.rules.signed_content),
        tenant_id=sandbox.ready.tenant_id,
        random=random,
    )
    pace = _ToldPace(story, tell)
    player = Player(scenario, telling, Stage(sandbox, random), pace)
    tell(
        StoryBegins(
            at=time.time(),
            scenario=scenario.name,
            title=scenario.title,
            steps=len(scenario.steps),
        )
    )
    try:
        async for each in player.play():
            played.append(each)
            problems = dict.fromkeys(text for one in each.requests for text in one.problems)
            tell(_step(scenario, each.beat, held=each.held, problems=tuple(problems)))
    finally:
        tell(_end(Account.of(scenario, played)))


@dataclass(frozen=True, slots=True)
class _ToldPace:
    """Tells which step comes next once it comes."""

    story: StoryPlan
    tell: Tell

    async def wait(self, beat: Beat, span: float) -> bool:
        """Wait as the pace does."""
        going_on = await self.story.pace.wait(beat, span)
        if beat.number == 1:
            self.tell(_step(self.story.scenario, beat))
        return going_on


def _step(
    scenario: Scenario, beat: Beat, *, held: bool | None = None, problems: tuple[str, ...] = ()
) -> StoryStep:
    return StoryStep(
        at=time.time(),
        scenario=scenario.name,
        step=beat.step.number,
        steps=len(scenario.steps),
        event_type=scenario.event_of(beat.step),
        happens=beat.happens,
        fault=beat.step.fault,
        note=beat.step.note,
        held=held,
        problems=problems,
    )


def _end(account: Account) -> StoryEnds:
    steps = account.scenario.steps
    return StoryEnds(
        at=time.time(),
        scenario=account.scenario.name,
        steps=len(steps),
        failed=tuple(each.number for each in steps if account.problems_of(each)),
        not_played=tuple(each.number for each in steps if account.is_unplayed(each)),
    )
