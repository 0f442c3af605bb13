"""The options of `listen` about its tunnel, and the reading of their values."""

from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli.options import seconds
from gooclaim_cli.errors import UsageError

if TYPE_CHECKING:
    from gooclaim_cli.questions import Ask
    from gooclaim_cli.tunneling import TunnelOptions
    from gooclaim_cli.tunnels.proof import Ask as Agree

_PANEL = "Tunnel"

Kind = Annotated[
    str,
    typer.Option(
        "--tunnel",
        metavar="KIND",
        help="How the public URL reaches this machine: ngrok, cloudflared, url, local (the"
        " sandbox's), or auto, which takes what there is. none: serve plain HTTP, for an ingress of"
        " your own, and verify with your signing secret alone.",
        rich_help_panel=_PANEL,
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(
        metavar="https://HOST",
        help="Your own public URL that leads to this machine.",
        rich_help_panel=_PANEL,
    ),
]
Domain = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="A domain reserved at ngrok.", rich_help_panel=_PANEL),
]
Region = Annotated[
    str | None,
    typer.Option(
        metavar="REGION", help="ngrok's region, such as in or eu.", rich_help_panel=_PANEL
    ),
]
Inspect = Annotated[
    bool,
    typer.Option(
        "--inspect",
        help="Let ngrok keep what passes for its own page: on this machine, for anybody on it.",
        rich_help_panel=_PANEL,
    ),
]
ProbeFirst = Annotated[
    bool,
    typer.Option(
        "--probe/--no-probe",
        help="Register only once a signed probe has come through the URL.",
        rich_help_panel=_PANEL,
    ),
]
ProbeWithin = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="How long to wait for the probe before asking, or giving up.",
        rich_help_panel=_PANEL,
    ),
]


def tunnel_options(
    *,
    kind: str,
    public_url: str | None,
    domain: str | None,
    region: str | None,
    inspect: bool,
    probe: bool,
    probe_within: str,
    sandbox: bool,
    as_json: bool,
) -> "TunnelOptions":
    """Gather them. Raises UsageError for what does not go together."""
    from gooclaim_cli.cli.agent_download import may_ask
    from gooclaim_cli.cli.asking import asker
    from gooclaim_cli.tunneling import TunnelOptions
    from gooclaim_cli.tunnels import TunnelKind, UrlTunnel
    from gooclaim_cli.tunnels.timing import Timing

    if kind not in tuple(TunnelKind):
        raise UsageError(f"--tunnel {kind!r} is unknown", f"choose from {', '.join(TunnelKind)}")
    if public_url is not None:
        UrlTunnel(public_url)  # a malformed one is told before anything begins
        if kind not in (TunnelKind.AUTO, TunnelKind.URL):
            raise UsageError(
                f"--public-url does not go with --tunnel {kind}", "leave one of the two out"
            )
    if sandbox and (kind not in (TunnelKind.AUTO, TunnelKind.LOCAL) or public_url is not None):
        raise UsageError("--sandbox brings its own tunnel", "leave out --tunnel and --public-url")
    of_ngrok = {"--domain": domain, "--region": region, "--inspect": inspect}
    given = [name for name, value in of_ngrok.items() if value]
    if given and (public_url or sandbox or kind not in (TunnelKind.AUTO, TunnelKind.NGROK)):
        raise UsageError(f"{given[0]} is for ngrok", "add --tunnel ngrok, or leave it out")
    return TunnelOptions(
        kind=TunnelKind.NGROK if given else TunnelKind(kind),
        public_url=public_url,
        domain=domain,
        region=region,
        inspect=inspect,
        probe=probe,
        timing=Timing(blocked_after=seconds("--probe-within", probe_within)),
        ask=_agreement(asker(as_json=as_json)),
        may_download=not sandbox and may_ask(as_json=as_json),
    )


def _agreement(ask: "Ask | None") -> "Agree | None":
    """A question that is answered by yes or no; no answer is a no."""
    if ask is None:
        return None

    async def agreed(question: str) -> bool:
        return (await ask(f"{question} [y/N]: ")).lower() in ("y", "yes")

    return agreed
