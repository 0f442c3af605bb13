"""gooclaim_cli.fixtures: sample events, made from a time and randomness that are given."""

import re
from itertools import islice, pairwise
from random import Random
from typing import Any

import msgspec
import pytest

from gooclaim_cli.fixtures import make_event, new_ulid, stories
from gooclaim_cli.wire import CATALOGUE, OPERATIONAL_MODES, WORKFLOW_TYPES, decode_event

NOW = 1_779_272_065.75
HASH = re.compile(r"sha256:[0-9a-f]{64}")
ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def data_of(event_type: str, seed: int = 1, **data: Any) -> dict[str, Any]:
    body = make_event(event_type, tenant_id="tnt_test", now=NOW, random=Random(seed), data=data)
    return decode_event(body).data


@pytest.mark.parametrize("event_type", [*CATALOGUE, "workflow.of_a_later_version"])
def test_every_event_is_a_valid_envelope(event_type: str) -> None:
    """The envelope has the contract's five members, and no placeholder is left in it."""
    body = make_event(event_type, tenant_id="tnt_test", now=NOW, random=Random(1))
    event = decode_event(body)
    assert event.event_type == event_type
    assert event.tenant_id == "tnt_test"
    assert event.event_id.startswith("evt_")
    assert ULID.fullmatch(event.event_id.removeprefix("evt_"))
    assert msgspec.json.decode(body)["occurred_at"] == "2026-05-20T10:14:25Z"
    assert event.data
    assert not re.search(rb'"\{|\}"|[\n ]', body)


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_claims_and_people_appear_only_hashed(event_type: str) -> None:
    """Whatever is called a hash is one, and the ids that can be there have their form."""
    data = data_of(event_type)
    hashes = [value for name, value in data.items() if name.endswith("_hash")]
    assert all(HASH.fullmatch(value) for value in hashes)
    assert hashes or event_type == "operational_mode.changed"
    if "workflow_id" in data:
        assert re.fullmatch(r"wf_[0-9a-f]{12}", data["workflow_id"])
        assert data["workflow_type"] in WORKFLOW_TYPES


def test_data_says_what_its_type_means() -> None:
    """A document's ref, the count of lookups and the modes are there."""
    assert data_of("pending_docs.uploaded")["document_ref"].startswith("doc_")
    assert data_of("claim.fraud_suspect")["lookups"] >= 5
    for seed in range(20):
        modes = data_of("operational_mode.changed", seed)
        assert {modes["mode"], modes["previous_mode"]} < set(OPERATIONAL_MODES)
        assert modes["mode"] != modes["previous_mode"]


def test_given_data_replaces_and_adds() -> None:
    """Members that are given win; text that looks like a placeholder stays as it is."""
    data = data_of("workflow.completed", workflow_id="{claim}", extra=["ü", {"deep": 1}])
    assert data["workflow_id"] == "{claim}"
    assert data["extra"] == ["ü", {"deep": 1}]
    assert data["workflow_type"] in WORKFLOW_TYPES


def test_the_same_randomness_makes_the_same_bytes() -> None:
    """An event is determined by its arguments, and another draw makes another event."""
    random, again = Random(7), Random(7)
    first, second = (
        make_event("workflow.completed", tenant_id="tnt_test", now=NOW, random=random)
        for _ in range(2)
    )
    assert first == make_event("workflow.completed", tenant_id="tnt_test", now=NOW, random=again)
    assert first != second


def test_a_type_cannot_name_a_file() -> None:
    """A type that looks like a path is a type that is not in the catalogue."""
    assert data_of("../data/generic")
    assert data_of("generic")


def test_a_ulid_sorts_by_time() -> None:
    """The first ten characters are the time in milliseconds."""
    assert new_ulid(1_469_918_176.385, Random(1)).startswith("01ARYZ6S41")
    assert new_ulid(NOW, Random(1)) < new_ulid(NOW + 0.002, Random(0))


@pytest.mark.parametrize("seed", range(5))
def test_the_first_nine_events_are_the_nine_types(seed: int) -> None:
    """Whoever listens for a short while sees the whole catalogue."""
    assert {event_type for event_type, _ in islice(stories(Random(seed)), 9)} == set(CATALOGUE)


@pytest.mark.parametrize("seed", range(5))
def test_a_workflow_tells_one_story(seed: int) -> None:
    """Ids agree within a workflow, it ends once, and consent is asked for before it is given."""
    workflows: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for event_type, data in islice(stories(Random(seed)), 200):
        if "workflow_id" in data:
            workflows.setdefault(data["workflow_id"], []).append((event_type, data))
    endings = {"workflow.completed", "workflow.policy_blocked", "workflow.timed_out"}
    for events in list(workflows.values())[:-1]:
        types = [event_type for event_type, _ in events]
        assert len({(data["claim_id_hash"], data["workflow_type"]) for _, data in events}) == 1
        assert [each for each in types if each in endings] == types[-1:]
        if "workflow.consent_granted" in types:
            granted = types.index("workflow.consent_granted")
            assert types[granted - 1] == "workflow.consent_required"
            assert events[granted][1]["consent_id"] == events[granted - 1][1]["consent_id"]
    assert len(workflows) > 20


def test_modes_flip_from_where_they_were() -> None:
    """A change of mode starts at the mode that the change before it ended at."""
    changes = [
        data
        for event_type, data in islice(stories(Random(3)), 400)
        if event_type == "operational_mode.changed"
    ]
    assert changes[0]["previous_mode"] == "OPERATIONAL"
    for before, after in pairwise(changes):
        assert after["previous_mode"] == before["mode"] != after["mode"]
