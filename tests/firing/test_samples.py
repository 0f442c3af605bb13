"""Samples: shaped by settings, filled in from placeholders, or sent byte for byte."""

import re
from datetime import datetime
from random import Random
from typing import Any

import msgspec
import pytest

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.samples import Recipe, check_type
from gooclaim_cli.firing.shots import Sample
from gooclaim_cli.fixtures import apply_settings, parse_setting
from gooclaim_cli.wire import CATALOGUE

NOW = 1_779_272_065.75


def make(recipe: Recipe, seed: int = 1) -> Sample:
    return recipe.make(now=NOW, random=Random(seed))


def event(template: dict[str, Any], seed: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(make(Recipe(template=template), seed).body)
    return found


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("data.kind=query-reason", {"data": {}}, {"data": {"kind": "query-reason"}}),
        ("data.n=7", {}, {"data": {"n": 7}}),
        ("data.n=-1.5e3", {}, {"data": {"n": -1500.0}}),
        ("n=true", {"n": 1}, {"n": True}),
        ("n=null", {"n": 1}, {"n": None}),
        ('n="7"', {}, {"n": "7"}),
        ("n=007", {}, {"n": "007"}),
        ("n=", {}, {"n": ""}),
        ("n=a=b", {}, {"n": "a=b"}),
        ("n=नमस्ते", {}, {"n": "नमस्ते"}),
        ('n={"a": [1, {}]}', {}, {"n": {"a": [1, {}]}}),
        ("a.b.c=1", {"a": {"x": 0}}, {"a": {"x": 0, "b": {"c": 1}}}),
        ("docs[0].ref=x", {"docs": [{"ref": "a", "k": 1}]}, {"docs": [{"ref": "x", "k": 1}]}),
        ("docs.0.ref=x", {"docs": [{"ref": "a"}]}, {"docs": [{"ref": "x"}]}),
        ("docs[1]=x", {"docs": ["a"]}, {"docs": ["a", "x"]}),
        ("docs[]=x", {"docs": ["a"]}, {"docs": ["a", "x"]}),
        ("docs[].ref=x", {}, {"docs": [{"ref": "x"}]}),
        ("m[0][0]=1", {}, {"m": [[1]]}),
        (r"a\.b.c=1", {}, {"a.b": {"c": 1}}),
        ("0=1", {}, {"0": 1}),
    ],
)
def test_a_setting_puts_a_typed_value_in_its_place(
    text: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert apply_settings(before, [parse_setting(text)]) == after


@pytest.mark.parametrize(
    "text", ["", "a", "=1", ".a=1", "a.=1", "a..b=1", "a[=1", "a[x]=1", "a]=1", "[]=1", "a[0]b=1"]
)
def test_what_is_no_setting_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="is not PATH=VALUE") as refused:
        parse_setting(text)
    assert "data.lookups=7" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a.b=1", '"x" has no members'),
        ("o[0]=1", "an object has names"),
        ("l[3]=1", "the list has 1 item"),
        ("l.b=1", "the list has 1 item"),
    ],
)
def test_a_way_that_leads_nowhere_is_told(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match="leads nowhere") as refused:
        apply_settings({"a": "x", "o": {}, "l": [0]}, [parse_setting(text)])
    assert problem in refused.value.message


def test_placeholders_are_filled_in_with_values_of_their_type() -> None:
    """Whole strings become any type, parts of a text become a part of it, and times can shift."""
    made = event(
        {
            "event_type": "claim.fraud_suspect",
            "data": {
                "lookups": "{lookups}",
                "list": ["{doc}", {"again": "{doc}", "other": "{doc_2}"}],
                "text": "of {claim}, see {doc}",
                "braces": "{{not}} one",
                "then": "{time-72h}",
                "unix": "{unix_time+1m}",
                "none": None,
            },
        }
    )
    data = made["data"]
    assert 5 <= data["lookups"] <= 9
    first, second = data["list"]
    assert first == second["again"] != second["other"]
    assert re.fullmatch(r"of sha256:[0-9a-f]{64}, see doc_[0-9a-f]{12}", data["text"])
    assert data["text"].endswith(first)
    assert data["braces"] == "{not} one"
    assert data["then"] == "2026-05-17T10:14:25Z"
    assert data["unix"] == int(NOW) + 60
    assert data["none"] is None


def test_a_fixture_gets_what_it_leaves_out_of_the_envelope() -> None:
    made = event({"event_type": "workflow.completed", "data": {"a": 1}})
    assert made["event_id"].startswith("evt_")
    assert made["occurred_at"] == "2026-05-20T10:14:25Z"
    assert made["data"] == {"a": 1}
    assert event({"event_type": "x.y"})["data"] == {}


@pytest.mark.parametrize("text", ["{nothing}", "a {nothing} b", "{claim+1h}"])
def test_a_placeholder_that_does_not_exist_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="no placeholder is called") as refused:
        event({"data": {"a": text}})
    assert "event_id" in refused.value.hint


@pytest.mark.parametrize("event_type", CATALOGUE)
@pytest.mark.parametrize("seed", range(3))
def test_the_members_of_a_sample_agree_with_one_another(event_type: str, seed: int) -> None:
    """Times and spans of the built-in fixtures tell one story."""
    made = msgspec.json.decode(make(Recipe(event_type=event_type), seed).body)
    data, occurred = made["data"], datetime.fromisoformat(made["occurred_at"])
    if "duration_seconds" in data:
        took = occurred - datetime.fromisoformat(data["started_at"])
        assert abs(took.total_seconds() - data["duration_seconds"]) <= 1
    if "waited_hours" in data:
        waited = occurred - datetime.fromisoformat(data["started_at"])
        assert waited.total_seconds() == data["waited_hours"] * 3600 == 72 * 3600
    if "granted_at" in data:
        assert data["granted_at"] == made["occurred_at"]
    if "document_ref" in data:
        assert data["workflow_type"] == "pending-documents"


def test_ids_are_what_was_said() -> None:
    made = make(Recipe(event_type="workflow.started", event_id="evt_1", idempotency_key="k"))
    assert (made.event_id, made.idempotency_key) == ("evt_1", "k")
    assert msgspec.json.decode(made.body)["event_id"] == "evt_1"


def test_what_is_set_reaches_the_header_too() -> None:
    settings = (parse_setting("event_type=claim.reopened"), parse_setting("event_id=5"))
    made = make(Recipe(event_type="workflow.started", settings=settings))
    assert made.event_type == "claim.reopened"
    assert made.event_id is None  # it is not a text: the handler is to refuse it


@pytest.mark.parametrize("body", [b'{"event_type": "a.b", "event_id": "evt_9"}\r\n', b"\x00\xff"])
def test_a_body_is_kept_byte_for_byte(body: bytes) -> None:
    made = make(Recipe(event_type="workflow.started", body=body))
    assert made.body == body
    assert made.event_type == "workflow.started"


def test_a_body_tells_its_type_or_must_be_told() -> None:
    made = make(Recipe(body=b'{"event_type": "a.b", "event_id": "evt_9"}'))
    assert (made.event_type, made.event_id) == ("a.b", "evt_9")
    with pytest.raises(UsageError, match="does not tell its event type"):
        make(Recipe(body=b"[]"))
    with pytest.raises(UsageError, match="byte for byte"):
        Recipe(body=b"{}", event_id="evt_1")


def test_a_fixture_and_the_argument_must_not_say_different_things() -> None:
    template = {"event_type": "workflow.started", "data": {}}
    with pytest.raises(UsageError, match="the fixture is a workflow"):
        make(Recipe(event_type="workflow.completed", template=template))
    either = {"event_type": "{event_type}", "data": {}}
    assert make(Recipe(event_type="a.b", template=either)).event_type == "a.b"


def test_a_slip_of_the_pen_is_told_from_a_type_of_a_later_version() -> None:
    with pytest.raises(UsageError) as refused:
        check_type("workflow.complete")
    assert "workflow.completed" in refused.value.hint
    check_type("claim.reopened")
    check_type("workflow.completed")
    for odd in ("", "a\nb", "é"):
        with pytest.raises(UsageError, match="cannot be an event type"):
            check_type(odd)
