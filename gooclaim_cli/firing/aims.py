"""Where is fired, and whether it may be: a well-signed fake is a real event to who receives it.

Pure: what is known of sessions and settings is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.hosts import is_near
from gooclaim_cli.targets import match, parse_address, parse_target
from gooclaim_cli.wording import listed

if TYPE_CHECKING:  # costs start-up, and a command that says where to needs no session
    from gooclaim_cli.announcing import Announcement


@dataclass(frozen=True, slots=True)
class Aim:
    """Where to fire; `sessions` are the running ones that told it, the newest first."""

    url: str
    sessions: "tuple[Announcement, ...]" = ()

    @property
    def session(self) -> "Announcement | None":
        """The one that counts; None where none told it."""
        return self.sessions[0] if self.sessions else None

    @property
    def is_near(self) -> bool:
        """Whether it is this machine or on its own network, by its name."""
        return is_near(urlsplit(self.url).hostname)


def take_aim(
    event_type: str,
    *,
    to: str | None,
    command: str,
    sessions: "Sequence[Announcement]",
    forward_to: Sequence[str] = (),
) -> Aim:
    """What was said; else the handler of a running session; else that of the settings.

    `command` is what was typed, for the hint that adds to it. Raises UsageError where nothing is
    known, or different sessions say different things.
    """
    if to is not None:
        return Aim(parse_address(to, option="--to"))
    found: dict[str, tuple[Announcement, ...]] = {}
    for session in sessions:
        handler = match(session.handlers, event_type)
        if handler is not None:
            found[handler.url] = (*found.get(handler.url, ()), session)
    if len(found) > 1:
        raise UsageError(
            f"several handlers are listened for: {', '.join(found)}", "choose one with --to"
        )
    for url, telling in found.items():
        return Aim(url, telling)
    handler = match(tuple(map(parse_target, forward_to)), event_type)
    if handler is None:
        raise UsageError(
            "nothing says where to send it",
            f"write where your handler is: gooclaim {command} --to 3000"
            if not sessions
            else f"the running gooclaim listen has no handler for {event_type}: --to 3000",
        )
    return Aim(handler.url)


def sandbox_secret(sessions: "Sequence[Announcement]") -> str | None:
    """What the sandboxes of these sessions sign with; None where there is none.

    Raises UsageError where they have different ones: whoever verifies has one of them.
    """
    by_secret = {each.signing_secret: each for each in reversed(sessions) if each.signing_secret}
    if len(by_secret) > 1:
        named = listed([each.named for each in by_secret.values()])
        raise UsageError(
            f"the sandboxes of running sessions sign with different secrets: {named}",
            "end those that are not meant, or give the secret that your handler has: --secret-file",
        )
    return next(iter(by_secret), None)


def check_aim(aim: Aim, *, yes_remote: bool, signs_for_production: bool) -> None:
    """Refuse what is not near, unless it is wanted; and always with a production secret.

    Raises UsageError, or ConfigurationError for the secret.
    """
    if aim.is_near:
        return
    host = urlsplit(aim.url).hostname
    if not yes_remote:
        raise UsageError(
            f"{host} is neither this machine nor on its network: whoever receives a well-signed"
            " event there takes it for a real one",
            "if that is what you want, add --yes-remote",
        )
    if signs_for_production:
        raise ConfigurationError(
            f"nothing is signed with a production secret for {host}: to whoever receives it there,"
            " a made-up event is a real one",
            "use the signing secret of a development profile, or --to an address on this machine",
        )
