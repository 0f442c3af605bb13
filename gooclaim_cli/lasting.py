"""How long a session lasts: until it is stopped, or until its time is over."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

_LOOK_EVERY: Final = 5.0


async def until_over(
    stopped: asyncio.Event, *, ends_at: float | None, clock: Callable[[], float]
) -> bool:
    """Wait until `stopped`, or until the clock (UNIX seconds) says `ends_at`; True for the latter.

    By the clock on the wall: the event loop's stands still while a laptop sleeps, and a session
    that was to end meanwhile ends when it wakes.
    """
    if ends_at is None:
        await stopped.wait()
        return False
    while (left := ends_at - clock()) > 0:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(left, _LOOK_EVERY)):
                await stopped.wait()
                return False
    return not stopped.is_set()
