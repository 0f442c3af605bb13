"""Around the sandbox's API: calls that are delayed, refused, left hanging or dropped, as asked."""

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gooclaim_cli.sandbox.behaviour import Conduct
from gooclaim_cli.sandbox.problems import ProblemError, problem_response

_ERROR_CODES = {
    HTTPStatus.UNAUTHORIZED: "token_invalid",
    HTTPStatus.FORBIDDEN: "insufficient_scope",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
_RETRY_AFTER = {"Retry-After": "1"}


class Misconduct:
    """An ASGI app around another one. What is not asked to misbehave passes unchanged."""

    def __init__(
        self, app: ASGIApp, conduct: Conduct, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._conduct = conduct
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        connection = _Connection(send)
        if skew := self._conduct.behaviour.date_skew:
            send = connection.dated(self._clock() + skew)
        api = self._conduct.for_call(scope["method"], scope["path"])
        if api is None:
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(api.delay)
        if api.hang:
            await _gone(receive)
        elif api.drop is not None:
            if api.drop == "after":
                await self._app(scope, receive, _unheard)
            connection.drop()
            await _gone(receive)
        elif api.refusal is not None:
            await _refuse(api.refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class _Connection:
    """The server's side of a request, beyond what ASGI lets an app say."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._cycle: Any = getattr(send, "__self__", None)  # uvicorn's

    def drop(self) -> None:
        """End the connection without a word."""
        self._cycle.transport.close()

    def dated(self, now: float) -> Send:
        """Send with another Date in place of the server's own."""
        date = formatdate(now, usegmt=True).encode()
        self._cycle.default_headers = [
            each for each in self._cycle.default_headers if each[0] != b"date"
        ]

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
            await self._send(message)

        return send


def _refuse(status: HTTPStatus) -> ASGIApp:
    headers = _RETRY_AFTER if status in (429, 503) else {}
    detail = "refused on purpose: the sandbox was asked to misbehave"
    return problem_response(ProblemError(status, _ERROR_CODES[status], detail, headers))


async def _gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unheard(_message: Message) -> None:
    """Take an answer that nobody gets."""
