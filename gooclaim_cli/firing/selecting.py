"""Which recorded deliveries are to be sent again: by id, by what became of them, or from files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gooclaim_cli.capture_files import CaptureFiles, Refused
from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.firing.differences import Answer
from gooclaim_cli.firing.replays import Original
from gooclaim_cli.history.reading import Filter, HistoryReader, NotInHistoryError
from gooclaim_cli.history.records import DeliveryDetail, Outcome, StoredDelivery, StoredForward
from gooclaim_cli.wire.captures import Capture, Format, Unreadable

# What never was an event that a handler could have had, or says nothing of how its key ended.
_ASIDE = frozenset(
    (
        Outcome.REJECTED,
        Outcome.PENDING,
        Outcome.CAPTURE,
        Outcome.DUPLICATE,
        Outcome.IN_FLIGHT,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to take of the history: `event_type` is a glob, `since` UNIX seconds.

    `last`: only the newest; `failed`: only what no handler has taken, also by a replay.
    """

    event_type: str | None = None
    since: float | None = None
    last: bool = False
    failed: bool = False


def from_history(reader: HistoryReader, wanted: Wanted) -> tuple[Original, ...]:
    """Take verified deliveries, each event once, in the order in which they came.

    Raises GooclaimError where a body was not kept.
    """
    chosen: list[Original] = []
    for stored in _newest_of_each(reader, wanted):
        detail = reader.find(stored.delivery_id)
        if not (wanted.failed and _was_replayed(detail)):
            chosen.append(original_of(detail))
            if wanted.last:
                break
    return tuple(reversed(chosen))


def from_arguments(reader: HistoryReader, arguments: Sequence[str]) -> tuple[Original, ...]:
    """Take what is named: files and what fits in them, or ids of the history, in that order.

    Raises GooclaimError for a file that holds no deliveries, and where there is nothing so called.
    """
    details: dict[str, DeliveryDetail] = {}

    def find(name: str) -> Capture | None:
        try:
            detail = reader.find(name)
        except NotInHistoryError:
            return None
        details[detail.stored.delivery_id] = detail
        delivery = detail.whole
        return Capture(detail.stored.delivery_id, Format.HISTORY, delivery.headers, delivery.body)

    originals: list[Original] = []
    for found in CaptureFiles(arguments, find):
        if isinstance(found, Refused):
            raise found.error
        if isinstance(found, Unreadable):
            raise GooclaimError(
                f"{found.source}: {found.problem}",
                "gooclaim verify says more; take the record out to send the others",
            )
        detail_found = details.get(found.source)
        originals.append(
            original_of(detail_found)
            if detail_found is not None
            else Original(
                source=found.source, delivery=found.delivery, received_at=found.received_at
            )
        )
    return tuple(originals)


def original_of(detail: DeliveryDetail) -> Original:
    """A delivery of the history, with what its handler said when it came."""
    forward = _recorded(detail.forwards)
    answer = None
    if forward is not None:
        body = forward.body if forward.body_kept else None
        answer = Answer(forward.status, forward.headers, body)
    return Original(
        source=detail.stored.delivery_id,
        delivery=detail.whole,
        delivery_id=detail.stored.delivery_id,
        received_at=detail.stored.received_at,
        answer=answer,
        url=forward.url if forward else None,
        reasons=detail.stored.reasons,
    )


def _newest_of_each(reader: HistoryReader, wanted: Wanted) -> Iterator[StoredDelivery]:
    """The newest delivery of each event, the newest first, as far as it is wanted."""
    seen: set[tuple[str | None, str | None]] = set()
    for stored in reader.list(Filter(event_type=wanted.event_type, since=wanted.since)):
        key = stored.tenant_id, stored.idempotency_key
        if stored.outcome in _ASIDE or key in seen:
            continue
        seen.add(key)
        if not wanted.failed or stored.outcome == Outcome.FAILED:
            yield stored


def _was_replayed(detail: DeliveryDetail) -> bool:
    """Whether a handler has taken it later."""
    return any(
        each.kind == "replay" and each.error is None and each.status in range(200, 300)
        for each in detail.forwards
    )


def _recorded(forwards: Sequence[StoredForward]) -> StoredForward | None:
    """The forward whose answer counts as the recorded one: the first live one, else the first."""
    live = [each for each in forwards if each.kind == "live"]
    return next(iter(live or [each for each in forwards if each.kind == "replay"]), None)
