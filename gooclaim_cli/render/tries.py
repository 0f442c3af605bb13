"""All tries of one event, as a table and as the members of a JSON object. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from rich.text import Text

from gooclaim_cli.history.records import DeliveryDetail, StoredForward
from gooclaim_cli.render.escape import clip, clip_middle, visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.layout import Layout
from gooclaim_cli.render.local_times import LocalTimes
from gooclaim_cli.render.terminal import pad

_TIME_WIDTH: Final = 19
_ID_WIDTH: Final = len("dlv_…") + 8
_OUTCOME_WIDTH: Final = len("delivered")


def tries_lines(
    tries: Sequence[DeliveryDetail], shown: DeliveryDetail, layout: Layout, times: LocalTimes
) -> list[Text]:
    """A heading and a line a try, the oldest first; nothing where there was but one.

    `shown` is the one that is shown in full beside it, which an arrow marks.
    """
    if len(tries) < 2:
        return []
    names = ("RECEIVED", "DELIVERY", "OUTCOME")
    widths = (_TIME_WIDTH, _ID_WIDTH, _OUTCOME_WIDTH)
    columns = [pad(name, width) for name, width in zip(names, widths, strict=True)]
    lines = [Text("  ".join(("   TRY", *columns, "HTTP", "HANDLER")), style="dim")]
    for each in tries:
        mark = layout.glyphs.arrow if each.stored == shown.stored else ""
        lines.append(Text(f"{mark:<2}{_row(each, layout, times)}"))
    cut = layout.glyphs.cut
    return [Text(clip(line.plain, layout.width, mark=cut), style=line.style) for line in lines]


def tries_object(tries: Sequence[DeliveryDetail]) -> list[dict[str, Any]]:
    """The tries as JSON, the oldest first. `handler` is null where none was asked."""
    return [
        {
            "delivery_id": each.stored.delivery_id,
            "at": rfc3339(each.stored.received_at),
            "attempt": each.stored.attempt,
            "disposition": each.stored.disposition,
            "outcome": each.stored.outcome,
            "response_status": each.stored.response_status,
            "handler": _handler_object(_live(each)),
        }
        for each in tries
    ]


def _row(one: DeliveryDetail, layout: Layout, times: LocalTimes) -> str:
    stored, cut = one.stored, layout.glyphs.cut
    outcome = visible(stored.outcome.replace("_", " "))
    return "  ".join(
        (
            f"{stored.attempt:>4}",
            times.told(stored.received_at),
            pad(clip_middle(visible(stored.delivery_id), _ID_WIDTH, mark=cut), _ID_WIDTH),
            pad(clip(outcome, _OUTCOME_WIDTH, mark=cut), _OUTCOME_WIDTH),
            f"{stored.response_status or '-':>4}",
            _handler_words(_live(one)),
        )
    )


def _handler_words(forward: StoredForward | None) -> str:
    if forward is None:
        return "not asked"
    if forward.status is None:
        return visible(forward.message or forward.error or "no answer")
    late = ", too late" if forward.late else ""
    return f"{forward.status}, {max(1, round(forward.ms))} ms{late}"


def _handler_object(forward: StoredForward | None) -> dict[str, Any] | None:
    if forward is None:
        return None
    return {
        "url": forward.url,
        "status": forward.status,
        "ms": round(forward.ms, 1),
        "error": forward.error,
        "message": forward.message,
        "late": forward.late,
    }


def _live(one: DeliveryDetail) -> StoredForward | None:
    """What the handler said when the delivery came: later ones are replays."""
    return next((each for each in one.forwards if each.kind == "live"), None)
