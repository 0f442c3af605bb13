"""What Gooclaim is answered, and why. Pure."""

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from gooclaim_cli.happenings import HandlerAnswer
from gooclaim_cli.receiver.forwarding import forwarded_headers as end_to_end
from gooclaim_cli.wire import Finding, Reason

_HEADERS: Final = frozenset(
    (
        Reason.SIGNATURE_MISSING,
        Reason.SIGNATURE_MALFORMED,
        Reason.TIMESTAMP_MISSING,
        Reason.TIMESTAMP_MALFORMED,
        Reason.IDEMPOTENCY_KEY_MISSING,
    )
)
_DESCRIBING: Final = ("content-type", "content-encoding")
_AUTHENTICITY: Final = frozenset(
    (Reason.SIGNATURE_MISMATCH, Reason.TIMESTAMP_TOO_OLD, Reason.TIMESTAMP_IN_FUTURE)
)


class Answer(msgspec.Struct, frozen=True):
    """A response to Gooclaim: status, headers (lower-case names), body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


NOT_FOUND: Final = Answer(404)
METHOD_NOT_ALLOWED: Final = Answer(405, headers=((b"allow", b"POST"),))
ACCEPTED: Final = Answer(200)
IN_FLIGHT: Final = Answer(503, headers=((b"retry-after", b"1"),))
ENDING: Final = Answer(503, headers=((b"retry-after", b"1"), (b"connection", b"close")))
CROWDED: Final = Answer(503, headers=((b"retry-after", b"1"), (b"connection", b"close")))
NOT_STORED: Final = Answer(503, headers=((b"retry-after", b"5"),))
NOT_PASSED_ON: Final = Answer(503, headers=((b"retry-after", b"60"), (b"connection", b"close")))
DEADLINE_EXCEEDED: Final = Answer(504)
INTERNAL: Final = Answer(500)


def refusal(findings: Sequence[Finding]) -> Answer:
    """The answer to a delivery that was not verified: 413, 400, 401, 400, in this order."""
    codes = [finding.code for finding in findings]
    if Reason.BODY_TOO_LARGE in codes:
        status = 413
    elif _AUTHENTICITY.intersection(codes) and not _HEADERS.intersection(codes):
        status = 401
    else:
        status = 400
    reasons = json.dumps({"reasons": list(dict.fromkeys(codes))}).encode()
    headers = [(b"content-type", b"application/json")]
    if status == 413:
        headers.append((b"connection", b"close"))
    return Answer(status, reasons, tuple(headers))


def handler_answer(answer: HandlerAnswer) -> Answer:
    """Pass on the handler's status, so that Gooclaim's retries are real; 502 where there is none.

    The body goes along with a 2xx only: error pages carry secrets.
    """
    if answer.error is not None or answer.status is None or not 200 <= answer.status <= 599:
        return Answer(502)
    if answer.status >= 300 or answer.status in (204, 205):
        return Answer(answer.status)
    if not answer.body:
        return Answer(answer.status)
    described = {}
    for name, value in reversed(answer.headers):
        if (lower := name.lower()) in _DESCRIBING:
            described[lower.encode()] = value.encode("latin-1")
    return Answer(answer.status, answer.body, tuple(described.items()))


def home_answer(answer: HandlerAnswer) -> Answer:
    """Give Gooclaim the home URL's answer as it came: status, headers, body. 502 where none came.

    It would have had the same without us. What belongs to the connection is set anew.
    """
    if answer.error is not None or answer.status is None or not 200 <= answer.status <= 599:
        return Answer(502)
    headers = tuple(
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in end_to_end(answer.headers)
        if name.lower() != "date"
    )
    return Answer(answer.status, b"" if answer.status in (204, 205, 304) else answer.body, headers)
