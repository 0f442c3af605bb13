"""`listen --sandbox --scenario`: the sandbox plays a story, and the session tells of it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gooclaim_cli.wire import Delivery, decode_event
from tests.cli.handlers import Handler, handler
from tests.e2e.support import GOOCLAIM, Program, SandboxClient, environment, running

LISTEN = [*GOOCLAIM, "listen", "--sandbox", "--speed", "1e6", "--scenario"]


@contextmanager
def listening(folder: Path, named: str, to: Handler, *more: str) -> Iterator[Program]:
    command = [*LISTEN, named, "-f", to.url, "--json", *more]
    with running(command, environment(folder / "home")) as program:
        yield program


def until(program: Program, *kinds: str) -> list[dict[str, Any]]:
    """All that is told until there was an object of each of these kinds."""
    told: list[dict[str, Any]] = []
    while not {*kinds} <= {each["kind"] for each in told}:
        told.append(json.loads(program.line()))
        if told[-1].get("disposition") == "retry":
            told[-1]["kind"] = "retry"
    return told


def steps(told: list[dict[str, Any]]) -> list[tuple[int, bool | None]]:
    return [(each["step"], each["held"]) for each in told if each["kind"] == "story_step"]


def test_the_story_reaches_the_handler_and_is_told(tmp_path: Path) -> None:
    """What is broken is refused before the handler; nothing else is sent beside the story."""
    with (
        handler(lambda _: 200) as hooks,
        listening(tmp_path, "fraud-suspicion", hooks) as program,
    ):
        program.told("ready")
        told = until(program, "story_ends")
        code, rest, errors = program.end()
    assert (code, errors) == (0, "")
    assert told[0] | {"at": ""} == {
        "kind": "story_begins",
        "at": "",
        "scenario": "fraud-suspicion",
        "title": "One claim is looked up again and again, and not found",
        "steps": 3,
    }
    assert steps(told) == [(1, None), (1, True), (2, None), (2, True), (3, None), (3, True)]
    ends = told[-1] | {"at": ""}
    assert ends == {
        "kind": "story_ends",
        "at": "",
        "scenario": "fraud-suspicion",
        "steps": 3,
        "held": 3,
        "failed": [],
        "not_played": [],
    }
    events = [decode_event(each.body) for each in hooks.seen]
    assert [each.data["lookups"] for each in events] == [5, 9]
    told += map(json.loads, rest.splitlines())
    shown = [each for each in told if each["kind"] == "delivery"]
    assert [(each["verdict"], each["duplicate"]) for each in shown] == [
        *(("verified", False), ("verified", True), ("verified", False), ("rejected", False)),
    ]


def test_what_fails_is_told_and_the_sandbox_tries_again(tmp_path: Path) -> None:
    answers = iter([200, 500])
    with (
        handler(lambda _: next(answers, 200)) as hooks,
        listening(tmp_path, "consent-first", hooks, "--retry-schedule", "0.2s") as program,
    ):
        told = until(program, "story_ends", "retry")
    failed = [each for each in told if each["kind"] == "story_step" and each["held"] is False]
    assert [(each["step"], each["problems"]) for each in failed] == [
        (2, ["expected 2xx, got 500"]),
    ]
    (ends,) = (each for each in told if each["kind"] == "story_ends")
    assert (ends["held"], ends["failed"]) == (3, [2])
    (again,) = (each for each in told if each["kind"] == "retry")
    assert (again["event_type"], again["response_status"]) == ("workflow.consent_required", 200)


def test_stopped_half_way_the_rest_was_not_played(tmp_path: Path) -> None:
    with (
        handler(lambda _: 200) as hooks,
        listening(tmp_path, "modes", hooks, "--speed", "1x", "--longest-wait", "1h") as program,
    ):
        program.told("story_step", held=True)
        code, rest, _ = program.end()
    told = [json.loads(line) for line in rest.splitlines()]
    assert code == 0
    (ends,) = (each for each in told if each["kind"] == "story_ends")
    assert (ends["held"], ends["not_played"]) == (1, [2, 3, 4, 5])
    assert told[-1]["kind"] == "summary"
    assert told[-1]["restored"] is True


def test_without_a_url_the_story_ends_and_the_session_goes_on(tmp_path: Path) -> None:
    ready: list[dict[str, Any]] = []
    known = threading.Event()

    def unregister(_: Delivery) -> int:
        assert known.wait(15)
        with SandboxClient(ready[0]["sandbox"]) as client:
            client.remove()
        return 200

    with handler(unregister) as hooks, listening(tmp_path, "modes", hooks) as program:
        ready.append(program.told("ready"))
        known.set()
        ends = program.told("story_ends")
        assert ends["not_played"] == [2, 3, 4, 5]
        notice = program.told("notice", code="story_stopped")
        assert "no URL is configured" in notice["message"]
        assert program.process.poll() is None


def test_for_a_person_it_is_told_between_the_deliveries(tmp_path: Path) -> None:
    command = [*LISTEN, "consent-first"]
    with running(command, environment(tmp_path / "home", COLUMNS="80")) as program:
        lines = [program.line()]
        while not lines[-1].startswith("Story: "):
            lines.append(program.line())
        program.end()
    told = lines[lines.index("Story  There is no consent on file; it is asked for, and given") :]
    assert told[1] == "Step 1 of 4, at 0s: workflow.started"
    assert "workflow.started" in told[2]
    assert "verified" in told[2]
    assert told[5] == "Step 3 of 4, at 5m 1s: the same consent_id as was asked for"
    assert told[-1] == "Story: 4 of 4 steps held."
    assert all(len(line) <= 80 for line in told)
