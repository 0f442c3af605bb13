"""The table of faults: whole words in the room there is, and no time standing alone."""

import io

import pytest
from rich.console import Console

from gooclaim_cli.firing.range import Fired
from gooclaim_cli.firing.shots import Sample, Shot
from gooclaim_cli.render.firing import show_row
from gooclaim_cli.sending import Outcome, SendFailure
from gooclaim_cli.wire import Delivery
from gooclaim_cli.wire.handling import Arriving

_SAMPLE = Sample(event_id="evt_a", event_type="a.b", idempotency_key="key", body=b"{}")
_SHOT = Shot(sample=_SAMPLE, delivery=Delivery((), b"{}"), what=Arriving.UNSIGNED)
_HEAD = "no-signature           4xx              ✗     "


def row(outcome: Outcome, width: int = 80) -> list[str]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    fired = Fired(
        at=0.0,
        to="http://localhost:1/",
        fault="no-signature",
        shot=_SHOT,
        outcome=outcome,
        held=False,
        attempt=1,
        next_in=None,
    )
    show_row([fired], Console(file=stream, width=width, force_terminal=True, color_system=None))
    stream.seek(0)
    return stream.read().splitlines()


def failed(message: str, status: int | None = None) -> Outcome:
    return Outcome(status, 22.0, SendFailure.CONNECTION_FAILED, message)


def test_an_answer_stands_beside_what_is_right_with_its_time() -> None:
    assert row(Outcome(200, 22.0)) == [f"{_HEAD}200  22 ms"]


def test_where_nothing_answered_there_is_no_time_to_tell() -> None:
    said = "nothing listens on localhost:39300"
    assert row(failed(said)) == [f"{_HEAD}{said}"]


@pytest.mark.parametrize(("width", "margin"), [(80, len(_HEAD)), (60, 2)])
def test_what_does_not_fit_is_broken_between_words(width: int, margin: int) -> None:
    said = "the connection to localhost:39300 broke off in the middle of the answer"
    first, *others = row(failed(said), width)
    assert first.startswith(_HEAD.rstrip())
    assert all(line.startswith(" " * margin) and len(line) <= width for line in others)
    assert " ".join((first.removeprefix(_HEAD.rstrip()) + " ".join(others)).split()) == said
    assert len(others) <= 2
