"""gooclaim_cli.wire.handling: the contract's table of what a correct handler answers."""

import pytest

from gooclaim_cli.wire import Reason
from gooclaim_cli.wire.handling import HANDLING, Arriving, arriving, holds


@pytest.mark.parametrize(
    ("what", "right", "wrong"),
    [
        (Arriving.GOOD, (200, 202, 204, 299), (None, 199, 300, 301, 400, 409, 500)),
        (Arriving.LARGE, (200, 413), (None, 400, 414, 500)),
        (Arriving.UNSIGNED, (400, 401, 403, 499), (None, 200, 302, 500, 503)),
        (Arriving.UNTIMELY, (400, 401), (None, 200, 500)),
        (Arriving.REPEATED, (200, 208), (None, 400, 409, 503)),
        (Arriving.REPEATED_AT_ONCE, (200, 409, 500, 503), (None, 400, 408, 410, 302)),
        (Arriving.RETRIED, (200,), (None, 401, 409, 500)),
        (Arriving.UNREADABLE, (400, 415, 422), (None, 200, 500)),
    ],
)
def test_each_row_names_its_statuses(
    what: Arriving, right: tuple[int, ...], wrong: tuple[int | None, ...]
) -> None:
    assert all(holds(what, status) for status in right)
    assert not any(holds(what, status) for status in wrong)


def test_every_row_and_every_reason_is_in_the_table() -> None:
    assert set(HANDLING) == set(Arriving)
    assert all(arriving([reason]) in HANDLING for reason in Reason)
    assert arriving([]) is Arriving.GOOD
    assert arriving([Reason.TIMESTAMP_TOO_OLD, Reason.BODY_NOT_JSON]) is Arriving.UNTIMELY
