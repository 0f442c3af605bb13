"""Cloudflare's tunnel: cloudflared as a child. Quick tunnels need no account, named ones do.

The URL comes from its metrics endpoint (`/quicktunnel`), readiness from `/ready`: the URL is
printed before the tunnel is registered, and DNS that is asked too early says "no such name" for a
while. The user's own configuration file and environment stay out of it, and it does not update.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import msgspec

from gooclaim_cli.errors import TunnelError
from gooclaim_cli.tunnels import cloudflared_log
from gooclaim_cli.tunnels.base import News, OpenTunnel, Waiting
from gooclaim_cli.tunnels.children import Child, Children
from gooclaim_cli.tunnels.kinds import TunnelKind

_WITHIN: Final = 30.0
_EVERY: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTunnel:
    """A tunnel of the user's own account, and the host that leads to it.

    `name` is run with the credentials in ~/.cloudflared, or with `credentials`; a `token` is a
    tunnel that is configured at Cloudflare: there its service must be this machine's --port.
    """

    hostname: str
    name: str | None = None
    credentials: str | None = None
    token: str | None = field(default=None, repr=False)


class _QuickTunnel(msgspec.Struct, frozen=True):
    hostname: str


class CloudflaredTunnel:
    """Leads to `http://127.0.0.1:port`. `within`: how long it may take to connect, in seconds."""

    name = TunnelKind.CLOUDFLARED
    has_program = True

    def __init__(
        self,
        program: Path,
        children: Children,
        *,
        target: str,
        environment: Mapping[str, str],
        named: NamedTunnel | None = None,
        within: float = _WITHIN,
    ) -> None:
        self._program = program
        self._children = children
        self._target = target
        self._environment = environment
        self._named = named
        self._within = within

    @contextlib.asynccontextmanager
    async def open(self, waiting: Waiting) -> AsyncIterator[OpenTunnel]:
        """Run cloudflared until the tunnel is left. Raises TunnelError."""
        news: asyncio.Queue[News] = asyncio.Queue()
        metrics: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def hear(text: str) -> None:
            line = cloudflared_log.read_line(text)
            address = cloudflared_log.metrics_address(line)
            if address is not None and not metrics.done():
                metrics.set_result(address)
            told = cloudflared_log.news(line)
            if told is not None:
                news.put_nowait(told)

        with self._children.folder("cloudflared") as folder:
            running = self._children.running(
                self._program,
                self._arguments(folder),
                environment=self._child_environment(),
                on_line=hear,
            )
            async with running as child:
                origin = await self._wait(child, metrics, waiting)
                while not news.empty():  # what led to readiness is no news
                    news.get_nowait()
                ending = asyncio.create_task(_tell_the_end(child, news))
                try:
                    yield OpenTunnel(origin, news=news)
                finally:
                    ending.cancel()
                    await asyncio.wait([ending])

    def _arguments(self, folder: Path) -> list[str]:
        config = folder / "config.yml"
        config.write_text("{}\n")  # in place of what is in ~/.cloudflared and /etc/cloudflared
        common = ["tunnel", "--config", str(config), "--no-autoupdate"]
        common += ["--metrics", "127.0.0.1:0", "--grace-period", "1s"]
        if self._named is None:
            return [*common, "--url", self._target]
        run = ["run", "--url", self._target]
        if self._named.credentials is not None:
            run += ["--credentials-file", self._named.credentials]
        return [*common, *run, *([] if self._named.token else [self._named.name or ""])]

    def _child_environment(self) -> dict[str, str]:
        """Without the settings of another tunnel of the user's. A token is not for arguments."""
        kept = {k: v for k, v in self._environment.items() if not k.startswith("TUNNEL_")}
        kept["TUNNEL_LOG_OUTPUT"] = "json"
        if self._named is not None and self._named.token is not None:
            kept["TUNNEL_TOKEN"] = self._named.token
        return kept

    async def _wait(self, child: Child, metrics: "asyncio.Future[str]", waiting: Waiting) -> str:
        """Wait until the tunnel is registered; return its origin."""
        waiting("cloudflared to ask Cloudflare for a tunnel")
        ready = asyncio.create_task(self._until_ready(metrics, waiting))
        ended = asyncio.create_task(child.ended.wait())
        try:
            async with asyncio.timeout(self._within):
                await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
                if ready.done():
                    return ready.result()
                raise cloudflared_log.failure(list(child.lines))
        except TimeoutError:
            said = cloudflared_log.read_line(child.last_words).message
            raise TunnelError(
                f"cloudflared has not connected within {self._within:g} s; it last said: {said}",
                "it needs a way out to Cloudflare on port 7844 (UDP, or TCP): check the firewall",
            ) from None
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.wait({ready, ended})

    async def _until_ready(self, metrics: "asyncio.Future[str]", waiting: Waiting) -> str:
        address = await metrics
        waiting("cloudflared to register its connection with Cloudflare")
        no_roots = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP: loading any costs start-up
        async with httpx.AsyncClient(
            base_url=f"http://{address}", trust_env=False, verify=no_roots
        ) as client:
            while not await _is_ready(client):  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(_EVERY)
            if self._named is not None:
                return f"https://{self._named.hostname}"
            hostname = (await _quick_tunnel(client)).removeprefix("https://")
            return f"https://{hostname}"


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/ready")).status_code == 200
    except httpx.HTTPError:
        return False


async def _quick_tunnel(client: httpx.AsyncClient) -> str:
    try:
        answer = await client.get("/quicktunnel")
        return msgspec.json.decode(answer.content, type=_QuickTunnel).hostname
    except (httpx.HTTPError, ValueError) as error:
        raise TunnelError(f"cloudflared does not tell its URL: {error}") from None


async def _tell_the_end(child: Child, news: "asyncio.Queue[News]") -> None:
    await child.ended.wait()
    news.put_nowait(News.ENDED)
