"""What a session is told about its tunnel, and which one it takes."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass

from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.tunnel_rules import rule
from gooclaim_cli.tunnels.choice import Found, choose
from gooclaim_cli.tunnels.kinds import TunnelKind
from gooclaim_cli.tunnels.proof import Ask
from gooclaim_cli.tunnels.timing import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelOptions:
    """What `listen` is told about its tunnel. `ask` None: nobody is there.

    `may_download`: somebody can agree to a download of ngrok's agent.
    """

    kind: TunnelKind = TunnelKind.AUTO
    public_url: str | None = None
    domain: str | None = None
    region: str | None = None
    inspect: bool = False
    probe: bool = True
    may_download: bool = False
    ask: Ask | None = None
    timing: Timing = Timing()  # noqa: RUF009 - frozen


def find(
    settings: Settings, environment: Mapping[str, str], *, may_download: bool = False
) -> Found:
    """What there is on this machine to make a tunnel with."""
    from gooclaim_cli.tunnels import finding

    found = finding.find(settings.places.data, settings.ngrok_authtoken, environment)
    return dataclasses.replace(found, may_download=may_download)


def choose_tunnel(
    options: TunnelOptions,
    settings: Settings,
    environment: Environment,
    variables: Mapping[str, str] | None = None,
) -> TunnelKind:
    """Settle which tunnel a session takes. Raises UsageError, ConfigurationError, TunnelError."""
    return choose(
        options.kind,
        options.public_url,
        sandbox=environment is Environment.SANDBOX,
        rule=rule(settings, os.environ if variables is None else variables),
        find=lambda: find(
            settings,
            os.environ if variables is None else variables,
            may_download=options.may_download,
        ),
    )
