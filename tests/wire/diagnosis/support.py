"""A delivery that was signed as one thing and is looked at as another."""

import itertools
import json
from collections.abc import Sequence

from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, Verdict, sign_delivery, verify
from gooclaim_cli.wire.diagnosis import Diagnosis, NamedSecret, diagnose

from ..samples import ENVELOPE, NOW, SECRET

_DATA = {
    "workflow_id": "wf_abc123",
    "workflow_type": "claim-status",
    "claim_id_hash": "sha256:" + "0f" * 32,
    "note": "₹ naïve / <b>&'+\"",
    "amount": "AMOUNT",
}
BODY = (
    json.dumps(ENVELOPE | {"data": _DATA}, ensure_ascii=False, separators=(",", ":"))
    .replace('"AMOUNT"', "1.50")
    .encode()
)
BODY_WITHOUT_NUMBERS = BODY.replace(b',"amount":1.50', b"")


def delivery_of(
    captured: bytes,
    *,
    signed: bytes = BODY,
    secret: str = SECRET.value,
    content: SignedContent = SignedContent.BODY,
    headers: dict[str, str | list[str] | None] | None = None,
) -> Delivery:
    """What was captured of a delivery of `signed`; headers are replaced by their full names."""
    sent = sign_delivery(
        signed,
        SigningSecret(secret),
        event_type="workflow.completed",
        idempotency_key="idem_1",
        timestamp=NOW,
        signed_content=content,
    )
    pairs = list(sent.headers)
    for name, value in (headers or {}).items():
        pairs = [each for each in pairs if each[0].lower() != name.lower()]
        values = [value] if isinstance(value, str) else value or []
        pairs += [(name, each) for each in values]
    return Delivery(tuple(pairs), captured)


def verdict_on(
    delivery: Delivery, secrets: Sequence[SigningSecret], content: SignedContent
) -> Verdict:
    return verify(delivery, secrets, now=NOW, signed_content=content)


def diagnosed(
    delivery: Delivery,
    *,
    secret: str = SECRET.value,
    content: SignedContent = SignedContent.BODY,
    others: Sequence[NamedSecret] = (),
    attempts: int | None = None,
) -> Diagnosis | None:
    """Diagnose under the secret that is set; `attempts`: stop after so many."""
    secrets = [SigningSecret(secret)]
    counted = itertools.count(1)
    return diagnose(
        delivery,
        verdict_on(delivery, secrets, content),
        secrets,
        stop=lambda: attempts is not None and next(counted) > attempts,
        signed_content=content,
        others=others,
    )
