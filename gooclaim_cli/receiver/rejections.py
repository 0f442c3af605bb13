"""Rejections: what is not verified is stored, answered with the reasons, and told."""

from collections.abc import Callable

from gooclaim_cli.happenings import Disposition, Happening
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.receiver import answers
from gooclaim_cli.receiver.answers import Answer
from gooclaim_cli.receiver.replies import Reply, delivered


class Rejections:
    """Stores what is refused, and tells of it."""

    def __init__(
        self, ledger: Ledger, tell: Callable[[Happening], None], clock: Callable[[], float]
    ) -> None:
        self._ledger = ledger
        self._tell = tell
        self._clock = clock

    def store(self, arrival: Arrival) -> Answer:
        """Store it with a later commit; return what it is to be answered."""
        answer = answers.refusal(arrival.verdict.findings)
        self._ledger.store_rejected(arrival, status=answer.status)
        return answer

    def tell(self, arrival: Arrival, answer: Answer) -> None:
        """Tell of one that has been answered."""
        reply = Reply(answer, Claim(Disposition.REJECTED, 0, other_body=False))
        self._tell(delivered(arrival, reply, at=self._clock()))
