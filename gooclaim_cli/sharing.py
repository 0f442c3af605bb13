"""With whom a session shares its deliveries, and what production makes of that. Pure.

In production the home URL answers, always: an event that a laptop acknowledged would be lost to the
system that it was meant for.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.webhook_urls import is_session_url

LIVE_LASTS: Final = 1800.0
LIVE_MAX_BODY: Final = 16 * 1024 * 1024  # what is refused here does not reach the home URL


class AnswerFrom(StrEnum):
    """Whose answer Gooclaim is given."""

    HANDLER = "handler"
    HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """`pass_on`: the home URL gets every delivery, too. `copy_to`: colleagues get copies.

    `unverified`: what cannot be verified here is passed on as well, for the home URL to judge.
    """

    pass_on: bool = False
    answer_from: AnswerFrom = AnswerFrom.HANDLER
    copy_to: tuple[str, ...] = ()
    unverified: bool = False


def share(
    environment: Environment, *, pass_on: bool, answer_from: str | None, copy_to: tuple[str, ...]
) -> Sharing:
    """Settle what was asked for. Raises UsageError where it cannot be meant, or is not allowed."""
    if answer_from not in (None, *AnswerFrom):
        choices = ", ".join(AnswerFrom)
        raise UsageError(f"--answer-from {answer_from!r} is unknown", f"choose from {choices}")
    if environment is Environment.PRODUCTION:
        return _share_live(answer_from, copy_to)
    if answer_from == AnswerFrom.HOME and not pass_on:
        raise UsageError("--answer-from home: nothing is passed on", "add --pass-on")
    return Sharing(
        pass_on=pass_on,
        answer_from=AnswerFrom(answer_from or AnswerFrom.HANDLER),
        copy_to=copy_to,
    )


def _share_live(answer_from: str | None, copy_to: tuple[str, ...]) -> Sharing:
    if answer_from == AnswerFrom.HANDLER:
        raise UsageError(
            "in production the home URL answers Gooclaim, never a handler on this machine",
            "leave out --answer-from; the handler gets each event all the same",
        )
    for url in copy_to:
        parts = urlsplit(url)
        if parts.scheme != "https" and not is_loopback(parts.hostname):
            raise UsageError(
                f"--copy-to {url}: production's events are not sent over a network in the clear",
                "give an https URL",
            )
    return Sharing(pass_on=True, answer_from=AnswerFrom.HOME, copy_to=copy_to, unverified=True)


def home_url(registered: str | None, configured: str | None, *, ours: str | None) -> str:
    """Where deliveries are passed on to: what was registered before us, else the setting.

    `ours` is our own public URL. Raises ConfigurationError where there is none, or none that could
    be meant: a session's URL would send everything round in a circle.
    """
    found = registered or configured
    if found is None:
        raise ConfigurationError(
            "there is no home URL to pass deliveries on to: no URL was registered before, and the"
            " setting home_url is not set",
            "set GOOCLAIM_HOME_URL, or home_url in the profile, to the URL that belongs there",
        )
    parts = urlsplit(found)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"the home URL {found!r} is not an http or https address", "mend GOOCLAIM_HOME_URL"
        )
    if is_session_url(found) or found == ours:
        raise ConfigurationError(
            f"the home URL {found} is a gooclaim session's: deliveries would go in a circle",
            "set GOOCLAIM_HOME_URL to the tenant's own endpoint",
        )
    return found
