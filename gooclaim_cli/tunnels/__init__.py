"""Tunnels: how a public HTTPS URL reaches the receiver. One module a provider."""

from gooclaim_cli.tunnels.base import Tunnel
from gooclaim_cli.tunnels.local import LocalTunnel
from gooclaim_cli.tunnels.url import UrlTunnel

__all__ = ["LocalTunnel", "Tunnel", "UrlTunnel"]
