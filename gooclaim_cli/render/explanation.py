"""How a capture that does not verify is opened: findings, cause, fix, the byte, the headers."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.text import Text

from gooclaim_cli.checking import Checked
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.terminal import facts
from gooclaim_cli.wire import Reason
from gooclaim_cli.wire.captures import Capture

if TYPE_CHECKING:
    from gooclaim_cli.wire.diagnosis import Diagnosis

_BEFORE: Final = 16
_BEHIND: Final = 24
_OF_SIGNATURE: Final = frozenset(
    (Reason.SIGNATURE_MISMATCH, Reason.SIGNATURE_MALFORMED, Reason.SIGNATURE_MISSING)
)
_LONGEST: Final = 200


def why(checked: Checked) -> str:
    """Say in a sentence what is wrong; what explains a finding stands for it."""
    found = checked.diagnosis
    details = [
        finding.detail
        for finding in checked.verdict.findings
        if found is None or not found.explained or finding.code not in _OF_SIGNATURE
    ]
    if found is None:
        return "; ".join(details)
    return "; ".join([found.message, *details] if found.explained else [*details, found.message])


def explanation(checked: Checked, *, width: int | None, indent: str) -> Iterator[Text]:
    """Lay out all that is known of a bad capture; of its body, the bytes around a difference."""
    rows = [("Finding", f"{each.code.value}: {each.detail}") for each in checked.verdict.findings]
    if checked.diagnosis is not None:
        rows += _diagnosis(checked.diagnosis, checked.capture.body)
    for block in (rows, _capture(checked.capture)):
        escaped = [(visible(label), visible(value)) for label, value in block]
        yield from facts(escaped, width=width, indent=indent)
        yield Text()


def _diagnosis(found: "Diagnosis", body: bytes) -> list[tuple[str, str]]:
    rows = [("Cause", f"{found.code}: {found.message}"), ("Fix", found.fix)]
    if found.differs_at is not None and found.signed is not None:
        at = found.differs_at
        rows += [
            ("Differs", f"from byte {at} on, counted from 0"),
            ("  captured", _around(body, at)),
            ("  signed", _around(found.signed, at)),
        ]
    if found.tried:
        word = "combination" if found.tried == 1 else "combinations"
        rows.append(("Tried", f"{found.tried:,} {word}"))
    rows += [("Ruled out", each) for each in found.ruled_out]
    return rows


def _around(data: bytes, at: int) -> str:
    begin = max(0, at - _BEFORE)
    shown = data[begin : at + _BEHIND].decode("utf-8", "backslashreplace")
    ahead = "" if begin == 0 else "…"
    behind = "…" if at + _BEHIND < len(data) else " (end)"
    return f"{ahead}{shown}{behind}"


def _capture(capture: Capture) -> list[tuple[str, str]]:
    rows = [("Format", capture.format.value)]
    if capture.received_at is not None:
        rows.append(("Received", rfc3339(capture.received_at)))
    rows += [
        (name[:40], value[:_LONGEST])
        for name, value in capture.headers
        if name.lower().startswith(("x-gooclaim-", "content-"))
    ]
    digest = hashlib.sha256(capture.body).hexdigest()
    return [*rows, ("Body", f"{len(capture.body):,} bytes, SHA-256 {digest}")]
