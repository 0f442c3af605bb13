"""What ngrok's inspector tells of requests: `/api/requests/http`, whole or one of its elements.

Each has its bytes as `request.raw`, base64 of the HTTP request.
"""

from typing import Any

from gooclaim_cli.wire.captures import http_request, times
from gooclaim_cli.wire.captures.capture import Capture, CaptureError, Format, Records, Unreadable
from gooclaim_cli.wire.captures.members import MembersError, from_base64


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read the list that the inspector gives, or one request of it."""
    match value:
        case {"requests": list(requests), "uri": str()}:
            return _captures(requests, source)
        case {"request": {"raw": str()}}:
            return _one(value, source)
    return None


def _captures(requests: list[Any], source: str) -> Records:
    for number, each in enumerate(requests, 1):
        where = f"{source}#{number}"
        match each:
            case {"request": {"raw": str()}}:
                yield from _one(each, where)
            case _:
                yield Unreadable(where, f"requests[{number - 1}].request.raw: expected base64")


def _one(value: dict[str, Any], source: str) -> Records:
    try:
        raw = from_base64(value["request"]["raw"], "request.raw")
        found = list(http_request.from_bytes(raw, source))
    except (MembersError, CaptureError) as error:
        yield Unreadable(source, str(error))
        return
    received_at = times.from_text(value.get("start"))
    for each in found[:1]:
        if isinstance(each, Capture):
            each = Capture(source, Format.NGROK, each.headers, each.body, received_at)
        yield each
