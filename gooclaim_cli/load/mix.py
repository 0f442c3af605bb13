"""Mix: which event types are sent, and how often each. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import accumulate
from random import Random
from typing import Final, Self

from gooclaim_cli.errors import UsageError
from gooclaim_cli.wire import CATALOGUE

_NAME: Final = re.compile(r"[\w.-]+", re.ASCII)
_PATTERN: Final = re.compile(r"[\w.*?\[\]!-]+", re.ASCII)
_WEIGHT: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_EXAMPLE: Final = "write patterns and weights: --mix 'workflow.*=8,claim.fraud_suspect=1'"


@dataclass(frozen=True, slots=True)
class Mix:
    """Event types, and for each the sum of the weights up to it."""

    event_types: tuple[str, ...]
    up_to: tuple[float, ...]

    @classmethod
    def of(cls, event_types: Iterable[str]) -> Self:
        """Each as often as another."""
        types = tuple(event_types)
        return cls(types, tuple(map(float, range(1, len(types) + 1))))

    def draw(self, random: Random) -> str:
        """Draw a type."""
        return random.choices(self.event_types, cum_weights=self.up_to)[0]


def parse_mix(text: str, known: Sequence[str] = tuple(CATALOGUE)) -> Mix:
    """Read `workflow.*=8,claim.fraud_suspect=1`. Raises UsageError.

    A pattern's weight is shared by the known types that it fits; a name that nobody knows stands
    for itself.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        pattern, equals, weight = (each.strip() for each in part.partition("="))
        if not equals or not _PATTERN.fullmatch(pattern):
            said = (
                f"{part.strip()!r} says no weight" if not equals else f"{pattern!r} is no pattern"
            )
            raise UsageError(f"--mix: {said}", _EXAMPLE)
        if not _WEIGHT.fullmatch(weight):
            raise UsageError(f"--mix {pattern}: {weight!r} is no weight", _EXAMPLE)
        fitting = _fitting(pattern, known)
        for event_type in fitting:
            weights[event_type] = weights.get(event_type, 0.0) + float(weight) / len(fitting)
    weights = {event_type: weight for event_type, weight in weights.items() if weight > 0}
    if not weights:
        raise UsageError("--mix: every weight is 0, so nothing would be sent", _EXAMPLE)
    return Mix(tuple(weights), tuple(accumulate(weights.values())))


def _fitting(pattern: str, known: Sequence[str]) -> list[str]:
    fitting = [event_type for event_type in known if fnmatchcase(event_type, pattern)]
    if fitting:
        return fitting
    close = get_close_matches(pattern, known, 1, 0.75)
    if close or not _NAME.fullmatch(pattern):
        raise UsageError(
            f"--mix: no event type fits {pattern!r}",
            f"did you mean {close[0]}? To send it all the same: gooclaim send-test {close[0]}"
            f" --set event_type={pattern} --count N"
            if close
            else "gooclaim events lists what there is",
        )
    return [pattern]
