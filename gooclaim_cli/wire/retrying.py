"""When Gooclaim tries again. Not published: the default of part 2 of the contract. Pure."""

from random import Random
from typing import Final

# The waits before the retries; the first attempt is at once.
RETRY_SCHEDULE: Final = (10.0, 60.0, 300.0, 1800.0, 7200.0)
JITTER: Final = 0.1


def waits(
    schedule: tuple[float, ...], *, jitter: float, random: Random
) -> tuple[float | None, ...]:
    """The seconds from each failed attempt to the next, jitter added; None after the final one."""
    return (*(wait * (1 + jitter * random.random()) for wait in schedule), None)
