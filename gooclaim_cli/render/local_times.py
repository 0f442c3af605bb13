"""Times of day for a person, all of one table in one zone, which is named once."""

import time
from typing import Final

_FORMAT: Final = "%Y-%m-%d %H:%M:%S"


class LocalTimes:
    """Tells times as this machine's clock showed them at `at` (UNIX seconds).

    What is older than a change of summer time is told in the same zone, so that lines can be
    compared.
    """

    def __init__(self, at: float) -> None:
        self._offset = time.localtime(at).tm_gmtoff

    @property
    def zone(self) -> str:
        """The zone: `UTC`, `UTC+05:30`."""
        hours, minutes = divmod(abs(self._offset) // 60, 60)
        sign = "-" if self._offset < 0 else "+"
        return f"UTC{sign}{hours:02}:{minutes:02}" if self._offset else "UTC"

    def told(self, at: float) -> str:
        """A time (UNIX seconds), without its zone."""
        return time.strftime(_FORMAT, time.gmtime(at + self._offset))
