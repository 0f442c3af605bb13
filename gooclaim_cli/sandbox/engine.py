"""The outbound engine: sends each event to the configured URL until it is taken or a dead letter.

The rules are the contract's: a 2xx within the deadline is success and nothing else is; a failure is
retried on the schedule; every attempt has the same body and idempotency key and is signed anew.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from gooclaim_cli.sandbox.configuration import Configuration
from gooclaim_cli.sandbox.instants import rfc3339
from gooclaim_cli.sandbox.outbound import Attempt, DeliveryState, Ledger, OutboundEvent, Passage
from gooclaim_cli.sending import Outcome, Outgoing, Sender
from gooclaim_cli.wire import SignedContent, sign_delivery

AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How long an endpoint has, when a failure is retried, and what is signed."""

    schedule: tuple[float, ...]
    jitter: float
    deadline: float
    signed_content: SignedContent

    def waits(self, random: Random) -> tuple[float | None, ...]:
        """The seconds from each failed attempt to the next; None after the final one."""
        return (
            *(wait * (1 + self.jitter * random.random()) for wait in self.schedule),
            None,
        )


class OutboundEngine:
    """Runs each event's passage as a task of `tasks`; at most AT_ONCE requests are under way."""

    def __init__(
        self,
        rules: DeliveryRules,
        *,
        configuration: Configuration,
        ledger: Ledger,
        sender: Sender,
        tasks: asyncio.TaskGroup,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._rules = rules
        self._configuration = configuration
        self._ledger = ledger
        self._sender = sender
        self._tasks = tasks
        self._clock = clock
        self._random = random
        self._slots = asyncio.Semaphore(AT_ONCE)

    def submit(self, event: OutboundEvent) -> None:
        """Send an event: the first attempt is at once."""
        self._tasks.create_task(self._pass(self._ledger.open(event)))

    def replay(self, dead_letter: Passage) -> None:
        """Start the schedule of a dead letter anew; its attempts count on."""
        pending = replace(dead_letter.report, state=DeliveryState.PENDING)
        self._ledger.report(dead_letter, pending)
        self._tasks.create_task(self._pass(dead_letter))

    async def _pass(self, passage: Passage) -> None:
        for wait in self._rules.waits(self._random):
            async with self._slots:
                await self._attempt(passage, wait)
            if wait is None or passage.report.state is not DeliveryState.PENDING:
                return
            await asyncio.sleep(wait)

    async def _attempt(self, passage: Passage, wait: float | None) -> None:
        """Try once, with the URL, the subscription and the secret as they are now."""
        webhook = self._configuration.webhook
        if webhook is None or not webhook.wants(passage.event.event_type):
            unsent = DeliveryState.UNSUBSCRIBED if webhook else DeliveryState.UNCONFIGURED
            self._ledger.report(passage, replace(passage.report, state=unsent))
            return
        at = self._clock()
        outcome = await self._send(passage.event, webhook.url, at)
        attempt = Attempt(
            number=_next_number(passage.report.attempts),
            at=rfc3339(at),
            status=outcome.status,
            ms=round(outcome.ms, 1),
            error=outcome.failure.value if outcome.failure else None,
            detail=outcome.message or None,
            next_in=None if outcome.succeeded else wait,
        )
        state = _state_after(outcome, wait)
        self._ledger.report(passage, passage.report.after(attempt, webhook.url, state))

    async def _send(self, event: OutboundEvent, url: str, at: float) -> Outcome:
        delivery = sign_delivery(
            event.body,
            self._configuration.signing_secret,
            event_type=event.event_type,
            idempotency_key=event.idempotency_key,
            timestamp=int(at),
            signed_content=self._rules.signed_content,
        )
        outgoing = Outgoing(url, delivery.headers, delivery.body)
        return await self._sender.send(outgoing, within=self._rules.deadline)


def _state_after(outcome: Outcome, wait: float | None) -> DeliveryState:
    if outcome.succeeded:
        return DeliveryState.DELIVERED
    return DeliveryState.DEAD_LETTER if wait is None else DeliveryState.PENDING


def _next_number(attempts: Sequence[Attempt]) -> int:
    return attempts[-1].number + 1 if attempts else 1
