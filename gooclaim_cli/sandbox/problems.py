"""Problem details (RFC 7807): the one form that every error of the API has."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler


class ProblemError(Exception):
    """A request that is refused: its status, a stable code, and a sentence for people."""

    def __init__(
        self,
        status: HTTPStatus,
        error_code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.error_code = error_code
        self.detail = detail
        self.headers = dict(headers or {})


def json_response(
    value: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON. Nothing of it may be cached: answers hold tokens and secrets."""
    return Response(
        msgspec.json.encode(value),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )


def problem_handlers() -> dict[Any, ExceptionHandler]:
    """How an application turns each exception into problem details."""
    return {
        ProblemError: _refused,
        HTTPException: _not_routed,
        Exception: _broken,
    }


def problem_response(problem: ProblemError) -> Response:
    """Answer with a problem's details."""
    members = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "error_code": problem.error_code,
    }
    headers = {**problem.headers, "Content-Type": "application/problem+json"}
    return json_response(members, problem.status, headers)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 -- registered for this class alone
    return problem_response(error)


async def _not_routed(request: Request, error: Exception) -> Response:
    """What the router refuses: no such path, or not with this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class alone
    status = HTTPStatus(error.status_code)
    detail = f"{request.method} {request.url.path} is not part of this API"
    code = status.name.lower()
    return problem_response(ProblemError(status, code, detail, error.headers))


async def _broken(_request: Request, _error: Exception) -> Response:
    detail = "the sandbox has a bug, and this request met it"
    return problem_response(
        ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)
    )
