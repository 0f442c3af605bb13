"""Verifying what was saved: each capture judged, diagnosed where it fails, told, and counted."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from gooclaim_cli.capture_files import CaptureFiles, Refused
from gooclaim_cli.checking import Checked, Counts, Rules, check
from gooclaim_cli.wire import Reason
from gooclaim_cli.wire.captures import Capture, Unreadable

if TYPE_CHECKING:  # loaded only where something does not verify
    from gooclaim_cli.wire.diagnosis import NamedSecret

EACH_SECONDS: Final = 2.0
TOTAL_SECONDS: Final = 60.0
_PATIENCE: Final = 3  # so many in a row that nothing explains, and only single causes are tried
_FIX: Final = (
    "set the secret of then; several are tried: GOOCLAIM_SIGNING_SECRET=new,old gooclaim verify ..."
)
_FIX_OF_SANDBOX: Final = (
    "set its sandbox's secret, which gooclaim listen --sandbox shows on that machine:"
    " GOOCLAIM_SIGNING_SECRET=whsec_sandbox_... gooclaim verify ..."
)
_TOLD_EVERY: Final = 256  # captures
_TIMELESS: Final = "it does not say when it was received: write --at TIME, or --no-expiry"


class Shown(Protocol):
    """What verdicts are told to."""

    def checked(self, checked: Checked) -> None:
        """Show a capture's verdict."""

    def unreadable(self, found: Unreadable) -> None:
        """Show that a record among others could not be read."""

    def refused(self, refused: Refused) -> None:
        """Show that a file holds no captures."""

    def watching(self, folders: Sequence[str]) -> None:
        """Say that what is dropped into folders is checked from now on."""

    def summary(self, counts: Counts) -> None:
        """Show how many there were."""


@dataclass(slots=True)
class Diagnoser:
    """Says why captures do not verify, within bounds of time: 2 s for each, 60 s for all.

    `clock` gives seconds. `others` gives secrets that may have been used by mistake; it is asked
    once, and only where something does not verify.
    """

    rules: Rules
    clock: Callable[[], float]
    others: "Callable[[], Sequence[NamedSecret]]" = tuple
    each: float = EACH_SECONDS
    total: float = TOTAL_SECONDS
    _spent: float = 0.0
    _in_vain: int = 0
    _others: "Sequence[NamedSecret] | None" = None

    def renew(self) -> None:
        """Begin anew with the time for all."""
        self._spent = 0.0

    def diagnosed(self, checked: Checked) -> Checked:
        """Add why it does not verify, where that is to be found."""
        from gooclaim_cli.wire.diagnosis import UNEXPLAINED, diagnose

        if self._others is None:
            self._others = self.others()
        started = self.clock()
        until = started + min(self.each, self.total - self._spent)
        if until <= started:  # all time is spent
            return _with_secret_changed(checked, tried=0) if _was_good(checked) else checked
        found = diagnose(
            checked.capture.delivery,
            checked.verdict,
            self.rules.secrets,
            stop=lambda: self.clock() > until,
            signed_content=self.rules.signed_content,
            others=self._others,
            thorough=self._in_vain < _PATIENCE,
        )
        self._spent += self.clock() - started
        if found is not None:
            self._in_vain = 0 if found.explained else self._in_vain + 1
        if found is not None and found.code == UNEXPLAINED and _was_good(checked):
            return _with_secret_changed(checked, tried=found.tried)
        return msgspec.structs.replace(checked, diagnosis=found)


def _was_good(checked: Checked) -> bool:
    """Whether nothing but the secret can have changed, by what the capture itself says."""
    return checked.capture.verified and Reason.SIGNATURE_MISMATCH in checked.verdict.codes


def _with_secret_changed(checked: Checked, *, tried: int) -> Checked:
    from gooclaim_cli.tenant.environment import SANDBOX_TENANT
    from gooclaim_cli.wire.diagnosis import secret_changed

    event = checked.verdict.event
    of_sandbox = event is not None and event.tenant_id.startswith(SANDBOX_TENANT)
    fix = _FIX_OF_SANDBOX if of_sandbox else _FIX
    found = secret_changed(fix, tried=tried)
    return msgspec.structs.replace(checked, diagnosis=found)


def run(
    files: CaptureFiles,
    rules: Rules,
    diagnoser: Diagnoser,
    shown: Shown,
    progress: Callable[[float], None] | None = None,
) -> Counts:
    """Check all, telling each verdict as it is known; Ctrl-C ends it with a summary.

    `progress` is told the share that is done, from 0 to 1, now and then. Raises UsageError where
    the one thing to tell is a file that holds no captures.
    """
    running = _Run(rules, diagnoser, shown)
    try:
        for number, found in enumerate(files):
            running.take(found)
            if progress is not None and not number % _TOLD_EVERY:
                progress(files.share)
    except KeyboardInterrupt:
        running.counts.interrupted = True
        running.end(alone=False)
        raise
    running.end(alone=True)
    return running.counts


def follow(
    batches: Iterable[CaptureFiles],
    rules: Callable[[], Rules],
    diagnoser: Diagnoser,
    shown: Shown,
) -> Counts:
    """Check files as they come, by the rules of their time, until Ctrl-C; then sum up."""
    running = _Run(rules(), diagnoser, shown)
    with contextlib.suppress(KeyboardInterrupt):
        for files in batches:
            running.rules = rules()
            diagnoser.renew()
            for found in files:
                running.take(found)
            running.tell_held()
    running.end(alone=False)
    return running.counts


@dataclass(slots=True)
class _Run:
    rules: Rules
    diagnoser: Diagnoser
    shown: Shown
    counts: Counts = field(default_factory=Counts)
    _held: Refused | None = None  # the first, until there is something else to tell

    def take(self, found: Capture | Unreadable | Refused) -> None:
        """Judge, tell and count one."""
        self.tell_held()
        if isinstance(found, Refused):
            self.counts.refused += 1
            self._held = found
        elif isinstance(found, Unreadable):
            self._unreadable(found)
        elif (checked := check(found, self.rules)) is None:
            self._unreadable(Unreadable(found.source, _TIMELESS))
        else:
            self.counts.count(checked.verdict)
            if not checked.verdict.ok:
                checked = self.diagnoser.diagnosed(checked)
                self.counts.count_cause(checked)
            self.shown.checked(checked)

    def _unreadable(self, found: Unreadable) -> None:
        self.counts.unreadable += 1
        self.shown.unreadable(found)

    def tell_held(self) -> None:
        """Tell of the file that was held back."""
        if self._held is not None:
            self.shown.refused(self._held)
            self._held = None

    def end(self, *, alone: bool) -> None:
        """Sum up. `alone`: one file that was refused, and nothing else, is raised instead."""
        if alone and self._held is not None and self.counts == Counts(refused=1):
            raise self._held.error
        self.tell_held()
        self.shown.summary(self.counts)
