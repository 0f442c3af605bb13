"""Makes a story's events: ids, hashes and references are the same in every one of them. Pure."""

import re
from random import Random

import msgspec

from gooclaim_cli.firing.shots import Sample
from gooclaim_cli.fixtures import Ties, make_envelope, new_ulid
from gooclaim_cli.stories.scenario import Scenario, Step


class Teller:
    """Makes the samples of one telling. `begins` is the story's beginning, in UNIX seconds."""

    def __init__(
        self, scenario: Scenario, *, tenant_id: str, begins: float, random: Random
    ) -> None:
        self._tenant_id = tenant_id
        self._begins = begins
        self._random = random
        self._ties = Ties(begins, {_key(name): each for name, each in scenario.values.items()})
        self._sent: dict[str, tuple[Sample, ...]] = {}

    def samples(self, step: Step, *, count: int, at: float, now: float) -> tuple[Sample, ...]:
        """What a step sends: `count` new events, or what it repeats, so many times.

        `at` is when it happens, in seconds from the beginning; `now` is the wall clock's time, in
        UNIX seconds.
        """
        if step.again is not None:
            found = self._sent[step.again] * count
        else:
            found = tuple(self.sample(step, at=at, now=now) for _ in range(count))
        if step.name is not None:
            before = self._sent.get(step.name, ()) if step.again is None else ()
            self._sent[step.name] = before + found
        return found

    def sample(self, step: Step, *, at: float, now: float) -> Sample:
        """Make one new event. Raises UsageError for a placeholder that does not exist."""
        event_type = step.event or ""
        envelope = make_envelope(
            event_type,
            tenant_id=self._tenant_id,
            now=self._begins + at,
            random=self._random,
            data=step.data,
            ties=self._ties,
        )
        return Sample(
            event_id=envelope["event_id"],
            event_type=event_type,
            idempotency_key=f"idem_{new_ulid(now, self._random)}",
            body=msgspec.json.encode(envelope),
        )


def _key(name: str) -> str:
    """A placeholder's name as the placeholders keep it: `doc_2` is the second of its kind."""
    return re.sub(r"_([0-9]+)\Z", r"\1", name)
