"""What `gooclaim doctor` makes of what it found: a check each, with a fix where one fails. Pure."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.tenant.clock import ALARMING
from gooclaim_cli.tenant.tokens import ADMIN_SCOPE, Token
from gooclaim_cli.tunnels.choice import Found, Rule
from gooclaim_cli.tunnels.kinds import TunnelKind
from gooclaim_cli.webhook_urls import is_session_url

_NARROW = 80


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and what to do about it."""

    name: str
    state: State
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Programs:
    """The tunnel programs' versions; None: not installed, or silent about it."""

    ngrok: str | None = None
    cloudflared: str | None = None


def failure(name: str, error: GooclaimError) -> Check:
    """A check that an error ended."""
    return Check(name, State.FAILED, error.message, error.hint)


def skipped(name: str) -> Check:
    """A check that had to wait for one that failed."""
    return Check(name, State.SKIPPED, "not looked at: the ones above come first")


def failed(checks: Sequence[Check]) -> bool:
    """Whether anything failed."""
    return any(check.state is State.FAILED for check in checks)


def token(had: Token) -> Check:
    """What the credentials are good for."""
    return Check("token", State.OK, f"had one, good for {had.lifetime / 60:.0f} min")


def scope(had: Token) -> Check:
    """Whether the client may change the tenant's configuration."""
    scopes = " ".join(had.scopes) or "not told"
    if had.is_admin or not had.scopes:
        return Check("scope", State.OK, scopes)
    return Check(
        "scope",
        State.FAILED,
        f"{scopes}: without {ADMIN_SCOPE} no URL can be registered",
        f"have {ADMIN_SCOPE} granted to the client, or listen with --no-register and paste the URL"
        " into the Console",
    )


def tenant(wanted: str, had: Token) -> Check:
    """Whether the token is for the tenant that is set."""
    if had.tenant_id is None or had.tenant_id == wanted:
        return Check("tenant", State.OK, wanted)
    named = shlex.quote(had.tenant_id) if had.tenant_id.isprintable() else "ID"
    return Check(
        "tenant",
        State.FAILED,
        f"{wanted} is set, but the client belongs to {had.tenant_id}",
        f"gooclaim login --tenant-id {named}, or log in with another client",
    )


def registered(url: str | None, status: int | None, seen: str) -> Check:
    """What is configured, and whether it answers. `status` None: it does not (`seen`)."""
    if url is None:
        return Check("registered", State.OK, "no URL is configured")
    answer = f"answers {status}" if status is not None else f"does not answer: {seen}"
    if is_session_url(url):
        if status == 405:  # what our receiver says to anything but a POST
            return Check("registered", State.OK, f"{url} is a session's, and it is listening")
        return Check(
            "registered",
            State.FAILED,
            f"{url} is a session's that is not listening: {answer}",
            "on the machine of that session: gooclaim restore; from another one, set the right URL"
            " in the Console, or with gooclaim webhook set",
        )
    if status is None or status >= 500:
        return Check(
            "registered",
            State.WARNING,
            f"{url} {answer}",
            f"see to it that {urlsplit(url).hostname} is up, if events are meant to go there",
        )
    return Check("registered", State.OK, f"{url} {answer}")


def clock(offset: tuple[float, float] | None) -> Check:
    """The clock against the API's Date: ahead by at least and at most so many seconds."""
    if offset is None:
        return Check("clock", State.SKIPPED, "no answer with a Date to compare it with")
    ahead = (offset[0] + offset[1]) / 2
    if offset[0] <= ALARMING and offset[1] >= -ALARMING:
        return Check("clock", State.OK, "agrees with Gooclaim's")
    return Check(
        "clock",
        State.FAILED,
        f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} Gooclaim's",
        "set it: let the system keep it by network time (NTP)",
    )


def tunnel(found: Found, versions: Programs, rule: Rule, *, sandbox: bool) -> Check:
    """The tunnel programs, and which one is taken. `sandbox`: the API is on this machine."""
    ngrok = _program("ngrok", versions.ngrok, found.ngrok is not None)
    ngrok += ", with an authtoken" if found.ngrok_authtoken else ", without an authtoken"
    cloudflared = _program("cloudflared", versions.cloudflared, found.cloudflared is not None)
    allowed = [kind for kind in (TunnelKind.NGROK, TunnelKind.CLOUDFLARED) if rule.permits(kind)]
    usable = {
        TunnelKind.NGROK: bool(found.ngrok and found.ngrok_authtoken),
        TunnelKind.CLOUDFLARED: found.cloudflared is not None,
    }
    takes = next((kind for kind in allowed if usable[kind]), None)
    ruled = "" if rule.allowed is None else f" ({rule.by} allows {', '.join(sorted(rule.allowed))})"
    text = f"{ngrok}; {cloudflared}"
    if sandbox:
        takes = TunnelKind.LOCAL
    if takes is not None:
        return Check("tunnel", State.OK, f"{text}; --tunnel auto takes {takes}{ruled}")
    return Check(
        "tunnel",
        State.FAILED,
        f"{text}; --tunnel auto finds none{ruled}",
        "install cloudflared, or ngrok and set NGROK_AUTHTOKEN; or give a URL of your own with"
        " --public-url; or try with listen --sandbox, which needs none",
    )


def _program(name: str, version: str | None, installed: bool) -> str:
    if not installed:
        return f"no {name}"
    return f"{name} {version or 'that does not tell its version'}"


def leftovers(programs: Sequence[str]) -> Check:
    """Tunnel programs of sessions that are gone."""
    if not programs:
        return Check("processes", State.OK, "no tunnel program is left of an earlier session")
    return Check(
        "processes",
        State.FAILED,
        f"left of sessions that are gone: {', '.join(programs)}",
        "the next gooclaim listen ends them",
    )


def journals(left: Sequence[str]) -> Check:
    """Registrations that a session which is gone has not undone, by environment and tenant."""
    if not left:
        return Check("journal", State.OK, "every session has put the tenant's URL back")
    return Check(
        "journal",
        State.FAILED,
        f"not put back by sessions that are gone: {', '.join(left)}",
        "gooclaim restore, with the settings of that account",
    )


def terminal(*, is_terminal: bool, width: int, encoding: str, colour: bool) -> Check:
    """What a person will see."""
    if not is_terminal:
        return Check("terminal", State.OK, "none: output goes to a file or a program")
    found = f"{width} columns, {encoding}, {'colour' if colour else 'no colour'}"
    if width < _NARROW:
        fix = f"make it {_NARROW} columns wide: lines are shortened below that"
        return Check("terminal", State.WARNING, found, fix)
    if not encoding.lower().replace("-", "").startswith("utf"):
        fix = "set a UTF-8 locale (LC_ALL=C.UTF-8): other characters are shown as escapes"
        return Check("terminal", State.WARNING, found, fix)
    return Check("terminal", State.OK, found)
