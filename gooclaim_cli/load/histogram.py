"""Histogram: how many times took how long, in constant memory and with a stated precision. Pure.

Log-linear buckets, as those of HdrHistogram (http://hdrhistogram.org): 128 to each doubling. Its
Python port is not used: it has setuptools among what it needs at run time.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from typing import Final

_BITS: Final = 7
_PRECISION: Final = 1 << _BITS
_MICRO: Final = 1e6
PRECISION: Final = 1 / _PRECISION  # a percentile is too long by this part of itself, at most


class Histogram:
    """Takes times in seconds, to the microsecond. `count`, `longest` and the mean are exact."""

    __slots__ = ("_counts", "_total", "count", "longest")

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._total = 0.0
        self.count = 0
        self.longest = 0.0

    def record(self, seconds: float) -> None:
        """Take one time; what is below zero counts as zero."""
        seconds = max(0.0, seconds)
        self._counts[_bucket(int(seconds * _MICRO))] += 1
        self._total += seconds
        self.count += 1
        self.longest = max(self.longest, seconds)

    @property
    def mean(self) -> float:
        """The mean in seconds; 0 where there is none."""
        return self._total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """The time in seconds that so many percent took at most; 0 where there is none.

        It is that of the nearest rank, or longer by `PRECISION` of it (or a microsecond).
        """
        wanted = max(1, ceil(self.count * percent / 100))
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(_end(bucket) / _MICRO, self.longest)
        return 0.0

    def rows(self) -> list[tuple[float, float, int]]:
        """How many took from so many seconds to less than so many: edges of 1, 2, 5 and tens.

        From the first that is not empty to the last. A time is taken for what its bucket begins
        with, so that one within `PRECISION` behind an edge may be counted before it.
        """
        if not self._counts:
            return []
        counted = sorted((_start(bucket), count) for bucket, count in self._counts.items())
        rows = [(low, high, 0) for low, high in pairwise(_edges(counted[-1][0]))]
        position = 0
        for start, count in counted:
            while start >= rows[position][1]:
                position += 1
            low, high, before = rows[position]
            rows[position] = (low, high, before + count)
        first = next(number for number, row in enumerate(rows) if row[2])
        return [(low / _MICRO, high / _MICRO, count) for low, high, count in rows[first:]]


def _bucket(micro: int) -> int:
    """The bucket of a time: itself below 256, then 128 to each doubling."""
    shift = max(0, micro.bit_length() - _BITS - 1)
    return (shift << _BITS) + (micro >> shift)


def _start(bucket: int) -> int:
    shift = max(0, (bucket >> _BITS) - 1)
    return (bucket - (shift << _BITS)) << shift


def _end(bucket: int) -> int:
    return _start(bucket + 1)


def _edges(last: int) -> Iterator[int]:
    """0, 100, 200, 500, 1000 … microseconds, up to the first beyond the last."""
    edge, size, steps = 0, 100, (1, 2, 5)
    yield edge
    while edge <= last:
        for step in steps:
            edge = size * step
            yield edge
            if edge > last:
                return
        size *= 10
