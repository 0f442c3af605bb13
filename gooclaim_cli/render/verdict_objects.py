"""Verdicts on captures as a program reads them: JSON objects, one a line. The names are stable."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from gooclaim_cli.capture_files import Refused
from gooclaim_cli.checking import Checked, Counts
from gooclaim_cli.render.json_lines import rfc3339, write_object
from gooclaim_cli.wire.captures import Unreadable

if TYPE_CHECKING:  # loaded only where something does not verify
    from gooclaim_cli.wire.diagnosis import Diagnosis


@dataclass(slots=True)
class VerdictObjects:
    """Writes verdicts as they come. `clock` gives UNIX seconds."""

    stream: TextIO
    clock: Callable[[], float]

    def checked(self, checked: Checked) -> None:
        """Write a capture's verdict."""
        capture, verdict = checked.capture, checked.verdict
        event = verdict.event
        at = capture.received_at
        self._capture(
            {
                "source": capture.source,
                "format": capture.format.value,
                "event_id": None if event is None else event.event_id,
                "event_type": None if event is None else event.event_type,
                "received_at": None if at is None else rfc3339(at),
                "verdict": "verified" if verdict.ok else "rejected",
                "reasons": list(dict.fromkeys(code.value for code in verdict.codes)),
                "details": [finding.detail for finding in verdict.findings],
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
            },
        )

    def _capture(self, members: dict[str, Any]) -> None:
        self._write("capture", members)

    def _write(self, kind: str, members: dict[str, Any]) -> None:
        write_object({"kind": kind, "at": rfc3339(self.clock()), **members}, self.stream)


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
