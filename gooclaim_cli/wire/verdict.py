"""Verdict: what verifying found, each finding with its stable code. Pure values."""

from enum import StrEnum

import msgspec

from gooclaim_cli.wire.event import Event


class Reason(StrEnum):
    """Why a delivery is refused. The codes are part of the machine output: stable."""

    SIGNATURE_MISMATCH = "signature_mismatch"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_MALFORMED = "signature_malformed"
    TIMESTAMP_MISSING = "timestamp_missing"
    TIMESTAMP_MALFORMED = "timestamp_malformed"
    TIMESTAMP_TOO_OLD = "timestamp_too_old"
    TIMESTAMP_IN_FUTURE = "timestamp_in_future"
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"
    BODY_NOT_JSON = "body_not_json"
    ENVELOPE_INVALID = "envelope_invalid"
    EVENT_TYPE_MISMATCH = "event_type_mismatch"
    BODY_TOO_LARGE = "body_too_large"


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: its stable code, and a sentence (which may quote the wire)."""

    code: Reason
    detail: str


class Verdict(msgspec.Struct, frozen=True):
    """What verifying found. `event` is there whenever the envelope could be read.

    `secret` is the position of the secret that matched, in the order given; None where none did.
    """

    findings: tuple[Finding, ...]
    event: Event | None
    secret: int | None

    @property
    def ok(self) -> bool:
        """Whether a receiver may process the delivery."""
        return not self.findings

    @property
    def codes(self) -> tuple[Reason, ...]:
        """The findings' codes, in order."""
        return tuple(finding.code for finding in self.findings)
