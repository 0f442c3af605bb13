"""Events for a load: well signed, each with ids of its own, and the same ones for a seed."""

import time
from random import Random

import pytest

from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.firing.shots import Sample, Signer
from gooclaim_cli.fixtures import parse_setting
from gooclaim_cli.load.events import Events
from gooclaim_cli.load.plan import Step
from gooclaim_cli.wire import CATALOGUE, SigningSecret, decode_event, verify
from gooclaim_cli.wire.handling import Arriving

SIGNER = Signer(SigningSecret("whsec_obviously_fake"))


def events(recipe: Recipe | None = None, seed: int = 1, now: float | None = None) -> Events:
    return Events(
        recipe or Recipe(tenant_id="tnt_a"),
        random=Random(seed),
        keys=Random(),
        clock=time.time if now is None else lambda: now,
    )


def many(maker: Events, event_type: str = "workflow.completed") -> list[Sample]:
    return [maker.sample(event_type) for _ in range(600)]


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_each_has_ids_of_its_own_and_verifies(event_type: str) -> None:
    maker = events()
    made = many(maker, event_type)
    assert len({each.event_id for each in made}) == len({each.idempotency_key for each in made})
    assert len({each.idempotency_key for each in made}) == 600
    for each in made[::50]:
        now = time.time()
        shot = maker.shot(Step(0, None, event_type), each, SIGNER, at=now)
        verdict = verify(shot.delivery, [SIGNER.secret], now=now)
        assert verdict.ok
        assert verdict.event is not None
        assert verdict.event.event_id == each.event_id
        assert verdict.event.event_type == event_type == each.event_type
        assert verdict.event.tenant_id == "tnt_a"


def test_what_is_sent_together_is_of_different_claims() -> None:
    made = many(events())
    claims = [decode_event(each.body).data["claim_id_hash"] for each in made]
    assert len(set(claims[:250])) == 250
    assert len(set(claims[300:550])) == 250


def test_the_data_is_no_older_than_some_seconds() -> None:
    now = [1_779_272_065.0]
    maker = Events(Recipe(), random=Random(1), keys=Random(2), clock=lambda: now[0])
    for _ in range(300):
        maker.sample("workflow.completed")
    now[0] += 3600
    assert decode_event(maker.sample("workflow.completed").body).occurred_at.timestamp() == now[0]


def test_a_seed_is_the_same_data_under_new_keys() -> None:
    now = 1_779_272_065.0
    one, other = many(events(seed=7, now=now)), many(events(seed=7, now=now))
    assert [each.body for each in one] == [each.body for each in other]
    assert not {each.idempotency_key for each in one} & {each.idempotency_key for each in other}


def test_ones_own_event_keeps_what_was_set() -> None:
    recipe = Recipe(
        event_type="workflow.completed", settings=(parse_setting("event_id=evt_of_ours"),)
    )
    made = many(events(recipe))
    assert {decode_event(each.body).event_id for each in made} == {"evt_of_ours"}
    assert len({each.idempotency_key for each in made}) == 600


def test_exact_bytes_stay_exact() -> None:
    body = b'{"event_type": "workflow.completed",  "no": "envelope"}'
    maker = events(Recipe(body=body))
    made = many(maker)
    assert {each.body for each in made} == {body}
    shot = maker.shot(Step(0, None, "workflow.completed"), made[0], SIGNER, at=time.time())
    assert shot.what is Arriving.UNREADABLE


def test_a_broken_one_is_judged_as_such() -> None:
    maker = events()
    step = Step(0, None, "workflow.completed", fault=Fault.STALE)
    shot = maker.shot(step, maker.sample(step.event_type), SIGNER, at=time.time())
    assert shot.what is Arriving.UNTIMELY
