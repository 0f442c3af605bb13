"""Lanes: deliveries on their way to endpoints whose answers nobody waits for.

Each endpoint has a lane of its own, bounded in number, size and time: one that is slow, dead or
refusing costs the others, and whoever is answered meanwhile, nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from gooclaim_cli.happenings import HandlerAnswer, Happening, Level, Notice, PassedOn, Target
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.records import ForwardKind
from gooclaim_cli.receiver.forwarding import answer_of, forwarded_headers
from gooclaim_cli.sending import Outgoing, Sender

MOST_WAITING: Final = 1000
MOST_BYTES: Final = 32 * 1024 * 1024
AT_ONCE: Final = 16
WITHIN: Final = 30.0
_LAST_MOMENT: Final = 1.0
# What marks a copy, so that it is not copied again: two colleagues may copy to one another.
COPY_HEADER: Final = "X-Gooclaim-Cli-Copy"
_KINDS: Final[dict[Target, ForwardKind]] = {Target.HOME: "pass_on", Target.COPY: "copy"}
_NAMES: Final = {Target.HOME: "the home URL", Target.COPY: "a copy's URL"}


class Carrier:
    """Sends a delivery to an endpoint as it came, and records the forward."""

    def __init__(self, sender: Sender, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._sender = sender
        self._ledger = ledger
        self.clock = clock

    async def carry(
        self,
        arrival: Arrival,
        target: Target,
        url: str,
        *,
        within: float = WITHIN,
        late: Callable[[], bool] = lambda: False,
    ) -> HandlerAnswer:
        """Send; return what was answered. Cut short by a cancellation, that is recorded, too.

        `late` is asked once the answer is there. Headers and body are those that came, without
        what belongs to the connection; a copy is marked as one.
        """
        headers = forwarded_headers(arrival.delivery.headers)
        if target is Target.COPY:
            headers += ((COPY_HEADER, "1"),)
        started_at = self.clock()
        outgoing = Outgoing(url, headers, arrival.delivery.body)
        try:
            answer = answer_of(url, await self._sender.send(outgoing, within=within))
        except asyncio.CancelledError:
            self.give_up(arrival, target, url, "session_ended", "the session ended first")
            raise
        self._record(arrival, target, answer, started_at, late=late())
        return answer

    def give_up(
        self, arrival: Arrival, target: Target, url: str, error: str, message: str
    ) -> HandlerAnswer:
        """Record that a delivery was not sent, or its answer not waited for."""
        answer = HandlerAnswer(url, None, 0.0, error, message, (), b"")
        self._record(arrival, target, answer, self.clock(), late=False)
        return answer

    def _record(
        self,
        arrival: Arrival,
        target: Target,
        answer: HandlerAnswer,
        started_at: float,
        *,
        late: bool,
    ) -> None:
        self._ledger.record_forward(
            arrival.delivery_id, answer, started_at=started_at, late=late, kind=_KINDS[target]
        )


class Lane:
    """One endpoint's deliveries, started in the order they came. Use from one event loop."""

    def __init__(
        self,
        target: Target,
        url: str,
        carrier: Carrier,
        tell: Callable[[Happening], None],
        *,
        within: float = WITHIN,
    ) -> None:
        self._target = target
        self._url = url
        self._carrier = carrier
        self._tell = tell
        self._within = within
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0
        self._carrying: set[asyncio.Task[None]] = set()
        self._told_failing = False
        self._told_full = False

    def put(self, arrival: Arrival) -> None:
        """Take a delivery that is in the history. Never waits, never raises."""
        size = len(arrival.delivery.body)
        if len(self._carrying) < AT_ONCE:
            self._start(arrival)
        elif len(self._waiting) >= MOST_WAITING or self._bytes + size > MOST_BYTES:
            self._drop(arrival)
        else:
            self._waiting.append(arrival)
            self._bytes += size

    async def finish(self) -> None:
        """Give what is under way a moment."""
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=_LAST_MOMENT)

    async def close(self) -> None:
        """Give up what is still under way or waiting; it is recorded as not sent."""
        left, self._waiting = self._waiting, deque()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        for arrival in left:
            self._give_up(arrival, "session_ended", "the session ended first")

    def _start(self, arrival: Arrival) -> None:
        task = asyncio.get_running_loop().create_task(self._carry_on(arrival))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry_on(self, arrival: Arrival) -> None:
        """Carry this one, and then what waits."""
        while True:
            answer = await self._carrier.carry(
                arrival, self._target, self._url, within=self._within
            )
            self._tell_of(arrival, answer)
            if not self._waiting:
                self._told_full = False
                return
            arrival = self._waiting.popleft()
            self._bytes -= len(arrival.delivery.body)

    def _drop(self, arrival: Arrival) -> None:
        message = "too many deliveries were waiting for it"
        self._tell_of(arrival, self._give_up(arrival, "queue_full", message))
        if not self._told_full:
            self._told_full = True
            self._warn(
                "pass_on_full",
                f"{_NAMES[self._target]} is too slow: deliveries are no longer sent to {self._url}",
                "until it has caught up; which ones, gooclaim history show tells",
            )

    def _give_up(self, arrival: Arrival, error: str, message: str) -> HandlerAnswer:
        return self._carrier.give_up(arrival, self._target, self._url, error, message)

    def _tell_of(self, arrival: Arrival, answer: HandlerAnswer) -> None:
        event = arrival.verdict.event
        self._tell(
            PassedOn(
                at=self._carrier.clock(),
                delivery_id=arrival.delivery_id,
                event_id=event.event_id if event else None,
                event_type=event.event_type if event else None,
                target=self._target,
                answer=answer,
            )
        )
        if self._target is Target.COPY and not self._told_failing and not answer.succeeded:
            self._told_failing = True
            became = answer.message or f"it answered {answer.status}"
            self._warn(
                "copy_failed",
                f"a copy could not be delivered to {self._url}: {became}",
                "of further ones nothing is said, unless with --verbose",
            )

    def _warn(self, code: str, message: str, hint: str) -> None:
        at = self._carrier.clock()
        self._tell(Notice(at=at, level=Level.WARNING, code=code, message=message, hint=hint))
