"""Machine tokens: who may have one, how often, and what one allows. No I/O.

A token is a JWT that the issuer signed with a key of its own, so that nothing is kept for it.
"""

import base64
import hmac
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final

import msgspec

ADMIN_SCOPE: Final = "tenant:admin"
_SCOPES: Final = ("workflow:read", "audit:read")
_RATE_WINDOW: Final = 60.0
_HEADER: Final = b'{"alg":"HS256","typ":"JWT"}'


@dataclass(frozen=True, slots=True)
class Client:
    """A machine that may ask for tokens, and the scopes that they then have."""

    client_id: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...] = _SCOPES

    @property
    def scope(self) -> str:
        """The scopes as the token call writes them."""
        return " ".join(self.scopes)

    @classmethod
    def admin(cls, client_id: str, secret: str) -> "Client":
        """A client that may change the tenant's configuration."""
        return cls(client_id, secret, (*_SCOPES, ADMIN_SCOPE))


class RateLimitedError(Exception):
    """A client asks for tokens too often; `retry_after` says in how many seconds it may again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many tokens, one more in {retry_after:.0f} s")
        self.retry_after = retry_after


class Claims(msgspec.Struct, frozen=True):
    """What a token says about its bearer."""

    sub: str
    tenant_id: str
    scope: str
    iat: int
    exp: float
    jti: str

    @property
    def is_admin(self) -> bool:
        """Whether the bearer may read and change the tenant's configuration."""
        return ADMIN_SCOPE in self.scope.split()


class TokenIssuer:
    """Issues tokens to the clients of one tenant, at most `rate` a minute to each."""

    def __init__(
        self,
        clients: Iterable[Client],
        *,
        tenant_id: str,
        lifetime: float,
        rate: int,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self.lifetime = lifetime
        self._clients = {client.client_id: client for client in clients}
        self._asked: dict[str, deque[float]] = {name: deque() for name in self._clients}
        self._tenant_id = tenant_id
        self._rate = rate
        self._clock = clock
        self._random = random
        self._key = random.randbytes(32)

    def authenticate(self, client_id: str, secret: str) -> Client | None:
        """Find the client whose credentials these are. Raises RateLimitedError, also for guesses.

        A client id that nobody has is not counted: there is nothing to guess.
        """
        client = self._clients.get(client_id)
        if client is None:
            return None
        self._count(client_id)
        matches = hmac.compare_digest(client.secret.encode(), secret.encode("utf-8", "replace"))
        return client if matches else None

    def issue(self, client: Client) -> str:
        """Make a token for a client."""
        now = self._clock()
        claims = Claims(
            sub=client.client_id,
            tenant_id=self._tenant_id,
            scope=client.scope,
            iat=int(now),
            exp=now + self.lifetime,
            jti=f"{self._random.getrandbits(96):024x}",
        )
        signed = b".".join(map(_base64url, (_HEADER, msgspec.json.encode(claims))))
        return b".".join((signed, _base64url(self._sign(signed)))).decode()

    def check(self, token: str) -> Claims | None:
        """Return what a token says, or None where it is not ours or has expired."""
        signed, _, signature = token.encode("utf-8", "replace").rpartition(b".")
        if not hmac.compare_digest(_base64url(self._sign(signed)), signature):
            return None
        # What carries our signature is what issue() made: it cannot be malformed.
        payload = base64.urlsafe_b64decode(signed.partition(b".")[2] + b"==")
        claims = msgspec.json.decode(payload, type=Claims)
        return claims if claims.exp > self._clock() else None

    def _sign(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, "sha256")

    def _count(self, client_id: str) -> None:
        asked, now = self._asked[client_id], self._clock()
        while asked and asked[0] <= now - _RATE_WINDOW:
            asked.popleft()
        if len(asked) >= self._rate:
            raise RateLimitedError(asked[0] + _RATE_WINDOW - now)
        asked.append(now)


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
