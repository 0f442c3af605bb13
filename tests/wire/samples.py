"""Bodies and deliveries that the tests of this folder verify."""

import json
from typing import Any

from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, sign_delivery

NOW = 1_779_272_065
SECRET = SigningSecret("whsec_kn0wn vector")
OTHER = SigningSecret("whsec_another")
ENVELOPE: dict[str, Any] = {
    "event_id": "evt_01HXYZ0123456789ABCDEFGHJK",
    "event_type": "workflow.completed",
    "tenant_id": "tnt_xyz",
    "occurred_at": "2026-05-20T10:14:25Z",
    "data": {"workflow_id": "wf_abc123"},
}


def envelope(**members: Any) -> bytes:
    """An envelope's bytes, with members replaced or added."""
    return json.dumps(ENVELOPE | members, separators=(",", ":")).encode()


def without(*names: str) -> bytes:
    """An envelope's bytes that lack some members."""
    kept = {name: value for name, value in ENVELOPE.items() if name not in names}
    return json.dumps(kept).encode()


def signed(
    body: bytes | None = None,
    *,
    secret: SigningSecret = SECRET,
    timestamp: int = NOW,
    event_type: str = "workflow.completed",
    signed_content: SignedContent = SignedContent.BODY,
) -> Delivery:
    """A delivery as Gooclaim would send it."""
    return sign_delivery(
        envelope() if body is None else body,
        secret,
        event_type=event_type,
        idempotency_key="idem_1",
        timestamp=timestamp,
        signed_content=signed_content,
    )


def changed(delivery: Delivery, **headers: str | list[str] | None) -> Delivery:
    """The same with headers replaced (a list: repeated, None: left out).

    X-Gooclaim- is put before the names, underscores stand for hyphens.
    """
    given = {f"x-gooclaim-{name}".replace("_", "-"): value for name, value in headers.items()}
    kept = [each for each in delivery.headers if each[0].lower() not in given]
    for name, value in given.items():
        values = [value] if isinstance(value, str) else value or []
        kept.extend((name, each) for each in values)
    return Delivery(tuple(kept), delivery.body)
