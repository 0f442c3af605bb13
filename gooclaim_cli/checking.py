"""Judging captures: by which time, under which secrets, and what came of it. Pure."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from gooclaim_cli.wire import (
    CATALOGUE,
    DEFAULT_TOLERANCE,
    ENVELOPE_MEMBERS,
    Event,
    Reason,
    SignedContent,
    SigningSecret,
    Verdict,
    member_names,
    verify,
)
from gooclaim_cli.wire.captures import Capture, Format

if TYPE_CHECKING:  # loaded only where something does not verify
    from gooclaim_cli.wire.diagnosis import Diagnosis

_MEMBERS: Final = frozenset(ENVELOPE_MEMBERS)


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What captures are judged by.

    `now` is UNIX seconds; None: the time at which each capture was received. A `tolerance` of
    infinity judges no time.
    """

    secrets: Sequence[SigningSecret]
    now: float | None
    tolerance: float = DEFAULT_TOLERANCE
    signed_content: SignedContent = SignedContent.BODY


class Checked(msgspec.Struct, frozen=True, gc=False):
    """A capture with its verdict, and why it is a bad one where that was looked for.

    `notes` are what is unusual about it, but not wrong.
    """

    capture: Capture
    verdict: Verdict
    notes: tuple[str, ...] = ()
    diagnosis: "Diagnosis | None" = None


def check(capture: Capture, rules: Rules) -> Checked | None:
    """Verify one capture; None where it would have to say when it was received, and does not."""
    now = capture.received_at if rules.now is None else rules.now
    if now is None:
        return None
    verdict = verify(
        capture.delivery,
        rules.secrets,
        now=now,
        tolerance=rules.tolerance,
        signed_content=rules.signed_content,
    )
    if capture.format is Format.RAW_BODY:
        verdict = _as_given(verdict, rules)
    return Checked(capture, verdict, notes_on(capture, verdict.event))


def _as_given(verdict: Verdict, rules: Rules) -> Verdict:
    """Leave out what nobody was asked for: a raw body has the headers that were typed."""
    left_out = {Reason.IDEMPOTENCY_KEY_MISSING}
    if math.isinf(rules.tolerance) and rules.signed_content is SignedContent.BODY:
        left_out.add(Reason.TIMESTAMP_MISSING)
    findings = tuple(each for each in verdict.findings if each.code not in left_out)
    return Verdict(findings, verdict.event, verdict.secret)


def notes_on(capture: Capture, event: Event | None) -> tuple[str, ...]:
    """What is unusual: an unknown event type, unknown members, a body that is not the original."""
    if event is None:
        return () if capture.exact else (_REWRITTEN,)
    names = member_names(capture.body)
    if len(names) == len(_MEMBERS) and event.event_type in CATALOGUE and capture.exact:
        return ()
    notes = [] if capture.exact else [_REWRITTEN]
    if event.event_type not in CATALOGUE:
        notes.append(f"event_type: {event.event_type!r} is not in the catalogue")
    notes += [f"{name}: an unknown member" for name in names if name not in _MEMBERS]
    return tuple(notes)


_REWRITTEN: Final = "the capture holds the parsed body, not its bytes: it was written again"


class Counts(msgspec.Struct):
    """How many captures there were, and what came of them.

    `too_old` are those of the rejected that are nothing else; `refused` are files without captures.
    `unmatched` are those of the rejected whose signature matches no secret, for no cause that was
    found. `interrupted`: somebody ended it before its end.
    """

    verified: int = 0
    rejected: int = 0
    too_old: int = 0
    unmatched: int = 0
    unreadable: int = 0
    refused: int = 0
    interrupted: bool = False

    @property
    def captures(self) -> int:
        """All that was found in files."""
        return self.verified + self.rejected + self.unreadable

    @property
    def none_matches(self) -> bool:
        """Whether there are several, and no secret is that of any of them."""
        return not self.verified and 1 < self.unmatched == self.rejected

    def count_cause(self, checked: Checked) -> None:
        """Count a rejected one once its cause was looked for."""
        found = checked.diagnosis
        is_explained = found is not None and found.explained
        self.unmatched += Reason.SIGNATURE_MISMATCH in checked.verdict.codes and not is_explained

    def count(self, verdict: Verdict) -> None:
        """Count a capture that was verified, or not."""
        if verdict.ok:
            self.verified += 1
            return
        self.rejected += 1
        self.too_old += verdict.codes == (Reason.TIMESTAMP_TOO_OLD,)
