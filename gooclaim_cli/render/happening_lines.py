"""What a program reads of a session: happenings as JSON, one object a line.

Owns the names of the machine output, which are stable. No bodies, no signatures: those are in the
history.
"""

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
    PassedOn,
    Ready,
    Summary,
)
from gooclaim_cli.render.escape import ascii_json
from gooclaim_cli.render.json_lines import encode_object, rfc3339
from gooclaim_cli.story_happenings import StoryBegins, StoryEnds, StoryStep


class JsonRenderer:
    """Shows happenings as JSON lines on a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._ascii = not (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")

    def show(self, happening: Happening) -> None:
        """Write one object, which `flush` passes on. An OSError of the stream goes through."""
        if isinstance(happening, Delivered):
            line = encode_object(_delivered(happening))
        else:
            line = encode_object(to_object(happening))
        self._stream.write(f"{ascii_json(line) if self._ascii else line}\n")

    def flush(self) -> None:
        """Pass on what was written: many lines that come together cost one call of the system."""
        self._stream.flush()


def to_object(happening: Happening) -> dict[str, Any]:
    """Turn a happening into the members of its JSON object."""
    match happening:
        case Ready():
            return _ready(happening)
        case Delivered():
            members: dict[str, Any] = msgspec.to_builtins(_delivered(happening))
            return members
        case LateAnswer():
            return {
                "kind": "late_answer",
                "at": rfc3339(happening.at),
                "delivery_id": happening.delivery_id,
                "event_id": happening.event_id,
                "event_type": happening.event_type,
                "handler": _answer(happening.handler),
            }
        case PassedOn():
            return {
                "kind": "pass_on",
                "at": rfc3339(happening.at),
                "delivery_id": happening.delivery_id,
                "event_id": happening.event_id,
                "event_type": happening.event_type,
                "target": happening.target.value,
                "late": happening.late,
                **_answer(happening.answer),
            }
        case Notice():
            return _notice(happening)
        case Summary():
            return _summary(happening)
        case StoryBegins() | StoryStep() | StoryEnds():
            from gooclaim_cli.render.session_story import story_object

            return story_object(happening, at=rfc3339(happening.at))


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
        "home_known": ready.home_known,
        "restore_command": ready.restore_command,
        "deadline": ready.deadline,
        "events": ready.events,
        "ends_at": None if ready.ends_at is None else rfc3339(ready.ends_at),
        "home_url": ready.home_url,
        "answer_from": ready.answer_from,
        "copy_to": list(ready.copy_to),
        "keeps_bodies": ready.keeps_bodies,
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
    if notice.event_id is not None:
        members["event_id"] = notice.event_id
    return members


def _main_handler(handlers: tuple[Handler, ...]) -> str | None:
    """The handler of everything else: the last one for `*`, or the first there is."""
    catch_all = [each.url for each in handlers if each.pattern == "*"]
    if catch_all:
        return catch_all[-1]
    return handlers[0].url if handlers else None


class _DeliveryLine(msgspec.Struct, tag_field="kind", tag="delivery", frozen=True):
    """The members of a delivery's object, in their order: there are many, so they are no dict."""

    at: str
    delivery_id: str
    event_id: str | None
    event_type: str | None
    idempotency_key: str | None
    bytes: int
    verdict: str
    reasons: list[str]
    duplicate: bool
    disposition: str
    attempt: int
    response_status: int | None
    handler: dict[str, Any] | None
    home: dict[str, Any] | None


def _delivered(seen: Delivered) -> _DeliveryLine:
    disposition, findings = seen.disposition, seen.findings
    return _DeliveryLine(
        rfc3339(seen.at),
        seen.delivery_id,
        seen.event_id,
        seen.event_type,
        seen.idempotency_key,
        seen.size,
        "rejected" if disposition is Disposition.REJECTED else "verified",
        list(dict.fromkeys(finding.code for finding in findings)) if findings else [],
        disposition is Disposition.DUPLICATE,
        disposition,
        seen.attempt,
        seen.response_status,
        None if seen.handler is None else _answer(seen.handler),
        None if seen.home is None else _answer(seen.home),
    )


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
        "failed_events": summary.failed_events,
        "slowest_ms": None if slowest is None else round(slowest, 1),
        "restored": summary.restored,
        "passed_on": summary.passed_on,
        "not_taken": summary.not_taken,
    }
