"""What a verified delivery goes through: its key is claimed, it is stored, forwarded, answered.

The life of the idempotency key is decided in `history.keys`; here it is acted out.
"""

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

import msgspec

from gooclaim_cli.errors import StorageError
from gooclaim_cli.futures import resolve
from gooclaim_cli.happenings import (
    Disposition,
    Handler,
    HandlerAnswer,
    Happening,
    Level,
    Notice,
)
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.records import Outcome, outcome_of
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.course import Course, Then
from gooclaim_cli.receiver.forwarding import Forwarder
from gooclaim_cli.receiver.forwards import Forwards
from gooclaim_cli.receiver.passing_on import PassingOn
from gooclaim_cli.receiver.replies import CROWDED_OUT, Reply, delivered
from gooclaim_cli.wire import Event

_LAST_MOMENT: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePolicy:
    """`deadline` is in seconds from the request's start; `events` a glob of what to forward."""

    deadline: float
    events: str
    forward_duplicates: bool


class Exchange:
    """Answers verified deliveries. Owns the handlers' requests that outlive their deadline.

    `passing_on` gets each of them, too, and nothing waits for it. `counts` False: it is not the
    handler's answer that Gooclaim is given. `fault` is told of our own mistakes where no answer is.
    """

    def __init__(
        self,
        policy: ExchangePolicy,
        *,
        ledger: Ledger,
        forwarder: Forwarder,
        tell: Callable[[Happening], None],
        clock: Callable[[], float],
        fault: Callable[[Exception], None],
        passing_on: PassingOn | None = None,
        counts: bool = True,
    ) -> None:
        self._passing_on = passing_on
        self._counts = counts
        self._policy = policy
        self._ledger = ledger
        self._forwarder = forwarder
        self._tell = tell
        self._clock = clock
        self._forwards = Forwards(
            forwarder,
            deadline=policy.deadline,
            ledger=ledger,
            tell=tell,
            clock=clock,
            counts=counts,
            fault=fault,
        )

    @property
    def takes_more(self) -> bool:
        """Whether a handler may get more: it keeps up, and the session goes on."""
        return self._forwards.takes_more

    async def finish(self) -> None:
        """Give what is under way a moment, then have Gooclaim told 503: it tries again."""
        if self._passing_on is not None:
            await self._passing_on.finish()
        if count := self._forwards.waited_for:
            message = f"ending; deliveries that are still with a handler: {count}"
            hint = "what it does not answer now is told 503" if self._counts else ""
            self._notice(Level.INFO, "ending", message, hint)
        await self._forwards.finish(_LAST_MOMENT)

    async def close(self) -> None:
        """Give up the handlers' requests that are still under way."""
        self._forwards.close()
        if self._passing_on is not None:
            await self._passing_on.close()

    async def answer(
        self,
        arrival: Arrival,
        event: Event,
        *,
        started: float,
        hang_up: Callable[[], Awaitable[Any]],
    ) -> Reply:
        """Do what `begin` does, and wait for it; `hang_up` ends if the sender goes."""
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        course = self.begin(arrival, event, started=started, then=partial(resolve, answered))
        gone: asyncio.Future[Any] = asyncio.ensure_future(hang_up())
        gone.add_done_callback(lambda _: self.hang_up(course))
        try:
            return await answered
        except BaseException:
            self.give_up(arrival)
            raise
        finally:
            gone.cancel()

    def begin(self, arrival: Arrival, event: Event, *, started: float, then: Then) -> Course:
        """Claim, store, forward; `then` is told how to answer, or of a fault of our own.

        `started` is `time.monotonic()`. A reply must be answered and then given to `settle`; after
        a fault, `give_up`. That the sender goes meanwhile is for `hang_up`.
        """
        wanted = self._policy.events
        shown = wanted == "*" or fnmatchcase(event.event_type, wanted)
        handler = self._forwarder.handler_for(event.event_type) if shown else None
        course = Course(arrival, event, handler, shown=shown, started=started, then=then)
        if not self._ledger.keeps_up or (handler is not None and not self.takes_more):
            then(CROWDED_OUT)
            return course
        self._forwards.expect(course)
        self._ledger.begin_take(
            arrival,
            partial(self._taken, course),
            now=arrival.received_at,
            answer=answers.ACCEPTED.status if handler is None else None,
            shown=shown,
        )
        return course

    def hang_up(self, course: Course) -> None:
        """The sender is gone. Its delivery is in the history all the same, and with its handler."""
        course.is_gone = True
        self._forwards.hang_up(course)

    def _taken(self, course: Course, found: Claim | StorageError) -> None:
        """It is in the history, or could not be put there."""
        try:
            if not self._forwards.is_expected(course):
                self._settle_missed(course, found)
                return
            reply = self._go_on(course, found)
        except Exception as error:
            self._forwards.answer(course, error)
        else:
            if reply is not None:
                self._forwards.answer(course, reply)

    def _settle_missed(self, course: Course, found: Claim | StorageError) -> None:
        """It has been answered before it was in the history: its retry is the one that counts."""
        if isinstance(
            found, StorageError
        ):  # a writer that is gone may have written it all the same
            found = course.claim
        elif self._passing_on is not None and not self._forwards.is_ending:
            self._passing_on.offer(course.arrival)
        outcome = outcome_of(found.disposition, course.answered, shown=course.shown)
        self._settle(course.arrival, course.answered, outcome)

    def _go_on(self, course: Course, found: Claim | StorageError) -> Reply | None:
        """How to answer at once; None where the handler has it."""
        if isinstance(found, StorageError):
            self._notice(Level.ERROR, "history_not_written", found.message, found.hint)
            return Reply(answers.NOT_STORED, course.claim)
        course.claim = found
        if self._passing_on is not None:
            self._passing_on.offer(course.arrival)
        if found.other_body:
            self.warn_of_other_body(course.arrival, course.event)
        if found.disposition is Disposition.IN_FLIGHT:
            return Reply(answers.IN_FLIGHT, found)
        if course.handler is None:
            return Reply(answers.ACCEPTED, found, shown=course.shown, settled=True)
        if found.disposition is Disposition.DUPLICATE and not self._policy.forward_duplicates:
            return Reply(answers.ACCEPTED, found)
        if self._forwards.is_ending:
            return Reply(answers.ENDING, found)
        self._forwards.begin(course, course.handler)
        return None

    def handler_for(self, event: Event, claim: Claim) -> Handler | None:
        """The handler that is to get a delivery; None where its key or the patterns say no."""
        again = claim.disposition is Disposition.DUPLICATE and not self._policy.forward_duplicates
        if again or claim.disposition is Disposition.IN_FLIGHT:
            return None
        return self._forwarder.handler_for(event.event_type)

    def settle(self, arrival: Arrival, reply: Reply, *, sent: bool) -> None:
        """Note whether and what Gooclaim was answered, free the key, and tell."""
        if not sent:
            reply = msgspec.structs.replace(reply, answer=None, settled=False)
        if reply.brought and not reply.settled:
            status = reply.answer.status if reply.answer else None
            outcome = outcome_of(reply.claim.disposition, status, shown=reply.shown)
            self._settle(arrival, status, outcome)
        if reply.shown:
            self._tell(delivered(arrival, reply, at=self._clock()))

    def give_up(self, arrival: Arrival) -> None:
        """Free whatever was claimed for the retry."""
        self._settle(arrival, None, Outcome.FAILED)

    def _settle(self, arrival: Arrival, status: int | None, outcome: Outcome) -> None:
        self._ledger.settle(arrival, status=status, outcome=outcome, now=self._clock())

    async def forward(
        self, arrival: Arrival, event: Event, claim: Claim, handler: Handler, *, started: float
    ) -> HandlerAnswer | None:
        """Let a handler have what is claimed, and wait for its answer until the deadline."""
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        then = partial(resolve, answered)
        course = Course(
            arrival, event, handler, shown=True, started=started, then=then, claim=claim
        )
        self._forwards.expect(course)
        self._forwards.begin(course, handler)
        return (await answered).handler

    def warn_of_other_body(self, arrival: Arrival, event: Event) -> None:
        """Tell that a key came before with another body: alarming, whatever its state."""
        key = arrival.idempotency_key or ""
        self._notice(
            Level.WARNING,
            "key_reused_with_other_body",
            f"idempotency key {key} came before with another body"
            f" (now {event.event_type} {event.event_id})",
            f"compare the two: gooclaim history show {shlex.quote(key)}",
        )

    def _notice(self, level: Level, code: str, message: str, hint: str) -> None:
        self._tell(Notice(at=self._clock(), level=level, code=code, message=message, hint=hint))
