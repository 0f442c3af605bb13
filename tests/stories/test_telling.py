"""The events of a story: ids flow from step to step, and each is a whole event of its own."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
import pytest

from gooclaim_cli.stories.library import NAMES, find
from gooclaim_cli.stories.planning import plan
from gooclaim_cli.stories.scenario import Scenario
from gooclaim_cli.stories.telling import Teller
from gooclaim_cli.wire import decode_event

from .support import read

BEGINS = 1_700_000_000.0


def tell(story: Scenario) -> list[dict[str, Any]]:
    """Every event as it is sent, with its idempotency key, in the order of arrival."""
    teller = Teller(story, tenant_id="tnt_test", begins=BEGINS, random=Random(5))
    sent = []
    for beat in plan(story).beats:
        for each in teller.samples(beat.step, count=beat.count, at=beat.happens, now=BEGINS):
            assert decode_event(each.body).event_id == each.event_id
            sent.append({"key": each.idempotency_key, **msgspec.json.decode(each.body)})
    return sent


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_story_is_of_one_claimant(name: str) -> None:
    """What tells claims, people and workflows apart is the same in all of its events."""
    sent = tell(find(name).read())
    for member in ("claim_id_hash", "phone_hash", "consent_id", "workflow_type"):
        told = {each["data"][member] for each in sent if member in each["data"]}
        assert len(told) <= 1, member
    workflows = {each["data"]["workflow_id"] for each in sent if "workflow_id" in each["data"]}
    assert len(workflows) <= (20 if name == "retry-storm" else 1)
    assert {each["tenant_id"] for each in sent} == {"tnt_test"}
    for each in sent:
        if each["event_type"].startswith("workflow."):
            assert each["data"]["workflow_id"].startswith("wf_")


@pytest.mark.parametrize("name", NAMES)
def test_every_event_has_a_time_of_its_own_and_each_new_one_new_ids(name: str) -> None:
    story = find(name).read()
    beats = plan(story).beats
    sent = tell(story)
    keys = {each["key"] for each in sent}
    new = sum(beat.count for beat in beats if beat.step.again is None)
    assert len(keys) == len({each["event_id"] for each in sent}) == new
    length = plan(story).length
    for each in sent:
        at = datetime.fromisoformat(each["occurred_at"]).timestamp()
        assert BEGINS <= at <= BEGINS + length


def test_what_comes_again_is_the_same_to_the_byte() -> None:
    first, again, thrice, *more = tell(
        read("steps: [{event: workflow.started, name: a}, {again: a}, {again: a, times: 2}]")
    )
    assert first == again == thrice == more[0]


def test_what_was_sent_several_times_comes_again_as_often() -> None:
    sent = tell(
        read("steps: [{event: claim.fraud_suspect, name: a, times: 3}, {again: a, times: 2}]")
    )
    assert len(sent) == 9
    assert len({each["key"] for each in sent}) == 3


def test_one_story_holds_more_than_one_workflow_where_it_says_so() -> None:
    one, two, one_again = tell(
        read(
            """
            steps:
              - event: workflow.started
              - {event: workflow.started, data: {workflow_id: "{workflow_2}"}}
              - event: workflow.completed
            """
        )
    )
    assert one["data"]["workflow_id"] == one_again["data"]["workflow_id"]
    assert two["data"]["workflow_id"] != one["data"]["workflow_id"]
    assert two["data"]["claim_id_hash"] == one["data"]["claim_id_hash"]


def test_values_stand_for_placeholders_in_all_events() -> None:
    sent = tell(
        read(
            """
            values: {claim: "sha256:00", doc_2: doc_mine, branch: {city: Pune}}
            steps:
              - event: workflow.started
                data: {b: "{branch}", d: "{doc_2}", t: "in {workflow_type}"}
              - event: workflow.completed
            """
        )
    )
    assert {each["data"]["claim_id_hash"] for each in sent} == {"sha256:00"}
    data = sent[0]["data"]
    assert (data["b"], data["d"]) == ({"city": "Pune"}, "doc_mine")
    assert data["t"] == f"in {data['workflow_type']}"


def test_times_are_those_of_the_story() -> None:
    _, end = tell(
        read(
            """
            steps:
              - event: workflow.started
              - {event: workflow.completed, after: 2h, data: {a: "{started_at}", b: "{time-1h}"}}
            """
        )
    )
    begun = datetime.fromtimestamp(BEGINS, UTC)
    assert datetime.fromisoformat(end["data"]["a"]) == begun
    assert datetime.fromisoformat(end["data"]["b"]).timestamp() == BEGINS + 3600
