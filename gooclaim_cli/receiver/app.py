"""The ASGI app that Gooclaim's POSTs reach.

In this order: method, path, size, headers, signature and timestamp, envelope; then the life of the
idempotency key (`exchange`). A delivery is in the database before any 2xx is sent.
"""

import hmac
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from random import Random, SystemRandom
from typing import Any, Final

from gooclaim_cli.happenings import Disposition, Happening, Level, Notice
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answering import answering
from gooclaim_cli.receiver.answers import Answer
from gooclaim_cli.receiver.exchange import ExchangePolicy
from gooclaim_cli.receiver.forwarding import Forwarder
from gooclaim_cli.receiver.home_first import HomeFirst
from gooclaim_cli.receiver.options import ReceiverOptions
from gooclaim_cli.receiver.passing_on import PassingOn
from gooclaim_cli.receiver.replies import Reply, delivered
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import (
    IDEMPOTENCY_KEY_HEADER,
    Delivery,
    Finding,
    Reason,
    SigningSecret,
    Verdict,
    verify,
)

# Bodies up to the first size are always read; larger ones only while all together are below the
# second: slow senders of large bodies can neither fill the memory nor keep real events out.
_SMALL: Final = 64 * 1024
_MOST_READ_AT_ONCE: Final = 32 * 1024 * 1024
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class _TooLargeError(Exception):
    """The body is larger than allowed; `size` is what is known of its length."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class _CrowdedError(Exception):
    """Too many large bodies are being read at once."""


class _HungUpError(Exception):
    """The sender went away before its request was whole."""


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
        self._secrets = secrets
        self._ledger = ledger
        self._tell = tell
        self._report = report
        self._clock = clock
        self._random = random or SystemRandom()
        self._path = options.path.encode()
        self._told_other_path = False
        self._reading = 0  # bytes of bodies that are not whole yet, of all connections
        self._exchange = answering(
            ExchangePolicy(
                deadline=options.deadline,
                events=options.events,
                forward_duplicates=options.forward_duplicates,
            ),
            ledger=ledger,
            forwarder=forwarder,
            passing_on=passing_on,
            home_answers=options.home_answers,
            tell=tell,
            clock=clock,
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
        except _HungUpError:
            return
        except _CrowdedError:
            await _respond(send, answers.CROWDED)
        except Exception as error:  # the session goes on; the person is told
            await _respond(send, answers.INTERNAL)
            self._tell_fault(error)

    def _tell_fault(self, error: Exception) -> None:
        """Tell of our own mistake. An error's text may quote somebody's data: it is left out."""
        kind = type(error).__name__
        message = f"a delivery was answered 500: a fault of gooclaim itself ({kind})"
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
        """Read and verify one request. Raises _HungUpError, _CrowdedError."""
        try:
            body = await self._read_body(headers, receive)
        except _TooLargeError as error:
            detail = f"the body has more than {self._options.max_body} bytes"
            finding = Finding(Reason.BODY_TOO_LARGE, detail)
            delivery = Delivery.from_raw(headers, b"")
            return self._arrival(delivery, Verdict((finding,), None, None), error.size)
        delivery = Delivery.from_raw(headers, body)
        verdict = verify(
            delivery,
            self._secrets(),
            now=self._clock(),
            tolerance=self._options.tolerance,
            signed_content=self._options.signed_content,
            tenant_id=self._options.tenant_id,
        )
        return self._arrival(delivery, verdict, len(body))

    async def _read_body(self, headers: Sequence[tuple[bytes, bytes]], receive: Receive) -> bytes:
        """Read the whole body. A declared length is believed at once.

        Raises _TooLargeError, _CrowdedError, _HungUpError.
        """
        limit = self._options.max_body
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value) > limit:
                raise _TooLargeError(int(value))
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            body: bytes = message.get("body", b"")  # most come whole
            if len(body) > limit:
                raise _TooLargeError(len(body))
            return body
        return await self._read_parts(message, receive)

    async def _read_parts(self, message: Any, receive: Receive) -> bytes:
        limit = self._options.max_body
        chunks: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] != "http.request":
                    raise _HungUpError
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                self._reading += len(chunk)
                if size > limit:
                    raise _TooLargeError(size)
                if size > _SMALL and self._reading > _MOST_READ_AT_ONCE:
                    raise _CrowdedError
                if not message.get("more_body", False):
                    return b"".join(chunks)
                message = await receive()
        finally:
            self._reading -= size

    def _arrival(self, delivery: Delivery, verdict: Verdict, size: int) -> Arrival:
        now = self._clock()
        return Arrival(
            delivery_id=f"dlv_{new_ulid(now, self._random)}",
            received_at=now,
            delivery=delivery,
            verdict=verdict,
            idempotency_key=delivery.value(IDEMPOTENCY_KEY_HEADER),
            size=size,
        )

    async def _reject(self, arrival: Arrival, send: Send) -> None:
        answer = answers.refusal(arrival.verdict.findings)
        self._ledger.store_rejected(arrival, status=answer.status)
        await _respond(send, answer)
        reply = Reply(answer, Claim(Disposition.REJECTED, 0, other_body=False))
        self._tell(delivered(arrival, reply, at=self._clock()))

    async def _answer(self, arrival: Arrival, reply: Reply, send: Send) -> None:
        sent = False
        try:
            if reply.answer is not None:
                await _respond(send, reply.answer)
                sent = True
        finally:
            self._exchange.settle(arrival, reply, sent=sent)


async def _respond(send: Send, answer: Answer) -> None:
    headers = list(answer.headers)
    if answer.status not in (204, 304):  # these have no body, and so no length (RFC 9110, 8.6)
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
