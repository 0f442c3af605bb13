"""What is to be fired: samples, how they are signed, shots, and volleys of them. Pure."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from gooclaim_cli.errors import UsageError
from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, sign_delivery, verify
from gooclaim_cli.wire.handling import Arriving, arriving


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An event that is to be delivered: at every attempt the same body and key.

    `event_type` is what the header says. `event_id` is None where the body tells none.
    """

    event_id: str | None
    event_type: str
    idempotency_key: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as Gooclaim does."""

    secret: SigningSecret
    signed_content: SignedContent = SignedContent.BODY

    def sign(self, sample: Sample, *, at: float) -> Delivery:
        """The delivery that Gooclaim would send at this time (UNIX seconds)."""
        return sign_delivery(
            sample.body,
            self.secret,
            event_type=sample.event_type,
            idempotency_key=sample.idempotency_key,
            timestamp=int(at),
            signed_content=self.signed_content,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One request, and what it is to a handler. `slow`: seconds that its body takes to arrive."""

    sample: Sample
    delivery: Delivery
    what: Arriving
    slow: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Volley:
    """Shots that belong together: one after the other, or `at_once`.

    `fault` is the name of what is wrong with them, None for what Gooclaim itself would send.
    """

    fault: str | None
    shots: tuple[Shot, ...]
    at_once: bool = False


def signed_shot(sample: Sample, signer: Signer, *, at: float) -> Shot:
    """A delivery as Gooclaim sends it. Whether it is a good one, its own bytes tell."""
    delivery = signer.sign(sample, at=at)
    verdict = verify(delivery, [signer.secret], now=at, signed_content=signer.signed_content)
    return Shot(sample=sample, delivery=delivery, what=arriving(verdict.codes))


def envelope_of(sample: Sample) -> dict[str, Any]:
    """The members of the sample's body. Raises UsageError where it is no JSON object."""
    try:
        return msgspec.json.decode(sample.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(
            "this fault changes an event, and the body is none",
            "leave out --body-file, or choose a fault of the signature or the timestamp",
        ) from None
