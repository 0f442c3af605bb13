"""Calls of a sandbox's API from a test: blocking, and on nothing but the standard library.

The HTTP clients that tests replace by doubles are not used, so that these calls are not caught.
"""

import http.client
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from gooclaim_cli.errors import ApiError
from gooclaim_cli.happenings import SandboxFacts

_WITHIN: Final = 10.0


class RefusedError(ApiError):
    """The sandbox answered with an error, `status`."""

    def __init__(self, status: int, call: str, detail: object) -> None:
        super().__init__(f"the sandbox answered {status} to {call}: {detail}")
        self.status = status


class SandboxCalls:
    """Calls as the tenant's admin client; the token is asked for once."""

    def __init__(self, facts: SandboxFacts) -> None:
        self._facts = facts
        self._address = facts.api_url.removeprefix("http://")
        self._token: str | None = None

    def call(
        self,
        method: str,
        path: str,
        members: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer's JSON, None where there is none. Raises RefusedError, ApiError."""
        status, answer = self._send(method, path, members, self._authorised(headers or {}))
        if status == HTTPStatus.UNAUTHORIZED:  # it lives for as long as the test wants
            self._token = None
            status, answer = self._send(method, path, members, self._authorised(headers or {}))
        return _result(status, answer, f"{method} {path}")

    def _authorised(self, headers: Mapping[str, str]) -> dict[str, str]:
        if self._token is None:
            members = {
                "grant_type": "client_credentials",
                "client_id": self._facts.client_id,
                "client_secret": self._facts.client_secret,
            }
            path = "/v1/auth/token"
            status, answer = self._send("POST", path, members, {})
            self._token = _result(status, answer, f"POST {path}")["access_token"]
        return {**headers, "Authorization": f"Bearer {self._token}"}

    def _send(
        self, method: str, path: str, members: Any, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._address, timeout=_WITHIN)
        try:
            body = None if members is None else msgspec.json.encode(members)
            connection.request(method, path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(f"the sandbox did not answer {method} {path}: {error!r}") from None
        finally:
            connection.close()


def _result(status: int, answer: bytes, call: str) -> Any:
    members = msgspec.json.decode(answer) if answer else None
    if status >= HTTPStatus.BAD_REQUEST:
        detail = members.get("detail") if isinstance(members, dict) else None
        raise RefusedError(status, call, detail)
    return members
