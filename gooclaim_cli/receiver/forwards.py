"""Forwards: deliveries that are with a handler, and what Gooclaim is answered for each.

A handler has until the deadline; its request goes on behind that, or where the sender hangs up, and
what it answers then is recorded and told. A delivery needs no task and no timer of its own here.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from gooclaim_cli.happenings import Handler, HandlerAnswer, Happening, LateAnswer
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answers import Answer
from gooclaim_cli.receiver.course import Course
from gooclaim_cli.receiver.forwarding import Forwarder
from gooclaim_cli.receiver.replies import Reply, no_answer

_MOST: Final = 1000


class Forwards:
    """Owns what is with handlers, also behind its deadline (seconds). Use from one event loop.

    `counts` False: it is not the handler's answer that Gooclaim is given. `fault` is told of our
    own mistakes behind a deadline.
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
        self._in_time: dict[Course, None] = {}  # in the order in which they came
        self._due: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None

    @property
    def waited_for(self) -> int:
        """How many deliveries are answered as soon as their handlers do."""
        return len(self._in_time)

    @property
    def crowded(self) -> bool:
        """Whether the handler does not keep up: each request under way holds a body."""
        return len(self._all) >= _MOST

    def begin(self, course: Course, handler: Handler) -> None:
        """Let a handler have a delivery; `course.then` is told what to answer, later and once."""
        course.url, course.began_at = handler.url, self._clock()
        self._all.add(course)
        self._in_time[course] = None
        if self._due is None:
            self._watch(course)
        course.passage = self._forwarder.begin(
            course.arrival.delivery, handler, partial(self._answered, course)
        )
        if course.is_gone:
            self.hang_up(course)

    def hang_up(self, course: Course) -> None:
        """The sender is gone: the handler's answer comes too late."""
        if course in self._in_time:
            self._miss(course, None, "sender_hung_up", "the sender hung up first")

    async def finish(self, within: float) -> None:
        """Give handlers that are at work a moment, then have Gooclaim told 503: it tries again."""
        if self._in_time:
            self._drained = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._drained], timeout=within)
        for course in tuple(self._in_time):
            self._miss(course, answers.ENDING, "session_ended", "the session ended first")

    def close(self) -> None:
        """Give up the handlers' requests that are still under way."""
        for course in tuple(self._all):
            if course.passage is not None:
                self._forwarder.give_up(course.passage)
            ended = no_answer(course.url, 0.0, "session_ended", "we ended first")
            self._record(course, ended, late=True)
        self._all.clear()
        if self._due is not None:
            self._due.cancel()

    def _answered(self, course: Course, answer: HandlerAnswer) -> None:
        self._all.discard(course)
        course.passage = None
        reply: Reply | Exception
        try:
            if course not in self._in_time:
                self._record(course, answer, late=True)
                self._tell_late(course, answer)
                return
            self._record(course, answer, late=False)
            reply = Reply(answers.handler_answer(answer), course.claim, answer)
        except Exception as error:
            reply = error
        self._leave(course, reply)

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
        self._leave(course, Reply(answer, course.claim, missed))

    def _leave(self, course: Course, reply: Reply | Exception) -> None:
        """Say how to answer; a fault that a late answer meets is filed alone."""
        if course in self._in_time:
            del self._in_time[course]
            course.then(reply)
        elif isinstance(reply, Exception):
            self._fault(reply)
        if not self._in_time and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _watch(self, oldest: Course) -> None:
        """Look again when the oldest one is due: no later one is due much earlier."""
        left = max(0.0, oldest.started + self._deadline - time.monotonic())
        self._due = asyncio.get_running_loop().call_later(left, self._expire)

    def _expire(self) -> None:
        self._due = None
        now = time.monotonic()
        message = f"no answer within {self._deadline:g} s"
        for course in tuple(self._in_time):
            if now < course.started + self._deadline:
                self._watch(course)
                break
            self._miss(course, answers.DEADLINE_EXCEEDED, "deadline_exceeded", message)
