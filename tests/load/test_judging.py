"""An event that is sent twice: what its second request is, and what is right for both."""

import pytest

from gooclaim_cli.firing.shots import Sample
from gooclaim_cli.load.judging import Judgement, Twice
from gooclaim_cli.wire.handling import Arriving

SAMPLE = Sample(event_id="evt_1", event_type="workflow.completed", idempotency_key="k", body=b"{}")
GOOD, LATER, CROSSED, RETRIED = (
    Arriving.GOOD,
    Arriving.REPEATED,
    Arriving.REPEATED_AT_ONCE,
    Arriving.RETRIED,
)


@pytest.mark.parametrize(
    ("first", "what", "second", "held"),
    [
        (200, LATER, 200, (True, True)),
        (200, LATER, 409, (True, False)),
        (200, LATER, None, (True, False)),
        (500, RETRIED, 200, (False, True)),
        (500, RETRIED, 503, (False, False)),
        (None, RETRIED, 202, (False, True)),
    ],
)
def test_one_after_the_other(
    first: int | None, what: Arriving, second: int | None, held: tuple[bool, bool]
) -> None:
    twice = Twice(SAMPLE)
    assert twice.first_ended(first) == [Judgement(GOOD, first, held[0])]
    assert twice.repeat_begins() is what
    assert twice.repeat_ended(what, second) == [Judgement(what, second, held[1])]


@pytest.mark.parametrize("first_ends_first", [True, False])
@pytest.mark.parametrize(
    ("first", "second", "held"),
    [
        (200, 200, (True, True)),
        (200, 503, (True, True)),
        (409, 200, (True, True)),
        (503, 503, (False, False)),
        (200, 401, (True, False)),
        (200, None, (True, False)),
    ],
)
def test_both_at_once(
    first: int, second: int | None, held: tuple[bool, bool], *, first_ends_first: bool
) -> None:
    """Whichever ends first: nothing is said before both have."""
    twice = Twice(SAMPLE)
    assert twice.repeat_begins() is CROSSED
    both = [Judgement(CROSSED, first, held[0]), Judgement(CROSSED, second, held[1])]
    if first_ends_first:
        assert twice.first_ended(first) == []
        assert twice.repeat_ended(CROSSED, second) == both
    else:
        assert twice.repeat_ended(CROSSED, second) == []
        assert twice.first_ended(first) == both


def test_behind_a_first_that_was_given_up_a_conflict_is_right() -> None:
    """It may be in flight there still."""
    twice = Twice(SAMPLE)
    assert twice.first_ended(None, late=True) == [Judgement(GOOD, None, held=False)]
    what = twice.repeat_begins()
    assert twice.repeat_ended(what, 503) == [Judgement(CROSSED, 503, held=True)]
