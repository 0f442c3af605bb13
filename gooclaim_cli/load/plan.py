"""Plan: which request comes when, as a pure function of what was asked for and a seed.

Shares are exact, but for rounding, and spread over the whole run; the steps are made one by one, so
that a plan of any length takes no memory.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle
from math import ceil, floor
from random import Random
from typing import Final

import msgspec

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.load.mix import Mix
from gooclaim_cli.load.shares import FaultShare

_HALF: Final = Fraction(1, 2)


class Step(msgspec.Struct, frozen=True):
    """One request. `due` is seconds after the start; None: as soon as a connection is free.

    `fault`: it is broken by it. `again`: its event is sent once more later. `repeats`: it is that
    once more, of the event of the step with this number.
    """

    number: int
    due: float | None
    event_type: str
    fault: Fault | None = None
    again: bool = False
    repeats: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was asked for: `count` requests, `rate` a second, over so many `connections`.

    `duplicates` of all requests repeat an earlier event, half of them so much later that it was
    answered, half at the same time. Raises UsageError where the shares cannot be had together.
    """

    count: int
    connections: int
    mix: Mix
    rate: float | None = None
    duplicates: Fraction = Fraction(0)
    faults: tuple[FaultShare, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.duplicates > _HALF:
            raise UsageError(
                "--duplicates is over half: an event is sent twice at most", "write 50% or less"
            )
        broken = sum((each.share for each in self.faults), Fraction(0))
        if broken > 1:
            raise UsageError(
                f"--faults add up to {float(broken * 100):g} %", "write shares of 100 % or less"
            )
        if self.duplicates * 2 + broken > 1:
            raise UsageError(
                "--duplicates and --faults leave no room: an event that is sent again is sent"
                " whole, twice",
                "write less of one of them, like --duplicates 5% --faults 1%",
            )

    def steps(self) -> Iterator[Step]:
        """Every request, in the order in which they are due."""
        random = Random(self.seed)  # noqa: S311 - a plan is no secret
        faults, repeats = _Faults(self, random), _Repeats(self)
        due: float | None = None
        for number in range(self.count):
            left = self.count - number
            original = repeats.due_now(number, left)
            if original is None or not repeats.at_once:
                due = None if self.rate is None else number / self.rate
            if original is not None:
                yield Step(number, due, original.event_type, repeats=original.number)
                continue
            fault = faults.due_now(number)
            event_type = self.mix.draw(random)
            step = Step(number, due, event_type, fault)
            if fault is None and repeats.take(step, left):
                step = Step(number, due, event_type, again=True)
            yield step


class _Quota:
    """How many requests of a kind there should be up to a number: at the end, the share, rounded.

    The end of the plan is left for repeats that are still to come, so that nothing is lost.
    """

    def __init__(self, share: Fraction, plan: Plan) -> None:
        later = min(_later(plan), plan.count)
        room = plan.count - ceil(plan.duplicates / 2 * later)
        self._all = floor(share * plan.count + _HALF)
        self._share = share * plan.count / max(1, room)

    def up_to(self, number: int) -> int:
        return min(self._all, floor(self._share * (number + 1) + _HALF))


class _Faults:
    """Which requests are broken, and how."""

    def __init__(self, plan: Plan, random: Random) -> None:
        self._cycles = [
            (_Quota(each.share, plan), cycle(_turned(each.faults, random))) for each in plan.faults
        ]
        self._done = [0] * len(plan.faults)

    def due_now(self, number: int) -> Fault | None:
        for position, (quota, faults) in enumerate(self._cycles):
            if self._done[position] < quota.up_to(number):
                self._done[position] += 1
                return next(faults)
        return None


class _Repeats:
    """Which events are sent twice, and when the second time comes."""

    def __init__(self, plan: Plan) -> None:
        self._later = _later(plan)
        self._quota = _Quota(plan.duplicates, plan)
        self._pending: deque[tuple[int, Step]] = deque()
        self._next: Step | None = None
        self._taken = 0
        self.at_once = False

    def due_now(self, number: int, left: int) -> Step | None:
        """The step whose event is to be repeated by this one."""
        if self._next is not None:
            original, self._next = self._next, None
            self.at_once = True
            return original
        self.at_once = False
        if self._pending and (self._pending[0][0] <= number or left <= len(self._pending)):
            return self._pending.popleft()[1]
        return None

    def take(self, step: Step, left: int) -> bool:
        """Whether the event of this step is sent again."""
        owed = self._quota.up_to(step.number) > self._taken
        if not owed or left <= len(self._pending) + 1:
            return False
        self._taken += 1
        if self._taken % 2:
            self._pending.append((step.number + self._later, step))
        else:
            self._next = step
        return True


def _later(plan: Plan) -> int:
    """So many requests later an event was answered, unless its answer took very long."""
    return 2 * plan.connections


def _turned(faults: tuple[Fault, ...], random: Random) -> tuple[Fault, ...]:
    first = random.randrange(len(faults))
    return faults[first:] + faults[:first]
