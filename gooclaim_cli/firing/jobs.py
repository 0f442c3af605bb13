"""One run of the range: which volleys, of which samples, and what they came to."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from random import Random, SystemRandom
from typing import Final

from gooclaim_cli.errors import GooclaimError, UsageError
from gooclaim_cli.firing.faults import Fault, Means
from gooclaim_cli.firing.range import Fired, Range
from gooclaim_cli.firing.samples import SEEDED_TIME, Recipe
from gooclaim_cli.firing.sequences import faulty_volley, good_volley
from gooclaim_cli.firing.shots import Sample, Signer, Volley
from gooclaim_cli.sending import SendFailure
from gooclaim_cli.ulids import new_ulid

NOT_THERE: Final = frozenset(
    (
        SendFailure.CONNECTION_REFUSED,
        SendFailure.CONNECTION_FAILED,
        SendFailure.NAME_NOT_FOUND,
        SendFailure.TLS_FAILED,
    )
)


class Job:
    """What is to be fired. `faults`: None is a good delivery; every one gets a sample of its own.

    With a `seed`, samples are the same each time, but for their keys where they are to be
    `new_keys`, unless the recipe says one. `slow` is in seconds. Raises UsageError for what
    cannot be meant together.
    """

    def __init__(
        self,
        recipe: Recipe,
        signer: Signer,
        *,
        faults: tuple[Fault | None, ...] = (None,),
        seed: int | None = None,
        slow: float = 2.0,
        new_keys: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(faults) > 1 and (recipe.idempotency_key or recipe.body is not None):
            raise UsageError(
                "several faults need events and idempotency keys of their own",
                "leave out --idempotency-key and --body-file, or choose one --fault",
            )
        self.faults = faults
        self._recipe = recipe
        self._signer = signer
        self._slow = slow
        self._new_keys = new_keys and recipe.idempotency_key is None
        self._clock = clock
        self._time = clock if seed is None else lambda: SEEDED_TIME
        self._random: Random = SystemRandom() if seed is None else Random(seed)  # noqa: S311 - fixtures

    def sample(self) -> Sample:
        """Make the next sample."""
        sample = self._recipe.make(now=self._time(), random=self._random)
        if self._new_keys:
            key = f"idem_{new_ulid(self._clock(), SystemRandom())}"
            return replace(sample, idempotency_key=key)
        return sample

    def means(self) -> Means:
        """What faults are made with, now."""
        return Means(signer=self._signer, at=self._clock(), random=self._random, slow=self._slow)

    def volley(self, fault: Fault | None) -> Volley:
        """Make the volley of a fault, of a new sample. Raises UsageError."""
        sample, means = self.sample(), self.means()
        return good_volley(sample, means) if fault is None else faulty_volley(fault, sample, means)


async def run_job(job: Job, to: Range) -> AsyncIterator[tuple[Fired, ...]]:
    """Fire one volley after the other and yield what became of each.

    Raises GooclaimError where nothing answers the first of several: the rest would tell nothing.
    """
    for number, fault in enumerate(job.faults):
        fired = await to.fire(job.volley(fault))
        yield fired
        failed = fired[0].outcome
        if number == 0 and len(job.faults) > 1 and failed.failure in NOT_THERE:
            raise GooclaimError(failed.message, "start your handler, or say where it is with --to")


async def retry_job(job: Job, to: Range) -> AsyncIterator[tuple[Fired, ...]]:
    """Deliver one sample as Gooclaim does, and yield each attempt."""
    async for fired in to.deliver(job.sample(), job.means):
        yield (fired,)


def faults_of(names: Sequence[str]) -> tuple[Fault | None, ...]:
    """Read `--fault`; `all` is every one, behind a good delivery. Raises UsageError."""
    if not names:
        return (None,)
    if "all" in names:
        return (None, *Fault)
    unknown = [name for name in names if name not in tuple(Fault)]
    if unknown:
        raise UsageError(
            f"--fault {unknown[0]!r} is unknown", f"choose from {', '.join(Fault)}, all"
        )
    return tuple(dict.fromkeys(map(Fault, names)))
