"""Instants as the sandbox writes them."""

from datetime import UTC, datetime


def rfc3339(now: float) -> str:
    """UNIX seconds as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
