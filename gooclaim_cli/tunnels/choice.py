"""Which tunnel a session takes. Pure: what there is on this machine is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gooclaim_cli.errors import ConfigurationError, TunnelError, UsageError
from gooclaim_cli.tunnels.kinds import TunnelKind

# What a rule can be about: everything that leads in from the internet, or is meant to.
RULED: Final = (TunnelKind.NGROK, TunnelKind.CLOUDFLARED, TunnelKind.URL, TunnelKind.NONE)
_WAYS: Final = (  # a line each, at 80 columns
    (TunnelKind.CLOUDFLARED, "cloudflared, no account needed: install it, then: gooclaim listen"),
    (
        TunnelKind.NGROK,
        "ngrok, by a token of dashboard.ngrok.com: NGROK_AUTHTOKEN=... gooclaim listen",
    ),
    (TunnelKind.URL, "a URL of yours that leads here: gooclaim listen --public-url https://HOST"),
    (TunnelKind.LOCAL, "to try without any of them: gooclaim listen --sandbox"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is on this machine. `may_download`: ngrok's agent can be had where it is not."""

    ngrok_authtoken: str | None = field(default=None, repr=False)
    ngrok: Path | None = None
    cloudflared: Path | None = None
    may_download: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """The providers that may be used, and who says so. None: all of them."""

    allowed: frozenset[str] | None = None
    by: str = ""

    def permits(self, kind: TunnelKind) -> bool:
        """Whether a provider may be used; one that never leaves this machine always may."""
        return self.allowed is None or kind not in RULED or kind in self.allowed


def choose(
    asked: TunnelKind,
    public_url: str | None,
    *,
    sandbox: bool,
    rule: Rule,
    find: Callable[[], Found],
) -> TunnelKind:
    """Settle what a session takes. `sandbox`: its Gooclaim is on this machine.

    Raises UsageError, ConfigurationError (a rule stands against it) or TunnelError.
    """
    if asked is TunnelKind.LOCAL and not sandbox:
        raise UsageError(
            "--tunnel local is an endpoint on this machine, which only a sandbox can reach",
            "add --sandbox, or give a public URL of your own: --public-url https://HOST",
        )
    if asked is TunnelKind.URL and public_url is None:
        raise UsageError("--tunnel url needs your public URL", "add --public-url https://HOST")
    kind = asked
    if asked is TunnelKind.AUTO:
        kind = _choose_automatically(public_url, sandbox=sandbox, rule=rule, find=find)
    if not rule.permits(kind):
        raise ConfigurationError(
            f"the tunnel {kind} is ruled out by {rule.by}",
            f"allowed are: {', '.join(sorted(rule.allowed or ())) or 'none at all'}",
        )
    return kind


def _choose_automatically(
    public_url: str | None, *, sandbox: bool, rule: Rule, find: Callable[[], Found]
) -> TunnelKind:
    """The user's URL; else what the sandbox reaches; else ngrok; else cloudflared."""
    if public_url is not None:
        return TunnelKind.URL
    if sandbox:
        return TunnelKind.LOCAL
    found = find()
    ngrok = found.ngrok_authtoken and (found.ngrok or found.may_download)
    if ngrok and rule.permits(TunnelKind.NGROK):
        return TunnelKind.NGROK
    if found.cloudflared and rule.permits(TunnelKind.CLOUDFLARED):
        return TunnelKind.CLOUDFLARED
    if found.ngrok_authtoken and rule.permits(TunnelKind.NGROK):
        return TunnelKind.NGROK  # it is told there what is missing
    ways = [way for kind, way in _WAYS if rule.permits(kind)]
    raise TunnelError(
        "Gooclaim delivers to a public https URL, and no tunnel was found here", "\n".join(ways)
    )
