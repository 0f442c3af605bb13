"""How the history is shown: a list of deliveries, one delivery in full, and both as JSON.

The objects' names are those of the machine output, and stable.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.history.records import (
    DeliveryDetail,
    ForwardKind,
    Pruned,
    StoredDelivery,
    StoredForward,
)
from gooclaim_cli.render.escape import clip, visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.layout import Layout, status_style
from gooclaim_cli.render.local_times import LocalTimes
from gooclaim_cli.render.payload import payload_lines, shown_headers
from gooclaim_cli.render.terminal import facts, fold_width, glyphs_for, pad, wrap_words, write_lines
from gooclaim_cli.render.tries import tries_lines, tries_object

_OUTCOME_WIDTH: Final = len("delivered")
_STYLES: Final = {
    "delivered": "green",
    "filtered": "green",
    "failed": "red",
    "rejected": "red",
    "pending": "yellow",
    "in_flight": "yellow",
    "duplicate": "yellow",
}

_CARRIED: Final[dict[ForwardKind, str]] = {
    "live": "Forwarded to",
    "replay": "Replayed to",
    "pass_on": "Passed on to",
    "copy": "Copied to",
}


def list_lines(deliveries: Iterable[StoredDelivery], console: Console) -> None:
    """Write a heading and one aligned line a delivery, as they come."""
    layout = Layout(console.width, glyphs_for(console), 0.0)
    write_lines(console, _rows(deliveries, layout))


def detail(
    detail: DeliveryDetail, console: Console, *, tries: Sequence[DeliveryDetail] = ()
) -> None:
    """Write all that is known of one delivery: facts, headers, body, and every forward.

    `tries` are all of its event's, the oldest first, which a table shows.
    """
    width, times = fold_width(console), LocalTimes(detail.stored.received_at)
    layout = Layout(console.width, glyphs_for(console), 0.0)
    lines = facts(_fact_rows(detail.stored, times), width=width)
    if table := tries_lines(tries, detail, layout, times):
        lines += [Text(), *table]
    lines += [Text(), *payload_lines(detail.delivery.headers, detail.delivery.body, console)]
    if not detail.stored.body_kept:
        lines += [Text(), Text("    (the body was not kept)", style="dim")]
    for forward in detail.forwards:
        lines += [Text(), *_forward_title(forward, width, times)]
        lines += payload_lines(forward.headers, forward.body, console)
        if not forward.body_kept:
            lines.append(Text("    (the answer's body was not kept)", style="dim"))
    write_lines(console, lines)


def delivery_object(stored: StoredDelivery) -> dict[str, Any]:
    """Turn a stored delivery into the members of its JSON object."""
    return {
        "kind": "delivery",
        "at": rfc3339(stored.received_at),
        "delivery_id": stored.delivery_id,
        "event_id": stored.event_id,
        "event_type": stored.event_type,
        "tenant_id": stored.tenant_id,
        "idempotency_key": stored.idempotency_key,
        "bytes": stored.size,
        "body_sha256": stored.body_sha256,
        "body_kept": stored.body_kept,
        "verdict": "rejected" if stored.disposition == "rejected" else "verified",
        "reasons": list(stored.reasons),
        "duplicate": stored.disposition == "duplicate",
        "disposition": stored.disposition,
        "attempt": stored.attempt,
        "outcome": stored.outcome,
        "response_status": stored.response_status,
    }


def detail_object(
    detail: DeliveryDetail, *, tries: Sequence[DeliveryDetail] | None = None
) -> dict[str, Any]:
    """Turn a delivery in full into the members of its JSON object; credentials stay hidden.

    With `tries`, all of its event's, `attempts` lists them.
    """
    return {
        **delivery_object(detail.stored),
        **_payload_object(
            detail.delivery.headers, detail.delivery.body if detail.stored.body_kept else None
        ),
        "forwards": [_forward_object(forward) for forward in detail.forwards],
        **({} if tries is None else {"attempts": tries_object(tries)}),
    }


def pruned_lines(done: Pruned, *, dry_run: bool) -> Iterator[Text]:
    """Say what was pruned, or would be."""
    word = "Would delete" if dry_run else "Deleted"
    yield Text(f"{word} {_deliveries(done.deliveries)}, {done.total_bytes:,} bytes.")
    if not done.gone_from_disk:
        traces = "traces may stay in the file while others have it open"
        yield Text(f"But {traces}: end gooclaim listen and other readers, then prune again.")


def prune_question(deliveries: int, total_bytes: int) -> str:
    """Ask whether to delete."""
    return f"Delete {_deliveries(deliveries)}, {total_bytes:,} bytes, for good? [y/N] "


def pruned_object(done: Pruned, *, at: float, dry_run: bool) -> dict[str, Any]:
    """Turn what was pruned, or would be, into the members of its JSON object."""
    return {
        "kind": "prune",
        "at": rfc3339(at),
        "deliveries": done.deliveries,
        "bytes": done.total_bytes,
        "dry_run": dry_run,
        "gone_from_disk": done.gone_from_disk,
    }


def _deliveries(count: int) -> str:
    return f"{count:,} {'delivery' if count == 1 else 'deliveries'}"


def _forward_object(forward: StoredForward) -> dict[str, Any]:
    return {
        "forward": forward.kind,
        "at": rfc3339(forward.started_at),
        "url": forward.url,
        "status": forward.status,
        "ms": round(forward.ms, 1),
        "error": forward.error,
        "message": forward.message,
        "late": forward.late,
        **_payload_object(forward.headers, forward.body if forward.body_kept else None),
    }


def _payload_object(headers: Iterable[tuple[str, str]], body: bytes | None) -> dict[str, Any]:
    listed = [[name, value] for name, value in shown_headers(headers)]
    if body is None:
        return {"headers": listed, "body": None}
    try:
        return {"headers": listed, "body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"headers": listed, "body_base64": base64.b64encode(body).decode("ascii")}


def _rows(deliveries: Iterable[StoredDelivery], layout: Layout) -> Iterator[Text]:
    times = None
    for stored in deliveries:
        if times is None:
            times = LocalTimes(stored.received_at)
            yield _heading(layout, times)
        yield _row(stored, layout, times)
    if times is None:
        yield Text("No deliveries.", style="dim")


def _heading(layout: Layout, times: LocalTimes) -> Text:
    columns = (
        f"RECEIVED {times.zone}".ljust(19),
        layout.event_type("TYPE"),
        layout.event_id("EVENT"),
        "OUTCOME".ljust(_OUTCOME_WIDTH),
        "HTTP",
        "TRY",
    )
    return _cut(Text(layout.gap.join(columns), style="dim"), layout)


def _row(stored: StoredDelivery, layout: Layout, times: LocalTimes) -> Text:
    gap = layout.gap
    outcome = clip(
        visible(stored.outcome.replace("_", " ")), _OUTCOME_WIDTH, mark=layout.glyphs.cut
    )
    status = "-" if stored.response_status is None else str(stored.response_status)
    line = (
        Text()
        .append(times.told(stored.received_at), style="dim")
        .append(f"{gap}{layout.event_type(stored.event_type)}{gap}")
        .append(layout.event_id(stored.event_id), style="dim")
        .append(f"{gap}{pad(outcome, _OUTCOME_WIDTH)}", style=_STYLES.get(stored.outcome, ""))
        .append(f"{gap}{status:>4}{gap}{stored.attempt:>3}")
    )
    return _cut(line, layout)


def _cut(line: Text, layout: Layout) -> Text:
    line.rstrip()
    if line.cell_len <= layout.width:
        return line
    return Text(clip(line.plain, layout.width, mark=layout.glyphs.cut))


def _fact_rows(stored: StoredDelivery, times: LocalTimes) -> list[tuple[str, str]]:
    answered = "not answered" if stored.response_status is None else f"{stored.response_status}"
    rows = [
        ("Delivery", visible(stored.delivery_id)),
        ("Event", visible(stored.event_id or "-")),
        ("Type", visible(stored.event_type or "-")),
        ("Tenant", visible(stored.tenant_id or "-")),
        ("Idempotency", visible(stored.idempotency_key or "-")),
        ("Received", f"{times.told(stored.received_at)} {times.zone}"),
        ("Try", f"{stored.attempt} ({visible(stored.disposition.replace('_', ' '))})"),
        ("Outcome", visible(stored.outcome.replace("_", " "))),
        ("Answered", answered),
    ]
    if stored.reasons:
        rows.append(("Reasons", visible(", ".join(stored.reasons))))
    kept = "" if stored.body_kept else ", not kept"
    rows.append(("Body", f"{stored.size:,} bytes{kept}"))
    rows.append(("SHA-256", visible(stored.body_sha256)))
    return rows


def _forward_title(forward: StoredForward, width: int | None, times: LocalTimes) -> list[Text]:
    """Say where a delivery was carried, and how that ended."""
    word = _CARRIED.get(forward.kind, "Sent to")
    ended = [] if forward.status is None else [f"{forward.status}"]
    ended.append(f"{max(1, round(forward.ms))} ms")
    ended += ["too late"] if forward.late else []
    ended += [visible(forward.message)] if forward.error and forward.message else []
    to = f"{word} {visible(forward.url)}"
    sentence = f"{times.told(forward.started_at)} {to}: {', '.join(ended)}"
    style = "yellow" if forward.late else status_style(forward.status)
    return [Text(part, style=style) for part in wrap_words(sentence, width=width, hanging="  ")]
