"""What a program reads: happenings as JSON, one object a line.

Owns the names of the machine output, which are stable. No bodies, no signatures: those are in the
history. Text is as it came, except that a lone surrogate becomes U+FFFD.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from gooclaim_cli.happenings import (
    Delivered,
    Disposition,
    Handler,
    HandlerAnswer,
    Happening,
    LateAnswer,
    Notice,
    Ready,
    Summary,
)
from gooclaim_cli.render.escape import ascii_json, visible_json


class JsonRenderer:
    """Shows happenings as JSON lines on a stream, each flushed as it is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, happening: Happening) -> None:
        """Write one object. An OSError of the stream goes through."""
        write_object(to_object(happening), self._stream)


def write_object(members: Mapping[str, Any], stream: TextIO) -> None:
    """Write one object as a line, and flush. The line cannot command a terminal."""
    line = encode_object(members)
    if not (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf"):
        line = ascii_json(line)
    stream.write(line + "\n")
    stream.flush()


def encode_object(members: Mapping[str, Any]) -> str:
    """Encode one object as JSON text without a line break, hidden characters escaped."""
    try:
        encoded = msgspec.json.encode(members)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_without_lone_surrogates(members))
    return visible_json(encoded.decode("utf-8"))


def rfc3339(at: float) -> str:
    """Write a time (UNIX seconds) as `2026-05-20T10:14:25.123Z`."""
    moment = datetime.fromtimestamp(round(at, 3), UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def to_object(happening: Happening) -> dict[str, Any]:
    """Turn a happening into the members of its JSON object."""
    match happening:
        case Ready():
            return _ready(happening)
        case Delivered():
            return _delivered(happening)
        case LateAnswer():
            return {
                "kind": "late_answer",
                "at": rfc3339(happening.at),
                "delivery_id": happening.delivery_id,
                "event_id": happening.event_id,
                "event_type": happening.event_type,
                "handler": _answer(happening.handler),
            }
        case Notice():
            return _notice(happening)
        case Summary():
            return _summary(happening)


def _ready(ready: Ready) -> dict[str, Any]:
    members: dict[str, Any] = {
        "kind": "ready",
        "at": rfc3339(ready.at),
        "environment": ready.environment,
        "tenant_id": ready.tenant_id,
        "public_url": ready.public_url,
        "local_url": ready.local_url,
        "handler": _main_handler(ready.handlers),
        "handlers": [{"pattern": each.pattern, "url": each.url} for each in ready.handlers],
        "tunnel": ready.tunnel,
        "inspector": ready.inspector,
        "registered": ready.registered,
        "previous_url": ready.previous_url,
        "deadline": ready.deadline,
        "events": ready.events,
        "ends_at": None if ready.ends_at is None else rfc3339(ready.ends_at),
    }
    if ready.sandbox is not None:
        members["sandbox"] = {
            "api_url": ready.sandbox.api_url,
            "client_id": ready.sandbox.client_id,
            "client_secret": ready.sandbox.client_secret,
            "tenant_id": ready.sandbox.tenant_id,
            "signing_secret": ready.sandbox.signing_secret,
            "ca_file": ready.sandbox.ca_file,
        }
    return members


def _notice(notice: Notice) -> dict[str, Any]:
    members: dict[str, Any] = {
        "kind": "notice",
        "at": rfc3339(notice.at),
        "level": notice.level.value,
        "code": notice.code,
        "message": notice.message,
        "hint": notice.hint,
    }
    if notice.public_url is not None:
        members["public_url"] = notice.public_url
    return members


def _main_handler(handlers: tuple[Handler, ...]) -> str | None:
    """The handler of everything else: the last one for `*`, or the first there is."""
    catch_all = [each.url for each in handlers if each.pattern == "*"]
    if catch_all:
        return catch_all[-1]
    return handlers[0].url if handlers else None


def _delivered(seen: Delivered) -> dict[str, Any]:
    return {
        "kind": "delivery",
        "at": rfc3339(seen.at),
        "delivery_id": seen.delivery_id,
        "event_id": seen.event_id,
        "event_type": seen.event_type,
        "idempotency_key": seen.idempotency_key,
        "bytes": seen.size,
        "verdict": "rejected" if seen.disposition is Disposition.REJECTED else "verified",
        "reasons": list(dict.fromkeys(finding.code.value for finding in seen.findings)),
        "duplicate": seen.disposition is Disposition.DUPLICATE,
        "disposition": seen.disposition.value,
        "attempt": seen.attempt,
        "response_status": seen.response_status,
        "handler": None if seen.handler is None else _answer(seen.handler),
    }


def _answer(handler: HandlerAnswer) -> dict[str, Any]:
    return {
        "status": handler.status,
        "ms": round(handler.ms, 1),
        "error": handler.error,
        "message": handler.message,
        "url": handler.url,
    }


def _summary(summary: Summary) -> dict[str, Any]:
    slowest = summary.slowest_ms
    return {
        "kind": "summary",
        "at": rfc3339(summary.at),
        "received": summary.received,
        "verified": summary.verified,
        "rejected": summary.rejected,
        "duplicates": summary.duplicates,
        "forwarded": summary.forwarded,
        "failed": summary.failed,
        "slowest_ms": None if slowest is None else round(slowest, 1),
        "restored": summary.restored,
    }


def _without_lone_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case Mapping():
            return {
                _without_lone_surrogates(name): _without_lone_surrogates(member)
                for name, member in value.items()
            }
        case list() | tuple():
            return [_without_lone_surrogates(member) for member in value]
        case _:
            return value
