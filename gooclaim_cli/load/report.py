"""Report: what a load came to, as one value for people and for programs. Pure."""

from dataclasses import dataclass
from typing import Final

from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.load.plan import Plan
from gooclaim_cli.load.tally import Judged, Tally
from gooclaim_cli.wire.handling import Arriving

_ITSELF: Final = 0.85
_MANY: Final = 0.1
_ORDER: Final = {
    name.value: number for number, name in enumerate((*Arriving, *Fault))
}  # what was whole, then what was broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`at` is UNIX seconds, `seconds` how long it took so far, `deadline` what an answer had.

    `own_share` is the share of the time in which gooclaim itself worked.
    """

    at: float
    to: str
    plan: Plan
    tally: Tally
    seconds: float
    deadline: float
    own_share: float
    interrupted: bool

    @property
    def rate(self) -> float:
        """How many requests a second ended; where a rate was asked for, each has its turn's time.

        Else the last would have none, and few requests would seem to come faster than they do.
        """
        done, rate = self.tally.done, self.plan.rate
        seconds = self.seconds if rate is None else max(self.seconds, done / rate)
        return done / seconds if seconds else 0.0

    @property
    def held(self) -> bool:
        """Whether every request was sent and answered as is right."""
        return self.tally.done == self.plan.count and not self.tally.wrong

    @property
    def waited(self) -> bool:
        """Whether many requests waited for a connection, so that they were sent late."""
        latency, service = self.tally.latency, self.tally.service
        if self.tally.late <= self.tally.done * _MANY:
            return False
        late = latency.percentile(90) - service.percentile(90)
        return late > max(0.005, service.percentile(90) / 2)

    @property
    def is_slow_itself(self) -> bool:
        """Whether the times are rather gooclaim's own than the handler's."""
        return self.own_share > _ITSELF

    @property
    def under_way(self) -> int:
        """How many were sent and had not ended: where it was stopped, they were given up."""
        return self.tally.sent - self.tally.done

    def judged(self) -> list[tuple[str, Judged]]:
        """What was sent, whole and then broken, and how each was answered."""
        return sorted(self.tally.judged.items(), key=lambda each: _ORDER[each[0]])
