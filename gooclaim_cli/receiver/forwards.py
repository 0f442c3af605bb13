"""Forwards: deliveries on their way to a handler, and what Gooclaim is answered for each.

The history and the handler have until the deadline together. What is not in the history by then
goes to no handler; a handler's request goes on behind the deadline, or where the sender hangs up,
and what it answers then is recorded and told. A delivery needs no task and no timer of its own.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from gooclaim_cli.happenings import (
    Handler,
    HandlerAnswer,
    Happening,
    LateAnswer,
)
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answers import Answer
from gooclaim_cli.receiver.course import Course
from gooclaim_cli.receiver.forwarding import Forwarder
from gooclaim_cli.receiver.replies import Reply, no_answer, not_written
from gooclaim_cli.receiver.room import Room
from gooclaim_cli.receiver.unanswered import Unanswered

_MOST: Final = 1000
_MOST_BYTES: Final = 64 * 1024 * 1024


class Forwards:
    """Owns what is to be answered, and what is with handlers, also behind its deadline (seconds).

    `counts` False: it is not the handler's answer that Gooclaim is given. `fault` is told of our
    own mistakes behind a deadline. Use from one event loop.
    """

    def __init__(
        self,
        forwarder: Forwarder,
        *,
        deadline: float,
        ledger: Ledger,
        tell: Callable[[Happening], None],
        clock: Callable[[], float],
        counts: bool,
        fault: Callable[[Exception], None],
    ) -> None:
        self._forwarder = forwarder
        self._deadline = deadline
        self._ledger = ledger
        self._tell = tell
        self._clock = clock
        self._counts = counts
        self._fault = fault
        self._all: set[Course] = set()
        self._room = Room(_MOST, _MOST_BYTES)
        self._unanswered = Unanswered(deadline, self._expire)
        self.is_ending = False

    @property
    def waited_for(self) -> int:
        """How many deliveries are answered as soon as their handlers do."""
        return sum(course in self._all for course in self._unanswered)

    @property
    def takes_more(self) -> bool:
        """Whether the handler keeps up, as each request under way holds a body; until the end."""
        return self._room.is_there and not self.is_ending

    def expect(self, course: Course) -> None:
        """It is on its way into the history; `course.then` is told what to answer, later, once."""
        self._unanswered.expect(course)

    def is_expected(self, course: Course) -> bool:
        """Whether it is still to be answered."""
        return course in self._unanswered

    def begin(self, course: Course, handler: Handler) -> None:
        """Let a handler have a delivery that is expected."""
        try:
            course.url, course.began_at = handler.url, self._clock()
            course.passage = self._forwarder.begin(
                course.arrival.delivery, handler, partial(self._answered, course)
            )
        except Exception as error:
            self.answer(course, error)
            return
        self._all.add(course)
        self._room.enter(course.arrival.delivery.body)
        if course.is_gone:
            self.hang_up(course)

    def answer(self, course: Course, reply: Reply | Exception) -> None:
        """Say how to answer; a fault that meets one which is answered is filed alone."""
        if not self._unanswered.answer(course, reply) and isinstance(reply, Exception):
            self._fault(reply)

    def hang_up(self, course: Course) -> None:
        """The sender is gone: the handler's answer comes too late."""
        if course in self._all:
            self._miss(course, None, "sender_hung_up", "the sender hung up first")

    async def finish(self, within: float) -> None:
        """Give what is under way a moment, then have Gooclaim told 503: it tries again.

        No handler is given anything from now on.
        """
        self.is_ending = True
        await self._unanswered.drained(within)
        self._miss_all(answers.ENDING)

    def close(self) -> None:
        """Give up the handlers' requests that are still under way."""
        self.is_ending = True
        self._miss_all(None)
        for course in tuple(self._all):
            if course.passage is not None:
                self._forwarder.give_up(course.passage)
            ended = no_answer(course.url, 0.0, "session_ended", "we ended first")
            self._record(course, ended, late=True)
        self._all.clear()
        self._unanswered.close()

    def _answered(self, course: Course, answer: HandlerAnswer) -> None:
        self._all.discard(course)
        self._room.leave(course.arrival.delivery.body)
        course.passage = None
        reply: Reply | Exception
        try:
            if not self.is_expected(course):
                self._record(course, answer, late=True)
                self._tell_late(course, answer)
                return
            self._record(course, answer, late=False)
            reply = Reply(answers.handler_answer(answer), course.claim, answer)
        except Exception as error:
            reply = error
        self.answer(course, reply)

    def _record(self, course: Course, answer: HandlerAnswer, *, late: bool) -> None:
        self._ledger.record_forward(
            course.arrival.delivery_id, answer, started_at=course.began_at, late=late
        )

    def _tell_late(self, course: Course, answer: HandlerAnswer) -> None:
        self._tell(
            LateAnswer(
                at=self._clock(),
                delivery_id=course.arrival.delivery_id,
                event_id=course.event.event_id,
                event_type=course.event.event_type,
                handler=answer,
                counted=self._counts,
            )
        )

    def _miss(self, course: Course, answer: Answer | None, error: str, message: str) -> None:
        """Answer without the handler: from now on its answer is a late one."""
        waited = (time.monotonic() - course.started) * 1000
        missed = no_answer(course.url, waited, error, message)
        self.answer(course, Reply(answer, course.claim, missed))

    def _miss_storing(self, course: Course, answer: Answer | None) -> None:
        """Answer without the history: once it is there, it is settled so."""
        course.answered = answer.status if answer and not course.is_gone else None
        self.answer(course, Reply(answer, course.claim, shown=course.shown, settled=True))

    def _miss_all(self, answer: Answer | None) -> None:
        for course in self._unanswered:
            if course in self._all:
                self._miss(course, answer, "session_ended", "the session ended first")
            else:
                self._miss_storing(course, answer)

    def _expire(self, due: Sequence[Course]) -> None:
        message = f"no answer within {self._deadline:g} s"
        not_stored = 0
        for course in due:
            if course in self._all:
                self._miss(course, answers.DEADLINE_EXCEEDED, "deadline_exceeded", message)
            else:
                self._miss_storing(course, answers.NOT_STORED)
                not_stored += 1
        if not_stored:
            self._tell(not_written(not_stored, deadline=self._deadline, at=self._clock()))
