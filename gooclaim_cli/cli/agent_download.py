"""Offering to download ngrok's agent, to a person at a terminal, before a session begins."""

import os
import sys
from typing import TYPE_CHECKING, Final

import typer

from gooclaim_cli.errors import TunnelError

if TYPE_CHECKING:
    from gooclaim_cli.settings import Settings
    from gooclaim_cli.tunneling import TunnelOptions

_QUESTION: Final = "ngrok's agent is not installed. Download it from ngrok (about 10 MB)?"


def may_ask(*, as_json: bool) -> bool:
    """Whether somebody is there who can agree: at a terminal, and not for a program."""
    return not as_json and sys.stdin.isatty() and sys.stderr.isatty()


def offer_agent(tunneling: "TunnelOptions", settings: "Settings") -> None:
    """Where the session would take ngrok and it is not installed, ask, and download it.

    Raises what choosing a tunnel raises, and TunnelError where the answer is no, or it fails.
    """
    from gooclaim_cli.tenant.environment import environment_of
    from gooclaim_cli.tunneling import choose_tunnel, find
    from gooclaim_cli.tunnels import TunnelKind
    from gooclaim_cli.tunnels.finding import downloaded_ngrok

    if not tunneling.may_download or tunneling.kind not in (TunnelKind.AUTO, TunnelKind.NGROK):
        return
    kind = choose_tunnel(tunneling, settings, environment_of(settings.api_url))
    if kind is not TunnelKind.NGROK or find(settings, os.environ).ngrok is not None:
        return
    if not typer.confirm(_QUESTION, err=True):
        raise TunnelError(
            "ngrok is not installed",
            "get it from https://ngrok.com/download, or use --tunnel cloudflared",
        )
    from gooclaim_cli.tunnels.ngrok_download import download

    download(downloaded_ngrok(settings.places.data))
