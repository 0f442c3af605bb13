"""Course: one verified delivery on its way from its claim to its answer."""

from collections.abc import Callable
from typing import Final, TypeAlias

from gooclaim_cli.happenings import Disposition, Handler
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival
from gooclaim_cli.receiver.forwarding import Passage
from gooclaim_cli.receiver.replies import Reply
from gooclaim_cli.wire import Event

_UNCLAIMED: Final = Claim(Disposition.FRESH, 1, other_body=False)
# What is called once with how to answer, or with a fault of our own. It must not raise.
Then: TypeAlias = Callable[[Reply | Exception], None]


class Course:
    """What is known of a delivery under way; `started` is `time.monotonic()`.

    `handler` None: no handler gets it. `url` is the handler's, `began_at` when it was sent there
    (by the clock); `passage` is there while it has it. `is_gone`: the sender waits no longer.
    `answered` is the status of an answer that was given before it was in the history.
    """

    __slots__ = (
        "answered",
        "arrival",
        "began_at",
        "claim",
        "event",
        "handler",
        "is_gone",
        "passage",
        "shown",
        "started",
        "then",
        "url",
    )

    def __init__(
        self,
        arrival: Arrival,
        event: Event,
        handler: Handler | None,
        *,
        shown: bool,
        started: float,
        then: Then,
        claim: Claim = _UNCLAIMED,
    ) -> None:
        self.arrival = arrival
        self.event = event
        self.handler = handler
        self.shown = shown
        self.started = started
        self.then = then
        self.claim = claim
        self.url = ""
        self.began_at = 0.0
        self.passage: Passage | None = None
        self.is_gone = False
        self.answered: int | None = None
