"""Listening sessions in this process, each on a machine of its own: a GOOCLAIM_HOME."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gooclaim_cli.happenings import Happening, Notice, Ready, Summary
from gooclaim_cli.listening import Session
from gooclaim_cli.plan import ListenPlan, stable_path
from gooclaim_cli.receiver import ReceiverOptions
from gooclaim_cli.register_terms import RegisterOptions
from gooclaim_cli.settings import Places, Settings
from gooclaim_cli.tunneling import TunnelOptions
from gooclaim_cli.tunnels import TunnelKind
from gooclaim_cli.wire import SigningSecret
from tests.tenant.support import World

PATIENCE = 10.0
FAKE = SigningSecret("whsec_obviously_fake")


@dataclass
class Machine:
    """A GOOCLAIM_HOME and the settings that go with it; `host` is what its tunnel is called."""

    here: World
    home: Path
    host: str = "laptop.example.test"
    members: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        ready = self.here.sandbox.ready
        return Settings(
            **{
                "places": Places(self.home / "config.toml", self.home),
                "api_url": self.here.relay.url,
                "client_id": ready.client_id,
                "client_secret": ready.client_secret,
                "tenant_id": ready.tenant_id,
                **self.members,
            }
        )

    @property
    def url(self) -> str:
        """What it registers."""
        return f"https://{self.host}{stable_path(self.home)}"

    @property
    def journals(self) -> list[Path]:
        return sorted((self.home / "journal").glob("*"))

    def session(self, show: Callable[[Happening], None], **options: Any) -> Session:
        """A session that is told to listen on this machine."""
        members = {name: options.pop(name) for name in ("register",) if name in options}
        path = options.pop("path", None) or stable_path(self.home)
        plan = ListenPlan(
            settings=self.settings,
            receiver=ReceiverOptions(path=path),
            tunneling=TunnelOptions(
                kind=TunnelKind.URL, public_url=f"https://{self.host}", probe=False
            ),
            registering=RegisterOptions(**{"restore_within": 3.0, **options}),
            **members,
        )
        return Session(plan, show, report=repr)


class Listening:
    """A session that runs, and what it has told so far."""

    def __init__(self, machine: Machine, **options: Any) -> None:
        self.told: list[Happening] = []
        self._news = asyncio.Event()
        self.session = machine.session(self._hear, **options)
        self.running = asyncio.create_task(self.session.run())

    def _hear(self, happening: Happening) -> None:
        self.told.append(happening)
        self._news.set()

    @property
    def notices(self) -> list[Notice]:
        return [each for each in self.told if isinstance(each, Notice)]

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.notices]

    def notice(self, code: str) -> Notice:
        """The only notice with a code."""
        (found,) = [each for each in self.notices if each.code == code]
        return found

    async def until(self, arrived: Callable[[Happening], bool]) -> Happening:
        """Wait for what fits; what ends the session before that is raised."""
        async with asyncio.timeout(PATIENCE):
            while not (found := [each for each in self.told if arrived(each)]):
                self._news.clear()
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait({news, self.running}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if self.running.done() and not self._news.is_set():
                    await self.running
                    raise AssertionError(f"it ended without it: {self.told}")
        return found[-1]

    async def ready(self) -> Ready:
        found = await self.until(lambda each: isinstance(each, Ready))
        assert isinstance(found, Ready)
        return found

    async def noticed(self, code: str) -> Notice:
        found = await self.until(lambda each: isinstance(each, Notice) and each.code == code)
        assert isinstance(found, Notice)
        return found

    async def end(self) -> Summary:
        """Stop it as Ctrl-C does."""
        self.session.stop()
        summary = await self.running
        assert summary is not None
        return summary


@asynccontextmanager
async def listening(machine: Machine, **options: Any) -> AsyncIterator[Listening]:
    """Run a session; it does not outlive the block."""
    listener = Listening(machine, **options)
    try:
        yield listener
    finally:
        listener.session.stop()
        await asyncio.wait([listener.running])
        if not listener.running.cancelled():
            listener.running.exception()  # whoever wanted it has awaited it


async def behave(here: World, behaviour: dict[str, Any] | None) -> None:
    """Tell the sandbox how to misbehave."""
    ready = here.sandbox.ready
    async with httpx.AsyncClient(base_url=ready.api_url, trust_env=False) as client:
        grant = {"grant_type": "client_credentials", "client_id": ready.client_id}
        asked = await client.post(
            "/v1/auth/token", json={**grant, "client_secret": ready.client_secret}
        )
        bearer = {"Authorization": f"Bearer {asked.json()['access_token']}"}
        done = await client.post("/v1/sandbox/behaviour", json=behaviour, headers=bearer)
        done.raise_for_status()
