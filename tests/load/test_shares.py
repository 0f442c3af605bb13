"""What people write for rates, shares, faults and mixes; and what they are told of the rest."""

import contextlib
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.load.mix import Mix, parse_mix
from gooclaim_cli.load.shares import (
    UNDER_LOAD,
    FaultShare,
    parse_fault_shares,
    parse_rate,
    parse_share,
)
from gooclaim_cli.wire import CATALOGUE

WORKFLOWS = [name for name in CATALOGUE if name.startswith("workflow.")]


@pytest.mark.parametrize(
    ("text", "rate"),
    [("500/s", 500), ("500", 500), (" 2.5 / sec ", 2.5), ("30/m", 0.5), ("7200/hour", 2)],
)
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5x", "is no rate"),
        ("", "is no rate"),
        ("-1/s", "is no rate"),
        ("500/ms", "is no rate"),
        ("0/s", "is none at all"),
        ("2000000/s", "is out of reach"),
    ],
)
def test_what_is_no_rate(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rate(text)
    assert why in caught.value.message
    assert "500/s" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "share"),
    [("5%", "1/20"), (" 0.5 % ", "1/200"), ("0.05", "1/20"), ("0", "0"), ("100%", "1")],
)
def test_shares(text: str, share: str) -> None:
    assert parse_share("--duplicates", text) == Fraction(share)


@pytest.mark.parametrize(
    ("text", "hint"), [("5", "write 5%"), ("1", "write 1%"), ("many", "5%"), ("101%", "5%")]
)
def test_what_is_no_share(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match="--duplicates") as caught:
        parse_share("--duplicates", text)
    assert hint in caught.value.hint


def test_a_share_of_faults_is_of_all_that_can_be_sent_in_a_moment() -> None:
    (share,) = parse_fault_shares("1%")
    assert share.share == Fraction(1, 100)
    left_out = {Fault.HUGE, Fault.SLOW_BODY, Fault.DUPLICATE, Fault.CONCURRENT_DUPLICATES}
    assert set(share.faults) == set(Fault) - left_out - {Fault.REORDERED, Fault.RETRY}


def test_faults_by_name() -> None:
    assert parse_fault_shares("stale=1%, wrong_secret=0.005,huge=0%") == (
        FaultShare((Fault.STALE,), Fraction(1, 100)),
        FaultShare((Fault.WRONG_SECRET,), Fraction(1, 200)),
    )


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("wrong_signature=1%", "'wrong_signature' is unknown", "bad-signature"),
        ("stale=1%,future", "'future' says no share", "--faults future=1%"),
        ("stale=1%,stale=2%", "names stale twice", "one share"),
        ("stale=1", "--faults stale: '1' is no share", "write 1%"),
        ("duplicate=5%", "--faults has no duplicate", "--duplicates 5%"),
        ("slow-body=5%", "--faults has no slow-body", "--fault slow-body"),
        ("reordered=5%", "a matter of time, or of an order", "--fault reordered"),
    ],
)
def test_what_is_no_share_of_faults(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_fault_shares(text)
    assert said in caught.value.message
    assert hint in caught.value.hint


def drawn(mix: Mix, count: int = 9_000) -> dict[str, int]:
    random = Random(7)
    found: dict[str, int] = {}
    for _ in range(count):
        event_type = mix.draw(random)
        found[event_type] = found.get(event_type, 0) + 1
    return found


def test_a_mix_shares_a_patterns_weight_among_its_types() -> None:
    found = drawn(parse_mix("workflow.*=8,claim.fraud_suspect=1"))
    assert set(found) == {*WORKFLOWS, "claim.fraud_suspect"}
    assert found["claim.fraud_suspect"] == pytest.approx(1_000, rel=0.1)
    for event_type in WORKFLOWS:
        assert found[event_type] == pytest.approx(8_000 / len(WORKFLOWS), rel=0.1)


def test_a_mix_of_patterns_that_overlap_adds_up() -> None:
    found = drawn(parse_mix("*=9,claim.fraud_suspect=9"))
    assert found["claim.fraud_suspect"] == pytest.approx(9_000 * 10 / 18, rel=0.1)


def test_a_type_of_a_later_version_stands_for_itself() -> None:
    assert parse_mix("claim.reopened=1,workflow.started=0").event_types == ("claim.reopened",)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("workflow.*", "'workflow.*' says no weight", "--mix 'workflow.*=8"),
        ("", "'' says no weight", "--mix 'workflow.*=8"),
        ("workflow.*=lots", "--mix workflow.*: 'lots' is no weight", "--mix 'workflow.*=8"),
        ("workflow.*=-1", "'-1' is no weight", "--mix 'workflow.*=8"),
        ("=1", "'' is no pattern", "--mix 'workflow.*=8"),
        ("a b=1", "'a b' is no pattern", "--mix 'workflow.*=8"),
        ("claims.*=1", "no event type fits 'claims.*'", "gooclaim events"),
        ("workflow.complete=1", "no event type fits", "did you mean workflow.completed?"),
        ("workflow.complete=1", "no event", "--set event_type=workflow.complete --count N"),
        ("workflow.*=0", "every weight is 0", "--mix 'workflow.*=8"),
    ],
)
def test_what_is_no_mix(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_mix(text)
    assert said in caught.value.message
    assert hint in caught.value.hint


@given(st.text(max_size=40) | st.from_regex(r"[\w.*\[\]=,%/ -]{0,40}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (
        parse_rate,
        parse_mix,
        parse_fault_shares,
        lambda each: parse_share("--duplicates", each),
    ):
        with contextlib.suppress(UsageError):  # and nothing else
            parse(text)


@given(st.dictionaries(st.sampled_from(UNDER_LOAD), st.integers(1, 9_999), min_size=1))
def test_named_faults_come_back_as_written(shares: dict[Fault, int]) -> None:
    text = ",".join(f"{fault}={share / 100:g}%" for fault, share in shares.items())
    assert {each.faults[0]: each.share for each in parse_fault_shares(text)} == {
        fault: Fraction(share, 10_000) for fault, share in shares.items()
    }
