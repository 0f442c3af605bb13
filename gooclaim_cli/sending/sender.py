"""Sender: sends requests exactly as given, and tells what became of each.

Written on httptools rather than on an HTTP client: those add headers, and cost several times the
work (tests/bench/bench_clients.py). A request that finds a connection open needs no task of its
own. What goes wrong becomes an Outcome here and nowhere else.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.futures import resolve
from gooclaim_cli.sending.address import authority_in
from gooclaim_cli.sending.connecting import ConnectError
from gooclaim_cli.sending.connection import (
    Answer,
    Connection,
    MalformedError,
    TruncatedError,
)
from gooclaim_cli.sending.outcome import Outcome, SendFailure
from gooclaim_cli.sending.pool import Pool, Route
from gooclaim_cli.sending.request import Outgoing, request_bytes

ANSWER_LIMIT: Final = 1024 * 1024


class Sender:
    """An async context manager that owns the connections.

    `tls` decides how https endpoints are checked (see `client_tls`), `answer_limit` how many bytes
    of an answer are read before the rest is given up.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, answer_limit: int = ANSWER_LIMIT
    ) -> None:
        self._pool = Pool(tls)
        self._answer_limit = answer_limit
        self._under_way: set[Sending] = set()
        self._is_open = False

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_open = False
        for sending in tuple(self._under_way):
            sending.break_off()
        self._pool.close()
        await asyncio.sleep(0)  # the turn of the event loop in which they are gone

    async def send(self, outgoing: Outgoing, *, within: float | None = None) -> Outcome:
        """Send once and wait for the whole answer, `within` seconds at most.

        Never follows a redirect, never sends twice, never raises for what the endpoint does.
        """
        got: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        sending = self.begin(outgoing, partial(resolve, got))
        try:
            async with asyncio.timeout(within):
                return await got
        except TimeoutError:
            return sending.outcome((SendFailure.TIMED_OUT, f"no answer within {within:g} s"))
        finally:
            sending.give_up()

    def begin(self, outgoing: Outgoing, done: Callable[[Outcome], None]) -> "Sending":
        """Send as `send` does, but do not wait: `done` is given the outcome, later and once.

        It must not raise. What is returned can be given up.
        """
        if not self._is_open:
            raise RuntimeError("the sender is not open")
        answer = Answer(self._answer_limit)
        sending = Sending(outgoing, self._pool, answer, done, self._under_way)
        sending.start()
        return sending


class Sending:
    """One request on its way; it is `under_way` until its outcome is told or nobody wants it."""

    __slots__ = (
        "_answer",
        "_connection",
        "_done",
        "_opening",
        "_outgoing",
        "_pool",
        "_route",
        "_started",
        "_under_way",
    )

    def __init__(
        self,
        outgoing: Outgoing,
        pool: Pool,
        answer: Answer,
        done: Callable[[Outcome], None],
        under_way: "set[Sending]",
    ) -> None:
        self._started = time.perf_counter()
        self._outgoing = outgoing
        self._pool = pool
        self._answer = answer
        self._done: Callable[[Outcome], None] | None = done
        self._under_way = under_way
        self._route: Route | None = None
        self._connection: Connection | None = None
        self._opening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Send it over a connection that is free, or over a new one."""
        self._under_way.add(self)
        try:
            route = self._route = self._pool.route(self._outgoing.url)
            request = request_bytes(self._outgoing, route.address, route.proxy)
            connection = self._pool.take(route)
            if connection is not None:
                self._begin(connection, request)
                return
        except Exception as error:  # whatever a request or a connection is
            asyncio.get_running_loop().call_soon(self._end, error)
            return
        self._opening = asyncio.get_running_loop().create_task(self._open(route, request))

    def break_off(self) -> None:
        """End it at once, and tell so."""
        connection, opening = self._connection, self._opening
        self._end(ConnectionResetError())
        _close(connection, opening)

    def give_up(self) -> None:
        """End it at once, where it has not ended; nothing is told."""
        if self._done is not None:
            self._done = None
            self._under_way.discard(self)
            _close(self._connection, self._opening)

    def outcome(self, failure: tuple[SendFailure, str] | None) -> Outcome:
        """What has become of it by now."""
        answer = self._answer
        return Outcome(
            answer.status,
            (time.perf_counter() - self._started) * 1000,
            failure[0] if failure else None,
            failure[1] if failure else "",
            answer.headers,
            bytes(answer.body),
            answer.cut,
        )

    async def _open(self, route: Route, request: bytes) -> None:
        try:
            self._begin(await self._pool.open(route), request)
        except Exception as error:  # whatever an endpoint does
            self._end(error)

    def _begin(self, connection: Connection, request: bytes) -> None:
        self._connection = connection
        connection.begin(request, self._answer, self._end)

    def _end(self, error: Exception | None) -> None:
        """The answer is whole, or there will be none."""
        done = self._done
        if done is None:
            return
        self._done = None
        self._under_way.discard(self)
        if self._connection is not None and self._route is not None:
            self._pool.give_back(self._route, self._connection)
        failure = None if error is None else translate(error, authority_in(self._outgoing.url))
        done(self.outcome(failure))


def _close(connection: Connection | None, opening: "asyncio.Task[None] | None") -> None:
    if opening is not None:
        opening.cancel()
    if connection is not None:
        connection.close()


def client_tls(*, cacert: Path | None = None, verify: bool = True) -> ssl.SSLContext | None:
    """How an https endpoint is checked: against the system's roots and those of a PEM file, or not.

    None: the system's roots alone, which take a while to load and wait for the first such endpoint.
    Raises ConfigurationError where the file cannot be read or holds no certificate.
    """
    if verify and cacert is None:
        return None
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cacert is not None:
        try:
            context.load_verify_locations(cacert)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"no certificates could be read from {cacert}: {error}",
                "give a file of PEM certificates with --cacert",
            ) from None
    return context


def translate(error: Exception, where: str) -> tuple[SendFailure, str]:
    """What an error means, and what to tell of it; `where` is the endpoint's host and port."""
    match error:
        case ConnectError():
            return error.failure, error.message
        case MalformedError():
            return SendFailure.ANSWER_MALFORMED, f"{where} answered with something other than HTTP"
        case TruncatedError():
            return SendFailure.ANSWER_TRUNCATED, f"{where} broke off in the middle of its answer"
        case OSError():
            return SendFailure.CONNECTION_RESET, f"{where} closed the connection without an answer"
        case _:
            return SendFailure.REQUEST_INVALID, f"the request to {where} cannot be sent: {error}"
