"""Where the home URL answers: each delivery goes there as it came, and its answer to Gooclaim.

What must never happen is that this machine acknowledges an event for the system that it was meant
for. So Gooclaim gets the home URL's answer, or, where there is none, a failure that makes it try
again; never a 2xx of ours, whatever the key's state, the handler or the patterns say. And nothing
is acknowledged that is not in the history: it is stored before it is passed on.

In production that holds for what cannot be verified here, too. It goes to the home URL alone, whose
own check it has to pass, as it would without us: the secret that we know may be the wrong one, and
to refuse what the home URL would have taken, or to take what it would have refused, is to stand in
its place. No handler and no colleague gets it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

import msgspec

from gooclaim_cli.happenings import (
    Disposition,
    HandlerAnswer,
    Happening,
    PassedOn,
    Target,
)
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.records import Outcome, outcome_of
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answers import Answer
from gooclaim_cli.receiver.exchange import Exchange, ExchangePolicy
from gooclaim_cli.receiver.passing_on import PassingOn
from gooclaim_cli.receiver.replies import CROWDED_OUT, Reply, delivered, no_answer
from gooclaim_cli.receiver.room import Room
from gooclaim_cli.receiver.storing import Storing
from gooclaim_cli.wire import Event, Reason

_MOST: Final = 1000
_MOST_BYTES: Final = 64 * 1024 * 1024


class HomeFirst:
    """Answers deliveries with what the home URL answers; handlers are `exchange`'s."""

    def __init__(
        self,
        policy: ExchangePolicy,
        *,
        exchange: Exchange,
        passing_on: PassingOn,
        ledger: Ledger,
        tell: Callable[[Happening], None],
        clock: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._exchange = exchange
        self._passing_on = passing_on
        self._ledger = ledger
        self._tell = tell
        self._clock = clock
        self._storing = Storing(policy.deadline, ledger=ledger, tell=tell, clock=clock)
        self._room = Room(_MOST, _MOST_BYTES)
        self._asked: set[asyncio.Task[HandlerAnswer]] = set()
        self._handling: dict[str, asyncio.Task[HandlerAnswer | None]] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._is_ending = False

    async def finish(self) -> None:
        """Wait for the home URL as long as it may take; give handlers a moment.

        What is not in the history by now is not passed on any more: Gooclaim tries again.
        """
        self._is_ending = True
        self._storing.finish()
        if self._asked:
            await asyncio.wait(self._asked, timeout=self._policy.deadline)
        await self._exchange.finish()
        await self._passing_on.finish()

    async def close(self) -> None:
        """Give up what is still under way."""
        await self._exchange.close()
        for task in (*self._asked, *self._telling):
            task.cancel()
        await asyncio.gather(*self._asked, *self._telling, return_exceptions=True)
        await self._passing_on.close()

    async def answer(
        self,
        arrival: Arrival,
        event: Event | None,
        *,
        started: float,
        hang_up: Callable[[], Awaitable[Any]],
    ) -> Reply:
        """Store, pass on, wait: all until the deadline. `event` None: it was not verified.

        `started` is `time.monotonic()`, `hang_up` ends if the sender goes. What is returned must be
        answered and then given to `settle`.
        """
        home = self._passing_on.home_url
        takes_more = self._room.is_there and self._ledger.keeps_up and not self._is_ending
        if home is None or not takes_more:
            return CROWDED_OUT
        try:
            claim, failed = await self._storing.store(arrival, event, started=started)
        except BaseException:
            self.give_up(arrival)
            raise
        if failed is not None:
            return Reply(failed, claim)
        if event is not None and claim.other_body:
            self._exchange.warn_of_other_body(arrival, event)
        if any(found.code is Reason.BODY_TOO_LARGE for found in arrival.verdict.findings):
            return Reply(answers.NOT_PASSED_ON, claim)  # its body was not read
        shown = event is None or fnmatchcase(event.event_type, self._policy.events)
        if event is not None:
            self._passing_on.copy(arrival)
            self._handle(arrival, event, claim, started, shown=shown)
        try:
            answer, at_home = await self._ask(arrival, home, started, hang_up)
        except BaseException:
            self.give_up(arrival)
            raise
        return Reply(answer, claim, shown=shown, home=at_home)

    def settle(self, arrival: Arrival, reply: Reply, *, sent: bool) -> None:
        """Note what Gooclaim was answered, free the key, and tell once the handler is done."""
        if not sent:
            reply = msgspec.structs.replace(reply, answer=None)
        status = reply.answer.status if reply.answer else None
        if reply.brought:
            self._settle(arrival, status, _outcome(reply, status))
        if not reply.shown:
            return
        at = self._clock()
        handling = self._handling.pop(arrival.delivery_id, None)
        if handling is None:
            self._tell(delivered(arrival, reply, at=at))
            return
        task = asyncio.get_running_loop().create_task(self._tell_with(handling, arrival, reply, at))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def give_up(self, arrival: Arrival) -> None:
        """Free whatever was claimed for the retry."""
        self._handling.pop(arrival.delivery_id, None)
        self._settle(arrival, None, Outcome.FAILED)

    def _handle(
        self, arrival: Arrival, event: Event, claim: Claim, started: float, *, shown: bool
    ) -> None:
        """Let the handler have it, as it would without a home URL; nobody waits for it."""
        handler = self._exchange.handler_for(event, claim) if shown else None
        if handler is None or not self._exchange.takes_more:  # its answer would be idle
            return
        self._handling[arrival.delivery_id] = asyncio.create_task(
            self._exchange.forward(arrival, event, claim, handler, started=started)
        )

    async def _tell_with(
        self,
        handling: "asyncio.Task[HandlerAnswer | None]",
        arrival: Arrival,
        reply: Reply,
        at: float,
    ) -> None:
        reply = msgspec.structs.replace(reply, handler=await handling)
        self._tell(delivered(arrival, reply, at=at))

    async def _ask(
        self,
        arrival: Arrival,
        url: str,
        started: float,
        hang_up: Callable[[], Awaitable[Any]],
    ) -> tuple[Answer | None, HandlerAnswer]:
        """Pass a delivery on; wait for the answer until the deadline, or until the sender goes.

        The request goes on after both: the home URL is at work on an event.
        """
        loop = asyncio.get_running_loop()
        late = asyncio.Event()
        asked = loop.create_task(self._passing_on.ask_home(arrival, url, late=late.is_set))
        self._asked.add(asked)
        self._room.enter(arrival.delivery.body)
        asked.add_done_callback(partial(self._ended, arrival))
        gone: asyncio.Future[Any] = asyncio.ensure_future(hang_up())
        left = max(0.0, started + self._policy.deadline - time.monotonic())
        try:
            first: set[asyncio.Future[Any]] = {asked, gone}
            await asyncio.wait(first, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if asked.done():
            answer = asked.result()
            return answers.home_answer(answer), answer
        late.set()
        asked.add_done_callback(lambda done: self._tell_late(arrival, done))
        waited = (time.monotonic() - started) * 1000
        if gone.done():
            return None, no_answer(url, waited, "sender_hung_up", "the sender hung up first")
        message = f"the home URL gave no answer within {self._policy.deadline:g} s"
        return answers.DEADLINE_EXCEEDED, no_answer(url, waited, "deadline_exceeded", message)

    def _ended(self, arrival: Arrival, asked: "asyncio.Task[HandlerAnswer]") -> None:
        self._asked.discard(asked)
        self._room.leave(arrival.delivery.body)

    def _tell_late(self, arrival: Arrival, done: "asyncio.Task[HandlerAnswer]") -> None:
        if done.cancelled() or done.exception() is not None:
            return
        event = arrival.verdict.event
        self._tell(
            PassedOn(
                at=self._clock(),
                delivery_id=arrival.delivery_id,
                event_id=event.event_id if event else None,
                event_type=event.event_type if event else None,
                target=Target.HOME,
                answer=done.result(),
                late=True,
            )
        )

    def _settle(self, arrival: Arrival, status: int | None, outcome: Outcome) -> None:
        self._ledger.settle(arrival, status=status, outcome=outcome, now=self._clock())


def _outcome(reply: Reply, status: int | None) -> Outcome:
    """What became of a delivery. One that was not verified is told by its verdict as well."""
    taken = status in range(200, 300)
    if reply.claim.disposition is Disposition.REJECTED:
        return Outcome.DELIVERED if taken else Outcome.REJECTED
    if reply.claim.owns_key and not taken:
        return Outcome.FAILED
    return outcome_of(reply.claim.disposition, status, shown=reply.shown)
