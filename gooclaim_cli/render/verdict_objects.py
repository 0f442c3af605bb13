"""Verdicts on captures as a program reads them: JSON objects, one a line. The names are stable."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TextIO

from gooclaim_cli.capture_files import Refused
from gooclaim_cli.checking import Checked, Counts
from gooclaim_cli.render.json_lines import encode_object, printable, rfc3339
from gooclaim_cli.wire.captures import Unreadable

if TYPE_CHECKING:  # loaded only where something does not verify
    from gooclaim_cli.wire.diagnosis import Diagnosis

_SAME_INSTANT: Final = 0.001  # what `at` tells apart


@dataclass(slots=True)
class VerdictObjects:
    """Writes verdicts as they come. `clock` gives UNIX seconds.

    `live`: somebody waits for each, so each is flushed.
    """

    stream: TextIO
    clock: Callable[[], float]
    live: bool = False
    _at: float = -math.inf
    _stamp: str = ""

    def checked(self, checked: Checked) -> None:
        """Write a capture's verdict."""
        capture, verdict = checked.capture, checked.verdict
        event = verdict.event
        at = capture.received_at
        findings = verdict.findings
        self._capture(
            {
                "source": capture.source,
                "format": capture.format.value,
                "event_id": None if event is None else event.event_id,
                "event_type": None if event is None else event.event_type,
                "received_at": None if at is None else rfc3339(at),
                "verdict": "rejected" if findings else "verified",
                "reasons": list(dict.fromkeys(each.code.value for each in findings)),
                "details": [finding.detail for finding in findings],
                "notes": checked.notes,
                "diagnosis": _diagnosis(checked.diagnosis),
            }
        )

    def unreadable(self, found: Unreadable) -> None:
        """Write that a record among others could not be read."""
        self._capture(
            {
                "source": found.source,
                "format": None,
                "event_id": None,
                "event_type": None,
                "received_at": None,
                "verdict": "unreadable",
                "reasons": [],
                "details": [found.problem],
                "notes": [],
                "diagnosis": None,
            }
        )

    def refused(self, refused: Refused) -> None:
        """Write that a file is no capture."""
        error = refused.error
        members = {"code": "capture_refused", "message": error.message, "hint": error.hint}
        self._write("notice", {"level": "error", **members})

    def watching(self, folders: Sequence[str]) -> None:
        """Write what is watched."""
        members = {"message": f"watching {', '.join(folders)}", "hint": "Ctrl-C ends it"}
        self._write("notice", {"level": "info", "code": "watching", **members})

    def summary(self, counts: Counts) -> None:
        """Write how many there were."""
        self._write(
            "summary",
            {
                "captures": counts.captures,
                "verified": counts.verified,
                "rejected": counts.rejected,
                "unreadable": counts.unreadable,
                "refused": counts.refused,
                "interrupted": counts.interrupted,
            },
        )

    def _capture(self, members: dict[str, Any]) -> None:
        self._write("capture", members)

    def _write(self, kind: str, members: dict[str, Any]) -> None:
        now = self.clock()
        if now - self._at >= _SAME_INSTANT:
            self._at, self._stamp = now, rfc3339(now)
        line = encode_object({"kind": kind, "at": self._stamp, **members})
        self.stream.write(printable(line, self.stream))
        if self.live or kind != "capture":
            self.stream.flush()


def _diagnosis(found: "Diagnosis | None") -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "code": found.code,
        "message": found.message,
        "fix": found.fix,
        "explained": found.explained,
        "differs_at": found.differs_at,
    }
