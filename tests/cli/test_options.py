"""What the values of shared options may be."""

from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.cli import options
from gooclaim_cli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X-Team: claims", ("X-Team", "claims")),
        ("X-Team:claims", ("X-Team", "claims")),
        ("  X-Team  :  a b\tc  ", ("X-Team", "a b\tc")),
        ("X-Time: 10:14:25", ("X-Time", "10:14:25")),
        ("X-Empty:", ("X-Empty", "")),
        ("X-Greeting: नमस्ते", ("X-Greeting", "नमस्ते")),
        ("!#$%&'*+-.^_`|~a1: x", ("!#$%&'*+-.^_`|~a1", "x")),
    ],
)
def test_a_header_is_a_name_and_a_value(text: str, expected: tuple[str, str]) -> None:
    assert options.header(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X-Team",
        ": x",
        "a b: x",
        "é: x",
        "a\n: x",
        "a: x\r\nb: y",
        "a: \x00",
        "a: \udcff",
        "(a): x",
    ],
)
def test_what_cannot_be_sent_as_a_header_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--header") as refused:
        options.header(text)
    assert "X-Team: claims" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [("250ms", 0.25), ("5", 5.0), ("1.5m", 90.0), (" 2H ", 7200.0), ("7d", 604800.0)],
)
def test_a_span_is_read_in_seconds(text: str, expected: float) -> None:
    assert options.seconds("--deadline", text) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "-1s", "1e9", "inf", "nan", "5 weeks", "1s2s", "٣s", "9" * 30]
)
def test_what_is_no_span_is_refused_with_the_options_name(text: str) -> None:
    with pytest.raises(UsageError, match="--deadline: ") as refused:
        options.seconds("--deadline", text)
    assert "30s" in refused.value.hint


def test_no_time_at_all_is_a_span_only_where_it_can_be_meant() -> None:
    assert options.seconds("--tolerance", "0", zero=True) == 0.0
    with pytest.raises(UsageError, match="no time at all"):
        options.seconds("--deadline", "0s")


def test_a_schedule_is_spans_with_commas() -> None:
    assert options.schedule("--retry-schedule", "1s, 2s,4s") == (1.0, 2.0, 4.0)
    assert options.schedule("--retry-schedule", "0,250ms") == (0.0, 0.25)
    assert options.schedule("--retry-schedule", "") == ()
    with pytest.raises(UsageError, match="--retry-schedule: 'soon'") as refused:
        options.schedule("--retry-schedule", "1s,soon")
    assert "1s,2s,4s" in refused.value.hint


def test_the_sandboxs_options_have_the_contracts_schedule_by_default(tmp_path: Path) -> None:
    given: dict[str, Any] = {"emit": True, "emit_every": "3s", "rotate_secret_on_put": False}
    given["data"] = tmp_path
    made = options.sandbox_options(retry_schedule=None, **given)
    assert made.retry_schedule == (10.0, 60.0, 300.0, 1800.0, 7200.0)
    assert made.emit_every == 3.0
    made = options.sandbox_options(retry_schedule="1s", port=7, **given)
    assert (made.retry_schedule, made.port) == ((1.0,), 7)
