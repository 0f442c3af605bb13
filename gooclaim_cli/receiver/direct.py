"""Taking deliveries through the direct entrance, without a task of their own.

What is done with each, and told of it, is what the ordinary way does: checked, claimed, in the
database before any 2xx is sent, and with its handler, if it has one.
"""

import hmac
import time
from collections.abc import Callable
from functools import partial

from gooclaim_cli.direct import Request
from gooclaim_cli.history.ledger import Arrival
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.checking import Checker
from gooclaim_cli.receiver.exchange import Exchange
from gooclaim_cli.receiver.options import ReceiverOptions
from gooclaim_cli.receiver.rejections import Rejections
from gooclaim_cli.receiver.replies import Reply
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
        fault: Callable[[Exception], None],
    ) -> None:
        self._target = options.path.encode()
        self.largest = options.max_body
        self._checker = checker
        self._rejections = rejections
        self._exchange = exchange
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
        started = time.monotonic()
        then = partial(self._answer, request, arrival)
        course = self._exchange.begin(arrival, event, started=started, then=then)
        if course.handler is not None:
            request.when_gone = partial(self._exchange.hang_up, course)

    def _answer(self, request: Request, arrival: Arrival, reply: Reply | Exception) -> None:
        """It is known how to answer."""
        try:
            if not isinstance(reply, Exception):
                self._settle(request, arrival, reply)
                return
        except Exception as error:
            reply = error
        self._exchange.give_up(arrival)
        self._excuse(request, reply)

    def _settle(self, request: Request, arrival: Arrival, reply: Reply) -> None:
        answer, sent = reply.answer, False
        request.when_gone = None
        if answer is not None:
            sent = request.answer(answer.status, answer.headers, answer.body)
        self._exchange.settle(arrival, reply, sent=sent)

    def _excuse(self, request: Request, error: Exception) -> None:
        request.answer(answers.INTERNAL.status)
        self._fault(error)
