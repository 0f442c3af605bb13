"""What a verified delivery goes through: its key is claimed, it is stored, forwarded, answered.

The life of the idempotency key is decided in `history.keys`; here it is acted out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from gooclaim_cli.errors import StorageError
from gooclaim_cli.happenings import (
    Disposition,
    Handler,
    HandlerAnswer,
    Happening,
    LateAnswer,
    Level,
    Notice,
)
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.records import Outcome, outcome_of
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.forwarding import Forwarder
from gooclaim_cli.receiver.passing_on import PassingOn
from gooclaim_cli.receiver.replies import Reply, delivered, no_answer
from gooclaim_cli.wire import Event

_MOST_FORWARDS: Final = 1000
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
    handler's answer that Gooclaim is given.
    """

    def __init__(
        self,
        policy: ExchangePolicy,
        *,
        ledger: Ledger,
        forwarder: Forwarder,
        tell: Callable[[Happening], None],
        clock: Callable[[], float],
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
        self._forwards: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Future[HandlerAnswer]] = set()

    @property
    def crowded(self) -> bool:
        """Whether the handler does not keep up: each request under way holds a body."""
        return len(self._forwards) >= _MOST_FORWARDS

    async def finish(self) -> None:
        """Give handlers that are at work a moment, then have Gooclaim told 503: it tries again."""
        if self._passing_on is not None:
            await self._passing_on.finish()
        if self._waiting:
            count = len(self._waiting)
            message = f"ending; deliveries that are still with a handler: {count}"
            hint = "what it does not answer now is told 503" if self._counts else ""
            self._notice(Level.INFO, "ending", message, hint)
            await asyncio.wait(self._waiting, timeout=_LAST_MOMENT)
        for in_time in self._waiting:
            in_time.cancel()

    async def close(self) -> None:
        """Give up the handlers' requests that are still under way."""
        for task in self._forwards:
            task.cancel()
        await asyncio.gather(*self._forwards, return_exceptions=True)
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
        """Claim, store, forward. `started` is `time.monotonic()`, `hang_up` ends if it goes.

        What is returned must be answered and then given to `settle`.
        """
        if self.crowded:
            return Reply(answers.CROWDED, Claim(Disposition.IN_FLIGHT, 1, other_body=False))
        shown = fnmatchcase(event.event_type, self._policy.events)
        handler = self._forwarder.handler_for(event.event_type) if shown else None
        known = None if handler else answers.ACCEPTED.status
        try:
            claim = await self._ledger.take(
                arrival, now=arrival.received_at, answer=known, shown=shown
            )
            if handler is None or claim.disposition is Disposition.IN_FLIGHT:
                return self.accept(arrival, event, claim, shown=shown)
            self._share(arrival, event, claim)
            if claim.disposition is Disposition.DUPLICATE and not self._policy.forward_duplicates:
                return Reply(answers.ACCEPTED, claim)
            return await self.forward(arrival, event, claim, handler, started, hang_up)
        except StorageError as error:
            return self.not_stored(error)
        except BaseException:
            self.give_up(arrival)
            raise

    def accept(self, arrival: Arrival, event: Event, claim: Claim, *, shown: bool) -> Reply:
        """Answer a stored delivery that goes to no handler."""
        self._share(arrival, event, claim)
        if claim.disposition is Disposition.IN_FLIGHT:
            return Reply(answers.IN_FLIGHT, claim)
        return Reply(answers.ACCEPTED, claim, shown=shown, settled=True)

    def not_stored(self, error: StorageError) -> Reply:
        """Answer what could not be stored, and tell why."""
        self._notice(Level.ERROR, "history_not_written", error.message, error.hint)
        return Reply(answers.NOT_STORED, Claim(Disposition.FRESH, 1, other_body=False))

    def give_up(self, arrival: Arrival) -> None:
        """Free whatever was claimed for the retry."""
        self._settle(arrival, None, Outcome.FAILED)

    def _share(self, arrival: Arrival, event: Event, claim: Claim) -> None:
        """Pass a delivery on, and tell where its key is not what it was."""
        if self._passing_on is not None:
            self._passing_on.offer(arrival)
        if claim.other_body:
            self.warn_of_other_body(arrival, event)

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
        if not reply.settled:
            status = reply.answer.status if reply.answer else None
            outcome = outcome_of(reply.claim.disposition, status, shown=reply.shown)
            self._settle(arrival, status, outcome)
        if reply.shown:
            self._tell(delivered(arrival, reply, at=self._clock()))

    def _settle(self, arrival: Arrival, status: int | None, outcome: Outcome) -> None:
        self._ledger.settle(arrival, status=status, outcome=outcome, now=self._clock())

    async def forward(
        self,
        arrival: Arrival,
        event: Event,
        claim: Claim,
        handler: Handler,
        started: float,
        hang_up: Callable[[], Awaitable[Any]],
    ) -> Reply:
        """Wait for the handler until the deadline, or until the sender hangs up."""
        loop = asyncio.get_running_loop()
        in_time: asyncio.Future[HandlerAnswer] = loop.create_future()
        self._waiting.add(in_time)
        task = loop.create_task(self._carry(arrival, event, handler, in_time))
        self._forwards.add(task)
        task.add_done_callback(self._forwards.discard)
        gone: asyncio.Future[Any] = asyncio.ensure_future(hang_up())
        left = max(0.0, started + self._policy.deadline - time.monotonic())
        try:
            first: set[asyncio.Future[Any]] = {in_time, gone}
            await asyncio.wait(first, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            self._waiting.discard(in_time)
        if in_time.cancelled():
            waited = (time.monotonic() - started) * 1000
            missed = no_answer(handler, waited, "session_ended", "the session ended first")
            return Reply(answers.ENDING, claim, missed)
        if in_time.done():
            answer = in_time.result()
            return Reply(answers.handler_answer(answer), claim, answer)
        in_time.cancel()  # from now on an answer is a late one
        waited = (time.monotonic() - started) * 1000
        if gone.done():
            missed = no_answer(handler, waited, "sender_hung_up", "the sender hung up first")
            return Reply(None, claim, missed)
        message = f"no answer within {self._policy.deadline:g} s"
        missed = no_answer(handler, waited, "deadline_exceeded", message)
        return Reply(answers.DEADLINE_EXCEEDED, claim, missed)

    async def _carry(
        self,
        arrival: Arrival,
        event: Event,
        handler: Handler,
        in_time: "asyncio.Future[HandlerAnswer]",
    ) -> None:
        """Carry a delivery to its handler and record the outcome, in time or late."""
        started_at = self._clock()
        try:
            answer = await self._forwarder.forward(arrival.delivery, handler)
        except asyncio.CancelledError:
            ended = HandlerAnswer(
                handler.url, None, 0.0, "session_ended", "we ended first", (), b""
            )
            self._record(arrival, ended, started_at, late=True)
            raise
        except BaseException as error:
            if not in_time.done():
                in_time.set_exception(error)
                return
            raise
        late = in_time.done()
        self._record(arrival, answer, started_at, late=late)
        if not late:
            in_time.set_result(answer)
            return
        self._tell(
            LateAnswer(
                at=self._clock(),
                delivery_id=arrival.delivery_id,
                event_id=event.event_id,
                event_type=event.event_type,
                handler=answer,
                counted=self._counts,
            )
        )

    def _record(
        self, arrival: Arrival, answer: HandlerAnswer, started_at: float, *, late: bool
    ) -> None:
        self._ledger.record_forward(arrival.delivery_id, answer, started_at=started_at, late=late)

    def warn_of_other_body(self, arrival: Arrival, event: Event) -> None:
        """Tell that a key came before with another body: alarming, whatever its state."""
        self._notice(
            Level.WARNING,
            "key_reused_with_other_body",
            f"idempotency key {arrival.idempotency_key} came before with another body"
            f" (now {event.event_type} {event.event_id})",
            f"compare the two: gooclaim history show {arrival.idempotency_key}",
        )

    def _notice(self, level: Level, code: str, message: str, hint: str) -> None:
        self._tell(Notice(at=self._clock(), level=level, code=code, message=message, hint=hint))
