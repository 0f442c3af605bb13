"""What a listening session is asked to do, and what must be right before it starts."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.happenings import Handler
from gooclaim_cli.receiver import ReceiverOptions
from gooclaim_cli.register_terms import RegisterOptions
from gooclaim_cli.settings import Settings
from gooclaim_cli.sharing import Sharing
from gooclaim_cli.tunneling import TunnelOptions
from gooclaim_cli.webhook_urls import PATH_PREFIX

if TYPE_CHECKING:  # loaded only where a sandbox is asked for
    from gooclaim_cli.sandbox import SandboxOptions
    from gooclaim_cli.stories.staging import StoryPlan

_STABLE_PATH: Final = re.compile(re.escape(PATH_PREFIX) + "[A-Za-z0-9_-]{32,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenPlan:
    """What a session is asked to do. `register` False: the URL is pasted into the Console.

    `lasts` is in seconds from when it is ready; None: until it is stopped. `live` permits
    production. `story` is what the sandbox plays once the session is ready.
    """

    settings: Settings
    receiver: ReceiverOptions
    handlers: tuple[Handler, ...] = ()
    replace_headers: tuple[tuple[str, str], ...] = ()
    cacert: Path | None = None
    verify_handlers: bool = True
    tunneling: TunnelOptions = TunnelOptions()  # noqa: RUF009 - frozen
    register: bool = True
    registering: RegisterOptions = RegisterOptions()  # noqa: RUF009 - frozen
    bind: str = "127.0.0.1"
    port: int = 0
    sandbox: "SandboxOptions | None" = None
    story: "StoryPlan | None" = None
    retain: float = 7 * 86400.0
    lasts: float | None = None
    live: bool = False
    sharing: Sharing = Sharing()  # noqa: RUF009 - frozen
    keep_bodies: bool = True


def stable_path(data: Path) -> str:
    """The path of the receiver: unguessable, made once, the same after every restart.

    A file that does not hold one is replaced: a path without our prefix would not be known again.
    """
    return private_files.made_once(
        data / "path", _STABLE_PATH, lambda: f"{PATH_PREFIX}{secrets.token_urlsafe(24)}"
    )


def given_path(text: str, *, registers: bool) -> str:
    """Read `--path`: what has no slash in front goes below our prefix. Raises UsageError.

    A URL that is registered must tell by its path that it is a session's.
    """
    path = text if text.startswith("/") else PATH_PREFIX + text
    if not path.isascii() or not path.isprintable() or any(c in path for c in " ?#%\"'<>\\"):
        raise UsageError(
            f"--path {text!r} has characters that do not belong in a path",
            "write letters, digits, hyphens and slashes: --path mine",
        )
    if registers and not path.startswith(PATH_PREFIX):
        raise UsageError(
            f"--path {text!r}: a path that is registered begins with {PATH_PREFIX}",
            f"write --path {PATH_PREFIX}{path.strip('/').replace('/', '-')}, or add --no-register",
        )
    return path


def require_secrets(settings: Settings) -> None:
    """Refuse to listen without a signing secret: nothing could be verified."""
    if not settings.signing_secrets:
        raise ConfigurationError(
            "no signing secret is known, so nothing could be verified",
            "set GOOCLAIM_SIGNING_SECRET to the one that the Console shows",
        )
