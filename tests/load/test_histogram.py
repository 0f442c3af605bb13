"""The histogram, against exact percentiles of the same times."""

from itertools import pairwise
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from gooclaim_cli.load.histogram import PRECISION, Histogram

times = st.lists(st.floats(0, 100_000) | st.floats(0, 0.01), min_size=1, max_size=200)


def histogram_of(seconds: list[float]) -> Histogram:
    histogram = Histogram()
    for each in seconds:
        histogram.record(each)
    return histogram


@given(times, st.floats(0, 100))
def test_a_percentile_is_the_exact_one_within_the_stated_precision(
    seconds: list[float], percent: float
) -> None:
    rank = max(1, ceil(len(seconds) * percent / 100))
    exact = sorted(seconds)[rank - 1]
    found = histogram_of(seconds).percentile(percent)
    assert exact - 1e-6 <= found <= exact * (1 + PRECISION) + 2e-6


@given(times)
def test_the_longest_is_exact_and_the_last_percentile(seconds: list[float]) -> None:
    histogram = histogram_of(seconds)
    assert histogram.longest == histogram.percentile(100) == max(seconds)
    assert histogram.count == len(seconds)
    assert abs(histogram.mean - sum(seconds) / len(seconds)) <= 1e-6 * max(1, max(seconds))


@given(times)
def test_rows_hold_every_time_once_between_their_edges(seconds: list[float]) -> None:
    rows = histogram_of(seconds).rows()
    assert sum(count for *_, count in rows) == len(seconds)
    assert rows[0][2]
    assert rows[-1][2]
    assert all(before[1] == after[0] for before, after in pairwise(rows))
    low, high = min(seconds), max(seconds)
    assert rows[0][0] <= low + 1e-6
    assert low <= rows[0][1] * (1 + PRECISION) + 1e-6
    assert rows[-1][0] <= high < rows[-1][1] * (1 + PRECISION) + 1e-6


def test_edges_are_round() -> None:
    rows = histogram_of([0.00015, 0.0042, 0.013]).rows()
    assert [(low * 1000, high * 1000, count) for low, high, count in rows] == [
        (0.1, 0.2, 1),
        (0.2, 0.5, 0),
        (0.5, 1, 0),
        (1, 2, 0),
        (2, 5, 1),
        (5, 10, 0),
        (10, 20, 1),
    ]


def test_nothing_is_no_time_at_all() -> None:
    nothing = Histogram()
    assert (nothing.percentile(99), nothing.mean, nothing.rows()) == (0.0, 0.0, [])


def test_a_clock_that_steps_back_is_zero() -> None:
    assert histogram_of([-1.0]).longest == 0.0
