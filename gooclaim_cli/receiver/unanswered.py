"""Unanswered: deliveries whose senders wait, in the order in which they came, and when each is due.

One timer looks after all of them: at the oldest, when that is due.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from gooclaim_cli.receiver.course import Course
from gooclaim_cli.receiver.replies import Reply


class Unanswered:
    """Knows what is to be answered, and sees that each is told so once. Use from one event loop.

    `expire` is given those that are not answered `deadline` seconds after they started; it must
    answer them.
    """

    def __init__(self, deadline: float, expire: Callable[[Sequence[Course]], None]) -> None:
        self._deadline = deadline
        self._expire = expire
        self._all: dict[Course, None] = {}
        self._due: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None

    def __contains__(self, course: object) -> bool:
        return course in self._all

    def __iter__(self) -> Iterator[Course]:
        """Those that are there now, also where they are answered meanwhile."""
        return iter(tuple(self._all))

    def expect(self, course: Course) -> None:
        """It came: it is to be answered."""
        self._all[course] = None
        if self._due is None:
            self._watch(course)

    def answer(self, course: Course, reply: Reply | Exception) -> bool:
        """Say how to answer; False where that was said before."""
        if course not in self._all:
            return False
        del self._all[course]
        course.then(reply)
        if not self._all and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        return True

    async def drained(self, within: float) -> None:
        """Wait until all are answered, `within` seconds at most."""
        if self._all:
            self._drained = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._drained], timeout=within)

    def close(self) -> None:
        """Look no more."""
        if self._due is not None:
            self._due.cancel()

    def _watch(self, oldest: Course) -> None:
        """Look again when the oldest one is due: no later one is due much earlier."""
        left = max(0.0, oldest.started + self._deadline - time.monotonic())
        self._due = asyncio.get_running_loop().call_later(left, self._look)

    def _look(self) -> None:
        self._due = None
        now = time.monotonic()
        due = []
        for course in self._all:
            if now < course.started + self._deadline:
                self._watch(course)
                break
            due.append(course)
        if due:
            self._expire(due)
