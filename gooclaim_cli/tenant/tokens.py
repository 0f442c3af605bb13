"""Machine tokens: had for a client's secret, kept in memory until shortly before they expire.

A token is never written anywhere. What one says of itself is read, not believed: only Gooclaim can
check it, and does.
"""

import asyncio
import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

import httpx
import msgspec

from gooclaim_cli.tenant.http import ATTEMPTS, BACKOFF, ApiProblem, call, members

TOKEN_PATH: Final = "/v1/auth/token"  # noqa: S105 - a path
ADMIN_SCOPE: Final = "tenant:admin"
_RENEW_BEFORE: Final = 60.0
_LONGEST: Final = 365 * 86400.0


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for tokens."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its lifetime in seconds, its scopes, and the tenant that it names, if any."""

    value: str = field(repr=False)
    lifetime: float
    scopes: tuple[str, ...]
    tenant_id: str | None

    @property
    def is_admin(self) -> bool:
        """Whether it may change the tenant's configuration."""
        return ADMIN_SCOPE in self.scopes


class Tokens:
    """The token of one client, a new one where it must be.

    `backoff` is the wait before the first retry; `on_retry` hears of each. Times are seconds.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        client: Client,
        *,
        backoff: float = BACKOFF,
        on_retry: Callable[[ApiProblem, float], None] = lambda _problem, _wait: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._client = client
        self._backoff = backoff
        self._on_retry = on_retry
        self._clock = clock
        self._token: Token | None = None
        self._until = float("-inf")
        self._asking = asyncio.Lock()

    async def get(self, *, refused: Token | None = None, attempts: int = ATTEMPTS) -> Token:
        """The token; a new one where it is about to expire, or is the one that was `refused`.

        Calls at the same time are given the same one. Raises ApiProblem; a CredentialsError where
        the client is refused.
        """
        async with self._asking:
            known = self._token
            if known is not None and known is not refused and self._clock() < self._until:
                return known
            asked = self._clock()
            token = await self._ask(attempts)
            early = min(_RENEW_BEFORE, token.lifetime / 2)
            self._token, self._until = token, asked + token.lifetime - early
            return token

    async def _ask(self, attempts: int) -> Token:
        response = await call(
            self._http,
            "POST",
            TOKEN_PATH,
            json={
                "grant_type": "client_credentials",
                "client_id": self._client.client_id,
                "client_secret": self._client.secret,
            },
            hide=(self._client.secret,),
            attempts=attempts,
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
        scope, tenant_id = granted.get("scope"), _claims(token).get("tenant_id")
        return Token(
            token,
            min(max(float(lifetime), 0.0), _LONGEST),
            tuple(scope.split()) if isinstance(scope, str) else (),
            tenant_id if isinstance(tenant_id, str) else None,
        )


def _is_token(value: object) -> TypeGuard[str]:
    """Whether it can be sent in a header; the errors of libraries would quote what cannot."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) is not None


def _claims(token: str) -> dict[str, Any]:
    """What a JWT says; nothing where it is none. It is not verified: its issuer does that."""
    try:
        payload = token.split(".")[1]
        content = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(content, type=dict[str, Any])
    except (IndexError, ValueError, RecursionError):
        return {}
