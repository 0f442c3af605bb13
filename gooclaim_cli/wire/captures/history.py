"""Our own export: the lines of `gooclaim history export`, and what `history show --json` writes.

The one format that comes by the hundred thousand: a line is decoded straight into what is needed.
"""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records, Unreadable
from gooclaim_cli.wire.captures.members import MembersError, body, from_base64, headers

_VERIFIED: Final = "verified"
_NOT_KEPT: Final = "the body was not kept, only its size and hash: there is nothing to verify"


class _Line(msgspec.Struct, gc=False, tag_field="kind", tag="delivery"):
    headers: tuple[tuple[str, str], ...]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    body: str | None = None
    body_base64: str | None = None
    verdict: str = ""
    reasons: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(_Line).decode


def from_line(line: bytes, source: str) -> Capture | None:
    """Read one line; None where it is no whole line of an export."""
    try:
        found = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if found.body is not None:
        content = found.body.encode("utf-8", "surrogatepass")
    elif found.body_base64 is not None:
        try:
            content = from_base64(found.body_base64, "body_base64")
        except MembersError:
            return None
    else:
        return None
    return Capture(
        source,
        Format.HISTORY,
        found.headers,
        content,
        found.at.timestamp(),
        verified=found.verdict == _VERIFIED and not found.reasons,
    )


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read an object of an export."""
    if value.get("kind") != "delivery" or "headers" not in value:
        return None
    if value.get("body_kept") is False:
        return iter((Unreadable(source, _NOT_KEPT),))
    if "body_base64" in value:
        content = body(value["body_base64"], is_base64=True, where="body_base64")
    elif value.get("body") is None:
        raise MembersError("body: it was not kept (listen --keep-bodies)")
    else:
        content = body(value["body"])
    received_at = times.from_text(value.get("at"))
    found = Capture(
        source,
        Format.HISTORY,
        headers(value["headers"]),
        content,
        received_at,
        verified=value.get("verdict") == _VERIFIED and not value.get("reasons"),
    )
    return iter((found,))
