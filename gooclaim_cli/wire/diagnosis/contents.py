"""What may have been signed besides the body: every string that people put around it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from gooclaim_cli.wire.delivery import IDEMPOTENCY_KEY_HEADER, TIMESTAMP_HEADER, Delivery
from gooclaim_cli.wire.diagnosis.causes import Cause
from gooclaim_cli.wire.signing import SignedContent

_LONGEST: Final = 256
_DOTTED: Final = "let the signer sign what is agreed: the string `<timestamp>.`, then the raw body"
_SET: Final = "set GOOCLAIM_SIGNED_CONTENT=timestamp.body"


class Content(msgspec.Struct, frozen=True, gc=False):
    """What stands before and behind the body, and why it would; None: it is what is expected."""

    before: bytes = b""
    behind: bytes = b""
    cause: Cause | None = None


def _around(before: str = "", behind: str = "", cause: Cause | None = None) -> Content:
    """The content with texts that may be of headers, which JSON gives lone surrogates."""
    first, last = (each.encode("utf-8", "surrogatepass") for each in (before, behind))
    return Content(first, last, cause)


def variants(delivery: Delivery, signed_content: SignedContent) -> list[Content]:
    """All contents, the expected one first, each once."""
    stamp = _stamp(delivery)
    stamped = signed_content is SignedContent.TIMESTAMP_BODY or _has_own_stamp(delivery)
    found: dict[tuple[bytes, bytes], Content] = {}
    expected = _around(f"{stamp}." if stamp and stamped else "")
    for each in (expected, *_others(delivery, stamp, stamped=stamped)):
        found.setdefault((each.before, each.behind), each)
    return list(found.values())


def _others(delivery: Delivery, stamp: str, *, stamped: bool) -> Iterator[Content]:
    setting = "" if stamped else f"; and {_SET}"
    if stamped:
        yield _around(
            cause=Cause(
                "timestamp_not_signed",
                "the signature covers the body alone; the timestamp has to be signed too",
                "let the signer sign `<timestamp>.` and the body: over the body alone, anybody"
                " could send it again under a new timestamp",
            )
        )
    if stamp:
        yield _around(
            f"{stamp}.",
            cause=Cause(
                "timestamp_signed",
                "the signature covers the timestamp too: `<timestamp>.` before the body",
                _SET,
            ),
        )
        yield from _stamps(stamp, setting)
        yield from _arrangements(stamp, setting)
    yield from _with_ids(delivery, stamp, setting)


def _stamps(stamp: str, setting: str) -> Iterator[Content]:
    """The timestamp in other units. `setting` is what a fix needs besides."""
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 16:
        return
    number = int(stamp)
    message = "it was signed with the timestamp in milliseconds, and sent with another"
    fix = f"sign the very text that {TIMESTAMP_HEADER} has: UNIX seconds{setting}"
    cause = Cause("timestamp_milliseconds", message, fix)
    yield _around(f"{stamp}000.", cause=cause)
    yield _around(f"{number // 1000}.", cause=cause)
    if number < 253_402_300_800:
        moment = datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        message = "it was signed with the timestamp as a date"
        for text in (f"{moment}Z", f"{moment}+00:00"):
            yield _around(f"{text}.", cause=Cause("timestamp_as_date", message, fix))


def _arrangements(stamp: str, setting: str) -> Iterator[Content]:
    """The timestamp elsewhere, or with something else between."""
    fix = f"{_DOTTED}{setting}"
    for between in ("", ":", "\n", "|", "-", " ", ","):
        words = f"{between!r} between" if between else "nothing between"
        cause = Cause(
            "content_other",
            f"it was signed with the timestamp before the body, and {words}",
            fix,
        )
        yield _around(f"{stamp}{between}", cause=cause)
    cause = Cause("content_other", "it was signed with the timestamp behind the body", fix)
    for between in (".", "", ":"):
        yield _around(behind=f"{between}{stamp}", cause=cause)
    cause = Cause("content_other", "it was signed as Slack does: `v0:`, timestamp, body", fix)
    yield _around(f"v0:{stamp}:", cause=cause)


def _with_ids(delivery: Delivery, stamp: str, setting: str) -> Iterator[Content]:
    for name in ("webhook-id", "svix-id", IDEMPOTENCY_KEY_HEADER):
        value = (delivery.value(name) or "")[:_LONGEST]
        if not value:
            continue
        if stamp:
            cause = Cause(
                "standard_webhooks",
                f"it was signed as Standard Webhooks does: {name}, timestamp and body",
                "it is no signature of Gooclaim's: verify it with a library for Standard Webhooks",
            )
            yield _around(f"{value}.{stamp}.", cause=cause)
        cause = Cause(
            "content_other", f"it was signed with {name} before the body", f"{_DOTTED}{setting}"
        )
        yield _around(f"{value}.", cause=cause)


def _stamp(delivery: Delivery) -> str:
    """The timestamp: of the signature's older form, of its header, of Standard Webhooks'."""
    for part in (delivery.value("X-Gooclaim-Signature") or "")[:1024].split(","):
        if part.strip().startswith("t="):
            return part.strip()[2:_LONGEST]
    for name in (TIMESTAMP_HEADER, "webhook-timestamp", "svix-timestamp"):
        value = (delivery.value(name) or "").strip()
        if value:
            return value[:_LONGEST]
    return ""


def _has_own_stamp(delivery: Delivery) -> bool:
    value = (delivery.value("X-Gooclaim-Signature") or "").strip()
    return value.startswith("t=") and "v1=" in value
