"""gooclaim_cli.tally: the session in numbers."""

from typing import Any

import msgspec
import pytest

from gooclaim_cli.happenings import (
    Delivered,
    Disposition,
    HandlerAnswer,
    LateAnswer,
    Level,
    Notice,
    Summary,
)
from gooclaim_cli.tally import Tally
from gooclaim_cli.wire import Delivery

AT = 1_779_272_065.0


def answer(status: int | None = 200, ms: float = 10.0) -> HandlerAnswer:
    return HandlerAnswer("http://localhost:3000/", status, ms, None, "", (), b"")


def delivered(
    disposition: Disposition = Disposition.FRESH,
    status: int | None = 200,
    handler: HandlerAnswer | None = None,
) -> Delivered:
    given: dict[str, Any] = dict.fromkeys(("event_id", "event_type", "idempotency_key"))
    return Delivered(
        at=AT,
        delivery_id="dlv_1",
        size=2,
        findings=(),
        disposition=disposition,
        attempt=1,
        response_status=status,
        handler=handler,
        delivery=Delivery((), b"{}"),
        **given,
    )


def summary(*happenings: Any, restored: bool | None = None) -> Summary:
    tally = Tally()
    for each in happenings:
        tally.add(each)
    return tally.summary(at=AT, restored=restored)


def numbers(*happenings: Any) -> tuple[int, ...]:
    """Received, verified, rejected, duplicates, forwarded, failed."""
    made = summary(*happenings)
    verified = (made.received, made.verified, made.rejected)
    return *verified, made.duplicates, made.forwarded, made.failed


def test_nothing_happened() -> None:
    assert numbers() == (0, 0, 0, 0, 0, 0)
    assert summary().slowest_ms is None


@pytest.mark.parametrize("restored", [True, False, None])
def test_what_it_does_not_count(restored: bool | None) -> None:
    notice = Notice(at=AT, level=Level.INFO, code="a", message="b")
    made = summary(notice, restored=restored)
    assert (made.received, made.restored, made.at) == (0, restored, AT)


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (delivered(), (1, 1, 0, 0, 0, 0)),
        (delivered(handler=answer()), (1, 1, 0, 0, 1, 0)),
        (delivered(Disposition.RETRY, handler=answer()), (1, 1, 0, 0, 1, 0)),
        (delivered(status=500, handler=answer(500)), (1, 1, 0, 0, 1, 1)),
        (delivered(status=504, handler=answer(None)), (1, 1, 0, 0, 1, 1)),
        (delivered(status=None, handler=answer(None)), (1, 1, 0, 0, 1, 1)),
        (delivered(Disposition.REJECTED, 401), (1, 0, 1, 0, 0, 0)),
        (delivered(Disposition.DUPLICATE), (1, 1, 0, 1, 0, 0)),
        (delivered(Disposition.DUPLICATE, handler=answer()), (1, 1, 0, 1, 1, 0)),
        (delivered(Disposition.IN_FLIGHT, 503), (1, 1, 0, 0, 0, 0)),
    ],
)
def test_each_kind_of_delivery(happening: Delivered, expected: tuple[int, ...]) -> None:
    assert numbers(happening) == expected
    assert numbers(happening, happening) == tuple(2 * each for each in expected)


def test_events_that_no_handler_took_in_the_end() -> None:
    """However often each was tried; where the home URL's answer counts, it is not ours to say."""

    def tried(key: str, status: int, **members: Any) -> Delivered:
        seen = delivered(status=status, handler=answer(status))
        return msgspec.structs.replace(seen, idempotency_key=key, **members)

    lost = [tried("lost", 500), tried("lost", 503)]
    late = [tried("late", 500), tried("late", 200)]
    home = [tried("home", 500, home=answer(200))]
    assert summary(*lost, *late, *home).failed_events == 1
    assert summary(*lost, tried("other", 302)).failed_events == 2
    assert summary(*late).failed_events == 0


def test_the_slowest_answer() -> None:
    """Late answers count; where none came, there is no time to tell."""
    late = LateAnswer(
        at=AT, delivery_id="dlv_1", event_id="evt_1", event_type="a", handler=answer(200, 7300.0)
    )
    quick, none = delivered(handler=answer(200, 5.0)), delivered(handler=answer(None, 9000.0))
    assert summary(quick, none).slowest_ms == 5.0
    assert summary(quick, delivered(handler=answer(500, 40.0)), quick).slowest_ms == 40.0
    assert summary(none, late, quick).slowest_ms == 7300.0
    assert summary(none).slowest_ms is None
