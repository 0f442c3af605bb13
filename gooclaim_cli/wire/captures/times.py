"""Times as tools write them, to UNIX seconds; None where it is no time."""

import contextlib
from datetime import UTC, datetime

_LATEST = 253_402_300_800.0  # the year 10000


def from_text(text: object) -> float | None:
    """Read ISO 8601, with `T` or a space; without a zone it is UTC."""
    if not isinstance(text, str):
        return None
    with contextlib.suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def from_milliseconds(number: object) -> float | None:
    """Read UNIX milliseconds."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return number / 1000 if 0 <= number < _LATEST * 1000 else None
