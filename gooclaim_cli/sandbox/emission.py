"""Where the sandbox's events come from: a caller who asks for one, or the stream of stories."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from gooclaim_cli.fixtures import make_event, stories
from gooclaim_cli.sandbox.behaviour import Conduct
from gooclaim_cli.sandbox.configuration import Configuration
from gooclaim_cli.sandbox.engine import OutboundEngine
from gooclaim_cli.sandbox.outbound import Ledger, OutboundEvent
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import CATALOGUE, decode_event

# The nine types of the catalogue are out within eight seconds of the first.
_BURST_GAP: Final = 1.0


class Emitter:
    """Makes events of one tenant and hands them to the engine."""

    def __init__(
        self,
        engine: OutboundEngine,
        ledger: Ledger,
        *,
        conduct: Conduct,
        tenant_id: str,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._conduct = conduct
        self._tenant_id = tenant_id
        self._clock = clock
        self._random = random

    def emit(
        self,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> OutboundEvent:
        """Send a new event."""
        now = self._clock()
        body = make_event(
            event_type, tenant_id=self._tenant_id, now=now, random=self._random, data=data
        )
        event = OutboundEvent(
            event_id=decode_event(body).event_id,
            event_type=event_type,
            idempotency_key=idempotency_key or f"idem_{new_ulid(now, self._random)}",
            body=body,
        )
        self._engine.submit(event)
        return event

    def burst(self, event_type: str, data: Mapping[str, Any] | None = None) -> OutboundEvent:
        """Send a new event, and as many more as the behaviour wants; return the first."""
        first = self.emit(event_type, data)
        for _ in range(self._conduct.behaviour.burst - 1):
            if not self._ledger.full:
                self.emit(event_type, data)
        return first

    def duplicate(
        self, idempotency_key: str, event_type: str | None, data: Mapping[str, Any] | None
    ) -> OutboundEvent | None:
        """Send the event of this key once more, unless there is none, or it was another one."""
        passage = self._ledger.with_key(idempotency_key)
        if passage is None or event_type not in (None, passage.event.event_type):
            return None
        sent = decode_event(passage.event.body).data
        if any(name not in sent or sent[name] != value for name, value in (data or {}).items()):
            return None
        self._engine.submit(passage.event)
        return passage.event

    async def stream(self, configuration: Configuration, *, every: float) -> None:
        """Emit one story after another while somebody's URL is configured: a burst, then a trickle.

        It waits for the first URL that is put: what the tenant had before is left in peace. What
        cannot be kept, because too much is under way, is left out.
        """
        for number, (event_type, data) in enumerate(stories(self._random), start=1):
            await configuration.taken.wait()
            if not self._ledger.full:
                self.burst(event_type, data)
            await asyncio.sleep(min(_BURST_GAP, every) if number < len(CATALOGUE) else every)
