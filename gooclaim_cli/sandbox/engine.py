"""The outbound engine: sends each event to the configured URL until it is taken or a dead letter.

The rules are the contract's: a 2xx within the deadline is success and nothing else is; a failure is
retried on the schedule; every attempt has the same body and idempotency key and is signed anew.
Where it is to misbehave, `behaviour` decides how.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from gooclaim_cli.sandbox.behaviour import Behaviour, Conduct, Twice
from gooclaim_cli.sandbox.configuration import Configuration
from gooclaim_cli.sandbox.instants import rfc3339
from gooclaim_cli.sandbox.outbound import (
    Attempt,
    DeliveryState,
    Ledger,
    OutboundDelivery,
    OutboundEvent,
    Passage,
)
from gooclaim_cli.sending import Outcome, Outgoing, Sender
from gooclaim_cli.sending.rough import send_roughly
from gooclaim_cli.wire import SignedContent, SigningSecret, sign_delivery
from gooclaim_cli.wire.retrying import waits

AT_ONCE: Final = 64
# An event that is to come behind another one waits no longer for it.
_HELD_AT_MOST: Final = 10.0


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How long an endpoint has, when a failure is retried, and what is signed."""

    schedule: tuple[float, ...]
    jitter: float
    deadline: float
    signed_content: SignedContent

    def waits(self, random: Random) -> tuple[float | None, ...]:
        """The seconds from each failed attempt to the next; None after the final one."""
        return waits(self.schedule, jitter=self.jitter, random=random)


class OutboundEngine:
    """Runs each event's passage as a task of `tasks`; at most AT_ONCE requests are under way."""

    def __init__(
        self,
        rules: DeliveryRules,
        *,
        configuration: Configuration,
        ledger: Ledger,
        sender: Sender,
        tls: ssl.SSLContext,
        conduct: Conduct,
        tasks: asyncio.TaskGroup,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._rules = rules
        self._configuration = configuration
        self._ledger = ledger
        self._sender = sender
        self._tls = tls
        self._conduct = conduct
        self._tasks = tasks
        self._clock = clock
        self._random = random
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._held: asyncio.Event | None = None
        self._wrong_secret = SigningSecret(f"whsec_sandbox_wrong_{random.getrandbits(128):032x}")

    def submit(self, event: OutboundEvent) -> None:
        """Send an event: the first attempt is at once, unless it is held back behind the next."""
        self._begin(event, asyncio.Event())

    async def deliver(self, event: OutboundEvent) -> OutboundDelivery:
        """Send an event, and return how it stands once it was tried. Retries go on."""
        tried = asyncio.Event()
        passage = self._begin(event, tried)
        await tried.wait()
        return passage.report

    def _begin(self, event: OutboundEvent, tried: asyncio.Event) -> Passage:
        behaviour = self._conduct.behaviour
        behind, self._held = self._held, None
        if behind is not None:  # this is the next one
            passage = self._start(event, tried, behind)
        elif behaviour.holds_back(self._random):
            self._held = asyncio.Event()
            passage = self._start(event, tried, behind=self._held)
        else:
            passage = self._start(event, tried)
        match behaviour.twice(self._random):
            case Twice.TOGETHER:
                self._start(event)
            case Twice.AFTERWARDS:
                self._start(event, behind=tried)
        return passage

    def _start(
        self, event: OutboundEvent, *tried: asyncio.Event, behind: asyncio.Event | None = None
    ) -> Passage:
        passage = self._ledger.open(event)
        self._tasks.create_task(self._pass(passage, tried, behind))
        return passage

    def replay(self, dead_letter: Passage) -> None:
        """Start the schedule of a dead letter anew; its attempts count on."""
        pending = replace(dead_letter.report, state=DeliveryState.PENDING)
        self._ledger.report(dead_letter, pending)
        self._tasks.create_task(self._pass(dead_letter))

    async def _pass(
        self,
        passage: Passage,
        tried: Sequence[asyncio.Event] = (),
        behind: asyncio.Event | None = None,
    ) -> None:
        """Try until it is taken or given up: behind another one, and telling after the first."""
        if behind is not None:
            await self._wait_behind(behind)
        for wait in self._rules.waits(self._random):
            async with self._slots:
                await self._attempt(passage, wait)
            for each in tried:
                each.set()
            if wait is None or passage.report.state is not DeliveryState.PENDING:
                return
            await asyncio.sleep(wait)

    async def _wait_behind(self, other: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HELD_AT_MOST):
                await other.wait()
        if self._held is other:
            self._held = None

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
        behaviour, within = self._conduct.behaviour, self._rules.deadline
        outgoing = self._sign(event, url, at + behaviour.clock_skew, behaviour)
        half = behaviour.drops(self._random)
        if half or behaviour.late:
            late = behaviour.late
            return await send_roughly(outgoing, self._tls, late=late, half=half, within=within)
        return await self._sender.send(outgoing, within=within)

    def _sign(self, event: OutboundEvent, url: str, at: float, behaviour: Behaviour) -> Outgoing:
        secret = self._configuration.signing_secret
        delivery = sign_delivery(
            event.body,
            self._wrong_secret if behaviour.wrong_secret else secret,
            event_type=event.event_type,
            idempotency_key=event.idempotency_key,
            timestamp=int(at),
            signed_content=self._rules.signed_content,
        )
        return Outgoing(url, delivery.headers, delivery.body)


def _state_after(outcome: Outcome, wait: float | None) -> DeliveryState:
    if outcome.succeeded:
        return DeliveryState.DELIVERED
    return DeliveryState.DEAD_LETTER if wait is None else DeliveryState.PENDING


def _next_number(attempts: Sequence[Attempt]) -> int:
    return attempts[-1].number + 1 if attempts else 1
