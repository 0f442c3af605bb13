"""gooclaim_cli.ulids: identifiers that sort by time."""

import re
from random import Random, SystemRandom

from hypothesis import given
from hypothesis import strategies as st

from gooclaim_cli.ulids import new_ulid

FORM = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
TIMES = st.integers(0, 2**48 - 1).map(lambda milliseconds: milliseconds / 1000)


def test_the_published_example() -> None:
    """The specification's time, 1469918176.385, begins with its ten characters."""
    assert new_ulid(1_469_918_176.385, Random(1)).startswith("01ARYZ6S41")


@given(TIMES, TIMES, st.integers())
def test_they_sort_by_time(one: float, other: float, seed: int) -> None:
    first, second = new_ulid(one, Random(seed)), new_ulid(other, Random(seed + 1))
    assert FORM.fullmatch(first)
    assert FORM.fullmatch(second)
    if int(one * 1000) != int(other * 1000):
        assert (first < second) is (one < other)


def test_they_differ_within_a_millisecond() -> None:
    random = SystemRandom()
    assert len({new_ulid(1.0, random) for _ in range(1000)}) == 1000
