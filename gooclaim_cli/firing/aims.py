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

if TYPE_CHECKING:  # costs start-up, and a command that says where to needs no session
    from gooclaim_cli.announcing import Announcement


@dataclass(frozen=True, slots=True)
class Aim:
    """Where to fire; `session` is the running one that told it, None where it was said."""

    url: str
    session: "Announcement | None" = None

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
    found = {
        handler.url: Aim(handler.url, session)
        for session in reversed(sessions)
        if (handler := match(session.handlers, event_type)) is not None
    }
    if len(found) > 1:
        raise UsageError(
            f"several handlers are listened for: {', '.join(found)}", "choose one with --to"
        )
    for aim in found.values():
        return aim
    handler = match(tuple(map(parse_target, forward_to)), event_type)
    if handler is None:
        raise UsageError(
            "nothing says where to send it",
            f"write where your handler is: gooclaim {command} --to 3000"
            if not sessions
            else f"the running gooclaim listen has no handler for {event_type}: --to 3000",
        )
    return Aim(handler.url)


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
