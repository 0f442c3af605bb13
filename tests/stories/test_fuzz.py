"""Whatever a file holds: it is a scenario, or our own error says in which lines it is none."""

import re
from random import Random

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gooclaim_cli.errors import UsageError
from gooclaim_cli.stories.library import NAMES, find
from gooclaim_cli.stories.planning import plan
from gooclaim_cli.stories.reading import read_scenario
from gooclaim_cli.stories.telling import Teller

SHIPPED = [find(name).content for name in NAMES]
MEMBERS = (
    *("title", "values", "steps", "event", "again", "name", "after", "times", "every", "at_once"),
    *("arrives_behind", "fault", "data", "expect", "status", "within", "duplicate", "nothing"),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1200),
    st.floats(),
    st.sampled_from(
        ["a", "b", "2xx", "40s", "1ms", "99999d", "stale", "duplicate", "workflow.started"]
    ),
    st.sampled_from(["{claim}", "{doc_2}", "{nope}", "{time-5h}", "{time+999999d}", "{{", "}"]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4)
    ),
    max_leaves=12,
)


def must_be_ours(content: bytes) -> None:
    """Read it. What was accepted can be told; what was not is told by lines that there are."""
    refused = ""
    try:
        story = read_scenario(content, name="mine", source="mine.yaml")
    except UsageError as error:
        refused = "\n".join([error.message, *error.details])
    if refused:
        lines = [int(found) for found in re.findall(r"(?m)(?:^|, )line (\d+): .", refused)]
        assert 1 <= min(lines) <= max(lines) <= len(content.splitlines()) + 1, refused
        return
    teller = Teller(story, tenant_id="tnt_test", begins=1.7e9, random=Random(1))
    for beat in plan(story).beats[:50]:
        teller.samples(beat.step, count=1, at=beat.happens, now=1.7e9)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    must_be_ours(content)


@settings(deadline=None)
@given(st.text(alphabet="abex: -[]{}&*!|>'\"#\n\t,?%@1.~", max_size=120))
def test_any_text_of_what_yaml_is_made_of(text: str) -> None:
    must_be_ours(text.encode())


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(MEMBERS), VALUES), st.lists(VALUES, max_size=4))
def test_any_values_in_the_right_place(story: dict[str, object], steps: list[object]) -> None:
    must_be_ours(yaml.safe_dump({**story, "steps": steps}, allow_unicode=True).encode("utf-16"))


@settings(deadline=None)
@given(st.data())
def test_any_change_of_a_shipped_story(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SHIPPED)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.sampled_from([0, 0, 1, 8, 40]))
        put = data.draw(
            st.one_of(
                st.sampled_from([b"", b"\n", b"  ", b"- ", b": ", b"{", b"]", b"'", b"\t", b"&a "]),
                st.binary(max_size=3),
            )
        )
        content[at : at + cut] = put
    must_be_ours(bytes(content))
