"""A load's report, whatever it came to: in its columns, escaped, in what the stream can take."""

import io
import re

import pytest
from rich.console import Console

from gooclaim_cli.load.judging import Judgement
from gooclaim_cli.load.mix import Mix
from gooclaim_cli.load.plan import Plan
from gooclaim_cli.load.report import Report
from gooclaim_cli.load.tally import Tally
from gooclaim_cli.render.load import show_report, span
from gooclaim_cli.sending import Outcome, SendFailure
from gooclaim_cli.wire.handling import Arriving


def report_of(tally: Tally, **changed: object) -> Report:
    plan = Plan(count=12_345_678, connections=1000, mix=Mix.of(("workflow.completed",)), rate=0.25)
    facts = {
        "at": 1_779_272_065.0,
        "to": "http://localhost:3000/hooks",
        "plan": plan,
        "tally": tally,
        "seconds": 12.5,
        "deadline": 5.0,
        "own_share": 0.1,
        "interrupted": False,
    }
    return Report(**{**facts, **changed})  # type: ignore[arg-type]


def shown(report: Report, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    show_report(report, Console(file=stream, width=80))
    stream.seek(0)
    return stream.read()


def busy() -> Tally:
    tally = Tally(sent=4, done=0)
    hostile = "it said \x1b[31mred\u202e, and so much more that no line of eighty columns holds it"
    for ms, outcome in (
        (0.3, Outcome(200, 0.2)),
        (7.0, Outcome(503, 6.0)),
        (90_000.0, Outcome(None, 5000.0, SendFailure.TIMED_OUT, "no answer within 5 s")),
        (1.0, Outcome(None, 1.0, SendFailure.ANSWER_MALFORMED, hostile)),
    ):
        tally.ended(outcome, latency=ms / 1000)
        status = outcome.status
        tally.judge(Judgement(Arriving.GOOD, status, held=status == 200))
    tally.event_types.update({"claim.\x1b[31m": 3, "workflow.completed": 9_999_999})
    return tally


def on_screen(report: Report, width: int) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    show_report(report, console)
    return stream.getvalue().splitlines()


def wrong_and_right() -> Report:
    tally = busy()
    for count, fault in ((30, "missing-member"), (2, "malformed-timestamp")):
        for _ in range(count):
            tally.judge(Judgement(Arriving.UNREADABLE, 200, held=False), fault)
    for status in (500, 500, 200):
        tally.judge(Judgement(Arriving.REPEATED_AT_ONCE, status, held=status == 200))
    plan = Plan(count=300, connections=10, mix=Mix.of(("workflow.completed",)), rate=500)
    return report_of(tally, plan=plan)


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_terminal_gets_whole_words(width: int) -> None:
    lines = on_screen(wrong_and_right(), width)
    assert all(len(line) <= width for line in lines), "\n".join(lines)
    row = lines.index("missing-member              30         0")
    assert lines[row + 1 : row + 3] == ["  right: 4xx", "  not so: 200: 30"]
    (latency,) = (each for each in lines if each.startswith("Latency"))
    assert lines[lines.index(latency) + 1] == "  from when it was due"
    assert "no answer within 5 s" in " ".join(" ".join(lines).split())


def test_two_at_once_are_right_together() -> None:
    text = "\n".join(on_screen(wrong_and_right(), 80))
    assert re.search(
        r"two at once +3 +1  2xx once; the    500: 2\n +other 2xx, 409\n +or 5xx", text
    )
    assert "RIGHT" in text
    narrow = "\n".join(on_screen(wrong_and_right(), 60))
    assert "  right: 2xx once; the other 2xx, 409 or 5xx\n  not so: 500: 2\n" in narrow


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_and_commands_nothing(encoding: str) -> None:
    text = shown(report_of(busy()), encoding)
    assert all(len(line) <= 80 for line in text.splitlines()), text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"\x1b[31mred" in text
    assert text.isascii() == (encoding == "ascii")
    assert ("#" in text) == (encoding == "ascii")
    assert "1 of 4 were answered" in text


def test_nothing_sent_is_told() -> None:
    text = shown(report_of(Tally(), interrupted=True, seconds=0.0))
    assert "Stopped. 0 of 0 were answered" in text
    assert "Latency" not in text


def test_what_was_under_way_when_it_was_stopped_is_told() -> None:
    tally = Tally(sent=3)
    tally.ended(Outcome(200, 5.0), latency=0.005)
    tally.ended(Outcome(200, 5.0), latency=0.005)
    tally.judge(Judgement(Arriving.GOOD, 200, held=True))
    text = " ".join(shown(report_of(tally, interrupted=True)).split())
    assert "1 of 1 was answered as a correct handler answers. 1 was still under way." in text
    assert "Not judged: 1, sent twice at once" in text


@pytest.mark.parametrize(("late", "said"), [(0, False), (1, False), (40, True)])
def test_a_slow_start_is_not_taken_for_a_handler_too_slow(late: int, *, said: bool) -> None:
    """Of a few requests, one slow start makes a percentile; that they had to wait is counted."""
    tally = Tally(sent=40, late=late)
    for _ in range(40):
        tally.ended(Outcome(200, 5.0), latency=0.5)
    text = shown(report_of(tally))
    assert ("Requests were due before a connection was free" in text) == said


def test_a_load_that_was_mostly_gooclaims_own_work_says_so() -> None:
    assert "gooclaim itself was at work 97 % of the time" in shown(
        report_of(busy(), own_share=0.97)
    )
    assert "gooclaim itself" not in shown(report_of(busy()))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.000_004, "0.00 ms"),
        (0.000_994, "0.99 ms"),
        (0.000_996, "1.0 ms"),
        (0.00994, "9.9 ms"),
        (0.00996, "10 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (754.2, "754.2 s"),
    ],
)
def test_times_are_short(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_types_that_nobody_knows_are_named() -> None:
    """They may be a slip of the pen that looks like none of the catalogue."""
    tally = busy()
    tally.event_types.clear()
    tally.event_types["workflow.completed"] += 1
    assert "Not in the catalogue" not in shown(report_of(tally))
    tally.event_types["foo\x1b"] += 1
    assert "Not in the catalogue: foo\\x1b." in shown(report_of(tally))


def test_a_load_of_one_is_told_of_in_the_singular() -> None:
    tally = Tally(sent=1)
    tally.ended(Outcome(200, 5.0), latency=0.005)
    tally.judge(Judgement(Arriving.GOOD, 200, held=True))
    text = " ".join(shown(report_of(tally)).split())
    assert "The one request was answered as a correct handler answers." in text
