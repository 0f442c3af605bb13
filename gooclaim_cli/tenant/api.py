"""The calls of Gooclaim's API that we use: tokens, the webhook's configuration, event types.

Facts of the API stand in the contract; the two paths that are not published are settings.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard
from urllib.parse import quote

import httpx

from gooclaim_cli.tenant.http import BACKOFF, ApiProblem, CredentialsError, call, members

TOKEN_PATH: Final = "/v1/auth/token"  # noqa: S105 - a path
WEBHOOK_CONFIG_PATH: Final = "/v1/tenants/{tenant_id}/webhook"
EVENT_TYPES_PATH: Final = "/v1/webhooks/event-types"
_RENEW_BEFORE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a tenant has configured, with the ETag that it had. `secret`: only a PUT tells it."""

    url: str
    events: tuple[str, ...]
    etag: str
    updated_at: str = ""
    secret: str | None = None


class TenantApi:
    """A tenant's view of the API. Tokens are cached in memory until shortly before they expire.

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
        self._credentials = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        self._webhook = webhook_path.replace("{tenant_id}", quote(tenant_id, safe=""))
        self._backoff = backoff
        self._on_retry = on_retry
        self._clock = clock
        self._token = ""
        self._token_until = float("-inf")

    async def get_webhook(self) -> Webhook | None:
        """What is configured; None where nothing is. Raises ApiProblem."""
        response = await self._call("GET", self._webhook)
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
    ) -> httpx.Response:
        """Call with a token; one that was refused is replaced once, never in a loop."""
        for fresh in (False, True):
            token = await self._bearer(fresh=fresh)
            try:
                return await call(
                    self._client,
                    method,
                    path,
                    headers={"Authorization": f"Bearer {token}", **(headers or {})},
                    json=json,
                    hide=(token, self._credentials["client_secret"]),
                    backoff=self._backoff,
                    on_retry=self._on_retry,
                )
            except CredentialsError as error:
                if error.status != 401 or fresh:
                    raise
        raise AssertionError("the second call returns or raises")

    async def _bearer(self, *, fresh: bool) -> str:
        if not fresh and self._clock() < self._token_until:
            return self._token
        asked = self._clock()
        response = await call(
            self._client,
            "POST",
            TOKEN_PATH,
            json=self._credentials,
            hide=(self._credentials["client_secret"],),
            backoff=self._backoff,
            on_retry=self._on_retry,
        )
        granted = members(response)
        token, lifetime = granted.get("access_token"), granted.get("expires_in", 0)
        if not isinstance(lifetime, int | float) or not _is_token(token):
            raise ApiProblem(
                f"{TOKEN_PATH}: the answer holds no token",
                "is GOOCLAIM_API_URL the address of Gooclaim's API?",
                status=response.status_code,
            )
        self._token, self._token_until = token, asked + lifetime - min(_RENEW_BEFORE, lifetime / 2)
        return token


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_token(value: object) -> TypeGuard[str]:
    """Whether it can be sent in a header; the errors of libraries would quote what cannot."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) is not None


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
    return Webhook(
        url=url,
        events=tuple(events),
        etag=etag,
        updated_at=str(found.get("updated_at", "")),
        secret=secret if isinstance(secret, str) and secret else None,
    )
