"""Options that several commands share, and the reading of their values."""

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gooclaim_cli.durations import parse_duration, parse_schedule
from gooclaim_cli.errors import GooclaimError, UsageError

if TYPE_CHECKING:
    from gooclaim_cli.sandbox import SandboxOptions

_HEADER_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # a token of RFC 9110

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object a line on stdout, nothing else.")
]


def profiles(incomplete: str) -> list[str]:
    """What a shell completes a profile with: those of config.toml, none where it is broken."""
    import os

    from gooclaim_cli import config_file, settings

    with contextlib.suppress(GooclaimError):
        names = config_file.read(settings.places(os.environ).config, settings.KEYS).profiles
        known = (*names, config_file.DEFAULT_PROFILE)
        return [name for name in known if name.startswith(incomplete)]
    return []


Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        autocompletion=profiles,
        help="Use the settings of this profile of config.toml.",
        rich_help_panel="Account",
    ),
]
ApiUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Gooclaim's API.",
        show_default="the development API",
        rich_help_panel="Account",
    ),
]
Live = Annotated[
    bool,
    typer.Option("--live", help="Work with production.", rich_help_panel="Account"),
]
CaCert = Annotated[
    Path | None,
    typer.Option(
        "--cacert",
        metavar="FILE",
        help="Trust these certificates for an https handler.",
        rich_help_panel="Handler",
    ),
]
SkipTlsVerify = Annotated[
    bool,
    typer.Option(
        "--skip-tls-verify",
        help="Do not check the certificate of an https handler.",
        rich_help_panel="Handler",
    ),
]
ReadyFile = Annotated[
    Path | None,
    typer.Option(
        "--ready-file",
        metavar="PATH",
        help="Write the `ready` object there, once all is ready; removed at the end.",
        rich_help_panel="Output",
    ),
]
EmitEvery = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="The sandbox's gap between events, after the first nine.",
        rich_help_panel="Sandbox",
    ),
]
Emit = Annotated[
    bool,
    typer.Option("--emit/--no-emit", help="Emit events at all.", rich_help_panel="Sandbox"),
]
RetrySchedule = Annotated[
    str | None,
    typer.Option(
        metavar="SPANS",
        help="How long the sandbox waits before each retry, like 1s,2s,4s.",
        show_default="10s,60s,5m,30m,2h",
        rich_help_panel="Sandbox",
    ),
]
RotateSecret = Annotated[
    bool,
    typer.Option(
        "--rotate-secret-on-put",
        help="The sandbox makes a new signing secret at each change of the URL.",
        rich_help_panel="Sandbox",
    ),
]
Misbehave = Annotated[
    list[str] | None,
    typer.Option(
        "--misbehave",
        metavar="NAME=VALUE",
        help="Let the sandbox misbehave on purpose, like duplicates=0.3, drop=0.1, burst=20,"
        " clock_skew=-600 or api.status=503. Repeatable.",
        rich_help_panel="Sandbox",
    ),
]


def seconds(option: str, text: str, *, zero: bool = False) -> float:
    """Read a span of time, longer than nothing unless `zero`. Raises UsageError."""
    try:
        span = parse_duration(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", error.hint) from None
    if span <= 0 and not zero:
        raise UsageError(f"{option}: {text!r} is no time at all", "write 250ms, 30s, 5m, 2h or 7d")
    return span


def schedule(option: str, text: str) -> tuple[float, ...]:
    """Read the waits before retries. Raises UsageError."""
    try:
        return parse_schedule(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", "write spans and commas: 1s,2s,4s") from None


_FRAMING: Final = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


def header(text: str) -> tuple[str, str]:
    """Read `Name: value`. Raises UsageError."""
    name, colon, value = (part.strip(" \t") for part in text.partition(":"))
    sendable = _HEADER_NAME.fullmatch(name) and value.replace("\t", "").isprintable()
    if not colon or not sendable:
        raise UsageError("--header is not `Name: value`", "write --header 'X-Team: claims'")
    if name.lower() in _FRAMING:
        raise UsageError(
            f"--header {name}: this one belongs to the connection, not to the delivery",
            "leave it out: it is set right by itself",
        )
    return name, value


def sandbox_options(
    *,
    emit: bool,
    emit_every: str,
    retry_schedule: str | None,
    rotate_secret_on_put: bool,
    data: Path,
    misbehave: list[str] | None = None,
    **others: Any,
) -> "SandboxOptions":
    """Gather a sandbox's options from the text of the flags. Raises UsageError.

    `data` is the folder that keeps its signing secret.
    """
    from gooclaim_cli.sandbox import SandboxOptions, parse_behaviour
    from gooclaim_cli.sandbox.secret import kept_secret
    from gooclaim_cli.wire.retrying import RETRY_SCHEDULE

    try:
        behaviour = parse_behaviour(misbehave or ())
    except UsageError as error:
        raise UsageError(f"--misbehave: {error.message}", error.hint) from None
    return SandboxOptions(
        emit=emit,
        emit_every=seconds("--emit-every", emit_every),
        retry_schedule=RETRY_SCHEDULE
        if retry_schedule is None
        else schedule("--retry-schedule", retry_schedule),
        rotate_secret_on_put=rotate_secret_on_put,
        behaviour=behaviour,
        signing_secret=kept_secret(data),
        **others,
    )


def event_types(incomplete: str) -> list[tuple[str, str]]:
    """What a shell completes an event type with: names, and what each means."""
    from gooclaim_cli.wire import CATALOGUE

    return [
        (name, each.description) for name, each in CATALOGUE.items() if name.startswith(incomplete)
    ]
