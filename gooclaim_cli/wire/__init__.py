"""The webhook contract, pure: bytes in, values out. No I/O, no clock, no globals.

from gooclaim_cli.wire import Delivery, SigningSecret, verify

delivery = Delivery.from_raw(raw_headers, raw_body)
verdict = verify(delivery, [SigningSecret(secret)], now=time.time())
"""

from gooclaim_cli.wire.catalogue import CATALOGUE, OPERATIONAL_MODES, WORKFLOW_TYPES, EventType
from gooclaim_cli.wire.delivery import (
    EVENT_HEADER,
    IDEMPOTENCY_KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Delivery,
)
from gooclaim_cli.wire.event import (
    ENVELOPE_MEMBERS,
    BodyNotJsonError,
    EnvelopeInvalidError,
    Event,
    decode_event,
    member_names,
)
from gooclaim_cli.wire.signature import DEFAULT_TOLERANCE, verify
from gooclaim_cli.wire.signing import SignedContent, SigningSecret, sign, sign_delivery
from gooclaim_cli.wire.verdict import Finding, Reason, Verdict

__all__ = [
    "CATALOGUE",
    "DEFAULT_TOLERANCE",
    "ENVELOPE_MEMBERS",
    "EVENT_HEADER",
    "IDEMPOTENCY_KEY_HEADER",
    "OPERATIONAL_MODES",
    "SIGNATURE_HEADER",
    "TIMESTAMP_HEADER",
    "WORKFLOW_TYPES",
    "BodyNotJsonError",
    "Delivery",
    "EnvelopeInvalidError",
    "Event",
    "EventType",
    "Finding",
    "Reason",
    "SignedContent",
    "SigningSecret",
    "Verdict",
    "decode_event",
    "member_names",
    "sign",
    "sign_delivery",
    "verify",
]
