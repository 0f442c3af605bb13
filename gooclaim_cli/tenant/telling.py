"""What a person is told about the registration: values in, sentences out. Pure."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.happenings import Level
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.journal import Entry, HomeWebhook
from gooclaim_cli.tenant.undoing import Step, Undone
from gooclaim_cli.webhook_urls import is_session_url

Notify = Callable[[Level, str, str, str], None]
REVEAL = "gooclaim webhook secret --reveal"


@dataclass(frozen=True, slots=True)
class Tell:
    """A notice that has no time yet."""

    level: Level
    code: str
    message: str
    hint: str = ""

    def to(self, notify: Notify) -> None:
        """Tell it."""
        notify(self.level, self.code, self.message, self.hint)


def described(found: Webhook | None, ours: Sequence[str] = ()) -> str:
    """What is configured, whose it seems to be, and since when."""
    if found is None:
        return "nothing"
    theirs = is_session_url(found.url) and found.url not in ours
    whose = ", another gooclaim session's" if theirs else ""
    since = f" (since {found.updated_at})" if found.updated_at else ""
    return f"{found.url}{whose}{since}"


def set_command(url: str) -> str:
    """What puts a URL into the configuration, on any machine, whatever session is there."""
    return f"gooclaim webhook set {shlex.quote(url)} --take-over"


def put_back_by_hand(home: HomeWebhook | None) -> str:
    """How the home URL is set without our journal."""
    return set_command(home.url) if home else "the Console: nothing belongs there"


def left_alone(undone: Undone) -> Tell:
    """Tell of a change of somebody else's, which stays."""
    home, now = undone.entry.home, described(undone.found)
    if home is None:
        before = "nothing was configured" if undone.entry.home_known else "nobody knows what was"
        before += " there before us; to look at it: gooclaim webhook show"
    if undone.step is Step.WAIT:
        return Tell(
            Level.WARNING,
            "left_to_other_session",
            f"the tenant's URL is now {now}; it is left to that session to undo",
            f"should it leave nothing behind, {home.url} is put back by: gooclaim restore"
            if home
            else before,
        )
    return Tell(
        Level.WARNING,
        "registration_changed",
        f"the tenant's URL was changed while we listened and is left as it is: {now}",
        f"if that is not meant, put back what was there before us: {set_command(home.url)}"
        if home
        else before,
    )


def put_right(undone: Undone) -> Tell:
    """Tell what became of what an earlier session had left behind."""
    if not undone.restored:
        return left_alone(undone)
    home = undone.entry.home
    now = f"{home.url} is configured again" if home else "nothing is configured, as before it"
    return Tell(
        Level.INFO,
        "journal_taken_up",
        f"an earlier session had not undone its registration; that is done now: {now}",
    )


def keeps_trying(error: GooclaimError, within: float) -> Tell:
    """Tell that putting back what was there fails so far."""
    return Tell(
        Level.WARNING,
        "restore_retried",
        f"the tenant's URL cannot be put back yet: {error.message}",
        f"trying for {within:g} s (--restore-within); Ctrl-C leaves at once",
    )


def answer_lost(error: GooclaimError) -> Tell:
    """Tell that what was there is put back, though the API's answer to that never came."""
    return Tell(Level.WARNING, "restore_unanswered", error.message, error.hint)


def not_put_back(entry: Entry | None, reason: str) -> tuple[str, str]:
    """The message and the hint for an end that could not undo."""
    by_hand = put_back_by_hand(entry.home) if entry else "gooclaim webhook show"
    return (
        f"the tenant's URL could not be put back: {reason}",
        "it may still point at this session, which has ended; when Gooclaim's API can be reached"
        f" again: gooclaim restore\nfrom another machine: {by_hand}",
    )


def home_unknown() -> Tell:
    """Tell that a session's place is taken whose home nobody could name."""
    return Tell(
        Level.WARNING,
        "home_url_unknown",
        "another session's URL was there, and what belongs there is not known: at the end ours is"
        " removed, and nothing is configured then",
        "after this session: gooclaim webhook set https://THE-TENANT-S-OWN-URL\nfor the next time:"
        " gooclaim config set home_url",
    )


def no_admin_scope(reason: str) -> Tell:
    """Tell that the client may not register."""
    return Tell(
        Level.WARNING,
        "no_admin_scope",
        f"this client may not change the tenant's webhook: {reason}",
        "paste the URL into the Console, or use a client with the scope tenant:admin",
    )


def register_by_hand(path: str, url: str | None) -> Tell:
    """Tell what to paste into the Console. `url` None: only the user knows where `path` is."""
    return Tell(
        Level.INFO,
        "register_by_hand",
        "nothing was registered; for real events the tenant's webhook URL must be"
        f" {url or f'https://YOUR-INGRESS{path}'}",
        "in the Console: open the tenant's webhook configuration, note the URL that is there,"
        f" paste this one (its path is {path}), save; put the old one back when you are done",
    )


def not_put_right(error: GooclaimError) -> Tell:
    """Tell that what an earlier session left behind is still there."""
    return Tell(
        Level.WARNING,
        "journal_remains",
        f"an earlier session has not undone its registration, nor could we: {error.message}",
        "when that is mended: gooclaim restore",
    )


def taken_over(found: Webhook, *, takes_back: bool) -> Tell:
    """Tell that another session has put its URL in place of ours."""
    since = f" (since {found.updated_at})" if found.updated_at else ""
    return Tell(
        Level.WARNING,
        "taken_over",
        f"another gooclaim session has taken over: {found.url}{since}; events go there now",
        "it is taken back at once (--take-back)"
        if takes_back
        else "this session goes on listening; the home URL is left to the last one out\n"
        "to take turns again: end this one, then gooclaim listen --take-over",
    )


def lost_to(found: Webhook | None) -> Tell:
    """Tell that our URL is no longer there, and what is."""
    return Tell(
        Level.WARNING,
        "registration_lost",
        f"the tenant's URL is not this session's any more, it is now: {described(found)}",
        "no events come here until it is; to register again: end this session, then"
        " gooclaim listen",
    )


def taken_back(left: int) -> Tell:
    """Tell that our URL is there again, and how often that will still be done."""
    more = f"{left} more times" if left > 1 else "once more" if left else "not again"
    return Tell(
        Level.INFO,
        "taken_back",
        f"our URL was taken back; this will be done {more}",
    )
