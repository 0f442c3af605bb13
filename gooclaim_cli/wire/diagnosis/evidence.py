"""What can be told where nothing makes the signature match: what is wrong all the same, what to do.

Some changes lose what was signed: no trying brings it back, but they leave traces.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from gooclaim_cli.wire.delivery import SIGNATURE_HEADER, TIMESTAMP_HEADER, Delivery
from gooclaim_cli.wire.diagnosis.bodies import LARGEST
from gooclaim_cli.wire.diagnosis.causes import UNEXPLAINED, Cause, Diagnosis

_MASK: Final = re.compile(
    rb'"(?:[^"]{0,8}\*{3,}[^"]{0,8}|\[(?:FILTERED|REDACTED|filtered|redacted|hidden)\]|x{6,})"'
)
_COMPRESSED: Final = frozenset(("gzip", "x-gzip", "deflate", "br", "zstd"))
# What a template, a shell or a program leaves where a value should stand.
_UNFILLED: Final = re.compile(
    r"\$[({\w]|\{\{|<[\w -]+>|%\w|\*{3}|^\s*(?:null|undefined|none|nan|\[object \w+\])\s*$",
    re.IGNORECASE,
)
_RAW: Final = "capture the raw bytes: curl --trace, gooclaim listen, or a proxy's dump"
_ROUND: Final = frozenset(2**power for power in range(8, 25)) | {
    1000,
    1500,
    2000,
    4000,
    5000,
    10_000,
}
RULED_OUT: Final = (
    "the body parsed and written again, in the layouts, orders and spellings of common writers",
    "white space, line ends, byte order marks, charsets, encodings and compression of the body",
    "the secret trimmed, quoted, prefixed, padded, encoded, decoded; other secrets known here",
    "the signature in base64, prefixed, quoted, cut off, folded or doubled",
    "the timestamp signed or not, in other units and arrangements",
    "other hashes",
    "two of these together",
)
_NEXT: Final = (
    "check that the secret is this tenant's, as the Console shows it now; then capture the raw"
    " bytes of a new delivery: gooclaim listen, curl --trace, or a proxy's dump"
)


def unexplained(delivery: Delivery, *, tried: int, finished: bool) -> Diagnosis:
    """Say what was tried and what to capture next; `finished`: all of it was tried."""
    traces = list(_traces(delivery))
    if traces:
        first = traces[0]
        return Diagnosis(first.code, first.message, first.fix, explained=False, tried=tried)
    if finished:
        message = f"none of {tried:,} ways in which signatures go wrong explains it"
    else:
        message = (
            f"none of the {tried:,} ways that were tried explains it; time was up before the rest"
        )
    ruled_out = RULED_OUT if finished else ()
    return Diagnosis(UNEXPLAINED, message, _NEXT, explained=False, tried=tried, ruled_out=ruled_out)


def secret_changed(fix: str, *, tried: int) -> Diagnosis:
    """Say why nothing explains it, where it is known to have verified once, and is the same."""
    message = "it verified when it was received; another secret is set now"
    return Diagnosis("secret_changed", message, fix, explained=False, tried=tried)


def malformed_timestamp(delivery: Delivery) -> Diagnosis | None:
    """Say what a timestamp is that is not UNIX time in seconds; None where that is not known."""
    value = (delivery.value(TIMESTAMP_HEADER) or "").strip()
    fix = f"{TIMESTAMP_HEADER} is UNIX time in seconds: pass on what Gooclaim sent"
    for pattern, code, words in (
        (r"\d{13}", "timestamp_milliseconds", "milliseconds"),
        (r"\d{16}|\d{19}", "timestamp_milliseconds", "micro- or nanoseconds"),
        (r"\d{1,12}\.\d{1,9}", "timestamp_fraction", "seconds with a fraction"),
        (r"\d{4}-\d\d-\d\d.{1,30}", "timestamp_as_date", "a date"),
    ):
        if re.fullmatch(pattern, value, re.ASCII):
            message = f"{TIMESTAMP_HEADER} is {words}, not seconds"
            return Diagnosis(code, message, fix, explained=True)
    return None


def own_form(delivery: Delivery) -> Cause:
    """Say why a signature that matches is refused all the same: its form, or its timestamp."""
    if "t=" in (delivery.value(SIGNATURE_HEADER) or ""):
        return Cause(
            "timestamp_differs",
            f"the signature is good for its own t=, which is not what {TIMESTAMP_HEADER} says",
            "pass both on as they came: something between Gooclaim and you writes one anew",
        )
    return Cause(
        "signature_malformed",
        f"the signature is right, but not in the form in which {SIGNATURE_HEADER} has it",
        "pass the header on as it came: 64 hexadecimal digits, alone or after `sha256=`",
    )


def missing_signature(delivery: Delivery) -> Diagnosis:
    """Say what stands where a signature is expected."""
    given = delivery.value(SIGNATURE_HEADER)
    names = ", ".join(name for name, _ in delivery.headers[:40] if "sign" in name.lower())
    if given:
        return _no_signature_within(given)
    if names:
        message = f"there is no {SIGNATURE_HEADER}, but {names[:120]}"
        fix = (
            "if a proxy renames headers, save them in front of it; if another service sent this,"
            " verify it by that one's rules"
        )
    else:
        message = f"there is no {SIGNATURE_HEADER} among the headers"
        fix = "save all headers with the body; a proxy or a framework may have dropped this one"
    return Diagnosis("signature_not_captured", message, fix, explained=False)


def _no_signature_within(value: str) -> Diagnosis:
    fix = f"save {SIGNATURE_HEADER} as it came: 64 hexadecimal digits, alone or after `sha256=`"
    if _UNFILLED.search(value):
        message = f"{SIGNATURE_HEADER} is {value[:40]!r}: nothing was put in its place"
    else:
        message = f"{SIGNATURE_HEADER} holds no signature: it begins with {value[:40]!r}"
    return Diagnosis("signature_malformed", message, fix, explained=False)


def _traces(delivery: Delivery) -> Iterator[Cause]:
    body = delivery.body
    length = (delivery.value("Content-Length") or "").strip()
    if not body:
        yield Cause("body_missing", "the body is empty", _RAW)
    if length.isascii() and length.isdigit() and len(length) < 16 and int(length) != len(body):
        code = "body_truncated" if int(length) > len(body) else "body_changed"
        message = f"the body has {len(body):,} bytes, Content-Length says {int(length):,}"
        yield Cause(code, f"{message}: it was cut off or changed on its way here", _RAW)
    is_small = len(body) <= LARGEST
    if is_small and _is_cut(body):
        words = ", a round number" if len(body) in _ROUND else ""
        message = f"the body ends at byte {len(body):,}{words}, in the middle of its JSON"
        fix = "save the whole body: look for a limit of the log, the column or the buffer"
        yield Cause("body_truncated", message, fix)
    encoding = (delivery.value("Content-Encoding") or "").strip().lower()
    if encoding in _COMPRESSED and body.lstrip()[:1] == b"{":
        message = f"Content-Encoding says {encoding}, and the body is not: it was unpacked"
        yield Cause("body_compressed", f"{message} on its way here", _RAW)
    if "\ufffd".encode() in body:
        at = body.find("\ufffd".encode())
        message = f"the body has U+FFFD at byte {at}: bytes that were not understood were lost"
        yield Cause("body_charset", message, _RAW)
    mask = _MASK.search(body) if is_small else None
    if mask is not None:
        message = f"a value of the body was masked, at byte {mask.start()}"
        yield Cause("body_masked", message, "verify before the log hides values, on the raw bytes")
    if is_small and _is_sorted(body):
        message = "the body's keys are sorted: it was parsed and written again, its order is lost"
        yield Cause("body_reserialised", message, _RAW)


def _is_sorted(body: bytes) -> bool:
    """Whether the envelope's members are in alphabetical order, which the published one is not."""
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return False
    names = list(members) if isinstance(members, dict) else []
    return len(names) > 2 and "event_id" in names and names == sorted(names)


def _is_cut(body: bytes) -> bool:
    """Whether JSON breaks off: it is wrong only at its end."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        text = body.decode("utf-8", "replace")
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string")
    except (ValueError, RecursionError):
        return False
    return False
