"""A relay in front of a sandbox: it sees every call, and can change, delay or lose the answer."""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from gooclaim_cli.sandbox import Sandbox, SandboxOptions, run_sandbox
from gooclaim_cli.tenant.api import TenantApi
from gooclaim_cli.tenant.http import ApiProblem, open_client
from gooclaim_cli.tenant.journal import Entry, HomeWebhook, Journal
from gooclaim_cli.tenant.registration import Registration
from gooclaim_cli.tenant.tenancy import Tenancy
from gooclaim_cli.tenant.tokens import TOKEN_PATH

NOW = 1_779_272_065.0
HOME_URL = "https://cms.example.com/hooks?a=b"
OURS = "https://laptop.example.com/gooclaim-cli/abc"
OTHERS = "https://other.example.com/hooks"
PARTIAL = ("workflow.completed", "pending_docs.*")
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "date")


@dataclass(frozen=True)
class Seen:
    """A call as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def members(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body, type=dict[str, Any])


@dataclass(frozen=True)
class Answer:
    """What a call is answered."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, members: Any, status: int = 200, **headers: str) -> "Answer":
        named = ((name.replace("_", "-"), value) for name, value in headers.items())
        return cls(status, msgspec.json.encode(members), tuple(named))


Script = Callable[[Seen], Awaitable[Answer | None]]
Edit = Callable[[Seen, Answer], Answer]
TOKEN = "token-that-nobody-may-see"
GRANTED = Answer.json({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})


@dataclass
class Relay:
    """Passes calls on to `upstream`, after `before` could answer in its place.

    `after` may change an answer that is passed back. `lose` counts, by method, answers that are not
    sent although the call was carried out: the connection ends instead.
    """

    upstream: str = ""
    before: Script | None = None
    after: Edit | None = None
    lose: dict[str, int] = field(default_factory=dict)
    url: str = ""
    seen: list[Seen] = field(default_factory=list)

    def calls(self, method: str) -> list[Seen]:
        """The calls of a method, but those for a token."""
        return [each for each in self.seen if each.method == method and each.path != TOKEN_PATH]

    @property
    def tokens(self) -> int:
        """How often a token was asked for."""
        return sum(each.path == TOKEN_PATH for each in self.seen)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with httpx.AsyncClient(base_url=self.upstream, trust_env=False) as onward:
                while await self._exchange(reader, writer, onward):
                    pass
        except (ConnectionError, asyncio.IncompleteReadError, httpx.TransportError):
            pass  # the client has gone, or upstream has: whoever is left is cut off
        finally:
            writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        onward: httpx.AsyncClient,
    ) -> bool:
        seen = await _read(reader)
        self.seen.append(seen)
        answer = await self.before(seen) if self.before else None
        if answer is None:
            response = await onward.request(
                seen.method, seen.path, headers=seen.headers, content=seen.body
            )
            passed = Answer(response.status_code, response.content, _end_to_end(response.headers))
            answer = self.after(seen, passed) if self.after else passed
        if self.lose.get(seen.method, 0) and seen.path != TOKEN_PATH:
            self.lose[seen.method] -= 1
            return False
        head = [f"HTTP/1.1 {answer.status} Whatever", f"Content-Length: {len(answer.body)}"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body)
        await writer.drain()
        return True


def _end_to_end(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers.items() if name not in _HOP_BY_HOP)


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(method, path, headers, body)


@asynccontextmanager
async def relaying(
    upstream: str = "", *, before: Script | None = None, **lose: int
) -> AsyncIterator[Relay]:
    """Serve a relay on loopback; without an upstream, `before` answers everything."""
    relay = Relay(upstream, before, lose=lose)
    async with listening(relay.connected) as relay.url:
        yield relay


@asynccontextmanager
async def listening(
    connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]],
    *,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve connections on loopback and yield the URL; those that are open at the end are cut."""
    open_ones: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[asyncio.create_task(connected(reader, writer))] = writer

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=2**20, ssl=tls)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in open_ones:
            task.cancel()
        ended = await asyncio.gather(*open_ones, return_exceptions=True)
        for writer in open_ones.values():
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await server.wait_closed()
    assert all(isinstance(each, asyncio.CancelledError | None) for each in ended), ended


def scripted(*answers: Answer | None) -> Script:
    """Answer with each in turn, the last one again and again; None passes a call on.

    A token is passed on, or granted at once where there is nobody to pass it on to.
    """
    left = deque(answers)

    async def before(seen: Seen) -> Answer | None:
        if seen.path == TOKEN_PATH:
            return None
        return left.popleft() if len(left) > 1 else left[0]

    return before


def granting(script: Script) -> Script:
    """Grant tokens too."""

    async def before(seen: Seen) -> Answer | None:
        return GRANTED if seen.path == TOKEN_PATH else await script(seen)

    return before


@dataclass
class World:
    """A sandbox, the relay in front of it, our view of the API through it, and our journal."""

    sandbox: Sandbox
    relay: Relay
    api: TenantApi
    direct: TenantApi
    journal: Journal
    kept: list[tuple[str, str | None, HomeWebhook | None]] = field(default_factory=list)
    retries: list[tuple[ApiProblem, float]] = field(default_factory=list)

    def registration(self, *, now: float = NOW) -> Registration:
        return Registration(self.tenancy(now=now), settle=0.0)

    def tenancy(self, *, now: float = NOW) -> Tenancy:
        return Tenancy(
            api=self.api,
            journal=self.journal,
            api_url=self.relay.url,
            tenant_id=self.sandbox.ready.tenant_id,
            clock=lambda: now,
            keep=lambda answer, home: self.kept.append((answer.url, answer.secret, home)),
        )

    def entry(
        self, home: HomeWebhook | None, *earlier: str, ours: str = OURS, **members: Any
    ) -> Entry:
        return Entry(
            api_url=self.relay.url,
            tenant_id=self.sandbox.ready.tenant_id,
            ours=ours,
            home=home,
            at=NOW,
            earlier=earlier,
            **members,
        )

    async def configure(self, url: str, events: tuple[str, ...] = ("*",)) -> None:
        """Somebody else's change, past the relay."""
        present = await self.direct.get_webhook()
        etag = present.etag if present else None
        await self.direct.put_webhook(url, events, etag=etag, idempotency_key=f"{url} {etag}")

    async def configured(self) -> tuple[str, tuple[str, ...]] | None:
        present = await self.direct.get_webhook()
        return (present.url, present.events) if present else None


@asynccontextmanager
async def world(
    folder: Path,
    *,
    before: Script | None = None,
    client_id: str = "",
    clock: Callable[[], float] = lambda: NOW,
    lose: dict[str, int] | None = None,
    **options: Any,
) -> AsyncIterator[World]:
    """Run a sandbox that emits nothing, with a relay in front of it."""
    settings = SandboxOptions(**{"emit": False, **options})
    async with (
        run_sandbox(settings, folder=folder) as sandbox,
        relaying(sandbox.ready.api_url, before=before, **lose or {}) as relay,
        open_client(relay.url) as client,
        open_client(sandbox.ready.api_url) as direct,
    ):
        retries: list[tuple[ApiProblem, float]] = []
        who: dict[str, Any] = {
            "client_secret": sandbox.ready.client_secret,
            "tenant_id": sandbox.ready.tenant_id,
        }
        yield World(
            sandbox,
            relay,
            TenantApi(
                client,
                client_id=client_id.format(sandbox.ready.client_id) or sandbox.ready.client_id,
                on_retry=lambda problem, wait: retries.append((problem, wait)),
                clock=clock,
                backoff=0.0,
                **who,
            ),
            TenantApi(direct, client_id=sandbox.ready.client_id, **who),
            Journal(folder / "journal", environment="sandbox", tenant_id=who["tenant_id"]),
            retries=retries,
        )
