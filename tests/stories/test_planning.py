"""When the steps of a story happen, and in which order they arrive."""

import pytest

from gooclaim_cli.stories.library import NAMES, find
from gooclaim_cli.stories.planning import plan
from gooclaim_cli.stories.scenario import Scenario

from .support import read


def order(story: Scenario) -> list[tuple[int, int, float, float]]:
    """Of each beat: the step, which time, when it happens and when it arrives."""
    return [
        (beat.step.number, beat.number, beat.happens, beat.arrives) for beat in plan(story).beats
    ]


def test_steps_come_in_their_order_each_after_the_one_before() -> None:
    story = read("steps: [{event: a}, {event: b, after: 40s}, {event: c, after: 1m}]")
    assert order(story) == [(1, 1, 0, 0), (2, 1, 40, 40), (3, 1, 100, 100)]
    assert plan(story).length == 100


def test_times_lie_apart_and_what_follows_waits_for_the_last() -> None:
    story = read("steps: [{event: a, times: 3, every: 10s}, {event: b, after: 5s}]")
    assert order(story) == [(1, 1, 0, 0), (1, 2, 10, 10), (1, 3, 20, 20), (2, 1, 25, 25)]


def test_all_times_at_once_are_one_beat() -> None:
    (beat,) = plan(read("steps: [{event: a, times: 20, at_once: true}]")).beats
    assert (beat.count, beat.happens) == (20, 0)


def test_what_is_overtaken_arrives_right_behind_and_happens_when_it_did() -> None:
    story = read(
        """
        steps:
          - {event: a, arrives_behind: late}
          - {event: b, after: 10s, times: 2, every: 1s, arrives_behind: late}
          - {event: c, after: 10s}
          - {event: d, name: late, after: 9s, times: 2, every: 1s}
          - {event: e, after: 5s}
        """
    )
    assert order(story) == [
        (3, 1, 21, 21),
        (4, 1, 30, 30),
        (4, 2, 31, 31),
        (1, 1, 0, 31),
        (2, 1, 10, 31),
        (2, 2, 11, 31),
        (5, 1, 36, 36),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_of_a_shipped_story_everything_arrives_once_and_time_goes_on(name: str) -> None:
    story = find(name).read()
    beats = plan(story).beats
    arrivals = [beat.arrives for beat in beats]
    assert arrivals == sorted(arrivals)
    for step in story.steps:
        assert sum(beat.count for beat in beats if beat.step is step) == step.times


def test_documents_that_never_come_time_out_after_72_hours() -> None:
    story = find("documents-never-come").read()
    assert plan(story).length == 72 * 3600
    assert plan(story).beats[-1].step.event == "workflow.timed_out"


def test_in_the_story_out_of_order_the_first_event_arrives_last() -> None:
    beats = plan(find("out-of-order").read()).beats
    assert beats[0].happens == max(beat.happens for beat in beats)
    assert [beat.step.event for beat in beats][:2] == ["workflow.completed", "workflow.started"]
