"""A session's public end: which tunnel it takes, with what, and what watches over it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gooclaim_cli.errors import ConfigurationError, TunnelError
from gooclaim_cli.guard import Gate
from gooclaim_cli.serving import AsgiApp
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.reaching import system_trust
from gooclaim_cli.tunneling import TunnelOptions, find
from gooclaim_cli.tunnels import OpenTunnel, Tunnel, TunnelKind, UrlTunnel
from gooclaim_cli.tunnels.base import Notify
from gooclaim_cli.tunnels.children import Children
from gooclaim_cli.tunnels.probe import Probe
from gooclaim_cli.tunnels.supervisor import Opening, Supervisor

if TYPE_CHECKING:  # costs start-up
    from gooclaim_cli.tenant.api import TenantApi
    from gooclaim_cli.tunnels.cloudflared import NamedTunnel

_CERTIFICATE_PATH: Final = "/v1/sandbox/endpoint-certificate"
_REACHED_WITHIN: Final = 3.0


class PublicEnd:
    """The tunnel of one session. `kind` is settled; `path` and `bind` are the receiver's."""

    def __init__(
        self,
        options: TunnelOptions,
        kind: TunnelKind,
        *,
        path: str,
        bind: str,
        settings: Settings,
        notify: Notify,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._options = options
        self._kind = kind
        self._path = path
        self._bind = bind
        self._settings = settings
        self._notify = notify
        self._environment = os.environ if environment is None else environment
        self._probe = Probe(path, trust=system_trust)
        self._children = Children(settings.places.data / "tunnels")
        self._supervisor: Supervisor | None = None
        self._opening: Opening | None = None

    def door(self, app: AsgiApp) -> AsgiApp:
        """The app as it is to be served: behind the probe's path."""
        return self._probe.door(app) if self._options.probe else app

    async def begin(self, stack: AsyncExitStack, port: int) -> None:
        """Begin to open the tunnel to a port of this machine; it is the stack's to end.

        A program and its network take their time: what else a session needs is made meanwhile.
        Raises TunnelError.
        """
        self._children.sweep()
        tunnel = self._tunnel(port)
        if tunnel is not None:
            await self._supervise(stack, tunnel)

    async def opened(
        self, stack: AsyncExitStack, app: AsgiApp, api: "TenantApi | None", gate: Gate
    ) -> OpenTunnel | None:
        """The tunnel, once it is proved; None where there is none. Raises TunnelError, ApiProblem.

        A local one is the app's own, and is begun here.
        """
        if self._kind is TunnelKind.LOCAL and api is not None:
            await self._supervise(stack, await _local_tunnel(app, api, gate))
        return await self._opening() if self._opening else None

    async def _supervise(self, stack: AsyncExitStack, tunnel: Tunnel) -> None:
        self._supervisor = Supervisor(
            tunnel,
            self._probe if self._options.probe else None,
            notify=self._notify,
            network=lambda: is_reachable(self._settings.api_url),
            ask=self._options.ask,
            timing=self._options.timing,
        )
        self._opening = await stack.enter_async_context(self._supervisor.running())

    @contextlib.asynccontextmanager
    async def following(self, moved: Callable[[str], Awaitable[None]]) -> AsyncIterator[None]:
        """While this lasts, `moved(url)` is called when the public URL has become another."""
        if self._supervisor is None:
            yield
            return

        async def move(origin: str) -> None:
            await moved(f"{origin}{self._path}")

        self._supervisor.follow(move)
        try:
            yield
        finally:
            await self._supervisor.unfollow()

    def _tunnel(self, port: int) -> Tunnel | None:
        match self._kind:
            case TunnelKind.URL if self._options.public_url is not None:
                return UrlTunnel(self._options.public_url)
            case TunnelKind.CLOUDFLARED:
                return self._cloudflared(port)
            case TunnelKind.NGROK:
                return self._ngrok(port)
        return None

    def _ngrok(self, port: int) -> Tunnel:
        from gooclaim_cli.tunnels.finding import ngrok_user_config
        from gooclaim_cli.tunnels.ngrok import NgrokTunnel
        from gooclaim_cli.tunnels.ngrok_agent import NgrokOptions

        found = find(self._settings, self._environment)
        if found.ngrok is None:
            raise TunnelError(
                "ngrok is not installed",
                "get it from https://ngrok.com/download; in a terminal, listen offers to do so",
            )
        return NgrokTunnel(
            found.ngrok,
            self._children,
            target=local_address(self._bind, port),
            options=NgrokOptions(
                authtoken=found.ngrok_authtoken,
                domain=self._options.domain or self._settings.ngrok_domain,
                region=self._options.region or self._settings.ngrok_region,
                inspect=self._options.inspect,
                carried=ngrok_user_config(self._environment).carried,
            ),
        )

    def _cloudflared(self, port: int) -> Tunnel:
        from gooclaim_cli.tunnels.cloudflared import CloudflaredTunnel

        found = find(self._settings, self._environment)
        if found.cloudflared is None:
            raise TunnelError(
                "cloudflared is not installed",
                "install it (brew install cloudflared, winget install Cloudflare.cloudflared, or"
                " Cloudflare's packages), or use --tunnel ngrok or --public-url https://HOST",
            )
        return CloudflaredTunnel(
            found.cloudflared,
            self._children,
            target=local_address(self._bind, port),
            environment=self._environment,
            named=self._named_tunnel(),
        )

    def _named_tunnel(self) -> "NamedTunnel | None":
        from gooclaim_cli.tunnels.cloudflared import NamedTunnel

        settings = self._settings
        if not (settings.cloudflared_tunnel or settings.cloudflared_token):
            return None
        if settings.cloudflared_hostname is None:
            raise ConfigurationError(
                "which host leads to the cloudflared tunnel is not known",
                "set cloudflared.hostname (GOOCLAIM_CLOUDFLARED_HOSTNAME) to it",
            )
        return NamedTunnel(
            hostname=settings.cloudflared_hostname,
            name=settings.cloudflared_tunnel,
            credentials=settings.cloudflared_credentials,
            token=settings.cloudflared_token,
        )


def local_address(bind: str, port: int) -> str:
    """How a program on this machine reaches what serves on an address. Pure."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(bind, bind)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _local_tunnel(app: AsgiApp, api: "TenantApi", gate: Gate) -> Tunnel:
    from gooclaim_cli.tunnels.local import EndpointCertificate, LocalTunnel

    issued = await api.get(_CERTIFICATE_PATH)
    certificate = EndpointCertificate(
        certificate=str(issued.get("certificate")), private_key=str(issued.get("private_key"))
    )
    return LocalTunnel(app, certificate, gate)


async def is_reachable(url: str, *, within: float = _REACHED_WITHIN) -> bool:
    """Whether a URL's host takes connections: a way to tell a dead network from a dead tunnel."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(within):
            _reader, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
