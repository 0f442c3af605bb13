"""Spans of time as people write them: `250ms`, `30s`, `5m`, `2h`, `7d`. Pure."""

import re

from gooclaim_cli.errors import UsageError

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?", re.ASCII)


def parse_duration(text: str) -> float:
    """Return seconds; a bare number is seconds. Raises UsageError."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None or len(match[1]) > 12:
        raise UsageError(f"{text!r} is not a span of time", "write 250ms, 30s, 5m, 2h or 7d")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def parse_schedule(text: str) -> tuple[float, ...]:
    """Read `1s,2s,4s`: the seconds to wait before each retry. Raises UsageError."""
    return tuple(parse_duration(part) for part in text.split(",") if part.strip())
