"""Signing and verifying, as the contract says: sign(), verify() -> Verdict.

Pure: bytes and a time in, values out. `verify` is total: no headers or body make it raise.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from gooclaim_cli.wire.delivery import (
    EVENT_HEADER,
    IDEMPOTENCY_KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Delivery,
)
from gooclaim_cli.wire.event import BodyNotJsonError, EnvelopeInvalidError, Event, decode_event
from gooclaim_cli.wire.verdict import Finding, Reason, Verdict

DEFAULT_TOLERANCE: Final = 300.0
_SIGNATURE, _TIMESTAMP_NAME, _KEY, _EVENT = (
    name.lower()
    for name in (SIGNATURE_HEADER, TIMESTAMP_HEADER, IDEMPOTENCY_KEY_HEADER, EVENT_HEADER)
)
_HEX_DIGEST = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
# Twelve digits reach past the year 30000: more is no time, and int() of a huge text is slow.
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


class SignedContent(StrEnum):
    """What the HMAC covers. Not published: a setting (`GOOCLAIM_SIGNED_CONTENT`)."""

    BODY = "body"
    TIMESTAMP_BODY = "timestamp.body"


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A signing secret as given: no prefix removed, nothing decoded. Never shown by repr."""

    value: str
    _keyed: hmac.HMAC = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.value:
            raise ValueError("a signing secret cannot be empty")
        try:
            key = self.key
        except UnicodeEncodeError:
            raise ValueError("a signing secret must be text that UTF-8 can hold") from None
        object.__setattr__(self, "_keyed", hmac.new(key, digestmod="sha256"))

    def digest(self, content: bytes) -> bytes:
        """HMAC-SHA256 of the content, 32 bytes. The key is prepared once, not at each call."""
        keyed = self._keyed.copy()
        keyed.update(content)
        return keyed.digest()

    @property
    def key(self) -> bytes:
        """The HMAC's key: the secret's UTF-8 bytes."""
        return self.value.encode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return "SigningSecret(…)"


class _Signature(msgspec.Struct, frozen=True):
    """A signature header, read: its digests, and its own timestamp in the older form."""

    digests: tuple[bytes, ...]
    timestamp: str | None = None


class _MalformedError(ValueError):
    pass


def sign(
    body: bytes,
    secret: SigningSecret,
    *,
    timestamp: int,
    signed_content: SignedContent = SignedContent.BODY,
) -> str:
    """Return the value of X-Gooclaim-Signature: 64 lower-case hex digits."""
    return _digest(body, secret, str(timestamp), signed_content).hex()


def sign_delivery(
    body: bytes,
    secret: SigningSecret,
    *,
    event_type: str,
    idempotency_key: str,
    timestamp: int,
    signed_content: SignedContent = SignedContent.BODY,
) -> Delivery:
    """Build the delivery that Gooclaim would send for this body at this time (UNIX seconds)."""
    signature = sign(body, secret, timestamp=timestamp, signed_content=signed_content)
    return Delivery(
        (
            ("Content-Type", "application/json"),
            (EVENT_HEADER, event_type),
            (SIGNATURE_HEADER, signature),
            (TIMESTAMP_HEADER, str(timestamp)),
            (IDEMPOTENCY_KEY_HEADER, idempotency_key),
        ),
        body,
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


def _digest(body: bytes, secret: SigningSecret, timestamp: str, content: SignedContent) -> bytes:
    signed = body if content is SignedContent.BODY else b"%b.%b" % (timestamp.encode(), body)
    return secret.digest(signed)


def _read_signature(values: list[str], findings: list[Finding]) -> _Signature | None:
    if not any(values):
        findings.append(Finding(Reason.SIGNATURE_MISSING, f"{SIGNATURE_HEADER} is missing"))
        return None
    try:
        return _parse_signature(values)
    except _MalformedError as error:
        findings.append(Finding(Reason.SIGNATURE_MALFORMED, f"{SIGNATURE_HEADER}: {error}"))
        return None


def _parse_signature(values: list[str]) -> _Signature:
    """Read each accepted form: hex of either case, `sha256=` before it, `t=…, v1=…`."""
    if len(values) > 1:
        raise _MalformedError(f"given {len(values)} times, expected once")
    value = values[0].strip()
    prefix, _, rest = value.partition("=")
    digits = rest if prefix.lower() == "sha256" else value
    if _HEX_DIGEST.fullmatch(digits):
        return _Signature((bytes.fromhex(digits),))
    pairs = [part.strip().partition("=") for part in value.split(",")]
    times = [text for name, _, text in pairs if name == "t"]
    versions = [text for name, _, text in pairs if name == "v1"]
    if not times and not versions:
        raise _MalformedError(f"{len(digits)} characters, expected 64 hexadecimal digits")
    if len(times) != 1 or not _TIMESTAMP.fullmatch(times[0]):
        raise _MalformedError("t= must be there once, in UNIX seconds")
    if not versions or not all(map(_HEX_DIGEST.fullmatch, versions)):
        raise _MalformedError("v1= must be 64 hexadecimal digits")
    return _Signature(tuple(map(bytes.fromhex, versions)), times[0])


def _read_timestamp(
    values: list[str], signature: _Signature | None, findings: list[Finding]
) -> str | None:
    if not any(values):
        if signature is not None and signature.timestamp is not None:
            return signature.timestamp
        findings.append(Finding(Reason.TIMESTAMP_MISSING, f"{TIMESTAMP_HEADER} is missing"))
        return None
    if len(values) > 1 or not _TIMESTAMP.fullmatch(values[0]):
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
    signature: _Signature | None,
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
        for expected in [_digest(delivery.body, secret, timestamp or "", signed_content)]
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
