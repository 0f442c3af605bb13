"""Originals, deliveries as they were recorded, and the shots that carry them once more. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from gooclaim_cli.firing.differences import Answer
from gooclaim_cli.firing.shots import Sample, Shot, Signer
from gooclaim_cli.receiver.forwarding import forwarded_headers
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import (
    EVENT_HEADER,
    IDEMPOTENCY_KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    BodyNotJsonError,
    Delivery,
    EnvelopeInvalidError,
    decode_event,
    verify,
)
from gooclaim_cli.wire.handling import Arriving, arriving

_MADE_ANEW = (EVENT_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, IDEMPOTENCY_KEY_HEADER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A recorded delivery. `source` is what it is called: its id in the history, or a file.

    `delivery_id` is None where it is not from the history, `received_at` (UNIX seconds) where
    nothing says it. `answer` is what a handler said to it, `url` where that was. `reasons` are why
    it was rejected when it came.
    """

    source: str
    delivery: Delivery
    delivery_id: str | None = None
    received_at: float | None = None
    answer: Answer | None = None
    url: str | None = None
    reasons: tuple[str, ...] = ()

    @property
    def idempotency_key(self) -> str | None:
        """The key that it came with."""
        return self.delivery.value(IDEMPOTENCY_KEY_HEADER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How originals are sent again: with a `signer` freshly signed, without one as they were.

    `new_key` makes a new idempotency key for each. `secrets` are what verbatim ones are judged by.
    """

    signer: Signer | None
    judge: Signer | None = None
    new_key: bool = False


def sample_of(original: Original) -> Sample:
    """What an original carried, read from its body, else from its headers."""
    delivery = original.delivery
    event_id, event_type = None, delivery.value(EVENT_HEADER)
    try:
        event = decode_event(delivery.body)
        event_id, event_type = event.event_id, event.event_type
    except (BodyNotJsonError, EnvelopeInvalidError):
        pass  # it was recorded, and can be sent again as it is
    return Sample(
        event_id=event_id,
        event_type=event_type or "unknown",
        idempotency_key=original.idempotency_key or "",
        body=delivery.body,
    )


def replay_shot(original: Original, manner: Manner, *, at: float, random: Random) -> Shot:
    """The request that carries an original once more, at a time (UNIX seconds)."""
    sample, headers = sample_of(original), forwarded_headers(original.delivery.headers)
    if manner.signer is None:
        delivery = Delivery(headers, sample.body)
        return Shot(sample=sample, delivery=delivery, what=_what(delivery, manner.judge, at))
    key = sample.idempotency_key
    if manner.new_key or not key:
        key = f"idem_{new_ulid(at, random)}"
    sample = Sample(
        event_id=sample.event_id,
        event_type=sample.event_type,
        idempotency_key=key,
        body=sample.body,
    )
    signed = manner.signer.sign(sample, at=at)
    delivery = Delivery(_replaced(headers, signed.headers), sample.body)
    return Shot(sample=sample, delivery=delivery, what=_what(delivery, manner.signer, at))


def _replaced(
    headers: Sequence[tuple[str, str]], signed: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Gooclaim's headers made anew, each in its place; what is missing comes behind."""
    anew = {name.lower(): value for name, value in signed if name in _MADE_ANEW}
    known = {name.lower() for name, _ in headers}
    kept: list[tuple[str, str]] = []
    placed: set[str] = set()
    for name, value in headers:
        low = name.lower()
        if low not in anew:
            kept.append((name, value))
        elif low not in placed:
            placed.add(low)
            kept.append((name, anew[low]))
    return (*kept, *(each for each in signed if each[0].lower() not in known))


def _what(delivery: Delivery, judge: Signer | None, at: float) -> Arriving:
    """What it is to a handler; without a secret, nothing but a good one can be meant."""
    if judge is None:
        return Arriving.GOOD
    verdict = verify(delivery, [judge.secret], now=at, signed_content=judge.signed_content)
    return arriving(verdict.codes)
