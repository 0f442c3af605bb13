"""Answers to calls that carried an Idempotency-Key, kept for 24 hours. No I/O.

Only what changed something is kept: a call that was refused is judged anew.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KEPT_SECONDS: Final = 24 * 3600.0
_KEPT_AT_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered: given again, word for word, when it is repeated."""

    status: int
    body: Any = field(repr=False)
    headers: Mapping[str, str]


class KeyReusedError(Exception):
    """An idempotency key came again with another request."""


class Answers:
    """The answers by idempotency key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, object, Answer]] = OrderedDict()

    def recall(self, key: str | None, request: object) -> Answer | None:
        """Return the answer that this request had under its key. Raises KeyReusedError."""
        self._forget()
        if key is None or key not in self._kept:
            return None
        _, answered, answer = self._kept[key]
        if answered != request:
            raise KeyReusedError
        return answer

    def keep(self, key: str | None, request: object, answer: Answer) -> None:
        """Remember an answer, where there is a key."""
        if key is not None:
            self._kept[key] = (self._clock(), request, answer)

    def _forget(self) -> None:
        oldest = self._clock() - KEPT_SECONDS
        while self._kept:
            given, _, _ = next(iter(self._kept.values()))
            if given > oldest and len(self._kept) < _KEPT_AT_MOST:
                return
            self._kept.popitem(last=False)
