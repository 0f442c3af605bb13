"""The ASGI app that Gooclaim's POSTs reach.

In this order: method, path, size, headers, signature and timestamp, envelope; then the life of the
idempotency key (`exchange`). A delivery is in the database before any 2xx is sent.
"""

import hmac
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from random import Random
from typing import Any

from gooclaim_cli.happenings import Happening, Level, Notice
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answering import answering
from gooclaim_cli.receiver.answers import Answer
from gooclaim_cli.receiver.bodies import (
    BodyReader,
    CrowdedError,
    HungUpError,
    Receive,
    TooLargeError,
)
from gooclaim_cli.receiver.checking import Checker
from gooclaim_cli.receiver.direct import Direct
from gooclaim_cli.receiver.exchange import Exchange, ExchangePolicy
from gooclaim_cli.receiver.forwarding import Forwarder
from gooclaim_cli.receiver.home_first import HomeFirst
from gooclaim_cli.receiver.options import ReceiverOptions
from gooclaim_cli.receiver.passing_on import PassingOn
from gooclaim_cli.receiver.rejections import Rejections
from gooclaim_cli.receiver.replies import Reply
from gooclaim_cli.wire import SigningSecret

Send = Callable[[Any], Awaitable[None]]


class Receiver:
    """Verifies, stores, forwards, answers, and tells what happened.

    `secrets` are asked for at each delivery, since registering may bring a new one. `report` files
    a fault of our own and says where it is.
    """

    def __init__(
        self,
        options: ReceiverOptions,
        *,
        secrets: Callable[[], Sequence[SigningSecret]],
        ledger: Ledger,
        forwarder: Forwarder,
        tell: Callable[[Happening], None],
        report: Callable[[Exception], str],
        clock: Callable[[], float],
        random: Random | None = None,
        passing_on: PassingOn | None = None,
    ) -> None:
        self._options = options
        self._tell = tell
        self._report = report
        self._clock = clock
        self._path = options.path.encode()
        self._told_other_path = False
        self._bodies = BodyReader(options.max_body)
        self._checker = Checker(
            options,
            secrets=secrets,
            clock=clock,
            # What names a delivery is no secret, and the system is not to be asked for each.
            random=random or Random(),  # noqa: S311
        )
        self._rejections = Rejections(ledger, tell, clock)
        self._exchange = answering(
            _policy(options),
            ledger=ledger,
            forwarder=forwarder,
            passing_on=passing_on,
            home_answers=options.home_answers,
            tell=tell,
            clock=clock,
            fault=self._tell_fault,
        )
        self.direct = self._entrance()

    def _entrance(self) -> Direct | None:
        """The direct entrance; None where the home URL answers."""
        if not isinstance(self._exchange, Exchange):
            return None
        return Direct(
            self._options,
            checker=self._checker,
            rejections=self._rejections,
            exchange=self._exchange,
            fault=self._tell_fault,
        )

    async def finish(self) -> None:
        """Answer the deliveries that are under way: soon as their handlers do, else with 503."""
        await self._exchange.finish()

    async def close(self) -> None:
        """Give up the handlers' requests that are still under way."""
        await self._exchange.close()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI). Our own mistakes become a 500 and a notice."""
        if scope["type"] != "http":
            return
        try:
            refused = self._refuse(scope)
            if refused is not None:
                await _respond(send, refused)
                return
            arrival = await self._read(scope["headers"], receive)
            started = time.monotonic()  # a slow sender's time is not the handler's
            asking = self._asking(arrival, started, receive)
            if asking is None:
                await self._reject(arrival, send)
            else:
                await self._answer(arrival, await asking, send)
        except HungUpError:
            return
        except CrowdedError:
            await _respond(send, answers.CROWDED)
        except Exception as error:  # the session goes on; the person is told
            try:
                await _respond(send, answers.INTERNAL)  # fails where an answer has begun
            finally:
                self._tell_fault(error)

    def _tell_fault(self, error: Exception) -> None:
        """Tell of our own mistake. An error's text may quote somebody's data: it is left out."""
        kind = type(error).__name__
        message = f"a delivery met a fault of gooclaim itself ({kind})"
        hint = f"Gooclaim will try it again; {self._report(error)}"
        notice = Notice(
            at=self._clock(), level=Level.ERROR, code="internal_error", message=message, hint=hint
        )
        self._tell(notice)

    def _refuse(self, scope: Any) -> Answer | None:
        """The answer to a request that is none for this receiver."""
        if scope["method"] != "POST":
            return answers.METHOD_NOT_ALLOWED
        if hmac.compare_digest(scope["path"].encode("utf-8", "surrogateescape"), self._path):
            return None
        self._tell_other_path(scope["path"])
        return answers.NOT_FOUND

    def _asking(
        self, arrival: Arrival, started: float, receive: Receive
    ) -> Coroutine[Any, Any, Reply] | None:
        """Ask whoever answers; None where it is refused."""
        event = arrival.verdict.event if arrival.verdict.ok else None
        exchange = self._exchange
        if isinstance(exchange, HomeFirst) and (event is not None or self._options.unverified):
            return exchange.answer(arrival, event, started=started, hang_up=receive)
        if event is None or isinstance(exchange, HomeFirst):
            return None
        return exchange.answer(arrival, event, started=started, hang_up=receive)

    def _tell_other_path(self, path: str) -> None:
        """Once: an ingress that leads to a wrong path looks like silence otherwise."""
        if self._told_other_path:
            return
        self._told_other_path = True
        message = f"a request for another path was answered 404: {path[:100]}"
        hint = f"deliveries must come to {self._options.path}; of further ones nothing is said"
        notice = Notice(
            at=self._clock(), level=Level.INFO, code="other_path", message=message, hint=hint
        )
        self._tell(notice)

    async def _read(self, headers: Sequence[tuple[bytes, bytes]], receive: Receive) -> Arrival:
        """Read and verify one request. Raises HungUpError, CrowdedError."""
        try:
            body = await self._bodies.read(headers, receive)
        except TooLargeError as error:
            return self._checker.too_large(headers, error.size)
        return self._checker.check(headers, body)

    async def _reject(self, arrival: Arrival, send: Send) -> None:
        answer = self._rejections.store(arrival)
        await _respond(send, answer)
        self._rejections.tell(arrival, answer)

    async def _answer(self, arrival: Arrival, reply: Reply, send: Send) -> None:
        sent = False
        try:
            if reply.answer is not None:
                await _respond(send, reply.answer)
                sent = True
        finally:
            try:
                self._exchange.settle(arrival, reply, sent=sent)
            except Exception as error:  # it is answered: that cannot be taken back
                self._exchange.give_up(arrival)
                self._tell_fault(error)


def _policy(options: ReceiverOptions) -> ExchangePolicy:
    return ExchangePolicy(
        deadline=options.deadline,
        events=options.events,
        forward_duplicates=options.forward_duplicates,
    )


async def _respond(send: Send, answer: Answer) -> None:
    headers = list(answer.headers)
    if answer.status not in (204, 304):  # these have no body, and so no length (RFC 9110, 8.6)
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
