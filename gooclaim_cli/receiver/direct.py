"""Taking deliveries through the direct entrance, where nobody's answer but ours is waited for.

What is done with each, and told of it, is what the ordinary way does with a delivery that goes to
no handler: checked, claimed, in the database before any 2xx is sent.
"""

import hmac
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial

from gooclaim_cli.direct import Request
from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.checking import Checker
from gooclaim_cli.receiver.exchange import Exchange
from gooclaim_cli.receiver.options import ReceiverOptions
from gooclaim_cli.receiver.rejections import Rejections
from gooclaim_cli.wire import Event


class Direct:
    """The receiver's direct entrance. `fault` is told of our own mistakes."""

    def __init__(
        self,
        options: ReceiverOptions,
        *,
        checker: Checker,
        rejections: Rejections,
        exchange: Exchange,
        ledger: Ledger,
        fault: Callable[[Exception], None],
    ) -> None:
        self._target = options.path.encode()
        self._events = options.events
        self.largest = options.max_body
        self._checker = checker
        self._rejections = rejections
        self._exchange = exchange
        self._ledger = ledger
        self._fault = fault

    def __call__(self, request: Request) -> bool:
        """Take what is posted to the path, and nothing else."""
        if request.method != b"POST" or not hmac.compare_digest(request.target, self._target):
            return False
        try:
            arrival = self._checker.check(request.headers, request.body)
            if arrival.verdict.ok and arrival.verdict.event is not None:
                self._take(request, arrival, arrival.verdict.event)
            else:
                answer = self._rejections.store(arrival)
                request.answer(answer.status, answer.headers, answer.body)
                self._rejections.tell(arrival, answer)
        except Exception as error:  # the session goes on; the person is told
            self._excuse(request, error)
        return True

    def _take(self, request: Request, arrival: Arrival, event: Event) -> None:
        shown = self._events == "*" or fnmatchcase(event.event_type, self._events)
        self._ledger.begin_take(
            arrival,
            partial(self._taken, request, arrival, event, shown),
            now=arrival.received_at,
            answer=answers.ACCEPTED.status,
            shown=shown,
        )

    def _taken(
        self,
        request: Request,
        arrival: Arrival,
        event: Event,
        shown: bool,
        found: Claim | StorageError,
    ) -> None:
        """It is in the history, or could not be put there: answer it."""
        try:
            if isinstance(found, StorageError):
                reply = self._exchange.not_stored(found)
            else:
                reply = self._exchange.accept(arrival, event, found, shown=shown)
            answer = reply.answer or answers.INTERNAL
            sent = request.answer(answer.status, answer.headers, answer.body)
            self._exchange.settle(arrival, reply, sent=sent)
        except Exception as error:
            self._exchange.give_up(arrival)
            self._excuse(request, error)

    def _excuse(self, request: Request, error: Exception) -> None:
        request.answer(answers.INTERNAL.status)
        self._fault(error)
