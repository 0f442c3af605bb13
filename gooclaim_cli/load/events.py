"""Events for a load: fresh ones as fast as they are sent.

Owns how they are made cheaply: filling a fixture in costs as much as all the rest of a request
(tests/bench/bench_load.py). Of each type some are kept, and sent again under new ids for a while.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from gooclaim_cli.firing.faults import SINGLE, Means
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.firing.shots import Sample, Shot, Signer, signed_shot
from gooclaim_cli.load.plan import Step
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire.handling import Arriving

_KEPT: Final = 256  # of a type, so that what is in flight together is of different claims
_KEPT_FOR: Final = 10.0  # seconds: `occurred_at` is older than it would be by no more


class Events:
    """Makes the events of a plan. The ids of event and key are new each time.

    `recipe` says what is in them; its type, where it has one, is that of every event. `random`
    makes the data, `keys` the keys: with a seed, only these differ from run to run. `clock` gives
    the time of the data in UNIX seconds, which a seed stops.
    """

    def __init__(
        self, recipe: Recipe, *, random: Random, keys: Random, clock: Callable[[], float]
    ) -> None:
        self._recipe = recipe
        self._random = random
        self._keys = keys
        self._clock = clock
        self._made: dict[str, deque[tuple[float, Sample]]] = {}
        # Only what is all our own is known to hold the event id as often as it must be replaced.
        self._is_ours = recipe.body is None and recipe.template is None and not recipe.settings
        self._what: Arriving | None = None

    def sample(self, event_type: str) -> Sample:
        """Make the next event. Raises UsageError for a fixture that cannot be filled in."""
        now = self._clock()
        key = f"idem_{new_ulid(now, self._keys)}"
        if not self._is_ours:
            return self._fresh(self._recipe, now, key)
        made = self._made.setdefault(event_type, deque())
        if len(made) < _KEPT or now - made[0][0] > _KEPT_FOR:
            sample = self._fresh(replace(self._recipe, event_type=event_type), now, key)
            if len(made) == _KEPT:
                made.popleft()
            made.append((now, sample))
            return sample
        made.rotate(-1)
        return self._renewed(made[-1][1], now, key)

    def shot(self, step: Step, sample: Sample, signer: Signer, *, at: float) -> Shot:
        """Sign an event, broken as the step says, at a time in UNIX seconds."""
        if step.fault is not None:
            return SINGLE[step.fault](sample, Means(signer=signer, at=at, random=self._keys))
        if self._what is None:  # as the first is, the others are: their shape is the same
            self._what = signed_shot(sample, signer, at=at).what
        return Shot(sample=sample, delivery=signer.sign(sample, at=at), what=self._what)

    def _fresh(self, recipe: Recipe, now: float, key: str) -> Sample:
        return replace(recipe.make(now=now, random=self._random), idempotency_key=key)

    def _renewed(self, sample: Sample, now: float, key: str) -> Sample:
        event_id = f"evt_{new_ulid(now, self._random)}"
        old = sample.event_id or ""
        return Sample(
            event_id=event_id,
            event_type=sample.event_type,
            idempotency_key=key,
            body=sample.body.replace(old.encode(), event_id.encode()),
        )
