"""HAR, as browsers and proxies save it: `{"log": {"entries": [{"request": {…}}]}}`.

The requests that have one of Gooclaim's headers are taken; where none has, every POST.
"""

from typing import Any

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records, Unreadable
from gooclaim_cli.wire.captures.members import (
    MembersError,
    body,
    has_gooclaim_header,
    headers,
)


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read a HAR document."""
    match value:
        case {"log": {"entries": list(entries)}}:
            return _captures(entries, source)
    return None


def _captures(entries: list[Any], source: str) -> Records:
    posts = [
        (number, entry)
        for number, entry in enumerate(entries, 1)
        if isinstance(entry, dict) and _is_post(entry.get("request"))
    ]
    ours = [each for each in posts if _is_gooclaims(each[1]["request"])]
    for number, entry in ours or posts:
        where = f"{source}#{number}"
        try:
            yield _capture(entry, where)
        except MembersError as error:
            yield Unreadable(where, f"log.entries[{number - 1}].request.{error}")


def _is_post(request: object) -> bool:
    return isinstance(request, dict) and request.get("method") == "POST"


def _is_gooclaims(request: dict[str, Any]) -> bool:
    try:
        return has_gooclaim_header(headers(request.get("headers")))
    except MembersError:
        return True  # it is told


def _capture(entry: dict[str, Any], where: str) -> Capture:
    request = entry["request"]
    posted = request.get("postData") or {}
    if not isinstance(posted, dict):
        raise MembersError("postData: expected an object")
    content = body(
        posted.get("text"),
        is_base64=posted.get("encoding") == "base64",
        where="postData.text",
    )
    received_at = times.from_text(entry.get("startedDateTime"))
    return Capture(where, Format.HAR, headers(request.get("headers")), content, received_at)
