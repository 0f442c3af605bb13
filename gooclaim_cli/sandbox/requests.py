"""Reading a request's body: bounded, JSON, checked. What is wrong becomes problem details."""

from contextlib import aclosing
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request

from gooclaim_cli.sandbox.problems import ProblemError

BODY_LIMIT: Final = 64 * 1024

_Value = TypeVar("_Value")


async def read_json(request: Request, expected: type[_Value]) -> _Value:
    """Return the body as `expected`. Raises ProblemError: 413, 400 for no JSON, 422 otherwise."""
    return _decode(await _read(request), expected)


async def read_json_or_none(request: Request) -> Any:
    """Return the body as whatever JSON it is, None where it is empty. Raises ProblemError."""
    body = await _read(request)
    return _decode(body, object) if body.strip() else None


def _decode(body: bytes, expected: type[_Value]) -> _Value:
    try:
        return msgspec.json.decode(body.decode("utf-8"), type=expected)
    except msgspec.ValidationError as error:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "validation_failed", str(error)
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = f"the body is not JSON: {error}"
        raise ProblemError(HTTPStatus.BAD_REQUEST, "malformed_json", detail) from None


async def _read(request: Request) -> bytes:
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > BODY_LIMIT:
                raise ProblemError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "body_too_large",
                    f"a body may have {BODY_LIMIT} bytes at most",
                )
    return bytes(body)
