"""What a correct handler answers: the contract's table, once. Whatever judges a handler reads it.

Pure. From outside only the answer can be judged; whether an event was processed once shows in the
handler's own data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gooclaim_cli.wire.verdict import Reason

DEADLINE: Final = 5.0  # the contract: success is a 2xx within five seconds

_TAKEN: Final = range(200, 300)
_REFUSED: Final = range(400, 500)
_FAILED: Final = range(500, 600)
_CONFLICT: Final = range(409, 410)
_TOO_LARGE: Final = range(413, 414)


class Arriving(StrEnum):
    """What arrives at a handler: the rows of the table."""

    GOOD = "good"
    LARGE = "large"
    UNSIGNED = "unsigned"
    UNTIMELY = "untimely"
    REPEATED = "repeated"
    REPEATED_AT_ONCE = "repeated_at_once"
    RETRIED = "retried"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Rule:
    """What arrives, and what is right: `status` in short, `answers` in words."""

    arrives: str
    status: str
    answers: str
    statuses: tuple[range, ...]


HANDLING: Final = MappingProxyType(
    {
        Arriving.GOOD: Rule(
            "a good delivery, of a known or an unknown event type, with unknown members too",
            "2xx",
            "2xx within 5 s, processed once",
            (_TAKEN,),
        ),
        Arriving.LARGE: Rule(
            "a good delivery that is larger than a handler may want to read",
            "2xx or 413",
            "2xx within 5 s, processed once; or 413, not processed",
            (_TAKEN, _TOO_LARGE),
        ),
        Arriving.UNSIGNED: Rule(
            "no signature, a malformed or a wrong one, one under another secret, a changed body",
            "4xx",
            "4xx (401 is usual), not processed",
            (_REFUSED,),
        ),
        Arriving.UNTIMELY: Rule(
            "a timestamp missing or malformed, over 5 minutes old, over 5 minutes ahead",
            "4xx",
            "4xx, not processed",
            (_REFUSED,),
        ),
        Arriving.REPEATED: Rule(
            "a key that was already processed", "2xx", "2xx, not processed again", (_TAKEN,)
        ),
        Arriving.REPEATED_AT_ONCE: Rule(
            "a key several times at once",
            "2xx, 409 or 5xx",
            "2xx, processed once; or a 409 or 5xx that asks for a retry while one is in flight",
            (_TAKEN, _CONFLICT, _FAILED),
        ),
        Arriving.RETRIED: Rule(
            "a retry of a key whose earlier attempt failed", "2xx", "2xx, processed", (_TAKEN,)
        ),
        Arriving.UNREADABLE: Rule(
            "well signed but not JSON, truncated, a missing member, header and body naming"
            " different types",
            "4xx",
            "4xx, never 5xx",
            (_REFUSED,),
        ),
    }
)

_BY_REASON: Final = MappingProxyType(
    {
        Reason.SIGNATURE_MISMATCH: Arriving.UNSIGNED,
        Reason.SIGNATURE_MISSING: Arriving.UNSIGNED,
        Reason.SIGNATURE_MALFORMED: Arriving.UNSIGNED,
        Reason.TIMESTAMP_MISSING: Arriving.UNTIMELY,
        Reason.TIMESTAMP_MALFORMED: Arriving.UNTIMELY,
        Reason.TIMESTAMP_TOO_OLD: Arriving.UNTIMELY,
        Reason.TIMESTAMP_IN_FUTURE: Arriving.UNTIMELY,
        Reason.IDEMPOTENCY_KEY_MISSING: Arriving.UNREADABLE,
        Reason.BODY_NOT_JSON: Arriving.UNREADABLE,
        Reason.ENVELOPE_INVALID: Arriving.UNREADABLE,
        Reason.EVENT_TYPE_MISMATCH: Arriving.UNREADABLE,
        Reason.BODY_TOO_LARGE: Arriving.LARGE,
    }
)


def arriving(reasons: Sequence[Reason]) -> Arriving:
    """The row of a delivery in which verifying found these reasons; none: a good one."""
    return _BY_REASON[reasons[0]] if reasons else Arriving.GOOD


def holds(what: Arriving, status: int | None) -> bool:
    """Whether this is a right answer. None: there was no whole answer in time, which never is."""
    return status is not None and any(status in each for each in HANDLING[what].statuses)
