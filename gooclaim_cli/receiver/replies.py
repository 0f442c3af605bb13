"""Reply: how a delivery is answered and what led to it, and what is told of it. Pure."""

from typing import Final

import msgspec

from gooclaim_cli.happenings import Delivered, Disposition, HandlerAnswer, Level, Notice
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answers import Answer


class Reply(msgspec.Struct, frozen=True):
    """How Gooclaim is to be answered (None: it hung up), and what led to it.

    `settled`: the history has it already, as if it were sent. `brought` False: it was not brought
    there at all.
    """

    answer: Answer | None
    claim: Claim
    handler: HandlerAnswer | None = None
    shown: bool = True
    settled: bool = False
    brought: bool = True
    home: HandlerAnswer | None = None


def delivered(arrival: Arrival, reply: Reply, *, at: float) -> Delivered:
    """What is told of a delivery."""
    event = arrival.verdict.event
    return Delivered(
        at=at,
        delivery_id=arrival.delivery_id,
        event_id=event.event_id if event else None,
        event_type=event.event_type if event else None,
        idempotency_key=arrival.idempotency_key,
        size=arrival.size,
        findings=arrival.verdict.findings,
        disposition=reply.claim.disposition,
        attempt=reply.claim.attempt,
        response_status=reply.answer.status if reply.answer else None,
        handler=reply.handler,
        delivery=arrival.delivery,
        home=reply.home,
    )


CROWDED_OUT: Final = Reply(
    answers.CROWDED, Claim(Disposition.IN_FLIGHT, 1, other_body=False), brought=False
)


def not_written(count: int, *, deadline: float, at: float) -> Notice:
    """What is told of deliveries that were not in the history at their deadline (seconds)."""
    return Notice(
        at=at,
        level=Level.ERROR,
        code="history_not_written",
        message=f"the history was not written within {deadline:g} s;"
        f" deliveries that were answered 503 for that: {count}",
        hint="Gooclaim will try them again; see whether the disk is slow or hangs",
    )


def no_answer(url: str, ms: float, error: str, message: str) -> HandlerAnswer:
    """What stands for a handler's answer where none came in time."""
    return HandlerAnswer(url, None, ms, error, message, (), b"")
