"""A scenario's file: what it means, and which line is wrong with what."""

import pytest

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.stories.library import NAMES, find
from gooclaim_cli.stories.scenario import Expectation

from .support import mistakes_in, read

WHOLE = """\
title: Two  events,
  one of them twice
about: Not much.
values: {workflow_type: query-reason, branch: Pune}
steps:
  - event: workflow.started
    name: first
    arrives_behind: last
    data: {branch: "{branch}", deep: [1, 2.5, null, true, {day: 2026-05-20}]}
  - again: first
    arrives_behind: last
    times: 3
    every: 250ms
  - event: workflow.completed
    name: last
    after: 1.5h
    note: the end
    expect: {status: [2xx, 409], within: 800ms, duplicate: 200}
  - event: claim.fraud_suspect
    fault: stale
    times: 2
    at_once: true
"""


def test_everything_that_can_be_written_is_read() -> None:
    story = read(WHOLE)
    assert (story.name, story.title) == ("mine", "Two events, one of them twice")
    assert story.about == "Not much."
    assert dict(story.values) == {"workflow_type": "query-reason", "branch": "Pune"}
    first, again, last, broken = story.steps
    assert (first.line, first.name, first.behind) == (6, "first", "last")
    assert first.data["deep"] == [1, 2.5, None, True, {"day": "2026-05-20"}]
    assert (again.line, again.again, again.times, again.every) == (10, "first", 3, 0.25)
    assert (last.after, last.note) == (5400, "the end")
    assert last.expect.status is not None
    assert last.expect.status.text == "2xx or 409"
    assert [last.expect.status.hold(status) for status in (200, 299, 300, 409, None)] == [
        *(True, True, False, True, False)
    ]
    assert last.expect.within == 0.8
    assert last.expect.duplicate is not None
    assert not last.expect.duplicate.hold(201)
    assert (broken.fault, broken.times, broken.at_once) == (Fault.STALE, 2, True)
    assert broken.expect == Expectation()
    assert [story.event_of(step) for step in story.steps] == [
        *("workflow.started", "workflow.started", "workflow.completed", "claim.fraud_suspect")
    ]


def test_the_title_is_the_name_where_there_is_none() -> None:
    assert read("steps: [{event: workflow.started}]").title == "mine"


def test_an_unknown_event_type_may_be_sent() -> None:
    assert read("steps: [{event: claim.reopened}]").steps[0].event == "claim.reopened"


def test_a_number_in_quotes_is_an_event_type() -> None:
    assert read("steps: [{event: '12'}]").steps[0].event == "12"


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_stories_are_read(name: str) -> None:
    story = find(name).read()
    assert story.name == name
    assert story.title != name
    assert story.steps


MISTAKES = {
    # nothing to read
    "": (1, "it is empty"),
    "# only a comment\n": (1, "it is empty"),
    "- event: workflow.started": (1, "a scenario is an object"),
    "title: x": (1, "it has no steps"),
    "steps: 3": (1, "steps must be a list"),
    "title: x\nsteps: []": (2, "steps must be a list with one step at least"),
    "steps:\n  - workflow.started": (2, "a step is an object"),
    # no YAML
    "steps:\n  - event: workflow.started\n    data: {a: [1, 2\n": (
        3,
        "this [ is not closed as it should be: write ]",
    ),
    "steps:\n\t- event: workflow.started": (2, "a tab stands here: indent with spaces"),
    "steps:\n  - event: x\n    every 10s\n    times: 3": (3, "write NAME: and a value"),
    "steps:\n  - event: x\n    every 10s": (3, "write NAME: and a value"),
    "a: 1\n---\nb: 2": (2, "a file holds one, so leave out the ---"),
    "steps:\n  - event: &x workflow.started\n    note: *y": (3, "nothing is marked &y above"),
    "steps:\n  - event: x\n   name: a": (3, "wrong indentation: begin steps"),
    "steps:\n  - event: x\n    note: a: b": (3, "put text that holds a : in quotes"),
    "steps:\n  - event: 'x\n    note: a": (2, "a quote is opened here and never closed"),
    "steps:\n  - event: @x": (2, "text cannot begin with @ unless it is in quotes"),
    "steps:\n  - event: x\n    data: {<<: {a: 1}}": (3, "write the members out"),
    # members
    "stepps:\n  - event: workflow.started": (1, "has no 'stepps': did you mean steps?"),
    "steps:\n  - event: workflow.started\n    nmae: x": (3, "has no 'nmae': did you mean name?"),
    "steps:\n  - event: workflow.started\n    qqq: x": (3, "has no 'qqq': there are event, again"),
    "steps:\n  - event: workflow.started\n    expect: {code: 200}": (3, "has no 'code'"),
    "steps:\n  - event: workflow.started\n    expect: 200": (3, "an expectation is an object"),
    "steps:\n  - event: a\n    event: b": (3, "'event' is here a second time: first in line 2"),
    "steps:\n  - ? [a]\n    : b\n    event: x": (2, "a member's name must be text"),
    # values
    "steps:\n  - event: workflow.complted": (2, "did you mean workflow.completed?"),
    "steps:\n  - event: a b": (2, "cannot be an event type"),
    "steps:\n  - event:": (2, "event: this must be text"),
    "steps:\n  - event: [a]": (2, "event: this must be text"),
    "steps:\n  - event: x\n    after: soon": (3, "after: 'soon' is not a span of time"),
    "steps:\n  - event: x\n    after: -5s": (3, "after: '-5s' is not a span"),
    "steps:\n  - event: x\n    after: 400d": (3, "after: this is longer than a year"),
    "steps:\n  - event: x\n    times: 0": (3, "times: this must be a number from 1 to 1000"),
    "steps:\n  - event: x\n    times: 1001": (3, "times: this must be"),
    "steps:\n  - event: x\n    times: 1.5": (3, "times: this must be"),
    "steps:\n  - event: x\n    times: true": (3, "times: this must be"),
    "steps:\n  - event: x\n    at_once: maybe": (3, "at_once: this must be true or false"),
    "steps:\n  - event: x\n    fault: stael": (3, "did you mean stale?"),
    "steps:\n  - event: x\n    fault: q": (3, "there is no fault 'q': there are bad-signature"),
    "steps:\n  - event: x\n    name: two words": (3, "name: 'two words' is no name"),
    "steps:\n  - event: x\n    data: 3": (3, "data: this must be an object"),
    "steps:\n  - event: x\n    data: {a: .inf}": (3, ".inf is no number that JSON can hold"),
    "steps:\n  - event: x\n    data: {a: !!binary aGk=}": (3, "binary is no kind of value"),
    "steps:\n  - event: x\n    data: {a: !!python/name:os.system x}": (3, "is no kind of value"),
    "steps:\n  - event: x\n    expect: {status: 2x}": (3, "status: '2x' is no status"),
    "steps:\n  - event: x\n    expect: {status: 600}": (3, "status: '600' is no status"),
    "steps:\n  - event: x\n    expect: {status: []}": (3, "status: this is an empty list"),
    "values:\n  branch: [1]\n  claim: [1]\nsteps: [{event: x}]": (3, "claim must be text"),
    "values:\n  phone: {a: 1}\nsteps: [{event: x}]": (2, "phone must be text"),
    "values: {doc_2: 12}\nsteps: [{event: x}]": (1, "doc_2 must be text: write it in quotes"),
    "values: {workflow_type: null}\nsteps: [{event: x}]": (1, "workflow_type must be text"),
    "values: {lookups: many}\nsteps: [{event: x}]": (1, "lookups must be a whole number"),
    "steps:\n  - event: 12": (2, "event: 12 is no text: an event type looks like claim.reopened"),
    "steps:\n  - event: true": (2, "event: true is no text"),
    "values: {Claim: x}\nsteps: [{event: x}]": (1, "'Claim' is no placeholder"),
    # what does not go together
    "steps:\n  - note: x": (2, "a step needs an event, or again"),
    "steps:\n  - event: x\n    name: a\n  - event: x\n    again: a": (5, "exclude each other"),
    "steps:\n  - event: x\n    every: 1s\n    at_once: true": (3, "every and at_once exclude"),
    "steps:\n  - event: x\n    name: a\n  - again: a\n    data: {}": (5, "keeps its data"),
    "steps:\n  - event: x\n    fault: duplicate\n    expect: {status: 2xx}": (
        4,
        "is known of each",
    ),
    # names that lead nowhere
    "steps:\n  - again: a": (2, "again: no step above is named 'a'"),
    "steps:\n  - again: a\n  - event: x\n    name: a": (2, "no step above is named 'a'"),
    "steps:\n  - event: x\n    name: a\n  - event: x\n    name: a": (5, "so named in line 3"),
    "steps:\n  - event: x\n    arrives_behind: b": (3, "no step below is named 'b'"),
    "steps:\n  - event: x\n    name: a\n    arrives_behind: a": (4, "cannot overtake itself"),
    "steps:\n  - {event: x, name: a, arrives_behind: b}\n  - {event: x, name: b, arrives_behind: c}"
    "\n  - {event: x, name: c, arrives_behind: a}": (2, "goes in a circle: a, b, c"),
    "steps:\n  - {event: x, name: one}\n  - again: won": (
        3,
        "again: no step above is named 'won': did you mean one?",
    ),
    "steps:\n  - {event: x, arrives_behind: ned}\n  - {event: x, name: end}": (
        2,
        "no step below is named 'ned': did you mean end?",
    ),
    "steps:\n  - {event: x, name: größe}\n  - again: größe": (2, "write up to 64 of a-z, A-Z"),
    "steps:\n  - {event: x, arrives_behind: größe}\n  - {event: x, name: größe}": (3, "is no name"),
    "steps:\n  - {event: x, name: a, arrives_behind: b}\n  - {again: a, name: b}": (
        2,
        "arrives_behind: 'b' sends this one again",
    ),
    "steps:\n  - {event: x, name: a, arrives_behind: c}\n  - {again: a}\n  - {event: x, name: c}": (
        3,
        "again: 'a' has not arrived by then",
    ),
    "steps:\n  - {event: x, arrives_behind: b}\n  - {event: x, name: b, arrives_behind: c}\n"
    "  - {event: x, name: c}": (2, "'b' does not arrive in its own place"),
    # too much of it
    "steps:\n  - {event: x, name: a, times: 1000}\n  - {again: a, times: 11}": (
        3,
        "more than 10000 deliveries",
    ),
    "steps:\n  - {event: x, after: 300d}\n  - {event: x, after: 300d}": (3, "more than a year"),
    # placeholders
    "steps:\n  - event: x\n    data:\n      a: '{nope}'": (4, "no placeholder is called {nope}"),
    "steps:\n  - event: x\n    data: {a: '{time-999999d}'}": (3, "is no time that can be written"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_line(text: str) -> None:
    line, words = MISTAKES[text]
    ((told_line, said), *more) = mistakes_in(text)
    assert more == []
    assert told_line == line
    assert words in said


def test_all_mistakes_are_told_at_once_in_their_order() -> None:
    found = mistakes_in(
        """\
        steps:
          - event: workflow.complted
            after: soon
          - again: nothing
            times: many
        """
    )
    assert [line for line, _ in found] == [2, 3, 4, 5]


def test_every_placeholder_that_does_not_exist_is_told() -> None:
    found = mistakes_in(
        """\
        values: {branch: Pune}
        steps:
          - event: workflow.started
            data: {a: "{wrkflow} and {brnch}, {{no}}", b: [{c: "{nope}"}, "{claim}"]}
        """
    )
    assert [line for line, _ in found] == [4, 4, 4]
    brnch, nope, wrkflow = (said for _, said in found)
    assert brnch == "data: no placeholder is called {brnch}; did you mean {branch}?"
    assert nope.startswith("data: no placeholder is called {nope}; there are: event_id, ")
    assert wrkflow == "data: no placeholder is called {wrkflow}; did you mean {workflow}?"


def test_of_very_many_mistakes_ten_are_told() -> None:
    text = "steps:\n" + "  - again: nothing\n" * 25
    assert len(mistakes_in(text)) == 10


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"title: x\nabout: \xff\xfe", 2),
        (b"title: x\nabout: a\x07b", 2),
        (b"\x00", 1),
    ],
)
def test_what_is_no_text_is_told_with_its_line(content: bytes, line: int) -> None:
    ((told, said),) = mistakes_in(content)
    assert told == line
    assert "write UTF-8" in said


def test_half_of_a_surrogate_pair_is_refused() -> None:
    ((line, said),) = mistakes_in('steps:\n  - event: x\n    data: {a: "\\ud800"}')
    assert (line, "surrogate" in said) == (3, True)


def test_a_file_that_unfolds_without_end_is_refused() -> None:
    text = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
    )
    ((line, said),) = mistakes_in(text)
    assert (line, "more than" in said) == (1, True)


def test_one_that_holds_itself_is_refused() -> None:
    ((line, said),) = mistakes_in("steps: &s\n  - event: x\n    data: {a: *s}")
    assert (line, "deep" in said) == (1, True)


def test_one_that_is_nested_too_deep_is_refused() -> None:
    ((line, _),) = mistakes_in("steps: " + "[" * 2000)
    assert line == 1


def test_one_that_is_too_large_is_refused() -> None:
    with pytest.raises(UsageError) as raised:
        read("about: " + "x" * 200_000)
    assert raised.value.message == "mine.yaml: it is larger than 128 KiB"
