"""Why a signature does not match: what happens to people is tried, and what explains it is named.

`diagnose` is pure and total: it never raises, and ends when it is told to. Where nothing explains a
mismatch, it says what was ruled out.
"""

from collections.abc import Sequence

from gooclaim_cli.wire.delivery import Delivery
from gooclaim_cli.wire.diagnosis import evidence
from gooclaim_cli.wire.diagnosis.causes import UNEXPLAINED, Diagnosis, explained
from gooclaim_cli.wire.diagnosis.evidence import secret_changed
from gooclaim_cli.wire.diagnosis.keys import NamedSecret
from gooclaim_cli.wire.diagnosis.search import Search, Stop, Stopped
from gooclaim_cli.wire.signing import SignedContent, SigningSecret
from gooclaim_cli.wire.verdict import Reason, Verdict

__all__ = ["UNEXPLAINED", "Diagnosis", "NamedSecret", "diagnose", "secret_changed"]

_SIGNATURE = (Reason.SIGNATURE_MISMATCH, Reason.SIGNATURE_MALFORMED, Reason.SIGNATURE_MISSING)


def diagnose(
    delivery: Delivery,
    verdict: Verdict,
    secrets: Sequence[SigningSecret],
    *,
    stop: Stop,
    signed_content: SignedContent = SignedContent.BODY,
    others: Sequence[NamedSecret] = (),
    thorough: bool = True,
) -> Diagnosis | None:
    """Say why the delivery does not verify; None where its findings speak for themselves.

    `verdict` is what `verify` found with the same secrets and content. `others` are secrets that it
    may have been signed with by mistake. `stop` is asked before every attempt (some thousands a
    second); when it says True, no more is tried. `thorough`: two causes together are tried, too.
    """
    if any(reason in verdict.codes for reason in _SIGNATURE):
        return _of_signature(delivery, secrets, others, signed_content, stop, thorough=thorough)
    if Reason.TIMESTAMP_MALFORMED in verdict.codes:
        return evidence.malformed_timestamp(delivery)
    return None


def _of_signature(
    delivery: Delivery,
    secrets: Sequence[SigningSecret],
    others: Sequence[NamedSecret],
    signed_content: SignedContent,
    stop: Stop,
    *,
    thorough: bool,
) -> Diagnosis:
    search = Search(delivery, secrets, others, signed_content, stop)
    if not search.has_signature:
        return evidence.missing_signature(delivery)
    finished = thorough
    try:
        found = search.alone() or (search.together() if thorough else None)
    except Stopped:
        found, finished = None, False
    if found is None:
        return evidence.unexplained(delivery, tried=search.tried, finished=finished)
    causes = found.causes or (evidence.own_form(delivery),)
    return explained(causes, tried=search.tried, body=delivery.body, signed=found.body)
