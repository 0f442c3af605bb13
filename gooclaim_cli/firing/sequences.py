"""Volleys: a good delivery, a broken one, and sequences that are a trial by their order. Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import msgspec

from gooclaim_cli.firing.faults import SINGLE, Fault, Means
from gooclaim_cli.firing.shots import Sample, Shot, Volley, envelope_of, signed_shot
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire.handling import Arriving, holds

_AT_ONCE: Final = 4
_APART: Final = timedelta(minutes=2)
_BEGINNING, _END = "workflow.started", "workflow.completed"
_TIES: Final = ("workflow_id", "workflow_type", "claim_id_hash", "phone_hash")


def good_volley(sample: Sample, means: Means) -> Volley:
    """What Gooclaim itself would send."""
    return Volley(fault=None, shots=(signed_shot(sample, means.signer, at=means.at),))


def faulty_volley(fault: Fault, sample: Sample, means: Means) -> Volley:
    """Break the sample. Raises UsageError where a fault needs a body that is an envelope."""
    if fault in SINGLE:
        return Volley(fault=fault, shots=(SINGLE[fault](sample, means),))
    at_once = fault is Fault.CONCURRENT_DUPLICATES
    return Volley(fault=fault, shots=_SEQUENCES[fault](sample, means), at_once=at_once)


def all_hold(volley: Volley, statuses: tuple[int | None, ...]) -> tuple[bool, ...]:
    """Judge the answers to a volley's shots, in order.

    Of deliveries that came at once, one at least must have been taken.
    """
    taken = any(holds(Arriving.GOOD, status) for status in statuses)
    return tuple(
        holds(shot.what, status) and (taken or not volley.at_once)
        for shot, status in zip(volley.shots, statuses, strict=True)
    )


def _duplicate(sample: Sample, means: Means) -> tuple[Shot, ...]:
    return means.shot(sample, Arriving.GOOD), means.shot(sample, Arriving.REPEATED)


def _concurrent(sample: Sample, means: Means) -> tuple[Shot, ...]:
    return (means.shot(sample, Arriving.REPEATED_AT_ONCE),) * _AT_ONCE


def _retry(sample: Sample, means: Means) -> tuple[Shot, ...]:
    """A refused attempt must not use its key up: the retry of it is a good one."""
    refused = SINGLE[Fault.TAMPERED_BODY](sample, means)
    return refused, means.shot(sample, Arriving.RETRIED)


def _reordered(sample: Sample, means: Means) -> tuple[Shot, ...]:
    """Two events of one story, the later one first."""
    envelope = envelope_of(sample)
    if sample.event_type == _BEGINNING:
        first = _companion(sample, envelope, means, event_type=_END, apart=_APART)
        return means.shot(first, Arriving.GOOD), means.shot(sample, Arriving.GOOD)
    is_workflow = "workflow_id" in (envelope.get("data") or {})
    before = _BEGINNING if is_workflow else sample.event_type
    second = _companion(sample, envelope, means, event_type=before, apart=-_APART)
    return means.shot(sample, Arriving.GOOD), means.shot(second, Arriving.GOOD)


def _companion(
    sample: Sample, envelope: dict[str, Any], means: Means, *, event_type: str, apart: timedelta
) -> Sample:
    """Another event of the same story, so much later or earlier."""
    event_id = f"evt_{new_ulid(means.at + apart.total_seconds(), means.random)}"
    data = envelope.get("data")
    if event_type != sample.event_type and isinstance(data, dict):
        data = {name: data[name] for name in _TIES if name in data}
    body = msgspec.json.encode(
        {
            **envelope,
            "event_id": event_id,
            "event_type": event_type,
            "occurred_at": _shifted(envelope.get("occurred_at"), apart),
            "data": data,
        }
    )
    key = f"idem_{new_ulid(means.at, means.random)}"
    return replace(sample, event_id=event_id, event_type=event_type, idempotency_key=key, body=body)


def _shifted(occurred_at: Any, apart: timedelta) -> Any:
    try:
        moment = datetime.fromisoformat(occurred_at) + apart
    except (TypeError, ValueError, OverflowError):
        return occurred_at
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_SEQUENCES: Final = MappingProxyType[Fault, Callable[[Sample, Means], tuple[Shot, ...]]](
    {
        Fault.DUPLICATE: _duplicate,
        Fault.CONCURRENT_DUPLICATES: _concurrent,
        Fault.REORDERED: _reordered,
        Fault.RETRY: _retry,
    }
)
