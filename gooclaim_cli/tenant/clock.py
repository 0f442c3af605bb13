"""This machine's clock against the API's: every answer of it has a Date.

A clock that is off makes verification refuse good deliveries, which looks like anything but a
clock. Told once a session.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from gooclaim_cli.happenings import Level
from gooclaim_cli.tenant.telling import Notify

ALARMING: Final = 60.0
# A Date has whole seconds, and servers make a new one once a second.
_RESOLUTION: Final = 2.0
_SENT_AT: Final = "gooclaim.sent_at"


def clock_offset(date: str, *, sent: float, received: float) -> tuple[float, float] | None:
    """By how many seconds our clock is ahead of a Date: at least and at most. None: it is no Date.

    The answer was dated at some time between `sent` and `received`, by our clock.
    """
    try:
        found = parsedate_to_datetime(date)
        dated = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(sent, received) - dated - _RESOLUTION, max(sent, received) - dated


class ClockCheck:
    """Looks at every answer of a client until the clock is found wrong. `tolerance`: of deliveries.

    The client is given `hooks`.
    """

    def __init__(
        self, notify: Notify, *, tolerance: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._notify = notify
        self._tolerance = tolerance
        self._clock = clock
        self._told = False

    @property
    def hooks(self) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
        """What httpx calls before each request and as soon as an answer's headers are there."""
        return {"request": [self._sent], "response": [self._answered]}

    async def _sent(self, request: httpx.Request) -> None:
        request.extensions = {**request.extensions, _SENT_AT: self._clock()}

    async def _answered(self, response: httpx.Response) -> None:
        dates = response.headers.get_list("date")
        if self._told or len(dates) != 1 or "age" in response.headers:  # a cache's answer is old
            return
        sent = response.request.extensions[_SENT_AT]
        offset = clock_offset(dates[0], sent=sent, received=self._clock())
        if offset is not None and (offset[0] > ALARMING or offset[1] < -ALARMING):
            self._told = True
            self._tell(sum(offset) / 2)

    def _tell(self, ahead: float) -> None:
        direction = "ahead of" if ahead > 0 else "behind"
        looks = "too old" if ahead > 0 else "to come from the future"
        limit = f"{_span(self._tolerance)} off (--tolerance)"
        breaks = (
            f"good deliveries look {looks} and are refused, since they are over {limit}"
            if abs(ahead) > self._tolerance
            else f"good deliveries look {looks}, and are refused as soon as they are {limit}"
        )
        self._notify(
            Level.WARNING,
            "clock_skew",
            f"this machine's clock is about {_span(abs(ahead))} {direction} Gooclaim's: {breaks}",
            "set the clock: let the system keep it by network time (NTP)",
        )


def _span(seconds: float) -> str:
    """A span of time in the unit that a person would use."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
