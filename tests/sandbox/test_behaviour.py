"""How a sandbox misbehaves: what can be asked for, and the decisions, given the randomness."""

from random import Random
from typing import Any

import pytest

from gooclaim_cli.errors import UsageError
from gooclaim_cli.sandbox import ApiBehaviour, Behaviour, parse_behaviour
from gooclaim_cli.sandbox.behaviour import Conduct, Twice, read_behaviour


def test_without_anything_said_it_behaves() -> None:
    for seed in range(100):
        random = Random(seed)
        assert Behaviour().twice(random) is Twice.NO
        assert not Behaviour().holds_back(random)
        assert not Behaviour().drops(random)
    assert Conduct(Behaviour()).for_call("PUT", "/v1/tenants/t/webhook") is None


def test_shares_are_shares() -> None:
    behaviour = Behaviour(duplicates=0.3, reorder=0.3, drop=0.3)
    random = Random(1)
    counts = [0, 0, 0]
    for _ in range(3000):
        counts[0] += behaviour.twice(random) is not Twice.NO
        counts[1] += behaviour.holds_back(random)
        counts[2] += behaviour.drops(random)
    assert all(800 < count < 1000 for count in counts)
    kinds = {Behaviour(duplicates=1).twice(random) for _ in range(100)}
    assert kinds == {Twice.TOGETHER, Twice.AFTERWARDS}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], Behaviour()),
        (["duplicates=0.3", " drop = 1 "], Behaviour(duplicates=0.3, drop=1.0)),
        (["clock_skew=-600", "wrong_secret=true"], Behaviour(clock_skew=-600, wrong_secret=True)),
        (["burst=20", "late=0.5"], Behaviour(burst=20, late=0.5)),
        (
            ["api.status=503", "api.times=2", "api.methods=put,DELETE", "api.paths=*/webhook"],
            Behaviour(
                api=ApiBehaviour(status=503, times=2, methods=("PUT", "DELETE"), paths="*/webhook")
            ),
        ),
        (["api.drop=after", "api.hang=false"], Behaviour(api=ApiBehaviour(drop="after"))),
    ],
)
def test_people_write_names_and_values(settings: list[str], expected: Behaviour) -> None:
    assert parse_behaviour(settings) == expected


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["duplicates"], "NAME=VALUE"),
        (["duplicate=1"], "there is no duplicate"),
        (["api.code=1", "x=1"], r"there is no x, api\.code"),
        (["other.status=1"], "there is no other"),
        (["duplicates=2"], "duplicates"),
        (["duplicates=-0.1"], "duplicates"),
        (["duplicates=many"], "duplicates"),
        (["burst=0"], "burst"),
        (["late=1e9"], "late"),
        (["late=NaN"], "late"),
        (["clock_skew=1e300"], "clock_skew"),
        (["wrong_secret=maybe"], "wrong_secret"),
        (["api=1"], "api"),
        (["a.b.c=1"], r"there is no a\.b"),
        (["api.status=404"], "api.status"),
        (["api.drop=now"], "api.drop"),
        (["api.times=0"], "api.times"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        parse_behaviour(settings)
    assert refused.value.hint


@pytest.mark.parametrize("members", [1, "x", [], [{}], True])
def test_a_behaviour_is_an_object(members: Any) -> None:
    with pytest.raises(UsageError):
        read_behaviour(members)
    assert read_behaviour(None) == read_behaviour({}) == Behaviour()


def test_calls_are_chosen_and_counted() -> None:
    api = ApiBehaviour(status=503, times=2, methods=("PUT",), paths="*/webhook")
    conduct = Conduct(Behaviour(api=api))
    webhook = "/v1/tenants/t/webhook"
    assert conduct.for_call("GET", webhook) is None
    assert conduct.for_call("PUT", "/v1/auth/token") is None
    calls = [conduct.for_call("PUT", webhook) for _ in range(3)]
    assert calls == [api, api, None]
    conduct.behaviour = Behaviour(api=api)
    assert conduct.for_call("PUT", webhook) is api


def test_the_sandbox_s_own_endpoints_always_behave() -> None:
    conduct = Conduct(Behaviour(api=ApiBehaviour(hang=True)))
    assert conduct.for_call("POST", "/v1/sandbox/behaviour") is None
    assert conduct.for_call("POST", "/v1/auth/token") is not None
