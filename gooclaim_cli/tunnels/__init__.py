"""Tunnels: how a public HTTPS URL reaches the receiver. One module a provider."""

from gooclaim_cli.tunnels.base import OpenTunnel, Tunnel
from gooclaim_cli.tunnels.kinds import TunnelKind
from gooclaim_cli.tunnels.url import UrlTunnel

__all__ = ["OpenTunnel", "Tunnel", "TunnelKind", "UrlTunnel"]
