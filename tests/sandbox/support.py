"""A running sandbox and HTTPS endpoints for it, as the tests use them."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gooclaim_cli.happenings import SandboxFacts
from gooclaim_cli.sandbox import (
    DeliveryState,
    OutboundDelivery,
    Sandbox,
    SandboxOptions,
    run_sandbox,
)
from gooclaim_cli.serving import serve
from gooclaim_cli.wire import IDEMPOTENCY_KEY_HEADER, TIMESTAMP_HEADER, Delivery, SignedContent

PATIENCE = 10.0
ADMIN_SCOPE = "workflow:read audit:read tenant:admin"


class Clock:
    """A clock that stands still until it is moved, or goes on by `step` at each look."""

    def __init__(self, now: float = 1_779_272_065.0, step: float = 0.0) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Endpoint:
    """An HTTPS endpoint: answers with each status in turn, the last one again and again.

    0 stands for no answer at all: it waits until the client has gone.
    """

    def __init__(self, *statuses: int) -> None:
        self.url = ""
        self.statuses = list(statuses) or [200]
        self.received: asyncio.Queue[Delivery] = asyncio.Queue()
        self.abandoned = asyncio.Event()

    async def next(self) -> Delivery:
        async with asyncio.timeout(PATIENCE):
            return await self.received.get()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        self.received.put_nowait(Delivery.from_raw(scope["headers"], body))
        if status == 0:
            await receive()
            self.abandoned.set()
            return
        headers = [(b"location", b"/elsewhere"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Harness:
    """A sandbox, an authorised client of its API, and the reports of its deliveries."""

    sandbox: Sandbox
    http: httpx.AsyncClient
    folder: Path
    reports: asyncio.Queue[OutboundDelivery]
    seen: list[OutboundDelivery] = field(default_factory=list)

    @property
    def ready(self) -> SandboxFacts:
        return self.sandbox.ready

    @property
    def webhook(self) -> str:
        return f"/v1/tenants/{self.ready.tenant_id}/webhook"

    async def ask_token(self, client_id: str = "", secret: str = "") -> httpx.Response:
        asked = {
            "grant_type": "client_credentials",
            "client_id": client_id or self.ready.client_id,
            "client_secret": secret or self.ready.client_secret,
        }
        return await self.http.post("/v1/auth/token", json=asked)

    async def authorize(self, client_id: str = "") -> None:
        token = (await self.ask_token(client_id)).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    async def put(
        self, url: str, events: list[str] | None = None, **headers: str
    ) -> httpx.Response:
        """PUT the webhook; header names are written with underscores."""
        body = {"url": url, "events": ["*"] if events is None else events}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.put(self.webhook, json=body, headers=named)

    async def configure(self, url: str, events: list[str] | None = None) -> dict[str, Any]:
        """PUT whatever is there now."""
        present = await self.http.get(self.webhook)
        etag = present.headers.get("ETag")
        precondition = {"If_Match": etag} if etag else {"If_None_Match": "*"}
        response = await self.put(url, events, **precondition)
        assert response.status_code == 200, response.text
        members: dict[str, Any] = response.json()
        return members

    async def emit(self, **members: Any) -> dict[str, str]:
        response = await self.http.post("/v1/sandbox/events", json=members)
        assert response.status_code == 202, response.text
        accepted: dict[str, str] = response.json()
        return accepted

    async def listed(self, what: str = "deliveries") -> list[dict[str, Any]]:
        response = await self.http.get(f"/v1/sandbox/{what}")
        assert response.status_code == 200, response.text
        entries: list[dict[str, Any]] = response.json()[what.replace("-", "_")]
        return entries

    async def report(self, holds: Callable[[OutboundDelivery], bool]) -> OutboundDelivery:
        """Wait for a report that holds; those that came before count too, each once."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for position, report in enumerate(self.seen):
                    if holds(report):
                        return self.seen.pop(position)
                self.seen.append(await self.reports.get())

    async def settled(self, event_id: str) -> OutboundDelivery:
        """Wait until an event is on its way no longer."""
        return await self.report(
            lambda each: each.event_id == event_id and each.state is not DeliveryState.PENDING
        )


@asynccontextmanager
async def running(
    folder: Path,
    *,
    clock: Callable[[], float] = time.time,
    signed_content: SignedContent = SignedContent.BODY,
    **options: Any,
) -> AsyncIterator[Harness]:
    """Run a quick sandbox without a stream, and a client with the administrator's token."""
    settings = SandboxOptions(
        **{"emit": False, "retry_schedule": (0.01, 0.02), "jitter": 0.0, **options}
    )
    reports: asyncio.Queue[OutboundDelivery] = asyncio.Queue()
    async with (
        run_sandbox(
            settings,
            folder=folder,
            signed_content=signed_content,
            observe=reports.put_nowait,
            clock=clock,
        ) as sandbox,
        httpx.AsyncClient(base_url=sandbox.ready.api_url, verify=False, trust_env=False) as http,
    ):
        harness = Harness(sandbox, http, folder, reports)
        await harness.authorize()
        yield harness


@asynccontextmanager
async def endpoint(
    harness: Harness,
    *statuses: int,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Endpoint]:
    """Serve an endpoint with a certificate of the sandbox's, or with another."""
    app = Endpoint(*statuses)
    context = tls or await certified(harness)
    async with serve(app, tls=context) as port:
        app.url = f"https://{host}:{port}/hooks"
        yield app


@asynccontextmanager
async def raw_endpoint(
    harness: Harness, answer: bytes | None = None
) -> AsyncIterator[tuple[str, "asyncio.Queue[bytes]"]]:
    """A TLS endpoint that answers at once, or never, and tells what came until the end."""
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is not None:
            writer.write(answer)
        try:
            received.put_nowait(await reader.read())
        except ConnectionError:
            received.put_nowait(b"")
        finally:
            writer.transport.abort()

    tls = await certified(harness)
    async with await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?a=b", received


async def certified(harness: Harness) -> ssl.SSLContext:
    """A server's TLS context from the sandbox's endpoint certificate."""
    issued = (await harness.http.get("/v1/sandbox/endpoint-certificate")).json()
    file = harness.folder / "endpoint.pem"
    file.write_text(issued["certificate"] + issued["private_key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def key_of(delivery: Delivery) -> str | None:
    return delivery.value(IDEMPOTENCY_KEY_HEADER)


def timestamp_of(delivery: Delivery) -> int:
    return int(delivery.value(TIMESTAMP_HEADER) or 0)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and error code of problem details, their form checked."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem.keys() == {"type", "title", "status", "detail", "error_code"}
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"]
    return response.status_code, problem["error_code"]
