"""Reading what cloudflared writes."""

import pytest

from gooclaim_cli.tunnels.base import News
from gooclaim_cli.tunnels.cloudflared_log import Line, failure, metrics_address, news, read_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"level":"info","message":"a b","time":"2026-08-20T10:37:18Z"}', Line("INF", "a b")),
        ('{"error":"why","level":"error","message":"m","time":"x"}', Line("ERR", "m: why")),
        ("2026-08-20T10:37:18Z INF Starting", Line("INF", "Starting")),
        ("2026-08-20T10:37:18Z ERR it failed error=x", Line("ERR", "it failed error=x")),
        ("failed to request quick Tunnel: EOF", Line("", "failed to request quick Tunnel: EOF")),
        ("{not json", Line("", "{not json")),
        ('{"level":1,"message":null}', Line("1", "None")),
        ("", Line("", "")),
    ],
)
def test_both_forms_are_read(text: str, expected: Line) -> None:
    assert read_line(text) == expected


def test_the_address_of_the_metrics_server_is_found() -> None:
    line = Line("INF", "Starting metrics server on 127.0.0.1:20241/metrics")
    assert metrics_address(line) == "127.0.0.1:20241"
    assert metrics_address(Line("INF", "Starting something else")) is None


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Registered tunnel connection", News.BACK),
        ("Lost connection with the edge", News.LOST),
        ("Retrying connection in up to 1s", News.LOST),
        ("Starting metrics server on 127.0.0.1:1/metrics", None),
    ],
)
def test_what_became_of_the_connection(message: str, told: News | None) -> None:
    assert news(Line("INF", message)) is told


def test_an_end_without_a_word_is_told_as_such() -> None:
    assert "it last said: nothing" in failure([]).message
