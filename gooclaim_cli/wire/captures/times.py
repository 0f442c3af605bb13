"""Times as tools write them, to UNIX seconds; None where it is no time."""

import contextlib
from datetime import UTC, datetime
from typing import Any, Final

_NAMES: Final = ("received_at", "timestamp", "@timestamp", "time", "at", "ts", "date")
# UNIX time is told by its size: each of these is some day of the year 5138, and of 1973 a unit on.
_UNITS: Final = ((1e11, 1), (1e14, 1000), (1e17, 1_000_000), (1e20, 1_000_000_000))


def of(value: dict[str, Any]) -> float | None:
    """The time of an object, by the names that tools have for it."""
    for name in _NAMES:
        given = value.get(name)
        at = from_text(given) if isinstance(given, str) else from_number(given)
        if at is not None:
            return at
    return None


def from_text(text: object) -> float | None:
    """Read ISO 8601, with `T` or a space, without a zone as UTC; or the digits of UNIX time."""
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdigit():
        return from_number(int(text)) if len(text) <= 20 else None
    with contextlib.suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def from_number(number: object) -> float | None:
    """Read UNIX time in seconds, or in milli-, micro- or nanoseconds."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not number >= 0:
        return None
    return next((number / unit for end, unit in _UNITS if number < end), None)
