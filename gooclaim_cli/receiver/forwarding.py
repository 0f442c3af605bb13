"""Forwarding a verified delivery to the developer's handler, under Gooclaim's deadline.

The handler gets the body byte for byte and every end-to-end header value as it came. A request
that has begun is never cut short by the deadline or by a sender that hangs up: somebody may be in a
debugger.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from gooclaim_cli.happenings import Handler, HandlerAnswer
from gooclaim_cli.sending import Outcome, Outgoing, Sender
from gooclaim_cli.targets import match
from gooclaim_cli.wire import Delivery

_AT_ONCE: Final = 64
# Hop-by-hop (RFC 9110, 7.6.1), and what is computed anew for the next hop.
_NOT_FORWARDED: Final = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


class Forwarder:
    """Sends deliveries to handlers: many at once, bounded, started in the order they came.

    `handlers` are asked in this order; `replace` are headers that stand in for those of the same
    name. `sender` must be open.
    """

    def __init__(
        self,
        sender: Sender,
        handlers: Sequence[Handler],
        *,
        replace: Sequence[tuple[str, str]] = (),
        at_once: int = _AT_ONCE,
    ) -> None:
        self._sender = sender
        self.handlers = tuple(handlers)
        self._replace = tuple(replace)
        self._places = asyncio.Semaphore(at_once)

    def handler_for(self, event_type: str) -> Handler | None:
        """The handler that an event of this type goes to."""
        return match(self.handlers, event_type)

    async def forward(self, delivery: Delivery, handler: Handler) -> HandlerAnswer:
        """Send once and wait for the answer, however long it takes."""
        headers = forwarded_headers(delivery.headers, self._replace)
        async with self._places:
            outcome = await self._sender.send(Outgoing(handler.url, headers, delivery.body))
        return answer_of(handler.url, outcome)


def forwarded_headers(
    headers: Sequence[tuple[str, str]], replace: Sequence[tuple[str, str]] = ()
) -> tuple[tuple[str, str], ...]:
    """Keep the end-to-end headers, in order, and put the replacements in."""
    dropped = _NOT_FORWARDED | {name.lower() for name, _ in replace}
    for name, value in headers:
        if name.lower() == "connection":  # names further hop-by-hop headers
            dropped |= {token.strip().lower() for token in value.split(",")}
    kept = tuple((name, value) for name, value in headers if name.lower() not in dropped)
    return kept + tuple(replace)


def answer_of(url: str, outcome: Outcome) -> HandlerAnswer:
    """A handler's answer as the session tells it.

    Of a 2xx that is longer than the sender reads, no body is kept: half of one is worse than none.
    """
    return HandlerAnswer(
        url=url,
        status=outcome.status,
        ms=outcome.ms,
        error=outcome.failure,
        message=outcome.message,
        headers=outcome.headers,
        body=b"" if outcome.cut and outcome.succeeded else outcome.body,
    )
