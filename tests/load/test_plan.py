"""What is sent when: shares that hold, in any plan; the same plan for the same seed."""

import tracemalloc
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.load.mix import Mix, parse_mix
from gooclaim_cli.load.plan import Plan, Step
from gooclaim_cli.load.shares import FaultShare, parse_fault_shares
from gooclaim_cli.wire import CATALOGUE

MIX = Mix.of(CATALOGUE)
percents = st.integers(0, 25).map(lambda each: Fraction(each, 100))


@settings(max_examples=40)
@given(
    count=st.integers(1, 300),
    connections=st.integers(1, 60),
    duplicates=percents,
    faults=percents,
    seed=st.integers(),
)
def test_every_plan_keeps_its_shares_and_its_order(
    count: int, connections: int, duplicates: Fraction, faults: Fraction, seed: int
) -> None:
    plan = Plan(
        count=count,
        connections=connections,
        mix=MIX,
        rate=10.0,
        duplicates=duplicates,
        faults=(FaultShare((Fault.STALE, Fault.FUTURE), faults),),
        seed=seed,
    )
    steps = list(plan.steps())
    assert [step.number for step in steps] == list(range(count))
    dues = [step.due for step in steps if step.due is not None]
    assert len(dues) == count
    assert dues == sorted(dues)
    broken = [step for step in steps if step.fault]
    repeats = [step for step in steps if step.repeats is not None]
    assert abs(len(broken) - faults * count) <= 2
    assert abs(len(repeats) - duplicates * count) <= 2
    again = [step.number for step in steps if step.again]
    assert sorted(each.repeats for each in repeats if each.repeats is not None) == again
    for each in repeats:
        original = steps[each.repeats or 0]
        assert original.number < each.number
        assert original.event_type == each.event_type
        assert original.fault is each.fault is None


def test_a_long_plan_is_exact() -> None:
    plan = Plan(
        count=10_000,
        connections=50,
        mix=MIX,
        rate=500.0,
        duplicates=Fraction(5, 100),
        faults=parse_fault_shares("1%"),
    )
    steps = list(plan.steps())
    faults = Counter(step.fault for step in steps if step.fault)
    assert faults.total() == 100
    assert max(faults.values()) - min(faults.values()) <= 1
    repeats = [step for step in steps if step.repeats is not None]
    at_once = [step for step in repeats if step.due == steps[step.repeats or 0].due]
    later = [step for step in repeats if step not in at_once]
    assert (len(at_once), len(later)) == (250, 250)
    assert all(step.repeats == step.number - 1 for step in at_once)
    apart = [step.number - (step.repeats or 0) for step in later]
    assert min(apart[:-10]) >= 100  # the last ones come while there is room
    assert {round((step.due or 0.0) * 500) - step.number for step in steps} <= {0, -1}


def some(seed: int) -> list[Step]:
    mix = parse_mix("workflow.*=8,claim.fraud_suspect=1")
    plan = Plan(count=200, connections=5, mix=mix, faults=parse_fault_shares("20%"), seed=seed)
    return list(plan.steps())


def test_the_same_seed_is_the_same_plan() -> None:
    assert some(7) == some(7) != some(8)


def test_without_a_rate_nothing_is_due() -> None:
    assert {step.due for step in some(1)} == {None}


def test_a_long_plan_takes_no_memory() -> None:
    plan = Plan(
        count=20_000,
        connections=50,
        mix=MIX,
        duplicates=Fraction(1, 10),
        faults=parse_fault_shares("10%"),
    )
    tracemalloc.start()
    assert sum(1 for _ in plan.steps()) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


@pytest.mark.parametrize(
    ("duplicates", "faults", "said"),
    [
        (Fraction(51, 100), "0%", "over half"),
        (Fraction(1, 2), "1%", "leave no room"),
        (Fraction(0), "stale=60%,future=60%", "--faults add up to 120 %"),
    ],
)
def test_shares_that_cannot_be_had_together(duplicates: Fraction, faults: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Plan(
            count=100,
            connections=1,
            mix=MIX,
            duplicates=duplicates,
            faults=parse_fault_shares(faults),
        )
