"""Forwarding a verified delivery to the developer's handler, under Gooclaim's deadline.

The handler gets the body byte for byte and every end-to-end header value as it came. A request
that has begun is never cut short by the deadline or by a sender that hangs up: somebody may be in a
debugger.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from gooclaim_cli.happenings import Handler, HandlerAnswer
from gooclaim_cli.sending import Outcome, Outgoing, Sender, Sending
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
        self._places = at_once
        self._waiting: deque[Passage] = deque()

    def handler_for(self, event_type: str) -> Handler | None:
        """The handler that an event of this type goes to."""
        return match(self.handlers, event_type)

    def begin(
        self, delivery: Delivery, handler: Handler, done: Callable[[HandlerAnswer], None]
    ) -> "Passage":
        """Send once; `done` is given the answer later, however long it takes. It must not raise."""
        passage = Passage(delivery, handler, done)
        if self._places > 0:
            self._start(passage)
        else:
            self._waiting.append(passage)
        return passage

    def give_up(self, passage: "Passage") -> None:
        """End one that has no answer yet, at the end of all: none that waits takes its place."""
        if passage.sending is None:
            self._waiting.remove(passage)
        else:
            passage.sending.give_up()

    def _start(self, passage: "Passage") -> None:
        headers = forwarded_headers(passage.delivery.headers, self._replace)
        outgoing = Outgoing(passage.handler.url, headers, passage.delivery.body)
        passage.sending = self._sender.begin(outgoing, partial(self._ended, passage))
        self._places -= 1  # whatever may fail is behind us, and the outcome comes later

    def _ended(self, passage: "Passage", outcome: Outcome) -> None:
        self._leave_place()
        passage.done(answer_of(passage.handler.url, outcome))

    def _leave_place(self) -> None:
        self._places += 1
        if self._waiting:
            self._start(self._waiting.popleft())


class Passage:
    """A delivery on its way to a handler; `sending` None: it waits for its turn."""

    __slots__ = ("delivery", "done", "handler", "sending")

    def __init__(
        self, delivery: Delivery, handler: Handler, done: Callable[[HandlerAnswer], None]
    ) -> None:
        self.delivery = delivery
        self.handler = handler
        self.done = done
        self.sending: Sending | None = None


def forwarded_headers(
    headers: Sequence[tuple[str, str]], replace: Sequence[tuple[str, str]] = ()
) -> tuple[tuple[str, str], ...]:
    """Keep the end-to-end headers, in order, and put the replacements in."""
    dropped = _NOT_FORWARDED
    if replace:
        dropped |= {name.lower() for name, _ in replace}
    kept, further = [], []
    for each in headers:
        name = each[0].lower()
        if name not in dropped:
            kept.append(each)
        elif name == "connection":  # names further hop-by-hop headers
            further += [token.strip().lower() for token in each[1].split(",")]
    if further:
        kept = [each for each in kept if each[0].lower() not in further]
    return (*kept, *replace)


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
