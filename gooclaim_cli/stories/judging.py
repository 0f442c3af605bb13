"""Judges what was answered in a story: by its expectations, else the contract's table. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gooclaim_cli.firing.faults import Means
from gooclaim_cli.firing.range import Fired
from gooclaim_cli.firing.sequences import faulty_volley, good_volley
from gooclaim_cli.firing.shots import Sample, Volley
from gooclaim_cli.stories.planning import Beat, plan
from gooclaim_cli.stories.scenario import Scenario, Step
from gooclaim_cli.wire.handling import HANDLING, Arriving


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One request of a story. `expected` is what was right, `problems` what was not."""

    fired: Fired
    expected: str
    problems: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether all was as expected."""
        return not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A beat that was played: every request of it, in order. `at` is UNIX seconds."""

    at: float
    beat: Beat
    requests: tuple[Judged, ...]

    @property
    def held(self) -> bool:
        """Whether all was as expected."""
        return all(each.held for each in self.requests)


def volley_of(step: Step, sample: Sample, means: Means, *, taken: bool) -> Volley:
    """The shots of a sample. `taken`: its key has been answered with a 2xx before."""
    if step.fault is not None:
        return faulty_volley(step.fault, sample, means)
    volley = good_volley(sample, means)
    if step.again is None:
        return volley
    if taken:
        what = Arriving.REPEATED
    else:
        what = Arriving.REPEATED_AT_ONCE if step.at_once else Arriving.RETRIED
    return replace(volley, shots=(replace(volley.shots[0], what=what),))


def judge(fired: Fired, step: Step, *, duplicate: bool = False) -> Judged:
    """Compare one answer with what the step expects of it, or of its duplicate."""
    given = step.expect.duplicate if duplicate else step.expect.status
    status = fired.outcome.status if fired.outcome.failure is None else None
    expected = given.text if given else HANDLING[fired.shot.what].status
    problems = []
    if not (given.hold(status) if given else fired.held):
        said = str(status) if status is not None else fired.outcome.message or "no answer"
        problems.append(f"expected {expected}, got {said}")
    within = step.expect.within
    if within is not None and status is not None and fired.outcome.ms > within * 1000:
        problems.append(_too_slow(within, fired.outcome.ms))
    return Judged(fired=fired, expected=expected, problems=tuple(problems))


def _too_slow(within: float, ms: float) -> str:
    """Both times in the unit of the one that was given."""
    if within < 1:
        return f"expected an answer within {within * 1000:g} ms, it took {ms:.0f} ms"
    return f"expected an answer within {within:g} s, it took {ms / 1000:.3f} s"


def judge_all(volleys: Sequence[tuple[Fired, ...]], step: Step) -> tuple[Judged, ...]:
    """Judge a step's volleys. Of deliveries of a key that came at once, one must be taken."""
    fired = [each for volley in volleys for each in volley]
    taken = {each.shot.sample.idempotency_key for each in fired if each.outcome.succeeded}
    return tuple(
        replace(judged, problems=(*judged.problems, "none of those that came at once was taken"))
        if step.fault is None
        and judged.fired.shot.what is Arriving.REPEATED_AT_ONCE
        and judged.fired.shot.sample.idempotency_key not in taken
        else judged
        for judged in (judge(each, step) for each in fired)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a story came to. `left` are the beats that were not played."""

    scenario: Scenario
    played: tuple[Played, ...]
    left: tuple[Beat, ...]

    @classmethod
    def of(cls, scenario: Scenario, played: Sequence[Played]) -> "Account":
        """The account of so many beats, which are the first ones of the story's plan."""
        return cls(
            scenario=scenario,
            played=tuple(played),
            left=plan(scenario).beats[len(played) :],
        )

    @property
    def held(self) -> bool:
        """Whether all of it was played, and was as expected."""
        return not self.left and all(each.held for each in self.played)

    def of_step(self, step: Step) -> tuple[Played, ...]:
        """What was played of a step."""
        return tuple(each for each in self.played if each.beat.step.number == step.number)

    def problems_of(self, step: Step) -> tuple[str, ...]:
        """What was not as expected in a step, each once, with how often it was so."""
        found = Counter(
            problem
            for each in self.of_step(step)
            for request in each.requests
            for problem in request.problems
        )
        return tuple(f"{text} ({n} times)" if n > 1 else text for text, n in found.items())

    def is_unplayed(self, step: Step) -> bool:
        """Whether something of a step was not played."""
        return any(beat.step.number == step.number for beat in self.left)
