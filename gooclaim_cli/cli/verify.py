"""`gooclaim verify`: check saved deliveries, and say why one does not verify."""

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gooclaim_cli.cli.options import AsJson, Profile, header, seconds
from gooclaim_cli.errors import ConfigurationError, ExitCode, UsageError
from gooclaim_cli.wire import SIGNATURE_HEADER, TIMESTAMP_HEADER

if TYPE_CHECKING:
    from gooclaim_cli.capture_files import CaptureFiles
    from gooclaim_cli.checking import Counts, Rules
    from gooclaim_cli.settings import Settings
    from gooclaim_cli.verifying import Shown
    from gooclaim_cli.wire.captures import Capture
    from gooclaim_cli.wire.diagnosis import NamedSecret

_RECEIVED: Final = "received"

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def verify(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Files, folders, globs, - for standard input, history ids."
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME|received",
            help="Judge timestamps as of then: 2026-05-20T10:14:25Z, or when each was received.",
            show_default="now",
        ),
    ] = None,
    no_expiry: Annotated[
        bool, typer.Option("--no-expiry", help="Do not judge how old a timestamp is.")
    ] = False,
    tolerance: Annotated[
        str, typer.Option(metavar="SPAN", help="How far a timestamp may be off.")
    ] = "5m",
    headers: Annotated[
        list[str] | None,
        typer.Option(
            "--header",
            "-H",
            metavar="'NAME: VALUE'",
            help="Take each file for a raw body that came with this header. Repeatable.",
        ),
    ] = None,
    signature: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The same for X-Gooclaim-Signature.")
    ] = None,
    timestamp: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The same for X-Gooclaim-Timestamp.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="PATHs are folders: check what is dropped there.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Open what does not verify: findings, causes, bytes.")
    ] = False,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Check saved deliveries, and say why one does not verify.

    Formats are told apart by content: gooclaim history export (JSON lines, .gz),
    raw HTTP requests, curl commands, curl --trace, HAR, ngrok, smee.io,
    webhook.site, AWS Lambda events, log lines with JSON; with --header or
    --signature, raw bodies.
    """
    from gooclaim_cli import settings
    from gooclaim_cli.known_secrets import known_secrets, with_told
    from gooclaim_cli.verifying import Diagnoser, follow, run

    given_settings = settings.load({"profile": profile})
    loaded = with_told(given_settings)
    if not loaded.signing_secrets:
        raise ConfigurationError(
            "no signing secret is known, so nothing can be verified",
            "set GOOCLAIM_SIGNING_SECRET to the one that the Console shows, or the sandbox printed",
        )
    given = _headers(headers or (), signature, timestamp)
    live = watch or "-" in paths

    def tried() -> list[str]:
        found = [each.source for each in known_secrets(given_settings)]
        return list(dict.fromkeys([*found, *(each.name for each in _other_secrets(loaded))]))

    shown = _shown(tried, as_json=as_json, explain=explain, live=live)

    def rules() -> "Rules":
        return _rules(loaded, at, tolerance, no_expiry=no_expiry)

    diagnoser = Diagnoser(rules(), time.monotonic, lambda: _other_secrets(loaded))
    if watch:
        counts = follow(_batches(paths, loaded, given, shown), rules, diagnoser, shown)
    else:
        with _progress(live=live) as tell:
            counts = run(_files(paths, loaded, given), diagnoser.rules, diagnoser, shown, tell)
    raise typer.Exit(_exit_code(counts))


def _rules(loaded: "Settings", at: str | None, tolerance: str, *, no_expiry: bool) -> "Rules":
    from gooclaim_cli.checking import Rules

    if no_expiry and at is not None:
        raise UsageError("--no-expiry and --at exclude each other", "choose one of the two")
    return Rules(
        secrets=loaded.signing_secrets,
        now=_moment(at),
        tolerance=math.inf if no_expiry else seconds("--tolerance", tolerance),
        signed_content=loaded.signed_content,
    )


def _other_secrets(loaded: "Settings") -> "list[NamedSecret]":
    """The previous one, and those of other profiles: a capture may be of one of them."""
    from gooclaim_cli.known_secrets import other_secrets
    from gooclaim_cli.wire.diagnosis import NamedSecret

    return [NamedSecret(each.source, each.secret) for each in other_secrets(loaded)]


def _moment(at: str | None) -> float | None:
    """The time to judge by; None: each capture's own."""
    if at is None:
        return time.time()
    if at == _RECEIVED:
        return None
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--at {at!r} is no time", "write 2026-05-20T10:14:25Z, or received"
        ) from None


def _headers(
    texts: Sequence[str], signature: str | None, timestamp: str | None
) -> tuple[tuple[str, str], ...]:
    """The headers of raw bodies; none where the files have them."""
    given = [header(text) for text in texts]
    named = ((SIGNATURE_HEADER, signature), (TIMESTAMP_HEADER, timestamp))
    return (*given, *((name, value) for name, value in named if value is not None))


def _files(
    paths: list[str], loaded: "Settings", headers: tuple[tuple[str, str], ...]
) -> "CaptureFiles":
    from gooclaim_cli.capture_files import CaptureFiles
    from gooclaim_cli.wire.captures import Capture, Format, read, read_raw_body

    def find(wanted: str) -> Capture | None:
        from gooclaim_cli.happenings import Disposition
        from gooclaim_cli.history.reading import HistoryReader, NotInHistoryError

        with HistoryReader(loaded.places.history) as reader:
            try:
                found = reader.find(wanted)
            except NotInHistoryError:
                return None
        stored, delivery = found.stored, found.whole
        return Capture(
            stored.delivery_id,
            Format.HISTORY,
            delivery.headers,
            delivery.body,
            stored.received_at,
            verified=stored.disposition != Disposition.REJECTED and not stored.reasons,
        )

    def raw(name: str, pieces: Iterator[bytes]) -> "Iterator[Capture]":
        yield read_raw_body(name, pieces, headers)

    return CaptureFiles(paths, find, raw if headers else read)


def _batches(
    paths: list[str], loaded: "Settings", headers: tuple[tuple[str, str], ...], shown: "Shown"
) -> "Iterator[CaptureFiles]":
    """The files that are in the folders, and that come there."""
    from gooclaim_cli.dropped_files import dropped_files

    folders = [Path(each) for each in paths]
    for each in folders:
        if not each.is_dir():
            raise UsageError(f"--watch: {each} is no folder", "name folders that there are")
    shown.watching(paths)
    for found in dropped_files(folders):
        yield _files([str(path) for path in found], loaded, headers)


@contextlib.contextmanager
def _progress(*, live: bool) -> Iterator[Callable[[float], None] | None]:
    """A bar for what takes long, where the lines themselves do not show how far it is."""
    if live or sys.stdout.isatty() or not sys.stderr.isatty():
        yield None
        return
    from gooclaim_cli.cli.consoles import error_console
    from gooclaim_cli.render.progress import progress_bar

    with progress_bar(error_console(), "Verifying") as bar:
        yield bar.show


def _shown(
    tried: Callable[[], Sequence[str]], *, as_json: bool, explain: bool, live: bool
) -> "Shown":
    if as_json:
        from gooclaim_cli.render.verdict_objects import VerdictObjects

        return VerdictObjects(sys.stdout, time.time, live)
    from gooclaim_cli.cli.consoles import error_console, output_console
    from gooclaim_cli.render.verdicts import VerdictLines

    return VerdictLines(output_console(), error_console(), explain, live, tried)


def _exit_code(counts: "Counts") -> ExitCode:
    if counts.refused:
        return ExitCode.USAGE
    return ExitCode.OK if counts.verified == counts.captures else ExitCode.REFUSED
