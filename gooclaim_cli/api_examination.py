"""What `gooclaim doctor` asks of the API: credentials, token, scope, clock, what is registered.

Each goes as far as the one before. All is given up in time; nothing is changed.
"""

import asyncio
import time
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from gooclaim_cli import __version__, checkup
from gooclaim_cli.accounts import environment_of
from gooclaim_cli.checkup import Check, State, failure, skipped
from gooclaim_cli.credentials import with_secret
from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.api import TenantApi
from gooclaim_cli.tenant.clock import clock_offset
from gooclaim_cli.tenant.http import open_client
from gooclaim_cli.tenant.reaching import in_words, system_trust
from gooclaim_cli.tenant.tokens import Client, Token, Tokens
from gooclaim_cli.tenant_access import require_credentials

_API_WITHIN: Final = 15.0
_ANSWER_WITHIN: Final = 5.0


async def examine_api(found: Settings, *, live: bool) -> list[Check]:
    """Credentials, token, scope, clock, and what is registered: each as far as the one before."""
    try:
        environment_of(found, live=live)
        account = await asyncio.to_thread(with_secret, found)
        client_id, secret, tenant_id = require_credentials(account)
    except GooclaimError as error:
        rest = [skipped(name) for name in ("token", "scope", "tenant", "clock", "registered")]
        return [failure("credentials", error), *rest]
    checks = [Check("credentials", State.OK, f"client {client_id}")]
    try:
        async with asyncio.timeout(_API_WITHIN):
            return checks + await _ask(account, Client(client_id, secret), tenant_id)
    except TimeoutError:
        message = f"{urlsplit(found.api_url).hostname} gave no answer in {_API_WITHIN:g} s"
        return [*checks, Check("token", State.FAILED, message, "check the network and the API URL")]


async def _ask(account: Settings, client: Client, tenant_id: str) -> list[Check]:
    dates = _Dates()
    async with open_client(account.api_url, dates.hooks) as http:
        try:
            had = await Tokens(http, client).get(attempts=2)
        except GooclaimError as error:
            rest = [skipped(name) for name in ("scope", "tenant")]
            clock = checkup.clock(dates.offset)
            return [failure("token", error), *rest, clock, skipped("registered")]
        checks = [checkup.token(had), checkup.scope(had), checkup.tenant(tenant_id, had)]
        checks.append(checkup.clock(dates.offset))
        return [*checks, await _registered(http, account, client, tenant_id, had)]


async def _registered(
    http: httpx.AsyncClient, account: Settings, client: Client, tenant_id: str, had: Token
) -> Check:
    if had.scopes and not had.is_admin:
        return skipped("registered")
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
        return failure("registered", error)
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
        return None, in_words(error)


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
