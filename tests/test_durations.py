"""gooclaim_cli.durations: spans of time as people write them."""

import pytest

from gooclaim_cli.durations import parse_duration, parse_schedule
from gooclaim_cli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("30s", 30.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("7d", 604_800.0),
        ("30", 30.0),
        ("0", 0.0),
        ("1.5h", 5400.0),
        (" 10 S ", 10.0),
        ("5M", 300.0),
    ],
)
def test_spans(text: str, seconds: float) -> None:
    """A number and a unit in either case; a bare number is seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "-1s",
        "+1s",
        "1 w",
        "1e3",
        "nan",
        "inf",
        "1m30s",
        "1,5s",
        "٣s",
        ".5s",
        "9" * 13,
    ],
)
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_duration(text)
    assert repr(text) in raised.value.message
    assert "30s" in raised.value.hint


def test_schedules() -> None:
    """The waits before each retry; nothing means no retry."""
    assert parse_schedule("1s,2s, 4s") == (1.0, 2.0, 4.0)
    assert parse_schedule("10s,60s,5m,30m,2h,") == (10.0, 60.0, 300.0, 1800.0, 7200.0)
    assert parse_schedule("") == ()
    with pytest.raises(UsageError):
        parse_schedule("1s,soon")
