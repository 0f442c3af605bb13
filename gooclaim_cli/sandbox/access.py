"""Who may call: the token endpoint, and the bearer check of every other call."""

import math
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gooclaim_cli.sandbox.problems import ProblemError, json_response
from gooclaim_cli.sandbox.requests import read_json
from gooclaim_cli.sandbox.tokens import ADMIN_SCOPE, Claims, RateLimitedError, TokenIssuer


class _TokenRequest(msgspec.Struct, frozen=True):
    grant_type: str
    client_id: str
    client_secret: str


class Access:
    """Issues tokens over HTTP and checks them."""

    def __init__(self, tokens: TokenIssuer) -> None:
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """The routes that need no token."""
        return [Route("/v1/auth/token", self._issue, methods=["POST"])]

    def bearer(self, request: Request) -> Claims:
        """Return who calls. Raises ProblemError (401)."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("token_missing", "the call needs Authorization: Bearer <token>")
        claims = self._tokens.check(token.strip())
        if claims is None:
            raise _unauthorized("token_invalid", "the token is wrong or has expired: ask anew")
        return claims

    def admin(self, request: Request) -> Claims:
        """Return who calls, an administrator. Raises ProblemError (401, 403)."""
        claims = self.bearer(request)
        if not claims.is_admin:
            detail = f"the client has no scope {ADMIN_SCOPE}"
            raise ProblemError(HTTPStatus.FORBIDDEN, "insufficient_scope", detail)
        return claims

    async def _issue(self, request: Request) -> Response:
        asked = await read_json(request, _TokenRequest)
        if asked.grant_type != "client_credentials":
            detail = "grant_type must be client_credentials"
            raise ProblemError(HTTPStatus.BAD_REQUEST, "unsupported_grant_type", detail)
        try:
            client = self._tokens.authenticate(asked.client_id, asked.client_secret)
        except RateLimitedError as error:
            seconds = max(1, math.ceil(error.retry_after))
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "rate_limited",
                f"too many token calls of this client: again in {seconds} s",
                {"Retry-After": str(seconds)},
            ) from None
        if client is None:
            raise _unauthorized("invalid_credentials", "no client has these credentials")
        return json_response(
            {
                "access_token": self._tokens.issue(client),
                "token_type": "Bearer",
                "expires_in": int(self._tokens.lifetime),
                "scope": client.scope,
            }
        )


def _unauthorized(error_code: str, detail: str) -> ProblemError:
    headers = {"WWW-Authenticate": "Bearer"}
    return ProblemError(HTTPStatus.UNAUTHORIZED, error_code, detail, headers)
