"""Verifying, as the contract says: verify() -> Verdict.

Pure: bytes and a time in, values out. `verify` is total: no headers or body make it raise.
"""

import hmac
from collections.abc import Sequence
from typing import Final

from gooclaim_cli.wire.delivery import (
    EVENT_HEADER,
    IDEMPOTENCY_KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Delivery,
)
from gooclaim_cli.wire.event import BodyNotJsonError, EnvelopeInvalidError, Event, decode_event
from gooclaim_cli.wire.signature_header import (
    TIMESTAMP,
    MalformedError,
    Signature,
    parse_signature,
)
from gooclaim_cli.wire.signing import SignedContent, SigningSecret, digest
from gooclaim_cli.wire.verdict import Finding, Reason, Verdict

DEFAULT_TOLERANCE: Final = 300.0
_SIGNATURE, _TIMESTAMP_NAME, _KEY, _EVENT = (
    name.lower()
    for name in (SIGNATURE_HEADER, TIMESTAMP_HEADER, IDEMPOTENCY_KEY_HEADER, EVENT_HEADER)
)


def verify(
    delivery: Delivery,
    secrets: Sequence[SigningSecret],
    *,
    now: float,
    tolerance: float = DEFAULT_TOLERANCE,
    signed_content: SignedContent = SignedContent.BODY,
    tenant_id: str | None = None,
) -> Verdict:
    """Check a delivery against every rule of the contract and name each one it breaks.

    `now` and `tolerance` are seconds; an age of exactly the tolerance is accepted. Any of `secrets`
    may match (rotation). Where `tenant_id` is given, an event of another tenant is refused.
    """
    findings: list[Finding] = []
    named = delivery.by_name()  # once: this runs for every request that arrives
    signature = _read_signature(named.get(_SIGNATURE, []), findings)
    timestamp = _read_timestamp(named.get(_TIMESTAMP_NAME, []), signature, findings)
    keys = named.get(_KEY, [])
    if len(keys) != 1 or not keys[0]:
        problem = f"given {len(keys)} times, expected once" if len(keys) > 1 else "missing"
        findings.append(
            Finding(Reason.IDEMPOTENCY_KEY_MISSING, f"{IDEMPOTENCY_KEY_HEADER} is {problem}")
        )
    matched = _match(delivery, signature, timestamp, secrets, signed_content, findings)
    if timestamp is not None:
        findings.extend(_judge_age(int(timestamp), now, tolerance))
    event = _read_envelope(delivery.body, named.get(_EVENT, []), tenant_id, findings)
    return Verdict(tuple(findings), event, matched)


def _read_signature(values: list[str], findings: list[Finding]) -> Signature | None:
    if not any(values):
        findings.append(Finding(Reason.SIGNATURE_MISSING, f"{SIGNATURE_HEADER} is missing"))
        return None
    try:
        return parse_signature(values)
    except MalformedError as error:
        findings.append(Finding(Reason.SIGNATURE_MALFORMED, f"{SIGNATURE_HEADER}: {error}"))
        return None


def _read_timestamp(
    values: list[str], signature: Signature | None, findings: list[Finding]
) -> str | None:
    if not any(values):
        if signature is not None and signature.timestamp is not None:
            return signature.timestamp
        findings.append(Finding(Reason.TIMESTAMP_MISSING, f"{TIMESTAMP_HEADER} is missing"))
        return None
    if len(values) > 1 or not TIMESTAMP.fullmatch(values[0]):
        problem = (
            f"given {len(values)} times, expected once"
            if len(values) > 1
            else f"{values[0][:40]!r} is not UNIX time in seconds"
        )
        findings.append(Finding(Reason.TIMESTAMP_MALFORMED, f"{TIMESTAMP_HEADER}: {problem}"))
        return None
    return values[0]


def _match(
    delivery: Delivery,
    signature: Signature | None,
    timestamp: str | None,
    secrets: Sequence[SigningSecret],
    signed_content: SignedContent,
    findings: list[Finding],
) -> int | None:
    """Find the secret that made the signature. Every secret is tried: time tells nothing."""
    if signature is None:
        return None
    if signature.timestamp is not None:
        if timestamp is not None and int(timestamp) != int(signature.timestamp):
            detail = f"t={signature.timestamp} is not {TIMESTAMP_HEADER} {timestamp}"
            findings.append(Finding(Reason.SIGNATURE_MISMATCH, detail))
            return None
        timestamp, signed_content = signature.timestamp, SignedContent.TIMESTAMP_BODY
    if timestamp is None and signed_content is SignedContent.TIMESTAMP_BODY:
        return None  # the finding about the timestamp says why nothing can be compared
    matches = [
        position
        for position, secret in enumerate(secrets)
        for expected in [digest(delivery.body, secret, timestamp or "", signed_content)]
        for given in signature.digests
        if hmac.compare_digest(expected, given)
    ]
    if matches:
        return matches[0]
    tried = "the signing secret" if len(secrets) == 1 else f"any of {len(secrets)} signing secrets"
    findings.append(
        Finding(Reason.SIGNATURE_MISMATCH, f"{SIGNATURE_HEADER} was not made with {tried}")
    )
    return None


def _judge_age(timestamp: int, now: float, tolerance: float) -> list[Finding]:
    age = now - timestamp
    if age > tolerance:
        detail = f"signed {_seconds(age)} ago, allowed are {_seconds(tolerance)}"
        return [Finding(Reason.TIMESTAMP_TOO_OLD, detail)]
    if -age > tolerance:
        detail = f"signed {_seconds(-age)} in the future, allowed are {_seconds(tolerance)}"
        return [Finding(Reason.TIMESTAMP_IN_FUTURE, detail)]
    return []


def _seconds(span: float) -> str:
    """A span as people say it: `42 s`, `6 min 40 s`, `3 h 20 min`, `2 d 5 h`."""
    seconds = round(span)
    for size, unit, below, below_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            tail = f" {rest // below} {below_unit}" if rest // below else ""
            return f"{whole} {unit}{tail}"
    return f"{seconds} s"


def _read_envelope(
    body: bytes, types: list[str], tenant_id: str | None, findings: list[Finding]
) -> Event | None:
    try:
        event = decode_event(body)
    except BodyNotJsonError as error:
        findings.append(Finding(Reason.BODY_NOT_JSON, f"the body is not JSON: {error}"))
        return None
    except EnvelopeInvalidError as error:
        findings.extend(Finding(Reason.ENVELOPE_INVALID, problem) for problem in error.problems)
        return None
    for named in types:
        if named != event.event_type:
            detail = f"{EVENT_HEADER} says {named!r}, the body {event.event_type!r}"
            findings.append(Finding(Reason.EVENT_TYPE_MISMATCH, detail))
    if tenant_id is not None and event.tenant_id != tenant_id:
        detail = f"tenant_id: {event.tenant_id!r}, expected {tenant_id!r}"
        findings.append(Finding(Reason.ENVELOPE_INVALID, detail))
    return event
