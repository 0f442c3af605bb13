"""A story among a session's deliveries, as a person reads it."""

from gooclaim_cli.render.session_story import story_lines
from gooclaim_cli.render.terminal import Glyphs
from gooclaim_cli.story_happenings import StoryEnds, StoryHappening, StoryStep

GLYPHS = Glyphs(yes="✓", no="✗", arrow="→", cut="…")


def shown(happening: StoryHappening, width: int | None = 80) -> list[str]:
    return [line.plain for line in story_lines(happening, width, GLYPHS)]


def step(**members: object) -> StoryStep:
    values: dict[str, object] = {
        "at": 0.0,
        "scenario": "mine",
        "step": 2,
        "steps": 3,
        "event_type": "workflow.completed",
        "happens": 11460.0,
        **members,
    }
    return StoryStep(**values)  # type: ignore[arg-type]


def test_a_step_is_announced_by_its_note_or_its_event() -> None:
    assert shown(step()) == ["Step 2 of 3, at 3h 11m: workflow.completed"]
    broken = step(fault="stale", note="an old one")
    assert shown(broken) == ["Step 2 of 3, at 3h 11m: stale; an old one"]


def test_what_held_needs_no_words_and_what_did_not_has_some() -> None:
    assert shown(step(held=True)) == []
    failed = step(held=False, problems=("expected 2xx, got 500", "expected more"))
    assert shown(failed) == ["✗ expected 2xx, got 500", "✗ expected more"]


def test_long_sentences_are_broken_and_controls_are_escaped() -> None:
    lines = shown(step(note="a\x1b[2J " + "word " * 30))
    assert len(lines) > 1
    assert all(len(line) <= 80 and "\x1b" not in line for line in lines)
    assert len(shown(step(note="word " * 30), width=None)) == 1


def test_the_end_names_what_did_not_hold_and_what_was_not_played() -> None:
    def end(failed: tuple[int, ...], not_played: tuple[int, ...]) -> list[str]:
        return shown(StoryEnds(at=0.0, scenario="m", steps=6, failed=failed, not_played=not_played))

    assert end((), ()) == ["Story: 6 of 6 steps held."]
    assert end((2,), ()) == ["Story: 5 of 6 steps held; not so step 2."]
    assert end((2, 3), (3, 4)) == [
        "Story: 3 of 6 steps held; not so steps 2, 3; not played steps 3, 4."
    ]
