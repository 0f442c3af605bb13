"""Passing on: who gets each delivery beside the handler.

The home URL gets every one of them, whatever became of its idempotency key: it keeps the contract
itself, and sees what it would see without us. Colleagues get verified copies. Each has a lane of
its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from gooclaim_cli.happenings import HandlerAnswer, Happening, Target
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.receiver.lanes import COPY_HEADER, WITHIN, Carrier, Lane
from gooclaim_cli.sending import Sender, client_tls


class PassingOn:
    """Where deliveries are passed on to, without anybody waiting for it.

    The home URL is known late: `to_home` names it, before it can lose a delivery to us. `within` is
    how long each endpoint has to answer, in seconds.
    """

    def __init__(
        self,
        carrier: Carrier,
        tell: Callable[[Happening], None],
        *,
        copies: Sequence[str] = (),
        within: float = WITHIN,
    ) -> None:
        self._carrier = carrier
        self._tell = tell
        self._within = within
        self.home_url: str | None = None
        self._home: Lane | None = None
        self._copies = tuple(self._lane(Target.COPY, url) for url in copies)

    def to_home(self, url: str) -> None:
        """Pass everything on to this URL from now on."""
        if url != self.home_url:
            self.home_url = url
            self._home = self._lane(Target.HOME, url)

    async def ask_home(
        self, arrival: Arrival, url: str, *, late: Callable[[], bool]
    ) -> HandlerAnswer:
        """Pass a delivery on and return the answer, where that counts; see `Carrier.carry`."""
        return await self._carrier.carry(arrival, Target.HOME, url, within=self._within, late=late)

    def offer(self, arrival: Arrival) -> None:
        """Pass a verified delivery on that is in the history. Never waits, never raises."""
        if self._home is not None:
            self._home.put(arrival)
        self.copy(arrival)

    def copy(self, arrival: Arrival) -> None:
        """Give colleagues copies; of a copy, none: two might copy to one another for ever."""
        if self._copies and arrival.delivery.value(COPY_HEADER) is None:
            for lane in self._copies:
                lane.put(arrival)

    async def finish(self) -> None:
        """Give what is under way a moment."""
        await asyncio.gather(*(lane.finish() for lane in self._lanes))

    async def close(self) -> None:
        """Give up what is still under way."""
        await asyncio.gather(*(lane.close() for lane in self._lanes))

    @property
    def _lanes(self) -> tuple[Lane, ...]:
        return self._copies if self._home is None else (self._home, *self._copies)

    def _lane(self, target: Target, url: str) -> Lane:
        return Lane(target, url, self._carrier, self._tell, within=self._within)


@asynccontextmanager
async def passing_on(
    ledger: Ledger,
    tell: Callable[[Happening], None],
    *,
    copies: Sequence[str],
    clock: Callable[[], float],
) -> AsyncIterator[PassingOn]:
    """Open the connections that deliveries are passed on over.

    They are others than the handler's: certificates are always checked, and by the system's roots.
    """
    async with Sender(tls=client_tls()) as sender:
        yield PassingOn(Carrier(sender, ledger, clock), tell, copies=copies)
