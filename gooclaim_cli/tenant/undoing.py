"""What is to be done so that the tenant's configuration is what it was before us. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.journal import Entry, HomeWebhook
from gooclaim_cli.webhook_urls import is_session_url


class Step(StrEnum):
    """The one thing to do. The names are part of the machine output: stable."""

    NOTHING = "nothing"  # it is what it was
    PUT = "put"  # put the home URL back
    DELETE = "delete"  # nothing belongs there
    LEAVE = "leave"  # somebody else has changed it since
    WAIT = "wait"  # another session is registered: the home URL is for the last one out


@dataclass(frozen=True, slots=True)
class Undone:
    """What was found, and what was done about it (or, of a dry run, what would be)."""

    step: Step
    entry: Entry
    found: Webhook | None

    @property
    def restored(self) -> bool:
        """Whether the configuration is now what it was before us."""
        return self.step not in (Step.LEAVE, Step.WAIT)


def undo_step(entry: Entry, found: Webhook | None, *, force: bool = False) -> Step:
    """Decide. What is not ours is never touched, unless `force`.

    Nothing at all is not ours either: somebody removed it. But where another session had taken
    over, nothing is what that one left behind, and we are the last one out.
    """
    if is_home(found, entry.home):
        return Step.NOTHING
    if found is None:
        return Step.PUT if entry.taken_over or force else Step.LEAVE
    if found.url in entry.urls or force:
        return Step.DELETE if entry.home is None else Step.PUT
    return Step.WAIT if is_session_url(found.url) else Step.LEAVE


def is_home(found: Webhook | None, home: HomeWebhook | None) -> bool:
    """Whether what belongs there is there; its events may have been changed since."""
    if found is None or home is None:
        return found is None and home is None
    return found.url == home.url
