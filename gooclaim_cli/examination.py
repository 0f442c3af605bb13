"""What `gooclaim doctor` looks at: the settings, the API, the endpoint, this machine.

Nothing is changed. Each part fails by itself: what is asked of the API waits for nothing that is
looked at here, and is given up in time.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from gooclaim_cli import __version__, checkup
from gooclaim_cli.accounts import environment_of
from gooclaim_cli.checkup import Check, State
from gooclaim_cli.credentials import with_secret
from gooclaim_cli.errors import ConfigurationError, GooclaimError
from gooclaim_cli.history import health
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.serving import bind
from gooclaim_cli.settings import Settings
from gooclaim_cli.targets import parse_target
from gooclaim_cli.tenant.api import TenantApi
from gooclaim_cli.tenant.clock import clock_offset
from gooclaim_cli.tenant.http import open_client
from gooclaim_cli.tenant.reaching import system_trust
from gooclaim_cli.tenant.tokens import Client, Token, Tokens
from gooclaim_cli.tunnel_rules import rule
from gooclaim_cli.tunnels import finding
from gooclaim_cli.tunnels.children import Children

_API_WITHIN: Final = 15.0
_ANSWER_WITHIN: Final = 5.0
_CONNECT_WITHIN: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person wants looked at. `port` 0: any; `live`: production may be asked."""

    forward_to: Sequence[str] = ()
    bind: str = "127.0.0.1"
    port: int = 0
    live: bool = False


async def examine(found: Settings, asked: Asked, variables: Mapping[str, str]) -> list[Check]:
    """Look at everything; return the checks in the order in which they are shown."""
    targets = asked.forward_to or found.forward_to
    of_api, of_handlers, of_tunnels = await asyncio.gather(
        _api(found, live=asked.live),
        asyncio.gather(*(_handler(target) for target in targets)),
        asyncio.to_thread(_tunnels, found, variables),
    )
    handlers = list(of_handlers) or [
        Check("handler", State.SKIPPED, "none is set: --forward-to, or forward_to in the settings")
    ]
    return [
        _settings(found),
        *of_api,
        *of_tunnels,
        *handlers,
        _port(asked),
        _database(found),
    ]


def _settings(found: Settings) -> Check:
    places = found.places
    file = places.config if places.config.exists() else f"no {places.config}"
    profile = f", profile {found.profile}" if found.profile else ""
    return Check("settings", State.OK, f"{file}{profile}, {found.api_url}")


# The API.


async def _api(found: Settings, *, live: bool) -> list[Check]:
    """Credentials, token, scope, clock, and what is registered: each as far as the one before."""
    try:
        environment_of(found, live=live)
        account = await asyncio.to_thread(with_secret, found)
        client_id, secret, tenant_id = _credentials(account)
    except GooclaimError as error:
        rest = [_skipped(name) for name in ("token", "scope", "tenant", "clock", "registered")]
        return [_failure("credentials", error), *rest]
    checks = [Check("credentials", State.OK, f"client {client_id}")]
    try:
        async with asyncio.timeout(_API_WITHIN):
            return checks + await _ask(account, Client(client_id, secret), tenant_id)
    except TimeoutError:
        message = f"{urlsplit(found.api_url).hostname} gave no answer in {_API_WITHIN:g} s"
        return [*checks, Check("token", State.FAILED, message, "check the network and the API URL")]


def _credentials(account: Settings) -> tuple[str, str, str]:
    missing = [
        f"GOOCLAIM_{name.upper()}"
        for name in ("client_id", "client_secret", "tenant_id")
        if not getattr(account, name)
    ]
    if missing or not (account.client_id and account.client_secret and account.tenant_id):
        raise ConfigurationError(
            f"{' and '.join(missing)} must be set",
            "log in (gooclaim login), or try without an account: gooclaim listen --sandbox",
        )
    return account.client_id, account.client_secret, account.tenant_id


async def _ask(account: Settings, client: Client, tenant_id: str) -> list[Check]:
    dates = _Dates()
    async with open_client(account.api_url, dates.hooks) as http:
        try:
            had = await Tokens(http, client).get(attempts=2)
        except GooclaimError as error:
            rest = [_skipped(name) for name in ("scope", "tenant")]
            clock = checkup.clock(dates.offset)
            return [_failure("token", error), *rest, clock, _skipped("registered")]
        checks = [checkup.token(had), checkup.scope(had), checkup.tenant(tenant_id, had)]
        checks.append(checkup.clock(dates.offset))
        return [*checks, await _registered(http, account, client, tenant_id, had)]


async def _registered(
    http: httpx.AsyncClient, account: Settings, client: Client, tenant_id: str, had: Token
) -> Check:
    if had.scopes and not had.is_admin:
        return _skipped("registered")
    api = TenantApi(
        http,
        client_id=client.client_id,
        client_secret=client.secret,
        tenant_id=tenant_id,
        webhook_path=account.webhook_config_path,
    )
    try:
        webhook = await api.get_webhook()
    except GooclaimError as error:
        return _failure("registered", error)
    if webhook is None:
        return checkup.registered(None, None, "")
    status, seen = await _answer(webhook.url)
    return checkup.registered(webhook.url, status, seen)


async def _answer(url: str) -> tuple[int | None, str]:
    """What an endpoint answers to a HEAD, which asks for nothing and changes nothing."""
    own = not is_loopback(urlsplit(url).hostname)
    headers = {"user-agent": f"gooclaim-cli/{__version__} doctor"}
    try:
        async with httpx.AsyncClient(
            verify=system_trust(), trust_env=own, timeout=_ANSWER_WITHIN
        ) as client:
            return (await client.head(url, headers=headers)).status_code, ""
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return None, str(error) or type(error).__name__


class _Dates:
    """The API's Date headers against our clock: `offset` is of the last answer."""

    def __init__(self) -> None:
        self.offset: tuple[float, float] | None = None
        self._sent = 0.0

    @property
    def hooks(self) -> dict[str, list[Any]]:
        """What httpx calls before each request and after each answer."""
        return {"request": [self._before], "response": [self._after]}

    async def _before(self, _request: httpx.Request) -> None:
        self._sent = time.time()

    async def _after(self, response: httpx.Response) -> None:
        date = response.headers.get("date")
        if date is not None and "age" not in response.headers:
            self.offset = clock_offset(date, sent=self._sent, received=time.time())


# This machine.


def _tunnels(found: Settings, variables: Mapping[str, str]) -> list[Check]:
    try:
        allowed = rule(found, variables)
    except GooclaimError as error:
        return [_failure("tunnel", error)]
    there = finding.find(found.places.data, found.ngrok_authtoken, variables)
    versions = checkup.Programs(
        ngrok=_version(there.ngrok, variables),
        cloudflared=_version(there.cloudflared, variables),
    )
    left = Children(found.places.data / "tunnels").leftovers()
    sandbox = is_loopback(urlsplit(found.api_url).hostname)
    return [checkup.tunnel(there, versions, allowed, sandbox=sandbox), checkup.leftovers(left)]


def _version(program: Path | None, variables: Mapping[str, str]) -> str | None:
    return None if program is None else finding.version_of(program, variables)


async def _handler(target: str) -> Check:
    try:
        url = parse_target(target).url
    except GooclaimError as error:
        return _failure("handler", error)
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_CONNECT_WITHIN), _connected(parts.hostname, port):
            return Check("handler", State.OK, f"{url} takes connections")
    except TimeoutError:
        reason = f"no answer within {_CONNECT_WITHIN:g} s"
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
    return Check("handler", State.FAILED, f"{url}: {reason}", "start it, or correct --forward-to")


@contextlib.asynccontextmanager
async def _connected(host: str | None, port: int) -> AsyncIterator[None]:
    _reader, writer = await asyncio.open_connection(host, port)
    try:
        yield
    finally:
        writer.close()


def _port(asked: Asked) -> Check:
    try:
        with bind(asked.bind, asked.port) as listener:
            port = listener.getsockname()[1]
    except GooclaimError as error:
        return _failure("port", error)
    which = f"port {port} is" if asked.port else "a port is"
    return Check("port", State.OK, f"{which} free on {asked.bind}")


def _database(found: Settings) -> Check:
    path = found.places.history
    try:
        seen = health.examine(path)
    except GooclaimError as error:
        return _failure("history", error)
    if seen.deliveries is None:
        return Check("history", State.OK, f"{path}: not there yet, and can be made")
    size = f"{seen.size / 1024 / 1024:.1f} MiB"
    return Check("history", State.OK, f"{path}: {seen.deliveries} deliveries, {size}, whole")


def _failure(name: str, error: GooclaimError) -> Check:
    return Check(name, State.FAILED, error.message, error.hint)


def _skipped(name: str) -> Check:
    return Check(name, State.SKIPPED, "not looked at: the ones above come first")
