"""What a person sees of sharing and of production: who answered, who got it, and the banner."""

from typing import Any

import pytest
from rich.cells import cell_len

from gooclaim_cli.happenings import Disposition, Happening, Level, Notice, Target
from gooclaim_cli.render.live import LiveRenderer

from .samples import AT, answer, console, delivered, late, passed_on, ready, summary, written

HOME = "https://cms.example/hooks"
LIVE: dict[str, Any] = {
    "environment": "production",
    "home_url": HOME,
    "answer_from": "home",
    "keeps_bodies": False,
    "ends_at": AT + 1800,
}


def shown(*happenings: Happening, width: int = 80, verbose: bool = False, **options: Any) -> str:
    to = console(width, **options)
    renderer = LiveRenderer(to, to, deadline=5.0, print_body=False, verbose=verbose)
    for each in happenings:
        renderer.show(each)
    return written(to)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"handler": None}, "home 200 38 ms\n"),
        ({"handler": answer(500)}, "home 200 38 ms  handler 500 42 ms\n"),
        (
            {"handler": None, "home": answer(503, 7), "response_status": 503},
            "home 503 7 ms\n",
        ),
        (
            {
                "handler": answer(),
                "home": answer(None, 5000, error="deadline_exceeded", message="no answer in time"),
                "response_status": 504,
            },
            "handler 200 42 ms → 504 deadline\n    no answer in time\n",
        ),
        (
            {"handler": None, "disposition": Disposition.DUPLICATE},
            "home 200 38 ms  duplicate\n",
        ),
    ],
)
def test_where_the_home_url_answers_both_answers_are_told(
    members: dict[str, Any], text: str
) -> None:
    line = shown(delivered(**{"home": answer(ms=38)} | members), width=120)
    assert line.split("✓ verified")[1].lstrip() == text
    narrow = shown(delivered(**{"home": answer(ms=38)} | members), width=80)
    assert all(cell_len(each) <= 80 for each in narrow.splitlines())


def test_a_delivery_that_was_not_verified_but_passed_on() -> None:
    seen = delivered(disposition=Disposition.REJECTED, handler=None, home=answer(202, 9))
    assert "✗ rejected home 202 9 ms" in shown(seen, width=100).replace("  ", " ")


def test_answers_that_do_not_count_are_shown_on_request() -> None:
    copied = passed_on(target=Target.COPY, answer=answer(500))
    assert shown(passed_on(), copied) == ""
    text = shown(passed_on(), copied, verbose=True, width=100)
    assert "home URL, evt_01HXYZ0123456789AB7F3KX9QA: 200 after 42 ms\n" in text
    assert "copy to http://localhost:3000/hooks, evt_01HXYZ" in text
    assert ": 500 after 42 ms" in text


def test_a_home_url_that_fails_is_always_told() -> None:
    refused = answer(None, error="connection_refused", message="nothing listens on it\x1b[31m")
    text = shown(passed_on(answer=answer(503)), passed_on(answer=refused), width=120)
    assert "7F3KX9QA: 503 after 42 ms\n" in text
    assert "7F3KX9QA: no answer (nothing listens on it\\x1b[31m)\n" in text
    assert "too late for Gooclaim" in shown(
        passed_on(late=True, answer=answer(ms=6000)), verbose=True, width=120
    )
    assert "after the deadline" in shown(late(counted=False), width=120)


def test_ready_says_with_whom_events_are_shared() -> None:
    text = shown(ready(home_url=HOME, copy_to=("http://10.0.0.5:4000/a", "http://10.0.0.6/b")))
    assert f"Home URL        {HOME} gets all of it\n" in text
    assert "Copies to       http://10.0.0.5:4000/a\n                http://10.0.0.6/b\n" in text
    assert "not kept" not in text
    live = shown(ready(handlers=(), **LIVE))
    assert "gets all of it, and its answer counts\n" in live
    assert "none: events are shown and passed on\n" in live
    assert "Bodies          not kept: only their sizes and hashes (--keep-bodies)\n" in live


def test_the_summary_counts_what_was_passed_on() -> None:
    assert "Passed on" not in shown(summary())
    assert "Passed on      3: 1 not taken\n" in shown(summary(passed_on=3, not_taken=1))


def screens(text: str, rows: int) -> list[str]:
    """What a terminal of so many rows shows, line by line as they come."""
    lines = text.splitlines()
    return ["\n".join(lines[max(0, end - rows) : end]) for end in range(1, len(lines) + 1)]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("colour", [None, "truecolor"])
def test_the_banner_never_leaves_the_screen(width: int, colour: Any) -> None:
    """Whatever else is written, on either console, and without colour."""
    notice = Notice(at=AT, level=Level.INFO, code="c", message="words " * 30, hint="do")
    flow: list[Happening] = []
    for number in range(60):
        flow += [delivered(), notice] if number % 7 == 0 else [delivered()]
    text = shown(ready(**LIVE), *flow, width=width, colour=colour)
    assert text.count("!! PRODUCTION !! until ") > 2
    begun = text[text.index("!! PRODUCTION !!") :]
    assert all("!! PRODUCTION !!" in each for each in screens(begun, 24))
    if colour:
        assert "\x1b[1;37;41m!! PRODUCTION !!" in text


def test_elsewhere_there_is_no_banner() -> None:
    assert "PRODUCTION" not in shown(ready(), *(delivered() for _ in range(60)))


def test_the_summary_is_no_longer_production() -> None:
    text = shown(ready(**LIVE), summary())
    assert text.rstrip().endswith("restored: it is what it was before")
