"""The JSON Schema agrees with the reader: what one takes the other takes, what a schema can say."""

from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.stories.grammar import EXPECT, SCENARIO, STEP
from gooclaim_cli.stories.library import NAMES, find
from gooclaim_cli.stories.nodes import Mistakes, compose, value_of
from gooclaim_cli.stories.schema import scenario_schema
from gooclaim_cli.wire import CATALOGUE

from .support import read
from .test_reading import MISTAKES, WHOLE

SCHEMA = scenario_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
# What no schema can know: where names lead, what exists, how much it is together.
BEYOND = (
    *("no step above", "no step below", "so named", "sends this one again", "has not arrived"),
    *("overtake itself", "in a circle"),
    *("its own place", "more than", "placeholder is called", "is no time", "did you mean w"),
    *("400d", "longer than a year"),
)


def as_json(text: str) -> Any:
    """What an editor takes a file for: YAML in which dates are text."""
    mistakes = Mistakes()
    node = compose(text.encode(), mistakes)
    assert node is not None
    value = value_of(node, mistakes)
    assert not mistakes.found
    return value


def reads(text: str) -> bool:
    try:
        read(text)
    except UsageError:
        return False
    return True


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_every_member_is_described() -> None:
    step = SCHEMA["definitions"]["step"]["properties"]
    expect = SCHEMA["definitions"]["expect"]["properties"]
    for described, members in ((SCHEMA["properties"], SCENARIO), (step, STEP), (expect, EXPECT)):
        assert {name: each["description"] for name, each in described.items()} == dict(members)


def test_an_editor_can_complete_what_there_is() -> None:
    step = SCHEMA["definitions"]["step"]["properties"]
    assert step["fault"]["enum"] == list(Fault)
    known, _any = step["event"]["anyOf"]
    assert {each["const"] for each in known["oneOf"]} == set(CATALOGUE)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_stories_are_valid(name: str) -> None:
    VALIDATOR.validate(as_json(find(name).content.decode()))


def test_everything_that_can_be_written_is_valid() -> None:
    VALIDATOR.validate(as_json(WHOLE))


@pytest.mark.parametrize("text", MISTAKES)
def test_the_mistakes_are_refused(text: str) -> None:
    """But for those that are beyond a schema, and those that are no JSON at all."""
    try:
        value = as_json(text)
    except AssertionError:
        return
    _, words = MISTAKES[text]
    beyond = any(each in words for each in BEYOND)
    assert VALIDATOR.is_valid(value) is beyond


TEXT = st.sampled_from(["a", "first", "two words", "", "5", "2xx", "x" * 65])
# A thousand of the longest are less than a year: how long a story is, no schema can know.
SPANS: st.SearchStrategy[Any] = st.sampled_from(
    ["5s", "1.5h", "250ms", "6H", "5", " 3 m ", "soon", "-5s", "5 years", "", 5, 0.25, -1, None, []]
)
STATUS: st.SearchStrategy[Any] = st.sampled_from(
    ["2xx", "404", "4XX", "099", "6xx", "2x", "", 200, 99, 600, True, None]
)
STATUSES = st.one_of(STATUS, st.lists(STATUS, max_size=3))
ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, 3, 2.5, "a", [], ["a"], {}, {"a": 1}])
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "event": st.sampled_from(["workflow.started", "claim.reopened", "a b", "", 5, None, []]),
    "again": st.sampled_from(["first", "first", None, [], "two words"]),
    "name": TEXT.filter(lambda text: text != "first") | ODD,
    "note": TEXT | ODD,
    "after": SPANS,
    "every": SPANS,
    "times": st.sampled_from([1, 7, 1000, 0, -1, 1001, 1.5, "3", True, None]),
    "at_once": ODD,
    "fault": st.sampled_from([*(each.value for each in Fault), "stael", "", None, 3, []]),
    "data": st.sampled_from([{}, {"a": [1, {"b": None}]}, {"c": "{claim}"}, None, 3, []]),
    "expect": ODD
    | st.fixed_dictionaries(
        {}, optional={"status": STATUSES, "within": SPANS, "duplicate": STATUSES, "odd": ODD}
    ),
    "odd": ODD,
}


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    """A step that is mostly right, so that what is wrong with it is seen for itself."""
    begun = draw(st.sampled_from([{"event": "workflow.started"}, {"again": "first"}, {}]))
    names = draw(st.sets(st.sampled_from(sorted(MEMBERS)), max_size=3))
    return {**begun, **{name: draw(MEMBERS[name]) for name in names}}


STORIES = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXT | ODD,
        "about": TEXT | ODD,
        "values": ODD
        | st.dictionaries(
            st.sampled_from(["claim", "doc_2", "lookups", "branch", "Claim", "2"]), ODD
        ),
    },
)


@settings(max_examples=150, deadline=None)
@given(steps(), STORIES)
def test_the_reader_and_the_schema_agree(step: dict[str, Any], story: dict[str, Any]) -> None:
    first = {"event": "workflow.started", "name": "first"}
    text = yaml.safe_dump({**story, "steps": [first, step]}, allow_unicode=True)
    errors = [error.message for error in VALIDATOR.iter_errors(as_json(text))]
    assert reads(text) is not bool(errors), (text, errors)
