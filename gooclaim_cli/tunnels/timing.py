"""How patient a session is with its tunnel. Pure, but for the reading of the clocks."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Spans in seconds."""

    tell_after: float = 1.0  # what is waited for, or fails, so long is told
    blocked_after: float = 20.0  # a first probe that has not arrived so far may be blocked
    probe_every: float = 0.25  # between probes that fail, at first
    probe_at_most: float = 5.0  # and later
    no_name: float = 2.0  # between probes to a name that DNS does not know yet
    heartbeat: float = 60.0  # between probes while all is well
    look: float = 1.0  # between looks at the clocks
    slept: float = 5.0  # clocks that jump so far mean that the machine slept
    astray_for: float = 20.0  # the far end answers for others so long: start the program anew
    reconnects_for: float = 90.0  # and so long where the program says that it reconnects
    unreached_for: float = 60.0  # nothing answers so long, although there is a network: likewise
    stable_after: float = 30.0  # a tunnel that was up so long starts its back-off from the first
    backoff: float = 0.5  # before a program is started again: doubled each time
    backoff_at_most: float = 30.0

    def before_start(self, attempt: int) -> float:
        """The wait before a program is started again, from the first time (0) on."""
        return min(self.backoff * 2.0 ** min(attempt, 16), self.backoff_at_most)


def suspended() -> float:
    """For how long this machine has been suspended, in seconds from any start."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    if boottime is not None:
        return time.clock_gettime(boottime) - time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.time() - time.monotonic()
