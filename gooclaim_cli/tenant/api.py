"""The calls of Gooclaim's API that we use: tokens, the webhook's configuration, event types.

Facts of the API stand in the contract; the two paths that are not published are settings.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard
from urllib.parse import quote

import httpx

from gooclaim_cli.tenant import paths
from gooclaim_cli.tenant.http import ATTEMPTS, BACKOFF, ApiProblem, CredentialsError, call, members
from gooclaim_cli.tenant.tokens import Client, Token, Tokens

WEBHOOK_CONFIG_PATH: Final = paths.WEBHOOK_CONFIG_PATH
EVENT_TYPES_PATH: Final = paths.EVENT_TYPES_PATH


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a tenant has configured, with the ETag that it had. `secret`: only a PUT tells it."""

    url: str
    events: tuple[str, ...]
    etag: str
    updated_at: str = ""
    secret: str | None = None


class TenantApi:
    """A tenant's view of the API.

    `backoff` is the wait before the first retry, in seconds; `on_retry` hears of each.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        client_id: str,
        client_secret: str,
        tenant_id: str,
        webhook_path: str = WEBHOOK_CONFIG_PATH,
        backoff: float = BACKOFF,
        on_retry: Callable[[ApiProblem, float], None] = lambda _problem, _wait: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._secret = client_secret
        self._tokens = Tokens(
            client,
            Client(client_id, client_secret),
            backoff=backoff,
            on_retry=on_retry,
            clock=clock,
        )
        self._webhook = webhook_path.replace("{tenant_id}", quote(tenant_id, safe=""))
        self._backoff = backoff
        self._on_retry = on_retry

    async def token(self) -> Token:
        """A token that will do for a while. Raises ApiProblem."""
        return await self._tokens.get()

    async def get_webhook(self, *, attempts: int = ATTEMPTS) -> Webhook | None:
        """What is configured; None where nothing is. Raises ApiProblem."""
        response = await self._call("GET", self._webhook, attempts=attempts)
        return None if response.status_code == 404 else _webhook(response)

    async def put_webhook(
        self, url: str, events: tuple[str, ...], *, etag: str | None, idempotency_key: str
    ) -> Webhook:
        """Configure a URL, if the configuration is still the one with `etag` (None: still none).

        The same key gives the same answer again. Raises ApiProblem (409, 412: changed meanwhile).
        """
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        response = await self._call(
            "PUT",
            self._webhook,
            headers={"Idempotency-Key": idempotency_key, **condition},
            json={"url": url, "events": list(events)},
        )
        if response.status_code == 404:
            raise ApiProblem(f"PUT {self._webhook}: 404, no such tenant", status=404)
        return _webhook(response)

    async def delete_webhook(self, *, etag: str) -> None:
        """Remove the configuration, if it is still the one with `etag`. Raises ApiProblem."""
        await self._call("DELETE", self._webhook, headers={"If-Match": etag})

    async def get(self, path: str) -> dict[str, Any]:
        """Read any other JSON object of the API. Raises ApiProblem."""
        response = await self._call("GET", path)
        if response.status_code == 404:
            raise ApiProblem(f"GET {path}: 404, there is no such thing", status=404)
        return members(response)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        attempts: int = ATTEMPTS,
    ) -> httpx.Response:
        """Call with a token; one that was refused is replaced once, never in a loop."""
        refused: Token | None = None
        while True:
            token = await self._tokens.get(refused=refused, attempts=attempts)
            try:
                return await call(
                    self._client,
                    method,
                    path,
                    headers={"Authorization": f"Bearer {token.value}", **(headers or {})},
                    json=json,
                    attempts=attempts,
                    hide=(token.value, self._secret),
                    backoff=self._backoff,
                    on_retry=self._on_retry,
                )
            except CredentialsError as error:
                if error.status != 401 or refused is not None:
                    raise
                refused = token


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _webhook(response: httpx.Response) -> Webhook:
    found = members(response)
    url, events, secret = found.get("url"), found.get("events"), found.get("signing_secret")
    etag = response.headers.get("etag", "")
    if not isinstance(url, str) or not _are_texts(events) or not etag.isascii():
        raise ApiProblem(
            f"{response.request.url.path}: the answer has no url, events and ETag",
            "is GOOCLAIM_WEBHOOK_CONFIG_PATH right?",
            status=response.status_code,
        )
    if not all(text.isprintable() for text in (url, *events)):
        raise ApiProblem(
            f"{response.request.url.path}: the URL or an event type that is configured holds"
            f" characters that belong in neither: {url}",
            "look at it in the Console, and mend it there",
            status=response.status_code,
        )
    return Webhook(
        url=url,
        events=tuple(events),
        etag=etag,
        updated_at=str(found.get("updated_at", "")),
        secret=secret if isinstance(secret, str) and secret else None,
    )
