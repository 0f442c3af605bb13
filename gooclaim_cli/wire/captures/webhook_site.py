"""What webhook.site's API and its export give: requests with `content` and lists of headers."""

from typing import Any

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records, Unreadable
from gooclaim_cli.wire.captures.members import MembersError, body, headers


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read a page of requests, or one request."""
    match value:
        case {"data": [{"content": _, "headers": _}, *_] as requests}:
            return _captures(requests, source)
        case {"content": str() | None, "headers": _, "uuid": _}:
            return iter((_capture(value, source),) if _is_post(value) else ())
    return None


def _captures(requests: list[Any], source: str) -> Records:
    for number, each in enumerate(requests, 1):
        where = f"{source}#{number}"
        if not isinstance(each, dict):
            yield Unreadable(where, f"data[{number - 1}]: expected an object")
            continue
        if not _is_post(each):
            continue
        try:
            yield _capture(each, where)
        except MembersError as error:
            yield Unreadable(where, f"data[{number - 1}].{error}")


def _is_post(value: dict[str, Any]) -> bool:
    return bool(value.get("method", "POST") == "POST")


def _capture(value: dict[str, Any], source: str) -> Capture:
    return Capture(
        source,
        Format.WEBHOOK_SITE,
        headers(value.get("headers")),
        body(value.get("content"), where="content"),
        times.from_text(value.get("created_at")),
    )
