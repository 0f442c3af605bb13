"""Options of the commands that fire at a handler, and the reading of their values."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gooclaim_cli.cli.options import schedule
from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.wording import listed

if TYPE_CHECKING:
    import ssl

    from gooclaim_cli.announcing import Announcement
    from gooclaim_cli.firing.aims import Aim
    from gooclaim_cli.settings import Settings
    from gooclaim_cli.wire import SigningSecret

To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="ADDRESS",
        help="Your handler: 3000, :3000/hooks, localhost:3000/hooks or a URL.",
        show_default="the handler of a running listen, else of the settings",
    ),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        "--secret-file",
        metavar="FILE|-",
        help="Sign with the secret in this file. -: standard input.",
        show_default="without --to, a running listen --sandbox's; else the settings'",
        rich_help_panel="Account",
    ),
]
YesRemote = Annotated[
    bool,
    typer.Option(
        "--yes-remote",
        help="Send to an address that is neither this machine nor on its network.",
        rich_help_panel="Handler",
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        "-H",
        metavar="'NAME: VALUE'",
        help="Send this header too, in place of one of that name. Repeatable.",
        rich_help_panel="Handler",
    ),
]
Deadline = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="How long the handler has before Gooclaim gives an attempt up.",
        rich_help_panel="Handler",
    ),
]
Slow = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="How long the body of slow-body takes to come.",
        rich_help_panel="Handler",
    ),
]
Speed = Annotated[
    str,
    typer.Option(
        metavar="FACTOR",
        help="Go through waits so many times as fast: 10x.",
        rich_help_panel="Pace",
    ),
]


def read_input(path: Path, option: str) -> bytes:
    """Read a file, or standard input for `-`. Raises ConfigurationError."""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{option}: cannot read {path}: {error.strerror}", "give a file that can be read"
        ) from None


def read_template(path: Path | None) -> dict[str, Any] | None:
    """Read a fixture: a JSON object. Raises ConfigurationError, which names the line."""
    import msgspec

    if path is None:
        return None
    content = read_input(path, "--fixture")
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason, _, rest = str(error).partition(" (byte ")
        at = rest.rstrip(")")
        line = content[: int(at)].count(b"\n") + 1 if at.isdecimal() else 1
        raise ConfigurationError(
            f"--fixture: {path}, line {line}: {reason}",
            "mend it, or send it as it is with --body-file",
        ) from None


def read_speed(text: str) -> float:
    """Read `10x`, `0.5`. Raises UsageError."""
    try:
        speed = float(text.strip().lower().removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise UsageError(f"--speed {text!r} is no factor", "write 10x or 0.5x")
    return speed


def read_schedule(text: str | None) -> tuple[float, ...]:
    """Read the waits before retries; None: those of the contract. Raises UsageError."""
    from gooclaim_cli.wire.retrying import RETRY_SCHEDULE

    return RETRY_SCHEDULE if text is None else schedule("--retry-schedule", text)


def read_secret(path: Path) -> "SigningSecret":
    """Read a file that holds a secret and nothing else. Raises ConfigurationError."""
    from gooclaim_cli.wire import SigningSecret

    text = read_input(path, "--secret-file").decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not text or "\n" in text:
        raise ConfigurationError(
            f"--secret-file: {path} holds no secret, or more than one line",
            "put the signing secret into it, and nothing else",
        )
    return SigningSecret(text)


def sessions_for(to: str | None, settings: "Settings") -> "tuple[Announcement, ...]":
    """The sessions that run, where nothing else says where to fire."""
    if to is not None:
        return ()
    from gooclaim_cli.announcing import running_sessions

    return running_sessions(settings.places.data)


def aim_at(event_type: str, to: str | None, settings: "Settings", command: str) -> "Aim":
    """Find where to fire; `command` was typed. Raises UsageError."""
    from gooclaim_cli.firing.aims import take_aim

    sessions = sessions_for(to, settings)
    return take_aim(
        event_type, to=to, command=command, sessions=sessions, forward_to=settings.forward_to
    )


def secret_for(aim: "Aim", secret_file: Path | None, settings: "Settings") -> "SigningSecret":
    """Find what to sign with: what was said; what the session of this handler verifies with; what
    is set, or was told by the API; that of another running sandbox. Raises ConfigurationError, or
    UsageError where several count.
    """
    from gooclaim_cli.firing.aims import sandbox_secret
    from gooclaim_cli.wire import SigningSecret

    if secret_file is not None:
        return read_secret(secret_file)
    if aim.session is not None and aim.session.signing_secret is not None:
        return SigningSecret(sandbox_secret(aim.sessions) or aim.session.signing_secret)
    if settings.signing_secrets:
        return settings.signing_secrets[0]
    from gooclaim_cli.known_secrets import known_secrets  # costs start-up

    for known in known_secrets(settings):
        return known.secret
    from gooclaim_cli.announcing import running_sessions

    if (secret := sandbox_secret(running_sessions(settings.places.data))) is not None:
        return SigningSecret(secret)
    raise ConfigurationError(
        "no signing secret is known, so nothing can be signed",
        "set GOOCLAIM_SIGNING_SECRET to the one your handler has, or give a file with"
        " --secret-file",
    )


def permit(
    aim: "Aim", secret: "SigningSecret | None", settings: "Settings", *, yes_remote: bool
) -> None:
    """Refuse remote targets that are not wanted, and to sign there with a production secret.

    Raises UsageError or ConfigurationError.
    """
    from gooclaim_cli.firing.aims import check_aim

    if aim.is_near:
        return
    from gooclaim_cli.known_secrets import production_secrets

    theirs = secret is not None and secret in production_secrets(settings)
    check_aim(aim, yes_remote=yes_remote, signs_for_production=theirs)


def tls_for(urls: Sequence[str], cacert: Path | None, *, verify: bool) -> "ssl.SSLContext | None":
    """How an https handler is checked; nothing is loaded for plain HTTP."""
    if not any(url.lower().startswith("https:") for url in urls):
        return None
    from gooclaim_cli.sending import client_tls

    return client_tls(cacert=cacert, verify=verify)


def read_once(*paths: Path | None) -> None:
    """Raise UsageError where several things are to be read from standard input."""
    if paths.count(Path("-")) > 1:
        raise UsageError("standard input can be read only once", "give a file in place of one -")


def refuse_together(**given: object) -> None:
    """Raise UsageError where more than one of these options was given."""
    names = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if len(names) > 1:
        raise UsageError(f"{listed(names)} exclude each other", "choose one of them")
