"""Faults: what can be wrong with one delivery, each a pure transformation of a good sample.

Each names the row of the contract's table (`wire.handling`) that a handler is judged by.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Any, Final

import msgspec

from gooclaim_cli.firing.shots import Sample, Shot, Signer, envelope_of
from gooclaim_cli.wire import (
    CATALOGUE,
    DEFAULT_TOLERANCE,
    EVENT_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Delivery,
    SigningSecret,
)
from gooclaim_cli.wire.handling import Arriving

UNKNOWN_TYPE: Final = "claim.reopened"
_OFF: Final = DEFAULT_TOLERANCE + 30  # enough beyond the five minutes to be no matter of clocks
_HUGE: Final = 2 * 1024 * 1024


class Fault(StrEnum):
    """What `--fault` takes, in the order in which `all` fires them."""

    BAD_SIGNATURE = "bad-signature"
    MALFORMED_SIGNATURE = "malformed-signature"
    NO_SIGNATURE = "no-signature"
    WRONG_SECRET = "wrong-secret"  # noqa: S105 - a fault's name
    TAMPERED_BODY = "tampered-body"
    STALE = "stale"
    FUTURE = "future"
    NO_TIMESTAMP = "no-timestamp"
    MALFORMED_TIMESTAMP = "malformed-timestamp"
    TYPE_MISMATCH = "type-mismatch"
    NOT_JSON = "not-json"
    TRUNCATED = "truncated"
    MISSING_MEMBER = "missing-member"
    UNKNOWN_MEMBER = "unknown-member"
    UNKNOWN_TYPE = "unknown-type"
    HUGE = "huge"
    SLOW_BODY = "slow-body"
    DUPLICATE = "duplicate"
    CONCURRENT_DUPLICATES = "concurrent-duplicates"
    REORDERED = "reordered"
    RETRY = "retry-after-refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a fault is made with: `at` is the time of signing, UNIX seconds.

    `slow` is how many seconds the body of slow-body takes.
    """

    signer: Signer
    at: float
    random: Random
    slow: float = 2.0

    def shot(self, sample: Sample, what: Arriving) -> Shot:
        """A well-signed delivery of the sample."""
        return Shot(sample=sample, delivery=self.signer.sign(sample, at=self.at), what=what)


Make = Callable[[Sample, Means], Shot]


def _headers(delivery: Delivery, name: str, value: str | None) -> Delivery:
    """The delivery with another value of a header, or without it."""
    kept = [
        (key, old if key != name else value)
        for key, old in delivery.headers
        if key != name or value is not None
    ]
    return Delivery(tuple((key, text) for key, text in kept if text is not None), delivery.body)


def _with_header(name: str, change: Callable[[str, Means], str | None], what: Arriving) -> Make:
    def make(sample: Sample, means: Means) -> Shot:
        shot = means.shot(sample, what)
        old = shot.delivery.value(name) or ""
        return replace(shot, delivery=_headers(shot.delivery, name, change(old, means)))

    return make


def _flipped(signature: str, _means: Means) -> str:
    last = int(signature[-1], 16) ^ 1
    return f"{signature[:-1]}{last:x}"


def _signed_at(shift: float) -> Make:
    def make(sample: Sample, means: Means) -> Shot:
        delivery = means.signer.sign(sample, at=means.at + shift)
        return Shot(sample=sample, delivery=delivery, what=Arriving.UNTIMELY)

    return make


def _wrong_secret(sample: Sample, means: Means) -> Shot:
    other = SigningSecret(f"whsec_another_one_{means.random.getrandbits(128):032x}")
    delivery = replace(means.signer, secret=other).sign(sample, at=means.at)
    return Shot(sample=sample, delivery=delivery, what=Arriving.UNSIGNED)


def _tampered(sample: Sample, means: Means) -> Shot:
    """Change the body after it was signed; it stays the envelope that it was, but for its id."""
    shot = means.shot(sample, Arriving.UNSIGNED)
    body = sample.body + b"\n"
    if sample.event_id:
        known = sample.event_id.encode("utf-8", "surrogatepass")
        body = sample.body.replace(known, known[:-1] + (b"1" if known[-1:] == b"0" else b"0"))
    if body == sample.body:
        body += b"\n"
    return replace(shot, delivery=Delivery(shot.delivery.headers, body))


def _mismatched(sample: Sample, means: Means) -> Shot:
    other = next(name for name in CATALOGUE if name != sample.event_type)
    shot = means.shot(sample, Arriving.UNREADABLE)
    return replace(shot, delivery=_headers(shot.delivery, EVENT_HEADER, other))


def _with_body(change: Callable[[Sample], bytes], what: Arriving) -> Make:
    """Another body, well signed."""

    def make(sample: Sample, means: Means) -> Shot:
        return means.shot(replace(sample, body=change(sample)), what)

    return make


def _changed(sample: Sample, **members: Any) -> bytes:
    return msgspec.json.encode({**envelope_of(sample), **members})


def _unknown_members(sample: Sample) -> bytes:
    data = envelope_of(sample).get("data")
    more = {"added_in_a_later_version": {"deep": [1, 2.5, None, True]}}
    return _changed(sample, data={**(data if isinstance(data, dict) else {}), **more}, **more)


def _without_id(sample: Sample) -> bytes:
    members = envelope_of(sample)
    members.pop("event_id", None)
    return msgspec.json.encode(members)


def _unknown_type(sample: Sample, means: Means) -> Shot:
    body = _changed(sample, event_type=UNKNOWN_TYPE)
    return means.shot(replace(sample, event_type=UNKNOWN_TYPE, body=body), Arriving.GOOD)


def _slow(sample: Sample, means: Means) -> Shot:
    return replace(means.shot(sample, Arriving.GOOD), slow=means.slow)


SINGLE: Final = MappingProxyType[Fault, Make](
    {
        Fault.BAD_SIGNATURE: _with_header(SIGNATURE_HEADER, _flipped, Arriving.UNSIGNED),
        Fault.MALFORMED_SIGNATURE: _with_header(
            SIGNATURE_HEADER, lambda _old, _means: "not-a-signature", Arriving.UNSIGNED
        ),
        Fault.NO_SIGNATURE: _with_header(
            SIGNATURE_HEADER, lambda _old, _means: None, Arriving.UNSIGNED
        ),
        Fault.WRONG_SECRET: _wrong_secret,
        Fault.TAMPERED_BODY: _tampered,
        Fault.STALE: _signed_at(-_OFF),
        Fault.FUTURE: _signed_at(_OFF),
        Fault.NO_TIMESTAMP: _with_header(
            TIMESTAMP_HEADER, lambda _old, _means: None, Arriving.UNTIMELY
        ),
        Fault.MALFORMED_TIMESTAMP: _with_header(
            TIMESTAMP_HEADER, lambda _old, _means: "yesterday", Arriving.UNTIMELY
        ),
        Fault.TYPE_MISMATCH: _mismatched,
        Fault.NOT_JSON: _with_body(
            lambda sample: f"event_type={sample.event_type}&status=ok".encode(),
            Arriving.UNREADABLE,
        ),
        Fault.TRUNCATED: _with_body(
            lambda sample: sample.body[: len(sample.body) * 2 // 3], Arriving.UNREADABLE
        ),
        Fault.MISSING_MEMBER: _with_body(_without_id, Arriving.UNREADABLE),
        Fault.UNKNOWN_MEMBER: _with_body(_unknown_members, Arriving.GOOD),
        Fault.UNKNOWN_TYPE: _unknown_type,
        Fault.HUGE: _with_body(
            lambda sample: _changed(sample, padding="x" * _HUGE), Arriving.LARGE
        ),
        Fault.SLOW_BODY: _slow,
    }
)
